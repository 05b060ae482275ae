"""The SOAP 1.1 face: derived from the contract's annotations and the schema facts; nothing here names an operation."""
