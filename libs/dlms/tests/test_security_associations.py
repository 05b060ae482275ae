"""Both roles through every level, suite, policy and form of ciphering."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count, product
from typing import Any

import pytest

from meterstream.dlms.apdu import Conformance, tags
from meterstream.dlms.client import Associated, GetAnswer, GetListAnswer, Level, Phase, Released, SetAnswer
from meterstream.dlms.client.config import TransactionPolicy
from meterstream.dlms.data import AttributeRef, LogicalName, double_long_unsigned
from meterstream.dlms.errors import AuthenticationError, DecipherError, ReplayError, SecurityError, UnexpectedAnswer
from meterstream.dlms.framing import HEADER
from meterstream.dlms.meter import ClientAccess, Habits, MeterPhase, Reaction
from meterstream.dlms.security import (
    Ciphering,
    ContentCipher,
    Form,
    KeyChoice,
    Protection,
    Protector,
    SecurityPolicy,
    SecuritySuite,
)

Secured = Callable[..., Any]
COUNTER = AttributeRef(1, LogicalName.parse("0.0.43.1.0.255"), 2)
PROFILE = AttributeRef(7, LogicalName.parse("1.0.99.1.0.255"), 2)
HLS = [level for level in Level if level.hls]
POLICIES = [
    SecurityPolicy.NONE,
    SecurityPolicy.AUTHENTICATED,
    SecurityPolicy.ENCRYPTED,
    SecurityPolicy.AUTHENTICATED_ENCRYPTED,
    SecurityPolicy.AUTHENTICATED_REQUEST,
    SecurityPolicy.ENCRYPTED_RESPONSE | SecurityPolicy.AUTHENTICATED_RESPONSE,
]
FORMS = [
    *((ciphering, KeyChoice.IDENTIFIED) for ciphering in Ciphering),
    *((Ciphering.GENERAL, choice) for choice in KeyChoice if choice is not KeyChoice.BROADCAST),
]


def use(pair: Any) -> None:
    """Associates, reads, writes, reads in blocks, reads a list."""
    assert isinstance(pair.exchange(pair.client.associate()), Associated)
    assert pair.meter.phase is MeterPhase.ASSOCIATED
    assert pair.exchange(pair.client.get(COUNTER)) == GetAnswer(double_long_unsigned(12345))
    written = pair.exchange(pair.client.set(COUNTER, double_long_unsigned(1)))
    assert isinstance(written, SetAnswer)
    assert written.result == 0
    answer = pair.exchange(pair.client.get(PROFILE))
    assert isinstance(answer, GetAnswer)
    assert len(answer.result.value) == 96
    assert isinstance(pair.exchange(pair.client.get_list([(COUNTER, None), (PROFILE, None)])), GetListAnswer)
    assert pair.meter.close_cause is None


def tags_of(pair: Any) -> set[int]:
    """First octets of the APDUs after the association was opened."""
    return {frame[HEADER.size] for frame in pair.frames if frame[HEADER.size] not in (tags.AARQ, tags.AARE)}


@pytest.mark.parametrize("suite", list(SecuritySuite))
@pytest.mark.parametrize("policy", POLICIES, ids=str)
@pytest.mark.parametrize("level", [Level.LLS, *HLS])
def test_levels_suites_and_policies(
    secured: Secured, keyring_of: Callable[..., Any], level: Level, policy: SecurityPolicy, suite: SecuritySuite
) -> None:
    use(secured(level, keyring_of(suite), policy=policy))


@pytest.mark.parametrize("level", [Level.LLS, *HLS])
def test_without_any_key_of_ciphering(secured: Secured, keyring_of: Callable[..., Any], level: Level) -> None:
    without = {} if level is Level.HLS5_GMAC else {"keys": None}
    pair = secured(level, keyring_of(SecuritySuite.SUITE_0), policy=SecurityPolicy.NONE, access=without, **without)
    use(pair)
    assert tags_of(pair) <= {0xC0, 0xC1, 0xC3, 0xC4, 0xC5, 0xC7}


@pytest.mark.parametrize("limit", [400, 0xFFFF])
@pytest.mark.parametrize(("ciphering", "key"), FORMS, ids=str)
@pytest.mark.parametrize("suite", [SecuritySuite.SUITE_1, SecuritySuite.SUITE_2])
@pytest.mark.parametrize(
    "policy",
    [SecurityPolicy.AUTHENTICATED_ENCRYPTED, SecurityPolicy.AUTHENTICATED_ENCRYPTED | SecurityPolicy.SIGNED],
    ids=["ciphered", "ciphered and signed"],
)
def test_forms(
    secured: Secured,
    keyring_of: Callable[..., Any],
    suite: SecuritySuite,
    ciphering: Ciphering,
    key: KeyChoice,
    policy: SecurityPolicy,
    limit: int,
) -> None:
    conformance = Conformance.GENERAL_PROTECTION | Conformance.BLOCK_TRANSFER_GET | Conformance.GET | Conformance.SET
    limit = limit + 600 if policy & SecurityPolicy.SIGNED and limit < 1000 else limit + 300 if limit < 1000 else limit
    habits = Habits(conformance=conformance, max_send_pdu=limit)
    pair = secured(
        Level.HLS6_SHA256, keyring_of(suite), policy=policy, ciphering=ciphering, key_choice=key, habits=habits
    )
    use(pair)
    assert all(len(frame) <= HEADER.size + limit for frame in pair.frames[1::2])
    last = pair.frames[-1][HEADER.size]
    if policy & SecurityPolicy.SIGNED:
        assert last == tags.GENERAL_SIGNING
    else:
        expected = {
            Ciphering.GLOBAL: tags.GLO_GET_RESPONSE,
            Ciphering.DEDICATED: tags.DED_GET_RESPONSE,
            Ciphering.GENERAL_GLOBAL: tags.GENERAL_GLO_CIPHERING,
            Ciphering.GENERAL_DEDICATED: tags.GENERAL_DED_CIPHERING,
            Ciphering.GENERAL: tags.GENERAL_CIPHERING,
        }
        assert last == expected[ciphering]
    assert b"30003039" not in pair.frames[-1]


@pytest.mark.parametrize("ciphering", [Ciphering.DEDICATED, Ciphering.GENERAL_GLOBAL, Ciphering.GENERAL])
def test_forms_of_suite_0(secured: Secured, keyring_of: Callable[..., Any], ciphering: Ciphering) -> None:
    for key in (KeyChoice.IDENTIFIED, KeyChoice.WRAPPED):
        use(secured(Level.HLS5_GMAC, keyring_of(SecuritySuite.SUITE_0), ciphering=ciphering, key_choice=key))


def test_signed_only(secured: Secured, keyring_of: Callable[..., Any]) -> None:
    for suite in (SecuritySuite.SUITE_1, SecuritySuite.SUITE_2):
        pair = secured(Level.HLS7_ECDSA, keyring_of(suite), policy=SecurityPolicy.SIGNED)
        use(pair)
        assert tags_of(pair) == {tags.GENERAL_SIGNING}


def test_the_dedicated_key_travels_encrypted_and_is_new_for_each_association(
    secured: Secured, keyring_of: Callable[..., Any]
) -> None:
    pair = secured(Level.HLS5_GMAC, keyring_of(SecuritySuite.SUITE_0), ciphering=Ciphering.DEDICATED)
    use(pair)
    key = (1000).to_bytes(16, "big")
    assert key not in b"".join(pair.frames)
    assert pair.frames[0][HEADER.size :].find(b"\x21") > 0
    assert tags_of(pair) >= {tags.GLO_ACTION_REQUEST, tags.DED_GET_REQUEST, tags.DED_GET_RESPONSE}
    assert pair.access.last_client_counter == 12345 + 2, "AARQ, token and pass 3; what follows counts under its own key"


def test_general_protection_that_was_not_granted(secured: Secured, keyring_of: Callable[..., Any]) -> None:
    pair = secured(
        Level.HLS5_GMAC,
        keyring_of(SecuritySuite.SUITE_0),
        ciphering=Ciphering.GENERAL_GLOBAL,
        habits=Habits(),
    )
    with pytest.raises(UnexpectedAnswer, match="general protection"):
        pair.exchange(pair.client.associate())
    assert pair.client.phase is Phase.FAILED


@pytest.mark.parametrize(("weak", "strong"), [(w, s) for w, s in product(POLICIES[1:4], POLICIES[1:4]) if s & ~w])
def test_less_protection_than_the_meter_demands(
    secured: Secured, keyring_of: Callable[..., Any], weak: SecurityPolicy, strong: SecurityPolicy
) -> None:
    """Refused as the habits say: here by closing, and no counter is moved by what was refused."""
    pair = secured(Level.HLS5_GMAC, keyring_of(SecuritySuite.SUITE_1), policy=weak, access={"policy": strong})
    assert pair.meter.receive(pair.client.associate()) == b""
    assert pair.meter.closed
    assert isinstance(pair.meter.close_cause, DecipherError)
    assert pair.access.last_client_counter == 0


def test_less_protection_than_the_meter_demands_is_told_where_it_has_that_habit(
    secured: Secured, keyring_of: Callable[..., Any]
) -> None:
    pair = secured(
        Level.HLS5_GMAC,
        keyring_of(SecuritySuite.SUITE_1),
        policy=SecurityPolicy.AUTHENTICATED,
        access={"policy": SecurityPolicy.AUTHENTICATED_ENCRYPTED},
        habits=Habits(on_bad_security=Reaction.EXCEPTION),
    )
    answer = pair.meter.receive(pair.client.associate())
    assert answer[HEADER.size :].hex() == "d80105"


@pytest.mark.parametrize(("agreed", "answered"), [(a, b) for a, b in product(POLICIES[1:4], POLICIES[1:4]) if a & ~b])
def test_an_answer_protected_less_than_agreed(
    secured: Secured, keyring_of: Callable[..., Any], agreed: SecurityPolicy, answered: SecurityPolicy
) -> None:
    """The meter demands nothing of requests and gives its answers their protection; ours are weaker than agreed."""
    request = SecurityPolicy(answered & (SecurityPolicy.AUTHENTICATED_REQUEST | SecurityPolicy.ENCRYPTED_REQUEST))
    response = SecurityPolicy(agreed & (SecurityPolicy.AUTHENTICATED_RESPONSE | SecurityPolicy.ENCRYPTED_RESPONSE))
    pair = secured(
        Level.HLS6_SHA256,
        keyring_of(SecuritySuite.SUITE_1),
        policy=request | response,
        access={"policy": request},
    )
    with pytest.raises((DecipherError, UnexpectedAnswer)):
        pair.exchange(pair.client.associate())
    assert pair.client.phase is Phase.FAILED


def test_a_stronger_request_gets_an_answer_as_strong(secured: Secured, keyring_of: Callable[..., Any]) -> None:
    use(
        secured(
            Level.HLS6_SHA256,
            keyring_of(SecuritySuite.SUITE_2),
            policy=SecurityPolicy.AUTHENTICATED_ENCRYPTED,
            access={"policy": SecurityPolicy.AUTHENTICATED},
        )
    )


@pytest.mark.parametrize("level", HLS)
def test_a_challenge_sent_back(secured: Secured, keyring_of: Callable[..., Any], level: Level) -> None:
    pair = secured(level, keyring_of(SecuritySuite.SUITE_0), policy=SecurityPolicy.NONE)
    answer = pair.meter.receive(pair.client.associate())
    stoc = (1).to_bytes(32, "big")
    assert answer.count(stoc) == 1
    with pytest.raises(AuthenticationError, match="our own challenge"):
        pair.client.receive(answer.replace(stoc, bytes.fromhex("3132333435363738393A3B3C3D3E3F40") * 2))


def test_the_meter_never_sends_the_challenge_of_the_client(secured: Secured, keyring_of: Callable[..., Any]) -> None:
    pair = secured(Level.HLS3_MD5, keyring_of(SecuritySuite.SUITE_0), policy=SecurityPolicy.NONE)
    ctos = bytes.fromhex("3132333435363738393A3B3C3D3E3F40") * 2
    draws = iter([ctos, b"\x01" * 32])
    pair.security.challenge = lambda length: next(draws)
    assert ctos not in pair.meter.receive(pair.client.associate())
    again = secured(Level.HLS3_MD5, keyring_of(SecuritySuite.SUITE_0), policy=SecurityPolicy.NONE)
    again.security.challenge = lambda length: ctos
    assert again.meter.receive(again.client.associate()) == b""
    assert again.meter.closed


@pytest.mark.parametrize("level", HLS)
def test_a_wrong_pass_3_opens_nothing(secured: Secured, keyring_of: Callable[..., Any], level: Level) -> None:
    pair = secured(level, keyring_of(SecuritySuite.SUITE_1), policy=SecurityPolicy.NONE)
    pair.client.receive(pair.meter.receive(pair.client.associate()))
    wrong = bytes.fromhex("C301C1000F0000280000FF01010910") + bytes(16)
    answer = pair.meter.receive(HEADER.pack(1, 1, 1, len(wrong)) + wrong)
    assert answer[HEADER.size :][:4].hex() == "c701c1fa", "other-reason"
    assert pair.meter.phase is MeterPhase.HALF_OPEN
    request = bytes.fromhex("C001C1000100002B0100FF0200")
    refused = pair.meter.receive(HEADER.pack(1, 1, 1, len(request)) + request)
    assert refused[HEADER.size :].hex() == "d80101"
    assert not pair.application.calls


@pytest.mark.parametrize("level", HLS)
def test_a_wrong_pass_4_ends_the_association(secured: Secured, keyring_of: Callable[..., Any], level: Level) -> None:
    pair = secured(level, keyring_of(SecuritySuite.SUITE_1), policy=SecurityPolicy.NONE)
    go_on = pair.client.receive(pair.meter.receive(pair.client.associate()))
    answer = bytearray(pair.meter.receive(go_on.frame))
    answer[-1] ^= 1
    with pytest.raises(AuthenticationError):
        pair.client.receive(bytes(answer))
    assert pair.client.phase is Phase.FAILED


@pytest.mark.parametrize("level", HLS)
def test_the_pass_3_of_another_association_opens_nothing(
    secured: Secured, keyring_of: Callable[..., Any], level: Level
) -> None:
    keyring = keyring_of(SecuritySuite.SUITE_0)
    first, second = (secured(level, keyring, policy=SecurityPolicy.NONE) for _ in range(2))
    second.security.challenge = lambda length: b"\x77" * length
    recorded = first.client.receive(first.meter.receive(first.client.associate())).frame
    second.meter.receive(second.client.associate())
    second.meter.receive(recorded)
    assert second.meter.phase is MeterPhase.HALF_OPEN


@pytest.mark.parametrize(("ciphering", "key"), FORMS, ids=str)
@pytest.mark.parametrize("signed", [SecurityPolicy.NONE, SecurityPolicy.SIGNED])
def test_replays_and_altered_octets_both_ways(
    secured: Secured, keyring_of: Callable[..., Any], ciphering: Ciphering, key: KeyChoice, signed: SecurityPolicy
) -> None:
    keyring = keyring_of(SecuritySuite.SUITE_1)
    policy = SecurityPolicy.AUTHENTICATED_ENCRYPTED | signed

    def opened() -> Any:
        pair = secured(Level.HLS6_SHA256, keyring, policy=policy, ciphering=ciphering, key_choice=key)
        pair.exchange(pair.client.associate())
        return pair

    pair = opened()
    request = pair.client.get(COUNTER)
    answer = pair.meter.receive(request)
    assert pair.meter.receive(request) == b""
    assert isinstance(pair.meter.close_cause, ReplayError)
    pair.client.receive(answer)
    pair.client.get(COUNTER)
    with pytest.raises(ReplayError):
        pair.client.receive(answer)

    for place in range(HEADER.size + 1, len(request), 7):
        pair = opened()
        altered = bytearray(pair.client.get(COUNTER))
        altered[place] ^= 0x41
        calls = len(pair.application.calls)
        pair.meter.receive(bytes(altered))
        assert len(pair.application.calls) == calls, f"served although octet {place} was altered"


def test_signatures_alone_do_not_let_answers_of_old_sessions_in(
    secured: Secured, keyring_of: Callable[..., Any]
) -> None:
    def opened() -> Any:
        pair = secured(Level.HLS7_ECDSA, keyring_of(SecuritySuite.SUITE_1), policy=SecurityPolicy.SIGNED)
        pair.exchange(pair.client.associate())
        return pair

    old, new = opened(), opened()
    old_request = old.client.get(COUNTER)
    old_answer = old.meter.receive(old_request)
    new.exchange(new.client.get(COUNTER))
    new.client.get(COUNTER)
    with pytest.raises(ReplayError, match="transaction id"):
        new.client.receive(old_answer)
    assert new.meter.receive(old_request) == b""
    assert isinstance(new.meter.close_cause, ReplayError)


def test_transaction_ids_of_the_meters_own(secured: Secured, keyring_of: Callable[..., Any]) -> None:
    """Some meters give their answers transaction ids of their own: they have to rise, over associations too."""
    keyring = keyring_of(SecuritySuite.SUITE_1)
    meter_title = bytes.fromhex("4F5347000000270F")
    fresh = count(9)
    meter = Protector(
        keyring.keys,
        meter_title,
        bytes.fromhex("2020201CBE991A14"),
        count(9000).__next__,
        ClientAccess(Level.NONE),
        fresh=lambda length: next(fresh).to_bytes(length, "big"),
    )

    def answered(policy: TransactionPolicy, *transactions: int) -> Any:
        pair = secured(
            Level.HLS6_SHA256,
            keyring,
            ciphering=Ciphering.GENERAL,
            key_choice=KeyChoice.WRAPPED,
            transaction_policy=policy,
            last_received_transactions={meter_title: 100},
        )
        pair.exchange(pair.client.associate())
        for invoke, transaction in enumerate(transactions, start=2):
            pair.client.get(COUNTER)
            form = Form(Ciphering.GENERAL, key=KeyChoice.WRAPPED, transaction=transaction.to_bytes(8, "big"))
            apdu = meter.protect(bytes((0xC4, 1, 0x40 | invoke, 1, 3)), form)
            assert pair.client.receive(HEADER.pack(1, 1, 1, len(apdu)) + apdu) is not None
        return pair.client

    with pytest.raises(ReplayError, match="that of the request"):
        answered(TransactionPolicy.ECHOED, 0x10000)
    client = answered(TransactionPolicy.RISING, 0x1_0000_0000, 0x1_0000_0001)
    assert client.last_received_transaction == 0x1_0000_0001
    with pytest.raises(ReplayError, match="does not rise"):
        answered(TransactionPolicy.RISING, 0x1_0000_0000, 0x1_0000_0000)
    with pytest.raises(ReplayError, match="does not rise"):
        answered(TransactionPolicy.RISING, 7)


def test_tokens_of_hls_5_without_ciphering_count_as_well(secured: Secured, keyring_of: Callable[..., Any]) -> None:
    pair = secured(Level.HLS5_GMAC, keyring_of(SecuritySuite.SUITE_0), policy=SecurityPolicy.NONE)
    pair.access.last_client_counter = 12345
    with pytest.raises(AuthenticationError, match="refused HLS pass 3"):
        pair.exchange(pair.client.associate())
    assert pair.meter.phase is MeterPhase.HALF_OPEN


def test_counters_of_dedicated_keys_start_anew_and_those_of_global_keys_go_on(
    secured: Secured, keyring_of: Callable[..., Any]
) -> None:
    keyring = keyring_of(SecuritySuite.SUITE_0)
    pair = secured(Level.HLS5_GMAC, keyring, ciphering=Ciphering.DEDICATED)
    use(pair)
    last = pair.client.last_received_counter
    again = secured(
        Level.HLS5_GMAC,
        keyring,
        ciphering=Ciphering.DEDICATED,
        last_received_counters={pair.client.server_title: last},
    )
    with pytest.raises(ReplayError):
        again.exchange(again.client.associate())
    moved_on = secured(
        Level.HLS5_GMAC,
        keyring,
        ciphering=Ciphering.DEDICATED,
        last_received_counters={pair.client.server_title: last},
        security={"next_counter": last + 1},
    )
    use(moved_on)


@pytest.mark.parametrize("broadcast_known", [True, False])
def test_the_broadcast_key(secured: Secured, keyring_of: Callable[..., Any], broadcast_known: bool) -> None:
    keyring = keyring_of(SecuritySuite.SUITE_0)
    keys = keyring.keys if broadcast_known else replace(keyring.keys, broadcast_key=None)
    pair = secured(Level.HLS5_GMAC, keyring, access={"keys": keys})
    pair.exchange(pair.client.associate())
    cipher = ContentCipher(keys.suite, keyring.keys.broadcast_key, keys.authentication_key)
    request = bytes.fromhex("C001C100010000 2B0100FF0200")
    content = cipher.seal(
        Protection.AUTHENTICATED_ENCRYPTED, bytes.fromhex("2020201CBE991A14"), 7, request, broadcast=True
    )
    apdu = bytes((0xC8, len(content))) + content
    answer = pair.meter.receive(HEADER.pack(1, 1, 1, len(apdu)) + apdu)
    if broadcast_known:
        assert answer[HEADER.size] == tags.GLO_GET_RESPONSE
        assert answer[HEADER.size + 2] == 0x30, "the answer is under the unicast key"
        assert pair.access.last_broadcast_counter == 7
    else:
        assert answer == b""
        assert isinstance(pair.meter.close_cause, SecurityError)


@pytest.mark.parametrize("policy", [SecurityPolicy.AUTHENTICATED, SecurityPolicy.AUTHENTICATED_ENCRYPTED], ids=str)
def test_what_is_no_service_is_not_a_matter_of_security(
    secured: Secured, keyring_of: Callable[..., Any], policy: SecurityPolicy
) -> None:
    """Unknown tags, and general protection that was not granted: service not supported, and the line stays."""
    pair = secured(
        Level.HLS6_SHA256,
        keyring_of(SecuritySuite.SUITE_0),
        policy=policy,
        habits=Habits(),
        conformance=Conformance.GET,
    )
    pair.exchange(pair.client.associate())
    for apdu in ("050102", "77", "DB00050000000000", "DD", "DF00"):
        raw = bytes.fromhex(apdu)
        answer = pair.meter.receive(HEADER.pack(1, 1, 1, len(raw)) + raw)
        assert answer[HEADER.size :].hex() == "d80102"
    assert not pair.meter.closed
    plain = bytes.fromhex("C001C1000100002B0100FF0200")
    assert pair.meter.receive(HEADER.pack(1, 1, 1, len(plain)) + plain) == b""
    assert isinstance(pair.meter.close_cause, DecipherError)


def test_release_and_a_new_association_on_the_same_line(secured: Secured, keyring_of: Callable[..., Any]) -> None:
    habits = Habits(
        conformance=Conformance.GET | Conformance.SET | Conformance.GENERAL_PROTECTION,
        close_after_release=False,
        release_information=True,
    )
    keyring = keyring_of(SecuritySuite.SUITE_2)
    pair = secured(Level.HLS7_ECDSA, keyring, ciphering=Ciphering.GENERAL, key_choice=KeyChoice.ONE_PASS, habits=habits)
    pair.exchange(pair.client.associate())
    assert isinstance(pair.exchange(pair.client.release()), Released)
    assert pair.meter.phase is MeterPhase.IDLE
    other = secured(Level.LLS, keyring, policy=SecurityPolicy.AUTHENTICATED)
    other.meter, pair.access.level = pair.meter, Level.LLS
    pair.access.password, pair.access.policy = b"11111111", SecurityPolicy.AUTHENTICATED
    pair.access.last_client_counter = 0
    use(other)
