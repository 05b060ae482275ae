"""Opening, counters, keys and the habits of meters, with both roles joined in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from meterstream.dlms.apdu import ActionResult, Conformance
from meterstream.dlms.client import (
    ActionAnswer,
    Associated,
    AssociationConfig,
    ClientAssociation,
    Continue,
    GetAnswer,
    Level,
    Released,
    SecurityKeys,
)
from meterstream.dlms.data import (
    AttributeRef,
    Data,
    LogicalName,
    MethodRef,
    double_long_unsigned,
    octet_string,
)
from meterstream.dlms.errors import (
    AssociationRejected,
    AuthenticationError,
    ChallengeLengthError,
    ConfigurationError,
    ExceptionResponse,
    ReplayError,
    UnexpectedAnswer,
)
from meterstream.dlms.framing import HEADER, wrap
from meterstream.dlms.meter import (
    ClientAccess,
    CounterPolicy,
    DropLine,
    Habits,
    MeterAssociation,
    MeterPhase,
    MeterSecurity,
    Reaction,
)

CLOCK = AttributeRef(8, LogicalName.parse("0.0.1.0.0.255"), 2)
RESET = MethodRef(3, LogicalName.parse("1.0.1.8.0.255"), 1)
KEYS = SecurityKeys(bytes(range(16)), bytes.fromhex("D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"))
NEW_KEYS = SecurityKeys(bytes(range(16, 32)), bytes(range(32, 48)))
TITLE = bytes.fromhex("4F5347000000270F")
LEVELS = list(Level)
CIPHERED = [Level.LLS, Level.HLS5_GMAC]

Pairs = Callable[..., Any]


# Associations


@pytest.mark.parametrize("length", [8, 15, 16, 63, 64])
def test_challenge_lengths(length: int) -> None:
    access = ClientAccess(Level.HLS5_GMAC, KEYS)
    meter = MeterAssociation(None, MeterSecurity(TITLE, {1: access}, lambda n: b"s" * n))  # type: ignore[arg-type]  # its objects are never asked
    config = AssociationConfig(Level.HLS5_GMAC, client_title=b"   12345", keys=KEYS, challenge_length=length)
    client = ClientAssociation(config, iter(range(1, 9)).__next__, b"c" * length)
    event = client.receive(meter.receive(client.associate()))
    assert isinstance(event, Continue)
    assert client.receive(meter.receive(event.frame)) == Associated()


@pytest.mark.parametrize("length", [0, 7, 65])
def test_challenge_length_is_checked_before_any_traffic(length: int) -> None:
    with pytest.raises(ChallengeLengthError):
        AssociationConfig(Level.HLS5_GMAC, client_title=b"   12345", keys=KEYS, challenge_length=length)
    config = AssociationConfig(Level.HLS5_GMAC, client_title=b"   12345", keys=KEYS)
    with pytest.raises(ChallengeLengthError):
        ClientAssociation(config, int, bytes(length))


@pytest.mark.parametrize(
    "settings",
    [
        {"level": Level.HLS5_GMAC},
        {"level": Level.HLS5_GMAC, "keys": KEYS},
        {"level": Level.HLS5_GMAC, "keys": KEYS, "client_title": b"short"},
        {"level": Level.LLS, "keys": KEYS, "client_title": TITLE},
        {"level": Level.LLS, "client_title": TITLE, "password": b"x"},
        {"level": Level.NONE, "server_sap": 0x10000},
        {"level": Level.NONE, "client_sap": -1},
        {"level": Level.NONE, "with_list_max": 0},
        {"level": Level.NONE, "max_pdu": 0x10000},
    ],
)
def test_settings_that_contradict_each_other(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        AssociationConfig(**settings)


@pytest.mark.parametrize(("ek", "ak"), [(b"short", bytes(16)), (bytes(16), bytes(17))])
def test_keys_have_16_bytes(ek: bytes, ak: bytes) -> None:
    with pytest.raises(ConfigurationError):
        SecurityKeys(ek, ak)


def rejected(pair: Any) -> AssociationRejected:
    with pytest.raises(AssociationRejected) as caught:
        pair.exchange(pair.client.associate())
    assert pair.meter.phase is MeterPhase.IDLE
    return caught.value


@pytest.mark.parametrize("form", [False, True], ids=["usual", "with information"])
def test_rejections_have_a_diagnostic(pair_of: Pairs, form: bool) -> None:
    habits = Habits(max_challenge=16, reject_with_information=form, protocol_version_in_aare=form)
    pair = pair_of(Level.HLS5_GMAC, habits)
    pair.client = ClientAssociation(
        AssociationConfig(Level.HLS5_GMAC, client_title=b"   12345", keys=KEYS), iter(range(99)).__next__, bytes(17)
    )
    assert rejected(pair).diagnostic == 13
    pair = pair_of(Level.LLS, habits)
    pair.access.password = b"22222222"
    assert rejected(pair).diagnostic == 13
    pair = pair_of(Level.LLS, habits)
    pair.access.level = Level.HLS5_GMAC
    assert rejected(pair).diagnostic == 11
    pair = pair_of(Level.NONE, habits)
    pair.security.clients = {16: ClientAccess(Level.HLS5_GMAC, KEYS)}
    assert rejected(pair).diagnostic == 2


def test_meter_takes_no_client_with_its_own_title() -> None:
    meter = meter_with(ClientAccess(Level.HLS5_GMAC, KEYS))
    config = AssociationConfig(Level.HLS5_GMAC, client_title=TITLE, keys=KEYS)
    client = ClientAssociation(config, iter(range(1, 9)).__next__, bytes(64))
    with pytest.raises(AssociationRejected) as caught:
        client.receive(meter.receive(client.associate()))
    assert caught.value.diagnostic == 13


def test_meter_that_was_asked_badly_can_be_asked_again(pair_of: Pairs) -> None:
    bad, good = pair_of(Level.LLS), pair_of(Level.LLS)
    bad.access.password = b"22222222"
    rejected(bad)
    bad.access.password = b"11111111"
    good.meter = bad.meter
    assert good.exchange(good.client.associate()) == Associated()


@pytest.mark.parametrize(
    "habits",
    [
        Habits(protocol_version_in_aare=True, mechanism_in_aare=False, hls_diagnostic=0),
        Habits(unproposed_conformance=Conformance.READ | Conformance.WRITE),
        Habits(token_shares_counter=True),
        Habits(cipher_exceptions=True, short_action_response=True, release_information=True),
    ],
)
@pytest.mark.parametrize("level", CIPHERED)
def test_habits_that_change_nothing_for_the_client(pair_of: Pairs, level: Level, habits: Habits) -> None:
    pair = pair_of(level, habits)
    assert pair.exchange(pair.client.associate()) == Associated()
    assert pair.client.negotiated == 0xFE1D
    assert pair.exchange(pair.client.get(CLOCK)) == GetAnswer(pair.application.values[CLOCK])
    assert pair.exchange(pair.client.action(RESET)) == ActionAnswer(ActionResult.OBJECT_UNDEFINED)
    assert pair.exchange(pair.client.release()) == Released()


def test_server_counter_that_restarts_needs_the_free_policy(pair_of: Pairs) -> None:
    pair = pair_of(Level.HLS5_GMAC, last_received_counters={TITLE: 700})
    pair.security.next_counter = 1
    with pytest.raises(ReplayError):
        pair.exchange(pair.client.associate())


# Client counters


def meter_with(access: ClientAccess, **habits: Any) -> MeterAssociation:
    return MeterAssociation(
        None,  # type: ignore[arg-type]  # its objects are never asked
        MeterSecurity(TITLE, {1: access}, lambda n: b"s" * n),
        Habits(**habits),
    )


def hls_client(first: int, keys: SecurityKeys = KEYS) -> ClientAssociation:
    config = AssociationConfig(Level.HLS5_GMAC, client_title=b"   12345", keys=keys)
    return ClientAssociation(config, iter(range(first, first + 20)).__next__, bytes(64))


def test_meter_drops_the_line_at_a_counter_that_does_not_rise() -> None:
    access = ClientAccess(Level.HLS5_GMAC, KEYS, last_client_counter=100)
    for counter in (0, 99, 100):
        meter = meter_with(access)
        assert meter.receive(hls_client(counter).associate()) == b""
        assert meter.closed
        assert isinstance(meter.close_cause, ReplayError)
    assert access.last_client_counter == 100
    meter = meter_with(access)
    assert meter.receive(hls_client(101).associate())
    assert access.last_client_counter == 101


def test_counters_are_shared_by_the_connections_of_a_meter() -> None:
    access = ClientAccess(Level.HLS5_GMAC, KEYS)
    first, second = meter_with(access), meter_with(access)
    assert first.receive(hls_client(50).associate())
    assert second.receive(hls_client(50).associate()) == b""
    assert second.closed


def test_free_policy_takes_any_counter_but_remembers_the_highest() -> None:
    access = ClientAccess(Level.HLS5_GMAC, KEYS, last_client_counter=100, counter_policy=CounterPolicy.FREE)
    client, meter = hls_client(3), meter_with(access)
    event = client.receive(meter.receive(client.associate()))
    assert isinstance(event, Continue)
    assert client.receive(meter.receive(event.frame)) == Associated()
    assert access.last_client_counter == 100


def test_wrong_key_does_not_move_the_counter() -> None:
    access = ClientAccess(Level.HLS5_GMAC, KEYS)
    meter = meter_with(access)
    assert meter.receive(hls_client(1_000, NEW_KEYS).associate()) == b""
    assert meter.closed
    assert access.last_client_counter == 0


def test_new_encryption_key_starts_a_new_counter() -> None:
    access = ClientAccess(Level.HLS5_GMAC, KEYS, last_client_counter=100)
    access.replace_keys(SecurityKeys(KEYS.encryption_key, NEW_KEYS.authentication_key))
    assert access.last_client_counter == 100
    access.replace_keys(NEW_KEYS)
    assert access.last_client_counter == 0


@pytest.mark.parametrize("replayed", [False, True])
def test_bad_security_as_an_exception_response(replayed: bool) -> None:
    access = ClientAccess(Level.HLS5_GMAC, KEYS, last_client_counter=100)
    meter = meter_with(access, on_bad_security=Reaction.EXCEPTION)
    client = hls_client(100) if replayed else hls_client(101, NEW_KEYS)
    with pytest.raises(ExceptionResponse) as caught:
        client.receive(meter.receive(client.associate()))
    assert caught.value.service_error == (6 if replayed else 5)
    assert caught.value.invocation_counter == (101 if replayed else None)
    assert not meter.closed


def test_bad_security_as_a_rejection() -> None:
    access = ClientAccess(Level.HLS5_GMAC, KEYS, last_client_counter=100)
    meter = meter_with(access, on_bad_security=Reaction.REJECT)
    client = hls_client(100)
    with pytest.raises(AssociationRejected) as caught:
        client.receive(meter.receive(client.associate()))
    assert caught.value.diagnostic == 1
    again = hls_client(101)
    assert meter.receive(again.associate())


# Half open and out of turn


@pytest.mark.parametrize("ciphered", [False, True])
def test_get_before_pass_3(pair_of: Pairs, ciphered: bool) -> None:
    pair = pair_of(Level.HLS5_GMAC, Habits(cipher_exceptions=ciphered))
    pair.client.receive(pair.meter.receive(pair.client.associate()))
    pair.client._end_exchange()  # a client that does not wait for pass 4
    answer = pair.meter.receive(pair.client.get(CLOCK))
    assert answer[HEADER.size :][:2] == (b"\xd8\x14" if ciphered else b"\xd8\x01")
    with pytest.raises(ExceptionResponse) as caught:
        pair.client.receive(answer)
    assert (caught.value.state_error, caught.value.service_error) == (1, 1)
    assert caught.value.ciphered is ciphered
    assert pair.application.calls == []


def test_meter_that_serves_before_pass_3(pair_of: Pairs) -> None:
    pair = pair_of(Level.HLS5_GMAC, Habits(serve_before_pass_3=True))
    pair.client.receive(pair.meter.receive(pair.client.associate()))
    pair.client._end_exchange()
    assert pair.exchange(pair.client.get(CLOCK)) == GetAnswer(pair.application.values[CLOCK])


def test_wrong_token_leaves_the_association_half_open(pair_of: Pairs) -> None:
    pair = pair_of(Level.HLS5_GMAC)
    event = pair.client.receive(pair.meter.receive(pair.client.associate()))
    pair.meter._login = replace(pair.meter._login, server_challenge=b"another challenge")
    with pytest.raises(AuthenticationError, match="OTHER_REASON"):
        pair.client.receive(pair.meter.receive(event.frame))
    assert pair.meter.phase is MeterPhase.HALF_OPEN
    assert not pair.meter.closed


@pytest.mark.parametrize(
    ("reaction", "answer", "closed"),
    [(Reaction.SILENCE, "", False), (Reaction.CLOSE, "", True), (Reaction.EXCEPTION, "D80101", False)],
)
def test_second_aarq_and_request_without_association(
    pair_of: Pairs, reaction: Reaction, answer: str, closed: bool
) -> None:
    expected = wrap(1, 16, bytes.fromhex(answer)) if answer else b""
    pair = pair_of(Level.NONE, Habits(on_violation=reaction))
    aarq = pair.client.associate()
    pair.meter.receive(aarq)
    assert pair.meter.receive(aarq) == expected
    assert pair.meter.closed is closed
    meter = pair_of(Level.NONE, Habits(on_violation=reaction)).meter
    assert meter.receive(wrap(16, 1, bytes.fromhex("C00142000800000100" + "00FF0200"))) == expected
    assert meter.closed is closed


@pytest.mark.parametrize(
    ("reaction", "answer", "closed"),
    [(Reaction.SILENCE, "", False), (Reaction.CLOSE, "", True), (Reaction.EXCEPTION, "D80102", False)],
)
@pytest.mark.parametrize("apdu", ["C102410008", "C303410100", "DD0000", "C00541", "C0014100080000010000FF02", ""])
def test_what_the_meter_does_not_know(
    associated: Pairs, apdu: str, reaction: Reaction, answer: str, closed: bool
) -> None:
    pair = associated(Level.NONE, Habits(on_unsupported=reaction))
    expected = wrap(1, 16, bytes.fromhex(answer)) if answer else b""
    assert pair.meter.receive(wrap(16, 1, bytes.fromhex(apdu))) == expected
    assert pair.meter.closed is closed


@pytest.mark.parametrize(("source", "destination"), [(16, 2), (17, 1)])
@pytest.mark.parametrize(("reaction", "closed"), [(Reaction.SILENCE, False), (Reaction.CLOSE, True)])
def test_unknown_client_or_logical_device(
    pair_of: Pairs, source: int, destination: int, reaction: Reaction, closed: bool
) -> None:
    pair = pair_of(Level.NONE, Habits(on_unknown_address=reaction))
    aarq = pair.client.associate()
    strange = wrap(source, destination, aarq[HEADER.size :])
    assert pair.meter.receive(strange) == b""
    assert pair.meter.closed is closed
    if not closed:
        assert pair.client.receive(pair.meter.receive(aarq)) == Associated()
        assert pair.meter.receive(strange) == b""


@pytest.mark.parametrize("level", CIPHERED)
def test_plain_request_in_a_ciphered_association_drops_the_line(associated: Pairs, level: Level) -> None:
    pair = associated(level)
    assert pair.meter.receive(wrap(1, 1, bytes.fromhex("C00142000800000100" + "00FF0200"))) == b""
    assert pair.meter.closed


def test_broken_frame_drops_the_line(associated: Pairs) -> None:
    pair = associated(Level.NONE)
    good = pair.client.get(CLOCK)
    answer = pair.meter.receive(good + b"\0\7\0\0\0\0\0\0")
    assert pair.client.receive(answer) == GetAnswer(pair.application.values[CLOCK])
    assert pair.meter.closed
    assert pair.meter.receive(good) == b""


def test_requests_sent_ahead_are_answered_in_order(associated: Pairs) -> None:
    pair = associated(Level.NONE)
    gets = b"".join(wrap(16, 1, bytes((0xC0, 1, 0x40 | i)) + bytes.fromhex("00080000010000FF0200")) for i in (1, 2, 3))
    answers = pair.meter.receive(gets)
    step = len(answers) // 3
    assert [answers[i * step + HEADER.size + 2] for i in range(3)] == [0x41, 0x42, 0x43]


# Release


@pytest.mark.parametrize("level", LEVELS)
def test_new_association_on_the_same_line(pair_of: Pairs, level: Level) -> None:
    first, second = pair_of(level, Habits(close_after_release=False)), pair_of(level)
    first.exchange(first.client.associate())
    first.exchange(first.client.release())
    assert not first.meter.closed
    second.meter = first.meter
    first.access.last_client_counter = 0
    assert second.exchange(second.client.associate()) == Associated()
    assert second.exchange(second.client.get(CLOCK)) == GetAnswer(first.application.values[CLOCK])


@pytest.mark.parametrize(
    ("habits", "rlrq"),
    [(Habits(answer_release=False), "6203800100"), (Habits(drop_release_without_reason=True), "6200")],
)
def test_line_dropped_instead_of_an_rlre(associated: Pairs, habits: Habits, rlrq: str) -> None:
    pair = associated(Level.NONE, habits)
    assert pair.meter.receive(wrap(16, 1, bytes.fromhex(rlrq))) == b""
    assert pair.meter.closed


# Keys and faults


@pytest.mark.parametrize("under_new", [False, True])
def test_keys_replaced_by_an_action(associated: Pairs, under_new: bool) -> None:
    pair = associated(Level.HLS5_GMAC, Habits(answer_under_new_keys=under_new))

    def transfer(*_: Any) -> tuple[ActionResult, None]:
        pair.access.replace_keys(NEW_KEYS)
        return ActionResult.SUCCESS, None

    pair.application.action = transfer
    frame = pair.client.action(RESET, octet_string(bytes(24)))
    answer = pair.meter.receive(frame)
    if under_new:
        with pytest.raises(Exception, match="tag is wrong"):
            pair.client.receive(answer)
        return
    assert pair.client.receive(answer) == ActionAnswer(ActionResult.SUCCESS)
    assert pair.meter.receive(pair.client.get(CLOCK)) == b""
    assert pair.meter.closed


def test_application_may_drop_the_line(associated: Pairs) -> None:
    pair = associated(Level.HLS5_GMAC)

    def drop(*_: Any) -> Data:
        raise DropLine

    pair.application.get = drop
    assert pair.meter.receive(pair.client.get(CLOCK)) == b""
    assert pair.meter.closed


def test_wrong_invoke_id_as_a_fault(pair_of: Pairs) -> None:
    pair = pair_of(Level.NONE, Habits(invoke_id_offset=1))
    pair.exchange(pair.client.associate())
    with pytest.raises(UnexpectedAnswer, match="invoke id 2 instead of 1"):
        pair.exchange(pair.client.get(CLOCK))


def test_write_reaches_the_right_object(associated: Pairs) -> None:
    pair = associated(Level.LLS)
    pair.exchange(pair.client.set(CLOCK, double_long_unsigned(5)))
    assert pair.application.calls == [("set", 1, CLOCK, None, double_long_unsigned(5))]
