"""What carries the decisions out: PostgreSQL, HTTP, Kafka."""
