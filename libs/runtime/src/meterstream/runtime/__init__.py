"""Settings, Kafka engine, Avro codec, PostgreSQL pool, metrics, logging and health for Meterstream's services."""
