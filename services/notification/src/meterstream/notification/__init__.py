"""Tells organisations about results: SOAP SendNotification and signed webhooks."""
