"""One running session: what it owns, in which order it comes up and goes down, and how it is asked things."""
