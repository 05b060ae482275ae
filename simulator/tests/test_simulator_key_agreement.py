"""Security suite 1: associations under it, and keys that both sides agree on (class 64, method 3)."""

from __future__ import annotations

from typing import Any, Final

import pytest

from meterstream.dlms.apdu import ActionResult
from meterstream.dlms.apdu.tags import GLO_OF
from meterstream.dlms.data import AttributeRef, Data, LogicalName, MethodRef, array, enum, octet_string, structure
from meterstream.dlms.errors import DlmsError
from meterstream.dlms.meter import Habits
from meterstream.dlms.security import (
    KeyId,
    PrivateKey,
    SecurityKeys,
    SecuritySuite,
    agreed_global_key,
    check_key_agreement_data,
    key_agreement_data,
    wrap_key,
)
from meterstream.dlms.security.ciphers import content_of
from meterstream.simulator.arguments import parser, settings_of
from meterstream.simulator.fleet import SimulatedFleet
from meterstream.simulator.identity import signature_keys_for, system_title_for
from meterstream.simulator.meter import SimulatedMeter
from meterstream.simulator.objects.keytransfer import master_of
from meterstream.simulator.roster import Roster
from meterstream.simulator.settings import FleetSettings
from meterstream.simulator.stats import Stats

SUITE: Final = SecuritySuite.SUITE_1
AGREEING: Final = "IDIS 2.0-S1"
SETUP: Final = LogicalName.parse("0.0.43.0.0.255")
ACTIVATE, TRANSFER, AGREE = (MethodRef(64, SETUP, number) for number in (1, 2, 3))
POLICY, SUITE_OF = (AttributeRef(64, SETUP, number) for number in (2, 3))
CLIENT_TITLE: Final = b"   \0\0\0\0\1"
EPHEMERAL: Final = PrivateKey(SUITE, b"\x17" * 32)
OWN, CLIENT = signature_keys_for("meterstream", 1)
NEW: Final = bytes(range(16))


class Around:
    """A fleet that does nothing."""

    push = schedule = restart = staticmethod(lambda *_: None)


@pytest.fixture
def meter() -> SimulatedMeter:
    roster = Roster(FleetSettings(protocols=(AGREEING,)), Stats(), lambda: 1_750_000_000.0, Around())
    found = roster.meter(1)
    roster.access(found)
    found.client_title = CLIENT_TITLE
    return found


def offer(*key_ids: int, signing: PrivateKey = CLIENT, ephemeral: PrivateKey = EPHEMERAL) -> Data:
    sent = ((number, key_agreement_data(KeyId(number), ephemeral.public, signing)) for number in key_ids)
    return array(structure(enum(number), octet_string(octets)) for number, octets in sent)


def agree(meter: SimulatedMeter, data: Data | None) -> tuple[ActionResult, Data | None]:
    return meter.action(1, AGREE, data)


def agreed(answer: Data | None, key_id: KeyId, client_title: bytes = CLIENT_TITLE) -> bytes:
    assert answer is not None
    told = {entry.value[0].value: entry.value[1].value for entry in answer.value}
    peer = check_key_agreement_data(SUITE, key_id, told[key_id], OWN.public)
    return agreed_global_key(key_id, EPHEMERAL, peer, client_title, system_title_for(1))


def test_both_sides_derive_the_master_key(meter: SimulatedMeter) -> None:
    result, answer = agree(meter, offer(KeyId.MASTER))
    assert (result, agreed(answer, KeyId.MASTER)) == (ActionResult.SUCCESS, master_of(meter))


def test_what_is_wrapped_under_the_agreed_key_is_taken(meter: SimulatedMeter) -> None:
    _, answer = agree(meter, offer(KeyId.MASTER))
    wrapped = octet_string(wrap_key(agreed(answer, KeyId.MASTER), NEW))
    result, _ = meter.action(1, TRANSFER, array([structure(enum(KeyId.MASTER), wrapped)]))
    assert (result, master_of(meter)) == (ActionResult.SUCCESS, NEW)


def test_each_agreement_gives_another_key(meter: SimulatedMeter) -> None:
    found = set()
    for _ in range(3):
        agree(meter, offer(KeyId.MASTER))
        found.add(master_of(meter))
    assert len(found) == 3


def test_several_keys_at_once(meter: SimulatedMeter) -> None:
    meter.last_counters = {CLIENT_TITLE: 9}
    ids = (KeyId.AUTHENTICATION, KeyId.GLOBAL_UNICAST_ENCRYPTION)
    result, answer = agree(meter, offer(*ids))
    assert result is ActionResult.SUCCESS
    authentication, encryption = (agreed(answer, key_id) for key_id in ids)
    assert meter.keys == SecurityKeys(encryption, authentication, SUITE)
    assert meter.last_counters is None


