"""How APDUs lie on the line: in wrapper frames, or bare for what has frames of its own."""

from meterstream.dlms.framing.bare import BareFraming
from meterstream.dlms.framing.datagram import MAX_DATAGRAM, DatagramFraming, check_datagram
from meterstream.dlms.framing.port import Frame, Framing
from meterstream.dlms.framing.wrapper import HEADER, MAX_APDU, WrapperReader, frames_in, wrap

__all__ = [
    "HEADER",
    "MAX_APDU",
    "MAX_DATAGRAM",
    "BareFraming",
    "DatagramFraming",
    "Frame",
    "Framing",
    "WrapperReader",
    "check_datagram",
    "frames_in",
    "wrap",
]
