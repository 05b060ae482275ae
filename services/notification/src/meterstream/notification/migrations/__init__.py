"""The schema `notification`, applied in order of number."""