@pytest.mark.parametrize(
    ("data", "result"),
    [
        (None, ActionResult.TYPE_UNMATCHED),
        (array([]), ActionResult.TYPE_UNMATCHED),
        (octet_string(b"?"), ActionResult.TYPE_UNMATCHED),
        (array([structure(enum(3), enum(3))]), ActionResult.TYPE_UNMATCHED),
        (array([structure(enum(3), octet_string(b"short"))]), ActionResult.OTHER_REASON),
        (offer(KeyId.GLOBAL_BROADCAST_ENCRYPTION), ActionResult.OTHER_REASON),
        (array([structure(enum(9), octet_string(bytes(128)))]), ActionResult.OTHER_REASON),
        (offer(KeyId.MASTER, signing=OWN), ActionResult.OTHER_REASON),
        (
            array([structure(enum(3), octet_string(b"\xff" * 64 + CLIENT.sign(b"\x03" + b"\xff" * 64)))]),
            ActionResult.OTHER_REASON,
        ),
        (
            array(
                [structure(enum(3), octet_string(key_agreement_data(KeyId.AUTHENTICATION, EPHEMERAL.public, CLIENT)))]
            ),
            ActionResult.OTHER_REASON,
        ),
    ],
    ids=["none", "empty", "no array", "no octets", "short", "broadcast", "id", "signature", "point", "other id"],
)
def test_what_is_refused_changes_nothing(meter: SimulatedMeter, data: Data | None, result: ActionResult) -> None:
    before = (meter.keys, master_of(meter))
    assert agree(meter, data) == (result, None)
    assert (meter.keys, master_of(meter)) == before


def test_one_bad_key_of_several_changes_nothing(meter: SimulatedMeter) -> None:
    good, bad = offer(KeyId.AUTHENTICATION).value[0], offer(KeyId.MASTER, signing=OWN).value[0]
    before = (meter.keys, master_of(meter))
    assert agree(meter, array([good, bad])) == (ActionResult.OTHER_REASON, None)
    assert (meter.keys, master_of(meter)) == before


def test_suite_0_agrees_on_nothing(meter: SimulatedMeter) -> None:
    assert meter.keys is not None
    meter.keys = SecurityKeys(meter.keys.encryption_key, meter.keys.authentication_key)
    assert agree(meter, offer(KeyId.MASTER)) == (ActionResult.OTHER_REASON, None)


@pytest.mark.parametrize("protocol", ["SMR 5.0.0", "IDIS 2.0"])
def test_other_types_have_no_such_method(make_meter: Any, protocol: str) -> None:
    made = make_meter(protocol)
    assert agree(made, offer(KeyId.MASTER)) == (ActionResult.READ_WRITE_DENIED, None)


@pytest.mark.parametrize(
    ("policy", "result"),
    [(108, ActionResult.SUCCESS), (3, ActionResult.OTHER_REASON), (0xFC, ActionResult.OTHER_REASON)],
)
def test_policies_have_the_bits_of_version_1(meter: SimulatedMeter, policy: int, result: ActionResult) -> None:
    assert meter.action(1, ACTIVATE, enum(policy)) == (result, None)


@pytest.mark.parametrize("early", [False, True], ids=["answers under the old keys", "answers under the new keys"])
async def test_over_a_line_in_suite_1(open_meter: Any, counters: Any, early: bool) -> None:
    habits = Habits(answer_under_new_keys=early)
    async with SimulatedFleet(FleetSettings(meters=1, protocols=(AGREEING,), habits=habits)) as fleet:
        factory, counter, frames = fleet.keys(1), counters(), []
        keys = SecurityKeys(factory.encryption, factory.authentication, SUITE)
        trace = lambda _, octets: frames.append(octets)  # noqa: E731  # takes what is sent and received
        async with await open_meter(fleet, 1, counter, keys=keys, trace=trace) as session:
            assert (await session.get(SUITE_OF), await session.get(POLICY)) == (enum(1), enum(108))
            answer = await session.action(AGREE, offer(KeyId.MASTER))
            master = agreed(answer, KeyId.MASTER, fleet.meter(1).client_title)
            wrapped = structure(enum(KeyId.AUTHENTICATION), octet_string(wrap_key(master, NEW)))
            session.offer_keys(after := SecurityKeys(factory.encryption, NEW, SUITE))
            await session.action(TRANSFER, array([wrapped]))
            session.use_keys(after)
            assert await session.get(SUITE_OF) == enum(1)
        ciphered = [content_of(frame[8:]) for frame in frames if frame[8] in (*GLO_OF.values(),)]
        assert len(ciphered) == 12
        assert {content[0] for content in ciphered} == {0x31}, "authenticated and encrypted, suite 1"
        with pytest.raises(DlmsError):
            await open_meter(fleet, 1, counter, keys=SecurityKeys(factory.encryption, NEW))


def test_the_client_s_key_is_an_option() -> None:
    public = PrivateKey(SUITE, b"\x21" * 32).public
    options = parser().parse_args(["--client-signature-key", public.octets.hex()])
    settings = settings_of(options)
    assert settings.client_signature_key == public
    roster = Roster(settings, Stats(), lambda: 0.0, Around())
    assert roster.signature_keys(1)[1] == public
    with pytest.raises(ValueError, match="--client-signature-key: expected 128 hex digits"):
        settings_of(parser().parse_args(["--client-signature-key", "00" * 64]))
