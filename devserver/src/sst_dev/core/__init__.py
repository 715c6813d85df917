"""The vocabulary every part of the dev server shares: events, commands, state, errors, settings, manifest."""
