"""Sessions and meters over a framing, as the tests of framings open and serve them."""

from __future__ import annotations

from typing import Any

from meterstream.dlms.asyncio import (
    InMemoryCounters,
    Listener,
    MeterSession,
    SessionFraming,
    open_session,
    serve_meter,
)
from meterstream.dlms.client import AssociationConfig, Level, SecurityKeys
from meterstream.dlms.meter import Habits, MeterAssociation

TITLE = bytes.fromhex("2020201CBE991A14")
KEYS = SecurityKeys(bytes(range(16)), bytes.fromhex("D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"))
SMALL = Habits(max_send_pdu=400)


def config_of(level: Level, **settings: Any) -> AssociationConfig:
    return AssociationConfig(
        level,
        client_sap=1 if level.ciphered else 16,
        client_title=TITLE if level.ciphered else None,
        keys=settings.pop("keys", KEYS) if level.ciphered else None,
        password=b"11111111" if level is Level.LLS else None,
        **settings,
    )


async def opened(
    listener: Listener | tuple[str, int], framing: SessionFraming, level: Level = Level.HLS5_GMAC, **options: Any
) -> MeterSession:
    settings = {key: options.pop(key) for key in ("keys", "client_sap", "conformance", "max_pdu") if key in options}
    options = {"connect_timeout_s": 5.0, "response_timeout_s": 5.0} | options
    address = listener.address if isinstance(listener, Listener) else listener
    config = config_of(level, **settings)
    return await open_session(address, config, InMemoryCounters(1), framing=framing, **options)


async def served(pair: Any, framing: SessionFraming, habits: Habits = SMALL, **options: Any) -> Listener:
    return await serve_meter(
        lambda: MeterAssociation(pair.application, pair.security, habits),
        ("127.0.0.1", 0),
        framing=framing,
        **options,
    )
