"""SOAP, REST and server-sent events; the response store."""
