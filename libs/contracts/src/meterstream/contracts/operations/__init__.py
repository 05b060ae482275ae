"""One module per operation, each exports OPERATION; importing registers nothing, the catalogue collects."""
