"""HDLC instead of the wrapper, for meters behind a modem: addresses and what is proposed to them."""

from __future__ import annotations

from typing import Final

from meterstream.contracts.records import DeviceRecord
from meterstream.dlms.asyncio import HdlcOverTcp, SessionFraming, WrapperOverTcp
from meterstream.dlms.framing.hdlc import HdlcParameters
from meterstream.protocol_dlms.settings import SessionSettings

_ONE_OCTET: Final = 127
_WRAPPER: Final = WrapperOverTcp()


def needs_wide_address(server: int) -> bool:
    """Whether a logical device has no address of one octet, which is what the physical device 0 goes with."""
    return server > _ONE_OCTET


def framing_of(record: DeviceRecord, settings: SessionSettings) -> SessionFraming:
    """How frames get to a meter with logical names."""
    if not record.use_hdlc:
        return _WRAPPER
    wide = needs_wide_address(record.connection.logical_id or 1)
    size = settings.hdlc_information
    return HdlcOverTcp(
        0 if wide else None,
        wide,
        HdlcParameters(size, size),
        establish_timeout_s=settings.response_timeout_s,
    )
