"""Services, general block transfer and release through specially protected associations, in memory and over sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from meterstream.dlms.apdu import AccessGet, Conformance, tags
from meterstream.dlms.asyncio import open_session, serve_meter
from meterstream.dlms.client import AssociationConfig, GetAnswer, Level, Released
from meterstream.dlms.data import AttributeRef, LogicalName, double_long_unsigned
from meterstream.dlms.errors import DlmsError
from meterstream.dlms.framing import HEADER
from meterstream.dlms.meter import Habits, MeterAssociation
from meterstream.dlms.security import Ciphering, KeyChoice, SecurityPolicy, SecuritySuite

COUNTER = AttributeRef(1, LogicalName.parse("0.0.43.1.0.255"), 2)
PROFILE = AttributeRef(7, LogicalName.parse("1.0.99.1.0.255"), 2)
BOTH = SecurityPolicy.AUTHENTICATED_ENCRYPTED
FORMS = [
    (Ciphering.GLOBAL, KeyChoice.IDENTIFIED, BOTH),
    (Ciphering.DEDICATED, KeyChoice.IDENTIFIED, BOTH),
    (Ciphering.GENERAL_GLOBAL, KeyChoice.IDENTIFIED, BOTH),
    (Ciphering.GENERAL_DEDICATED, KeyChoice.IDENTIFIED, BOTH),
    (Ciphering.GENERAL, KeyChoice.ONE_PASS, BOTH),
    (Ciphering.GENERAL, KeyChoice.WRAPPED, SecurityPolicy.ENCRYPTED),
    (Ciphering.GLOBAL, KeyChoice.IDENTIFIED, BOTH | SecurityPolicy.SIGNED),
    (Ciphering.GLOBAL, KeyChoice.IDENTIFIED, SecurityPolicy.SIGNED),
]
SERVICES = (
    Conformance.GET
    | Conformance.SET
    | Conformance.ACCESS
    | Conformance.GENERAL_PROTECTION
    | Conformance.GENERAL_BLOCK_TRANSFER
)


@pytest.mark.parametrize(("ciphering", "key", "policy"), FORMS, ids=str)
def test_access_blocks_and_a_checked_release(
    secured: Callable[..., Any],
    keyring_of: Callable[..., Any],
    ciphering: Ciphering,
    key: KeyChoice,
    policy: SecurityPolicy,
) -> None:
    """A long answer comes in general blocks, which lie around the protection: each block alone opens nothing."""
    pair = secured(
        Level.HLS7_ECDSA,
        keyring_of(SecuritySuite.SUITE_1),
        ciphering=ciphering,
        key_choice=key,
        policy=policy,
        conformance=SERVICES,
        max_pdu=600,
        habits=Habits(conformance=SERVICES),
    )
    pair.exchange(pair.client.associate())
    answer = pair.exchange(pair.client.get(PROFILE))
    assert isinstance(answer, GetAnswer)
    assert len(answer.result.value) == 96
    assert pair.frames[-1][HEADER.size] == tags.GENERAL_BLOCK_TRANSFER
    outcomes = pair.exchange(pair.client.access([(AccessGet(COUNTER), None), (AccessGet(COUNTER), None)])).outcomes
    assert len(outcomes) == 2
    assert isinstance(pair.exchange(pair.client.release(checked=True)), Released)
    assert pair.meter.close_cause is None


class Counters:
    """Gives no more than was asked for before."""

    def __init__(self) -> None:
        self.next = 1
        self.limit = 1

    def take(self) -> int:
        assert self.next < self.limit, "a counter that nobody ensured"
        self.next += 1
        return self.next - 1

    async def ensure(self, count: int) -> None:
        self.limit = max(self.limit, self.next + count)


@pytest.mark.parametrize(("ciphering", "key", "policy"), FORMS, ids=str)
async def test_over_sockets(
    secured: Callable[..., Any],
    keyring_of: Callable[..., Any],
    ciphering: Ciphering,
    key: KeyChoice,
    policy: SecurityPolicy,
) -> None:
    keyring = keyring_of(SecuritySuite.SUITE_2)
    pair = secured(Level.HLS7_ECDSA, keyring, ciphering=ciphering, key_choice=key, policy=policy)
    config = AssociationConfig(
        Level.HLS7_ECDSA,
        client_title=bytes.fromhex("2020201CBE991A14"),
        keys=keyring.keys,
        asymmetric=keyring.client,
        ciphering=ciphering,
        key_choice=key,
        policy=policy,
        conformance=SERVICES,
    )
    habits = Habits(conformance=SERVICES)
    counters = Counters()
    async with (
        asyncio.timeout(10),
        await serve_meter(
            lambda: MeterAssociation(pair.application, pair.security, habits), ("127.0.0.1", 0)
        ) as listener,
        await open_session(listener.address, config, counters, connect_timeout_s=5, response_timeout_s=5) as session,
    ):
        assert await session.get(COUNTER) == double_long_unsigned(12345)
        await session.set(COUNTER, double_long_unsigned(7))
        assert await session.get(COUNTER) == double_long_unsigned(7)


async def test_a_wrong_signature_key_over_sockets(secured: Callable[..., Any], keyring_of: Callable[..., Any]) -> None:
    keyring = keyring_of(SecuritySuite.SUITE_1)
    pair = secured(Level.HLS7_ECDSA, keyring)
    config = AssociationConfig(
        Level.HLS7_ECDSA,
        client_title=bytes.fromhex("2020201CBE991A14"),
        keys=keyring.keys,
        asymmetric=keyring.server,
    )
    async with (
        asyncio.timeout(10),
        await serve_meter(lambda: MeterAssociation(pair.application, pair.security), ("127.0.0.1", 0)) as listener,
    ):
        with pytest.raises(DlmsError, match="refused HLS pass 3"):
            await open_session(listener.address, config, Counters(), connect_timeout_s=5, response_timeout_s=5)
