"""What this worker knows from the compacted topics, for the partitions that it holds."""
