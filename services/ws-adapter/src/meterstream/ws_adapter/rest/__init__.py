"""REST under /v1, derived from the contract: nothing here names an operation."""
