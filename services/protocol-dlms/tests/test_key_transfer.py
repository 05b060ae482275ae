"""Keys handed over to simulated meters and M-Bus devices: what is taken, refused, superseded, counted and shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from key_line import AUTHENTICATION, ENCRYPTION, MASTER, REPLACE, CuttingLine, KeyPlatform
from key_owners import (
    DEFAULT,
    FIRMWARE,
    GAS,
    PORT,
    USER,
    couple_gas_meter,
    gas_meter,
    hold_factory_keys,
    set_key,
)

from meterstream.contracts.errors import PlatformError, error
from meterstream.contracts.key_transfers import KeyOutcome, NewKey
from meterstream.contracts.operations import (
    bundle,
    replace_keys,
    set_key_on_g_meter,
    set_mbus_user_key_by_channel,
    synchronize_time,
)
from meterstream.contracts.records import KeyKind, KeyState, MbusDevice, SealedKey, SecurityLevel
from meterstream.dlms.data import encode
from meterstream.dlms.meter import Habits
from meterstream.dlms.objects import shipped_profiles
from meterstream.dlms.security import SecurityKeys
from meterstream.protocol_dlms.executor import Context, Device
from meterstream.protocol_dlms.executors import replace_keys as replaces
from meterstream.protocol_dlms.executors import set_key_on_g_meter as sets_key
from meterstream.protocol_dlms.key_transfer import Secret, _secret
from meterstream.protocol_dlms.model.candidates import KeySet
from meterstream.protocol_dlms.model.mbus_keys import (
    CLOSED,
    change_counter,
    firmware_mac,
    initialisation_vector,
    sealed_cbc,
    sealed_gcm,
)
from meterstream.protocol_dlms.model.opening import GiveUp, Opening, ReadCounter, Refusal, Try
from meterstream.protocol_dlms.twin import MemoryMeter
from meterstream.simulator.objects.keytransfer import KeyTransferFaults
from meterstream.simulator.settings import FleetSettings

NEW = bytes.fromhex("00112233445566778899AABBCCDDEEFF")
ELS = MbusDevice(device_identification=GAS, identification_number="12345678", manufacturer="ELS")
DEFAULT_KEY = bytes.fromhex("2B7E151628AED2A6ABF7158809CF4F3C")
COUNTER = 0x2E27B6A8


# Forms of M-Bus keys (vectors of the field)


def test_a_user_key_of_dsmr_4() -> None:
    assert sealed_cbc(DEFAULT_KEY, NEW).hex().upper() == "8DF4E9AAC5C7573A27D8D055D6E4D64B"


@pytest.mark.parametrize(
    ("kind", "key", "sealed"),
    [
        (USER, NEW, "2E27B6A8BAF64E24F906AF0C00D92EA4E672A5D89492CA675B445349B08C"),
        (FIRMWARE, NEW, "2E27B6A8BBF64E24F906AF0C00D92EA4E672A5D89492F376C8B6A5FC2096"),
        (PORT, NEW, "2E27B6A8B8F64E24F906AF0C00D92EA4E672A5D89492B8447CA1BE2290B9"),
        (PORT, CLOSED, "2E27B6A8B8F64E35DB35EB5966AEA63D4CC969057A6DA7C6BCF13DB6E758"),
    ],
)
def test_keys_of_smr_5(kind: KeyKind, key: bytes, sealed: str) -> None:
    assert initialisation_vector(ELS, COUNTER).hex().upper() == "78563412931550032E27B6A8"
    assert sealed_gcm(DEFAULT_KEY, kind, key, ELS, COUNTER).hex().upper() == sealed


@pytest.mark.parametrize("missing", ["identification_number", "manufacturer"])
def test_a_device_that_nobody_can_name_gets_no_key(missing: str) -> None:
    with pytest.raises(PlatformError, match=r"its M-Bus .* is not known"):
        sealed_gcm(DEFAULT_KEY, USER, NEW, ELS.model_copy(update={missing: None}), COUNTER)


def test_the_change_counter_counts_seconds_of_utc() -> None:
    assert change_counter(datetime(2000, 1, 1, tzinfo=UTC)) == 0
    assert change_counter(datetime(2024, 7, 15, 10, 30, tzinfo=UTC)) == COUNTER  # the vector's wall clock, as UTC


def test_the_mac_over_firmware() -> None:
    key = bytes.fromhex("F0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF")
    header = "534D523500230011004000100000001000020801931578563412500303000000000000"
    image = "404142434445464748494A4B4C4D4E4F"
    mac = firmware_mac(key, bytes.fromhex("931578563412500300400011"), bytes.fromhex(header + image))
    assert mac.hex().upper() == "2C45A2AD869442C8C4AEBF49F9643A8B"
    with pytest.raises(ValueError, match="11 octets"):
        firmware_mac(key, bytes(11), b"")


def test_no_representation_shows_a_key() -> None:
    data = _secret(NEW)
    assert encode(data) == bytes.fromhex("0910") + NEW
    shown = f"{data!r} {data} {Secret(NEW)!s} {[data.value]}"
    assert "<16 octets>" in shown
    assert "x11" not in shown
    assert NEW.hex() not in shown


# Which keys a meter may hold


def opening(*pairs: tuple[str, str]) -> Opening:
    def key(key_id: str, kind: KeyKind) -> SealedKey:
        return SealedKey(key_id=key_id, kind=kind, state=KeyState.NEW, proven=False, sealed=b"")

    return Opening(
        [KeySet(key(ek, ENCRYPTION), key(ak, AUTHENTICATION)) for ek, ak in pairs], readable=True, known=True
    )


def refusal(accepted: int) -> Refusal:
    return Refusal(error("SOCKET_CLOSED_BY_REMOTE", "closed"), suspects_counter=True, used=500, accepted=accepted)


def test_a_meter_that_counts_anew_may_hold_another_encryption_key() -> None:
    machine = opening(("ek", "ak"), ("ek2", "ak"))
    machine.begin()
    assert isinstance(machine.refused(refusal(400)), ReadCounter)
    step = machine.counter_is(3)
    assert isinstance(step, Try)
    assert step.keys.encryption.key_id == "ek2"


def test_a_meter_that_counts_anew_with_the_only_key_there_is_refuses() -> None:
    machine = opening(("ek", "ak"), ("ek", "ak2"))
    machine.begin()
    machine.refused(refusal(400))
    step = machine.counter_is(3)
    assert isinstance(step, GiveUp)
    assert step.failure.code.name == "ATTEMPT_TO_LOWER_INVOCATION_COUNTER"


# Electricity meters


@pytest.fixture
async def at(make_bench: Any, header: Any, make_turn: Any) -> Any:
    lines: list[CuttingLine] = []

    async def make(settings: FleetSettings | None = None) -> KeyPlatform:
        bench = await make_bench(settings or FleetSettings(meters=1, protocols=("SMR 5.1",)))
        address = bench.fleet.address(1)
        line = CuttingLine(address.host, address.port)
        await line.listen()
        lines.append(line)
        platform = KeyPlatform(bench, header, make_turn, line)
        hold_factory_keys(platform)
        return platform

    yield make
    for line in lines:
        await line.close()


def new_keys(platform: KeyPlatform, step: int = 0) -> list[NewKey]:
    """Both keys of the meter, NEW."""
    gateway = platform.bench.gateway()
    for kind, key_id, octets in ((AUTHENTICATION, "ak2", bytes([0xA1]) * 16), (ENCRYPTION, "ek2", bytes([0xB1]) * 16)):
        platform.registry.hold(kind, key_id, octets, KeyState.NEW)
    return [
        NewKey(step=step, device_identification=gateway, kind=kind, key_id=key_id)
        for kind, key_id in ((AUTHENTICATION, "ak2"), (ENCRYPTION, "ek2"))
    ]


def outcomes(response: Any) -> dict[str, KeyOutcome]:
    return {fact.key_id: fact.outcome for fact in response.header.key_facts}


@pytest.mark.parametrize("under_new", [True, False])
async def test_makes_answer_under_the_old_keys_or_under_the_new(at: Any, under_new: bool) -> None:
    habits = Habits(answer_under_new_keys=under_new)
    platform = await at(FleetSettings(meters=1, protocols=("SMR 5.0.0",), habits=habits))
    response = await platform.ask(replace_keys.OPERATION, REPLACE, new_keys(platform))
    assert response.error is None
    assert set(response.header.proven_keys) == {"ak2", "ek2"}
    assert outcomes(response) == dict.fromkeys(("ak2", "ek2"), KeyOutcome.TRANSFERRED)
    held = platform.bench.fleet.meter(1).keys
    assert (held.authentication_key, held.encryption_key) == (bytes([0xA1]) * 16, bytes([0xB1]) * 16)
    assert [platform.registry.state(key_id) for key_id in ("ak", "ak2", "ek", "ek2")] == ["EXPIRED", "ACTIVE"] * 2
    assert platform.bench.broker.records("device-sessions")[-1].key_ids == ["ek2", "ak2"]


async def test_a_clear_refusal_withdraws_the_key_and_the_association_goes_on(at: Any) -> None:
    platform = await at()
    keys = new_keys(platform)
    platform.bench.fleet.meter(1).restore(KeyTransferFaults([3], [], []))
    response = await platform.ask(replace_keys.OPERATION, REPLACE, keys)
    assert response.error.code == "DEVICE_REFUSED"
    assert response.error.message.startswith("AccessResultCode for replace keys was not SUCCESS: ")
    assert outcomes(response) == {"ak2": KeyOutcome.REFUSED}
    assert [platform.registry.state(key_id) for key_id in ("ak", "ak2", "ek2")] == ["ACTIVE", "WITHDRAWN", "NEW"]
    assert (await platform.ask(synchronize_time.OPERATION, synchronize_time.SynchronizeTimeRequest())).error is None


async def test_a_probe_tells_what_the_meter_lacks_and_changes_nothing(at: Any) -> None:
    platform = await at()
    new_keys(platform)
    response = await platform.ask(replace_keys.OPERATION, REPLACE)
    assert (response.error.code, response.header.retryable) == ("KEYS_UNDECIDED", True)
    assert outcomes(response) == dict.fromkeys(("ak2", "ek2"), KeyOutcome.ABSENT)
    assert platform.registry.state("ak2") == "WITHDRAWN"
    held, factory = platform.bench.fleet.meter(1).keys, platform.bench.fleet.keys(1)
    assert (held.authentication_key, held.encryption_key) == (factory.authentication, factory.encryption)


async def test_a_key_that_another_command_withdrew_is_not_sent(at: Any) -> None:
    platform = await at()
    keys = new_keys(platform)
    await platform.ask(replace_keys.OPERATION, REPLACE)  # a probe of somebody else
    response = await platform.ask(replace_keys.OPERATION, REPLACE, keys)
    assert (response.error.code, outcomes(response)) == ("KEYS_UNDECIDED", {})


async def test_a_bundle_goes_on_with_the_new_keys(at: Any) -> None:
    platform = await at()
    encode_request = platform.bench.codec.encode
    actions = [
        bundle.BundleAction(operation=type(one).__name__.removesuffix("Request"), request=encode_request(one))
        for one in (REPLACE, synchronize_time.SynchronizeTimeRequest(), REPLACE)
    ]
    response = await platform.ask(bundle.OPERATION, bundle.BundleRequest(actions=actions), new_keys(platform))
    codes = [one.error.code if one.error else None for one in response.response.answers]
    assert codes == [None, None, "KEYS_UNDECIDED"]
    assert platform.registry.state("ek2") == "ACTIVE"


async def test_an_association_without_keys_gives_none(at: Any) -> None:
    platform = await at()
    keys = new_keys(platform)
    made = platform.record

    platform.record = lambda: made().model_copy(update={"security_level": SecurityLevel.NONE})
    response = await platform.ask(replace_keys.OPERATION, REPLACE, keys)
    assert response.error.code == "UNSUPPORTED_COMMUNICATION_SETTING"


# M-Bus devices


async def with_gas_meter(at: Any, protocol: str) -> tuple[KeyPlatform, Any]:
    """A platform, and a function that gives the state of the simulated device on channel 1."""
    platform = await at(FleetSettings(meters=1, protocols=(protocol,)))
    couple_gas_meter(platform)
    return platform, lambda: gas_meter(platform)


def hold_new(platform: KeyPlatform, kind: KeyKind, key_id: str = "new") -> list[NewKey]:
    platform.registry.hold(kind, key_id, bytes([0xC1]) * 16, KeyState.NEW)
    return [NewKey(device_identification=GAS, kind=kind, key_id=key_id)]


@pytest.mark.parametrize("protocol", ["DSMR 4.2.2", "SMR 5.0.0", "SMR 5.1", "SMR 5.2", "SMR 5.5"])
@pytest.mark.parametrize("by_channel", [False, True])
async def test_a_user_key_reaches_both_ends(at: Any, protocol: str, by_channel: bool) -> None:
    platform, device = await with_gas_meter(at, protocol)
    operation, asked = set_key_on_g_meter.OPERATION, set_key(USER)
    if by_channel:
        operation = set_mbus_user_key_by_channel.OPERATION
        asked = set_mbus_user_key_by_channel.SetMbusUserKeyByChannelRequest(channel=1)
    response = await platform.ask(operation, asked, hold_new(platform, USER))
    assert response.error is None
    assert outcomes(response) == {"new": KeyOutcome.TRANSFERRED}
    assert platform.registry.state("new") == "ACTIVE"
    assert (device().device_key, device().meter_key) == (bytes([0xC1]) * 16,) * 2


async def test_keys_of_firmware_and_optical_port(at: Any) -> None:
    platform, device = await with_gas_meter(at, "SMR 5.1")
    response = await platform.ask(set_key_on_g_meter.OPERATION, set_key(FIRMWARE), hold_new(platform, FIRMWARE, "f"))
    assert (response.error, platform.registry.state("f")) == (None, "ACTIVE")
    assert device().firmware_key == bytes([0xC1]) * 16
    response = await platform.ask(set_key_on_g_meter.OPERATION, set_key(PORT), hold_new(platform, PORT, "p1"))
    assert (response.error, platform.registry.state("p1"), platform.registry.state("p0")) == (None, "ACTIVE", "EXPIRED")
    assert device().optical_port_key == bytes([0xC1]) * 16
    response = await platform.ask(set_key_on_g_meter.OPERATION, set_key(PORT, close_optical_port=True))
    assert (response.error, outcomes(response)) == (None, {"p1": KeyOutcome.ABSENT})
    assert (platform.registry.state("p1"), device().optical_port_key) == ("EXPIRED", CLOSED)
    reserved = [
        record
        for record in platform.bench.broker.records("device-sessions")
        if getattr(record, "key_id", "") == "default"
    ]
    assert reserved
    assert {record.client_title for record in reserved} == {b""}


@pytest.mark.parametrize(
    ("protocol", "kind"),
    [("DSMR 2.2", USER), ("SMR 4.3", USER), ("DSMR 4.2.2", FIRMWARE), ("DSMR 4.2.2", PORT), ("SMR 4.3", PORT)],
)
async def test_versions_that_take_no_such_key(at: Any, protocol: str, kind: KeyKind) -> None:
    platform, _ = await with_gas_meter(at, protocol)
    response = await platform.ask(set_key_on_g_meter.OPERATION, set_key(kind), hold_new(platform, kind))
    assert response.error.code == "OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL"
    assert response.error.message.startswith(f"Unsupported combination of protocol {protocol} and key type {kind}")
    assert (outcomes(response), platform.registry.state("new")) == ({}, "NEW")


async def test_another_device_on_the_channel_gets_no_key(at: Any) -> None:
    platform, _ = await with_gas_meter(at, "SMR 5.1")
    assert platform.registry.mbus is not None
    platform.registry.mbus = platform.registry.mbus.model_copy(update={"identification_number": "99999999"})
    asked = set_mbus_user_key_by_channel.SetMbusUserKeyByChannelRequest(channel=1)
    response = await platform.ask(set_mbus_user_key_by_channel.OPERATION, asked, hold_new(platform, USER))
    assert response.error.number == 201
    assert response.error.message.startswith("Unable to find M-Bus device for M-Bus identification number: ")
    assert outcomes(response) == {}


async def test_who_stands_where_the_registry_knows_nobody_is_told(at: Any) -> None:
    platform, _ = await with_gas_meter(at, "SMR 5.1")
    platform.registry.mbus = None
    asked = set_mbus_user_key_by_channel.SetMbusUserKeyByChannelRequest(channel=1)
    response = await platform.ask(set_mbus_user_key_by_channel.OPERATION, asked, [])
    assert (response.error, outcomes(response)) == (None, {})
    assert response.response.channel_values.channel == 1
    assert response.response.channel_values.manufacturer == "LGB"


async def test_change_counters_rise_whatever_the_clock_says(at: Any, make_reserver: Any, guard: Any) -> None:
    platform, _ = await with_gas_meter(at, "SMR 5.1")
    record, asked = platform.record(), platform._header(platform.bench.gateway())
    keys = platform.bench.associations.keys_of(record, asked, guard, platform.clock)
    moment = change_counter(datetime(2026, 10, 25, 2, 30, tzinfo=UTC))
    seen = [await keys.change_counters("default", least) for least in (moment, moment, moment - 3600, moment + 900)]
    assert seen == [moment, moment + 1, moment + 2, moment + 900]


# Requests octet by octet (vectors of the field)


class Association:
    """What stands in for an association: it takes whatever keys it is given."""

    profile = shipped_profiles().get("SMR", "5.0.0")
    title = b"MSM\0\0\0\0\1"

    def __init__(self) -> None:
        self.key_ids: tuple[str, ...] = ("ek", "ak")
        self.offered: list[SecurityKeys] = []

    def offer_keys(self, keys: SecurityKeys) -> None:
        self.offered.append(keys)

    def use_keys(self, keys: SecurityKeys) -> None:
        assert keys == self.offered[-1]

    async def renew(self, likeliest: Sequence[str]) -> None:
        self.key_ids = tuple(likeliest)


async def asked_of(platform: KeyPlatform, executor: Any, request: Any, keys: list[NewKey], guard: Any) -> list[str]:
    """Method and data of each ACTION, in hexadecimal."""
    bench = platform.bench
    header = platform._header(bench.gateway(), new_keys=keys, mbus_devices=[ELS.model_copy(update={"channel": 1})])
    association = Association()
    moment = datetime(2024, 7, 15, 10, 30, tzinfo=UTC)
    port = bench.associations.keys_of(platform.record(), header, guard, lambda: moment)
    meter = MemoryMeter(association.profile)
    named = {device.device_identification: device for device in header.mbus_devices}
    subject = Device(GAS, channel=1, mbus_devices=named) if keys[0].kind is USER else Device(bench.gateway())
    step = port.of_step(0, association, association.renew)
    await executor.execute(request, Context(meter, subject, lambda: moment, keys=step))
    return [
        f"{ref.class_id}/{ref.logical_name}/{ref.method} {encode(data).hex().upper()}" for _, ref, data in meter.asked
    ]


async def test_transfers_to_a_meter(at: Any, guard: Any) -> None:
    platform = await at()
    platform.registry.keys = ()
    for kind, key_id, octets, state in (
        (MASTER, "mk", "112233445566778899AABBCCDDEEFF00", KeyState.ACTIVE),
        (AUTHENTICATION, "ak", "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF", KeyState.ACTIVE),
        (ENCRYPTION, "ek", "000102030405060708090A0B0C0D0E0F", KeyState.ACTIVE),
        (AUTHENTICATION, "ak2", "A0A1A2A3A4A5A6A7A8A9AAABACADAEAF", KeyState.NEW),
        (ENCRYPTION, "ek2", "B0B1B2B3B4B5B6B7B8B9BABBBCBDBEBF", KeyState.NEW),
    ):
        platform.registry.hold(kind, key_id, bytes.fromhex(octets), state)
    keys = [
        NewKey(device_identification=platform.bench.gateway(), kind=kind, key_id=key_id)
        for kind, key_id in ((AUTHENTICATION, "ak2"), (ENCRYPTION, "ek2"))
    ]
    assert await asked_of(platform, replaces.EXECUTOR, REPLACE, keys, guard) == [
        "64/0.0.43.0.0.255/2 01010202160209188198CCA56911B62BA73E000E22CA5B926EAB38C103D1658D",
        "64/0.0.43.0.0.255/2 0101020216000918AA320B2668EEC02231C19A30CA62B7E06621A1C9E420B755",
    ]


async def test_transfers_to_an_mbus_device(at: Any, guard: Any) -> None:
    platform = await at()
    platform.registry.mbus = ELS.model_copy(update={"channel": 1})
    platform.registry.hold(DEFAULT, "default", DEFAULT_KEY, KeyState.ACTIVE)
    platform.registry.hold(USER, "new", NEW, KeyState.NEW)
    keys = [NewKey(device_identification=GAS, kind=USER, key_id="new")]
    assert await asked_of(platform, sets_key.EXECUTOR, set_key(USER), keys, guard) == [
        "72/0.1.24.1.0.255/8 091E2E27B6A8BAF64E24F906AF0C00D92EA4E672A5D89492CA675B445349B08C",
        "72/0.1.24.1.0.255/7 091000112233445566778899AABBCCDDEEFF",
    ]
