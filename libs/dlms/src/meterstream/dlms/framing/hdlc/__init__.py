"""HDLC (IEC 62056-46, ISO/IEC 13239 frame format type 3): frames, parameters and both ends of a link, without I/O.

Clauses of IEC 62056-46: LLC sublayer 5.3, MAC PDU and frame 6.4.1, addresses 6.4.2, commands and responses 6.4.3,
elements of the procedures 6.4.4, server states 6.4.5, FCS annex A. The Green Book (DLMS UA 1000-2) has it in clause 8.
"""

from meterstream.dlms.framing.hdlc.address import HdlcAddress
from meterstream.dlms.framing.hdlc.checksum import crc16
from meterstream.dlms.framing.hdlc.client import HdlcClientLink
from meterstream.dlms.framing.hdlc.events import (
    ApduReceived,
    Closed,
    Connected,
    Failed,
    HdlcEvent,
    HdlcPhase,
    Step,
)
from meterstream.dlms.framing.hdlc.frame import (
    MAX_FRAME,
    HdlcFrame,
    Kind,
    control_octet,
    decode_frame,
)
from meterstream.dlms.framing.hdlc.link import HdlcLink
from meterstream.dlms.framing.hdlc.parameters import HdlcParameters, decode_parameters, negotiate
from meterstream.dlms.framing.hdlc.reader import HdlcCounters, HdlcReader
from meterstream.dlms.framing.hdlc.server import HdlcServerLink
from meterstream.dlms.framing.hdlc.settings import HdlcLimits, HdlcOptions

__all__ = [
    "MAX_FRAME",
    "ApduReceived",
    "Closed",
    "Connected",
    "Failed",
    "HdlcAddress",
    "HdlcClientLink",
    "HdlcCounters",
    "HdlcEvent",
    "HdlcFrame",
    "HdlcLimits",
    "HdlcLink",
    "HdlcOptions",
    "HdlcParameters",
    "HdlcPhase",
    "HdlcReader",
    "HdlcServerLink",
    "Kind",
    "Step",
    "control_octet",
    "crc16",
    "decode_frame",
    "decode_parameters",
    "negotiate",
]
