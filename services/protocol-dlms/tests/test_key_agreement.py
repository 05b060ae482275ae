"""Agreement on a master key: octets, what is refused of a meter, and what is told where a key is missing."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final

import pytest
from key_line import AUTHENTICATION, ENCRYPTION, MASTER, REPLACE, SYNCHRONIZE, KeyPlatform
from key_owners import octets_of
from key_scene import AGREEING, AgreeingScene

from meterstream.contracts.errors import PlatformError
from meterstream.contracts.operations import replace_keys, synchronize_time
from meterstream.contracts.records import Connection, DeviceRecord, DeviceState, KeyState, SecurityLevel
from meterstream.dlms.data import Data, array, enum, octet_string, structure
from meterstream.dlms.meter import Level
from meterstream.dlms.objects import profiles_with
from meterstream.dlms.security import PrivateKey, SecuritySuite
from meterstream.protocol_dlms.key_agreement import Agreement, Agreements, suite_of
from meterstream.simulator.objects.keytransfer import KeyTransferFaults, Master
from meterstream.simulator.settings import FleetSettings

SUITE: Final = SecuritySuite.SUITE_1
CLIENT, SERVER = bytes.fromhex("4D4D4D0000BC614E"), bytes.fromhex("4D4D4D0000000001")
OURS, METERS = PrivateKey(SUITE, b"\x41" * 32), PrivateKey(SUITE, b"\x42" * 32)
THEIRS: Final = PrivateKey(SUITE, b"\x43" * 32)
# Green Book, example of key agreement with the Ephemeral Unified Model: an ephemeral key of each side, and Z.
EPHEMERAL: Final = PrivateKey(SUITE, bytes.fromhex("34A8C23A34DBB519D09B245754C85A6CFE05D14A063EFA5AA41545AA8241EFAE"))
PEER: Final = bytes.fromhex(
    "2914D60E10AB705F62ED6CC349D7CB99B9AB3F3978E59278C7AF595B3AF98794"
    "1372DAB6D5AF1FA867E134167E6F23DE664A6693E05F43414611058D1B48F894"
)
SECRET: Final = bytes.fromhex("C1CF8FE7891AEF3617D7190795E61FE6C24EFC3CCA2E08469BAD1A225CE6EA08")


def agreement() -> Agreement:
    return Agreement(OURS, METERS.public, EPHEMERAL)


def answer(octets: bytes, key_id: int = 3) -> Data:
    return array([structure(enum(key_id), octet_string(octets))])


def signed(point: bytes, key_id: int = 3, signing: PrivateKey = METERS) -> bytes:
    return point + signing.sign(bytes((key_id,)) + point)


def test_the_request_octet_by_octet() -> None:
    offer = agreement().offer.value
    assert isinstance(offer, bytes)
    assert offer[:64] == EPHEMERAL.public.octets
    assert len(offer) == 128
    assert OURS.public.verifies(offer[64:], b"\x03" + EPHEMERAL.public.octets)


def test_the_master_key_of_published_ephemeral_keys() -> None:
    """OtherInfo by hand: AES-128 key wrap, client as party U, server as party V."""
    key = agreement().agreed(answer(signed(PEER)), CLIENT, SERVER)
    other_info = bytes.fromhex("60857405080302") + CLIENT + SERVER
    assert key == hashlib.sha256(b"\0\0\0\1" + SECRET + other_info).digest()[:16]


@pytest.mark.parametrize(
    ("told", "code"),
    [
        (None, "ILLEGAL_RESPONSE"),
        (array([]), "ILLEGAL_RESPONSE"),
        (octet_string(signed(PEER)), "ILLEGAL_RESPONSE"),
        (array([structure(enum(3))]), "ILLEGAL_RESPONSE"),
        (array([structure(enum(3), enum(3))]), "ILLEGAL_RESPONSE"),
        (array([answer(signed(PEER)).value[0]] * 2), "ILLEGAL_RESPONSE"),
        (answer(b""), "ILLEGAL_RESPONSE"),
        (answer(signed(PEER)[:-1]), "ILLEGAL_RESPONSE"),
        (answer(signed(PEER) + b"\0"), "ILLEGAL_RESPONSE"),
        (answer(signed(PEER), key_id=2), "ILLEGAL_RESPONSE"),
        (answer(signed(PEER, key_id=2)), "AUTHENTICATION_ERROR"),
        (answer(signed(PEER, signing=OURS)), "AUTHENTICATION_ERROR"),
        (answer(PEER + bytes(64)), "AUTHENTICATION_ERROR"),
        (answer(THEIRS.public.octets + signed(PEER)[64:]), "AUTHENTICATION_ERROR"),
        (answer(signed(EPHEMERAL.public.octets)), "AUTHENTICATION_ERROR"),
        (answer(signed(bytes(64))), "ILLEGAL_RESPONSE"),
        (answer(signed(b"\xff" * 64)), "ILLEGAL_RESPONSE"),
        (answer(signed(PEER[:63] + bytes((PEER[63] ^ 1,)))), "ILLEGAL_RESPONSE"),
    ],
)
def test_what_is_refused_of_a_meter(told: Data | None, code: str) -> None:
    with pytest.raises(PlatformError) as caught:
        agreement().agreed(told, CLIENT, SERVER)
    assert caught.value.code.name == code


def record(**changes: Any) -> DeviceRecord:
    return DeviceRecord(
        device_identification="IDIS0000000000001",
        revision=1,
        state=DeviceState.ACTIVE,
        organisation="grid",
        device_type="SMART_METER_E",
        protocol_name="IDIS",
        protocol_version="2.0-S1",
        connection=Connection(),
        security_level=SecurityLevel.HLS5,
        **changes,
    )


def test_each_agreement_has_an_ephemeral_key_of_its_own() -> None:
    given = iter((b"\x01" * 40, b"\x02" * 40))
    begun = Agreements(OURS, lambda _: next(given))
    known = record(signature_public_key=METERS.public.octets)
    first, second = (begun.begin(known, SUITE).offer.value for _ in range(2))
    assert first != second


@pytest.mark.parametrize(
    ("signing", "public", "code", "detail"),
    [
        (None, METERS.public.octets, "UNSUPPORTED_COMMUNICATION_SETTING", "METERSTREAM_KEYS__SIGNING_KEY"),
        (OURS, None, "KEY_NOT_PRESENT", "E_METER_SIGNATURE_PUBLIC_KEY"),
        (OURS, b"\xff" * 64, "INVALID_DLMS_KEY_FORMAT", "E_METER_SIGNATURE_PUBLIC_KEY"),
        (OURS, b"\xff" * 63, "INVALID_DLMS_KEY_FORMAT", "E_METER_SIGNATURE_PUBLIC_KEY"),
    ],
)
def test_a_key_that_is_missing_is_named(
    signing: PrivateKey | None, public: bytes | None, code: str, detail: str
) -> None:
    begun, known = Agreements(signing, bytes), record(signature_public_key=public)
    with pytest.raises(PlatformError) as caught:
        begun.begin(known, SUITE)
    assert (caught.value.code.name, caught.value.retryable) == (code, False)
    assert detail in caught.value.details.values()
    assert begun.are_possible(known) is (signing is not None and public is not None)


def test_no_secret_shows() -> None:
    shown = repr((agreement(), Agreements(OURS, bytes), OURS))
    assert "41" * 32 not in shown
    assert EPHEMERAL.shared_secret(METERS.public).hex() not in shown


def test_suites_that_are_offered(tmp_path: Path) -> None:
    (tmp_path / "two.yaml").write_text(
        'protocol: {name: OWN, version: "2"}\ninherits: idis-package-2\nobjects:\n'
        "  security_setup:\n    class: 64\n    version: 1\n    obis: 0.0.43.0.0.255\n    medium: abstract\n"
        "    attributes:\n      3: {name: security_suite, type: enum, access: r, source: constant, value: 2}\n"
    )
    profiles = profiles_with(tmp_path)
    assert suite_of(profiles.get("SMR", "5.0.0")) is SecuritySuite.SUITE_0
    assert suite_of(profiles.get("IDIS", "2.0-S1")) is SUITE
    with pytest.raises(PlatformError, match="security suite 2 is not offered") as caught:
        suite_of(profiles.get("OWN", "2"))
    assert caught.value.code.name == "UNSUPPORTED_COMMUNICATION_SETTING"


# On a meter


@pytest.fixture
async def scene(make_bench: Any, header: Any, make_turn: Any) -> AgreeingScene:
    return AgreeingScene(KeyPlatform(await make_bench(FleetSettings(protocols=(AGREEING,))), header, make_turn))


async def change(scene: AgreeingScene, code: str | None) -> Any:
    """The response to a change of the master key that ends with this error; contacts go on as before."""
    response = await scene.replace(scene.start((MASTER,)))
    assert (response.error.code if response.error else None) == code
    contact = await scene.platform.ask(synchronize_time.OPERATION, SYNCHRONIZE)
    assert contact.error is None
    return response


async def test_a_master_key_is_agreed_on_in_two_requests(scene: AgreeingScene) -> None:
    before = scene.meter.actions
    await change(scene, None)
    scene.check_end("agreed and transferred")
    assert scene.meter.actions - before == 2


async def test_under_lls_too(make_bench: Any, header: Any, make_turn: Any) -> None:
    bench = await make_bench(FleetSettings(protocols=(AGREEING,), level=Level.LLS))
    platform = KeyPlatform(bench, header, make_turn, security_level=SecurityLevel.LLS1)
    scene = AgreeingScene(platform, password=True)
    response = await scene.replace(scene.start((MASTER, AUTHENTICATION, ENCRYPTION)))
    assert response.error is None
    scene.check_end("all three, in suite 1")


async def test_authentication_and_encryption_key_take_no_agreement(scene: AgreeingScene) -> None:
    before = scene.meter.actions
    response = await scene.replace(scene.start((AUTHENTICATION, ENCRYPTION)))
    assert (response.error, scene.meter.actions - before) == (None, 2)
    scene.check_end("wrapped by the master key that the meter has")


async def test_without_the_meter_s_public_key_nothing_is_sent(scene: AgreeingScene) -> None:
    scene.platform.described["signature_public_key"] = None
    before = scene.meter.actions
    response = await change(scene, "KEY_NOT_PRESENT")
    assert (response.header.retryable, scene.meter.actions, scene.is_orphaned()) == (False, before, False)
    scene.platform.described.clear()
    new = scene.new
    assert scene.registry.state(new[MASTER]) is KeyState.NEW
    assert (await scene.replace(scene.start((MASTER,)))).error is None


async def test_without_a_key_of_the_platform_nothing_is_sent(scene: AgreeingScene) -> None:
    scene.platform.bench.signing = None
    scene.platform.be_patient()
    before = scene.meter.actions
    response = await change(scene, "UNSUPPORTED_COMMUNICATION_SETTING")
    assert (response.header.retryable, scene.meter.actions) == (False, before)


async def test_a_meter_that_signs_with_another_key(scene: AgreeingScene) -> None:
    scene.platform.described["signature_public_key"] = METERS.public.octets
    new = scene.start((MASTER,))
    response = await scene.replace(new)
    assert (response.error.code, response.header.retryable) == ("AUTHENTICATION_ERROR", True)
    assert scene.is_orphaned(), "it has derived a key that is worth nothing"
    assert scene.registry.state("mk2") is KeyState.NEW
    scene.platform.described.clear()
    await scene.recover(new, "with its true key")
    assert not scene.is_orphaned()


async def test_a_meter_that_knows_another_platform(scene: AgreeingScene) -> None:
    scene.platform.bench.signing = METERS
    scene.platform.be_patient()
    response = await change(scene, "DEVICE_REFUSED")
    assert (response.error.details["key"], response.header.retryable) == (MASTER, True)
    assert (scene.registry.state("mk2"), scene.is_orphaned()) == (KeyState.NEW, False)


async def test_a_refused_agreement_says_nothing_of_what_an_attempt_before_has_brought(scene: AgreeingScene) -> None:
    new = scene.start((MASTER,))
    scene.meter.restore(Master(octets_of("mk2")))  # the answer to the transfer was lost
    scene.platform.bench.signing = METERS
    scene.platform.be_patient()
    assert (await scene.replace(new)).error.code == "DEVICE_REFUSED"
    assert scene.registry.state("mk2") is KeyState.NEW
    probe = await scene.platform.ask(replace_keys.OPERATION, REPLACE)
    assert (probe.error.code, scene.registry.state("mk2")) == ("KEYS_UNDECIDED", KeyState.ACTIVE)


@pytest.mark.parametrize("restored", [True, False])
async def test_a_refused_transfer_leaves_the_meter_with_its_former_key(scene: AgreeingScene, restored: bool) -> None:
    new = scene.start((MASTER,))
    scene.meter.restore(KeyTransferFaults([250] if restored else [250, 250], [], []))
    response = await scene.replace(new)
    assert (response.error.code, scene.registry.state("mk2")) == ("DEVICE_REFUSED", KeyState.WITHDRAWN)
    assert scene.is_orphaned() is not restored
    await scene.recover(new, "with another attempt")


async def test_a_refusal_for_the_time_being_changes_nothing_of_that(scene: AgreeingScene) -> None:
    new = scene.start((MASTER,))
    scene.meter.restore(KeyTransferFaults([2], [], []))
    response = await scene.replace(new)
    assert (response.error.code, response.header.retryable) == ("DEVICE_REFUSED", True)
    assert (scene.registry.state("mk2"), scene.is_orphaned()) == (KeyState.NEW, True)
    await scene.recover(new, "with another attempt")


async def test_where_no_agreement_is_possible_a_refusal_stays_one(scene: AgreeingScene) -> None:
    scene.platform.described["signature_public_key"] = None
    new = scene.start((AUTHENTICATION,))
    scene.meter.restore(Master(octets_of("of nobody")))
    response = await scene.replace(new)
    assert (response.error.code, scene.registry.state("ak2")) == ("DEVICE_REFUSED", KeyState.WITHDRAWN)
    scene.platform.described.clear()
    assert (await scene.replace(new)).error is None
    assert scene.held()[MASTER] == scene.registry.octets["mk"]
