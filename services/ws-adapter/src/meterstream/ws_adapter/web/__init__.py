"""What SOAP and REST share: TLS, who calls, limits, the listener."""
