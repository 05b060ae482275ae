"""Frames on the TCP line."""

from meterstream.dlms.framing.wrapper import HEADER, MAX_APDU, Frame, WrapperReader, wrap

__all__ = ["HEADER", "MAX_APDU", "Frame", "WrapperReader", "wrap"]
