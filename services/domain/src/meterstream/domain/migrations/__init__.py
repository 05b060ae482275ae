"""PostgreSQL migrations of schema `domain`, applied in order at start."""
