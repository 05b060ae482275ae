"""Values that several operations share, one subject per module."""
