"""What a line makes of several frames in a row."""

from __future__ import annotations

from dataclasses import replace

from meterstream.dlms.framing import BareFraming, Framing
from meterstream.dlms.framing.datagram import DatagramFraming
from meterstream.dlms.transfer.general import GeneralLimits


def limits_on(framing: Framing, limits: GeneralLimits) -> GeneralLimits:
    """Stop-and-wait where one frame, or one APDU, goes at a time: a datagram, a link that hands over whole APDUs."""
    single = isinstance(framing, (BareFraming, DatagramFraming))
    return replace(limits, window=1, burst=1) if single else limits
