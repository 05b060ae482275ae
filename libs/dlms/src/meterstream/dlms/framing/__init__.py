"""How APDUs lie on the line: in wrapper frames, or bare for what has frames of its own."""

from meterstream.dlms.framing.bare import BareFraming
from meterstream.dlms.framing.port import Frame, Framing
from meterstream.dlms.framing.wrapper import HEADER, MAX_APDU, WrapperReader, frames_in, wrap

__all__ = ["HEADER", "MAX_APDU", "BareFraming", "Frame", "Framing", "WrapperReader", "frames_in", "wrap"]
