"""Control of a running fleet over HTTP, and its command line."""
