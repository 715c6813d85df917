"""The components of `sst.aws`, one family to a file."""
