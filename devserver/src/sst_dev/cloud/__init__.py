"""Clouds a stage can live on: the embedded one (MiniStack) and what both offer every app (`Bootstrap`)."""
