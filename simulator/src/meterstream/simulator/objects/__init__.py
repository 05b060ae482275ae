"""What the COSEM objects of a meter do beyond answering plain values: one module per subject."""
