"""One file per AWS service: how each of its resource types is made, changed and deleted."""
