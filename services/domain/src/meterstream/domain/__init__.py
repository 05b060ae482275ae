"""Registry, authorisation, keys, scheduling, retries and bundles."""
