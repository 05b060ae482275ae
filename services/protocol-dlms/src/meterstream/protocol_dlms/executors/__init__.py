"""One module per operation, named as its contract; each exports EXECUTOR. Importing registers nothing."""
