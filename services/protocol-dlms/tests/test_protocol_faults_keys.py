"""Every way of changing keys, struck by every fault: a typed answer, no key lost, and well again once it is over.

A covering design: each change meets each fault, and the version goes round, so that each change meets each of its
versions. Every fault meets every version in test_protocol_faults; the rest of the product would say nothing new, for
versions differ in which keys they take and in their forms, not in what an exchange does when it fails.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pytest
from faults import SHORTLY as FAULTS
from faults import WAITED_OUT, Kinds, check_error, name_of
from key_line import AUTHENTICATION, ENCRYPTION, REPLACE, SYNCHRONIZE, KeyPlatform
from key_owners import (
    FIRMWARE,
    GAS,
    PORT,
    USER,
    couple_gas_meter,
    gas_meter,
    hold_factory_keys,
    hold_new_keys,
    octets_of,
    set_key,
)
from wire import PROTOCOLS

from meterstream.contracts.key_transfers import KeyOutcome, NewKey
from meterstream.contracts.operation import OperationRequest
from meterstream.contracts.operations import (
    generate_and_replace_keys,
    replace_keys,
    set_key_on_g_meter,
    set_mbus_user_key_by_channel,
    synchronize_time,
)
from meterstream.contracts.records import KeyKind, KeyState
from meterstream.protocol_dlms.model.mbus_keys import CLOSED
from meterstream.simulator.faults import Fault, FaultKind
from meterstream.simulator.settings import FleetSettings

BOTH: Final = (AUTHENTICATION, ENCRYPTION)
COUNTED: Final = tuple(protocol for protocol in PROTOCOLS if protocol.startswith("SMR 5"))
"""Versions whose M-Bus keys travel under a change counter; one before them takes a user key alone."""
BY_CHANNEL: Final = set_mbus_user_key_by_channel.SetMbusUserKeyByChannelRequest(channel=1)
GENERATE: Final = generate_and_replace_keys.GenerateAndReplaceKeysRequest()


@dataclass(frozen=True)
class Change:
    """A way of changing keys. `probes`: an attempt that finds out what became of a change whose answer was lost."""

    name: str
    operation: Any
    request: OperationRequest
    kinds: tuple[KeyKind, ...]
    versions: tuple[str, ...] = PROTOCOLS
    probes: bool = False

    @property
    def behind(self) -> bool:
        return self.versions is not PROTOCOLS

    @property
    def closes(self) -> bool:
        return not self.kinds

    async def start(self, platform: KeyPlatform) -> list[NewKey]:
        hold_factory_keys(platform)
        if self.behind:
            couple_gas_meter(platform)
        contact = await platform.ask(synchronize_time.OPERATION, SYNCHRONIZE)  # from here on counters are known
        assert contact.error is None
        new = hold_new_keys(platform, self.kinds, GAS if self.behind else None)
        if self.probes:
            meter = platform.bench.fleet.meter(platform.number)
            meter.fault = Fault(FaultKind.LOST_ANSWER, after=2)
            lost = await platform.ask(self.operation, self.request, new)
            meter.fault = None
            assert [fact.outcome for fact in lost.header.key_facts] == [KeyOutcome.UNDECIDED]
        return new


CHANGES: Final = (
    Change("replace", replace_keys.OPERATION, REPLACE, BOTH),
    Change("generate", generate_and_replace_keys.OPERATION, GENERATE, BOTH),
    Change("recover", replace_keys.OPERATION, REPLACE, BOTH, probes=True),
    Change("by channel", set_mbus_user_key_by_channel.OPERATION, BY_CHANNEL, (USER,), ("DSMR 4.2.2", *COUNTED)),
    Change("user", set_key_on_g_meter.OPERATION, set_key(USER), (USER,), ("DSMR 4.2.2", *COUNTED)),
    Change("firmware", set_key_on_g_meter.OPERATION, set_key(FIRMWARE), (FIRMWARE,), COUNTED),
    Change("port", set_key_on_g_meter.OPERATION, set_key(PORT), (PORT,), COUNTED),
    Change("closed", set_key_on_g_meter.OPERATION, set_key(PORT, close_optical_port=True), (), COUNTED),
)


def version_of(change: Change, place: int, strike: int) -> str:
    return change.versions[(place + strike) % len(change.versions)]


def held(platform: KeyPlatform, change: Change) -> dict[KeyKind, bytes]:
    """What the meter has, or both ends of M-Bus where both take part; of kinds that the change is about."""
    if not change.behind:
        keys = platform.bench.fleet.meter(platform.number).keys
        return {AUTHENTICATION: keys.authentication_key, ENCRYPTION: keys.encryption_key}
    device = gas_meter(platform)
    found = {USER: device.device_key, FIRMWARE: device.firmware_key, PORT: device.optical_port_key}
    return {kind: found[kind] for kind in change.kinds or (PORT,)}


def check_nothing_lost(platform: KeyPlatform, change: Change) -> None:
    """What the registry is sure of is so, and whatever the meter has the registry can try."""
    registry = platform.registry
    for kind, octets in held(platform, change).items():
        if not change.behind:
            assert octets in registry.candidates(kind), f"{change.name}: the meter alone knows its {kind}"
        elif change.kinds:
            state = registry.state(f"new {kind}")
            has_it = octets == octets_of(f"new {kind}")
            assert state is KeyState.NEW or has_it is (state is KeyState.ACTIVE), f"{change.name}: {state} {has_it}"


def check_end(platform: KeyPlatform, change: Change) -> None:
    for kind, octets in held(platform, change).items():
        assert octets == (CLOSED if change.closes else octets_of(f"new {kind}")), f"{change.name}: {kind}"
    if change.closes:
        assert platform.registry.state("p0") is KeyState.EXPIRED
    for kind in change.kinds:
        assert platform.registry.state(f"new {kind}") is KeyState.ACTIVE, change.name
    if USER in change.kinds:
        assert gas_meter(platform).meter_key == octets_of(f"new {USER}")


async def strike(platform: KeyPlatform, change: Change, fault: Fault, kinds: Kinds, new: Sequence[NewKey]) -> bool:
    """Whether the change failed under the fault; what it says of that is right, and nothing is lost."""
    fleet = platform.bench.fleet
    fleet.meter(platform.number).fault = fault
    response = await platform.ask(change.operation, change.request, () if change.probes else new)
    fleet.meter(platform.number).fault = None
    error = response.error
    if error is None:
        assert not change.probes
        check_end(platform, change)
    elif error.code == "KEYS_UNDECIDED":
        assert change.probes
        assert response.header.retryable
    else:
        check_error(error.code, response.header.retryable, change.name, kinds)
    check_nothing_lost(platform, change)
    return error is not None and error.code != "KEYS_UNDECIDED"


async def recover(platform: KeyPlatform, change: Change, new: Sequence[NewKey], eventually: Any) -> None:
    """The next contact of any kind succeeds, and the next attempt brings the change to its end."""
    await eventually(lambda: not platform.bench.fleet.lines.is_down(platform.number))
    contact = await platform.ask(synchronize_time.OPERATION, SYNCHRONIZE)
    assert contact.error is None, f"{change.name}: {contact.error}"
    check_nothing_lost(platform, change)
    platform.registry.propose(*new)
    repeated = await platform.ask(change.operation, change.request, new)
    assert repeated.error is None, f"{change.name}: {repeated.error}"
    check_end(platform, change)


def test_the_design_covers_all_pairs() -> None:
    cells = {
        (change.name, place, name_of(fault), version_of(change, place, number))
        for number, (fault, _) in enumerate(FAULTS)
        for place, change in enumerate(CHANGES)
    }
    assert len({(name, fault) for name, _, fault, _ in cells}) == len(CHANGES) * len(FAULTS)
    assert {(name, version) for name, _, _, version in cells} == {
        (change.name, version) for change in CHANGES for version in change.versions
    }
    assert {version for _, _, _, version in cells} == set(PROTOCOLS)


@pytest.mark.parametrize("number", range(len(FAULTS)), ids=[name_of(fault) for fault, _ in FAULTS])
async def test_a_struck_key_change_is_answered_and_loses_no_key(
    make_bench: Any, header: Any, make_turn: Any, eventually: Any, number: int
) -> None:
    fault, kinds = FAULTS[number]
    protocols = tuple(version_of(change, place, number) for place, change in enumerate(CHANGES))
    waited = fault.kind in WAITED_OUT
    bench = await make_bench(
        FleetSettings(meters=len(CHANGES), protocols=protocols), response_timeout_s=0.4 if waited else 25
    )
    platforms = [KeyPlatform(bench, header, make_turn, number=place + 1) for place in range(len(CHANGES))]
    pairs = list(zip(platforms, CHANGES, strict=True))
    news = [await change.start(platform) for platform, change in pairs]
    struck = await asyncio.gather(
        *(strike(platform, change, fault, kinds, new) for (platform, change), new in zip(pairs, news, strict=True))
    )
    assert sum(struck) >= (0 if fault.kind is FaultKind.LOST_BLOCK else len(CHANGES) // 2 - 1)
    if waited:
        for platform in platforms:
            platform.be_patient(response_timeout_s=25)
    await asyncio.gather(
        *(recover(platform, change, new, eventually) for (platform, change), new in zip(pairs, news, strict=True))
    )
    assert bench.fleet.stats.repeated_nonces == 0
