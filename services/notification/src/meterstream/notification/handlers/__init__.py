"""One module per consumed message."""
