"""Readable text of any APDU, for logs and for people; secrets are masked and the output is bounded. Pure."""

from meterstream.dlms.trace.describe import describe
from meterstream.dlms.trace.model import Asked, Fault, Trace, TraceContext, TraceLimits

__all__ = ["Asked", "Fault", "Trace", "TraceContext", "TraceLimits", "describe"]
