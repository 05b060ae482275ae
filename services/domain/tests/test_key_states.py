"""States of keys on their way into a meter: proposed, refused, transferred, proven, whatever the order of the news."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterstream.contracts.key_transfers import KeyOutcome
from meterstream.contracts.records import KeyKind, KeyState
from meterstream.domain.model.keys import GivenKey, decide, give, in_record, new_key, propose, prove

T0 = datetime(2026, 1, 1, tzinfo=UTC)
AK, USER, PORT = (
    KeyKind.E_METER_AUTHENTICATION_KEY,
    KeyKind.G_METER_ENCRYPTION_KEY,
    KeyKind.G_METER_OPTICAL_PORT_KEY,
)


def at(minutes):
    return T0 + timedelta(minutes=minutes)


def key(name, kind=AK):
    return GivenKey(name, kind, b"sealed " + name.encode())


def states(keys):
    return {found.key_id: found.state.value for found in keys}


def with_new(kind=AK):
    """ "a" is ACTIVE and proven, "b" is NEW since minute 5."""
    keys = prove(give((), [key("a", kind)], T0), ["a"], at(1))
    return propose(keys, key("b", kind), at(5))


def test_a_proposed_key_waits_beside_the_active_one():
    keys = with_new()
    assert states(keys) == {"a": "ACTIVE", "b": "NEW"}
    assert new_key(keys, AK).key_id == "b"
    assert [found.key_id for found in in_record(keys)] == ["a", "b"]


def test_the_same_octets_are_the_same_key():
    keys = with_new()
    assert propose(keys, key("b"), at(6)) == keys
    assert propose(keys, key("a"), at(6)) == keys


def test_there_is_no_second_new_key():
    with pytest.raises(ValueError, match="undecided"):
        propose(with_new(), key("c"), at(6))


@pytest.mark.parametrize("outcome", [KeyOutcome.REFUSED, KeyOutcome.ABSENT])
def test_a_key_that_is_not_in_the_meter_is_withdrawn_and_stays_a_candidate(outcome):
    keys = decide(with_new(), "b", outcome, at(6))
    assert states(keys) == {"a": "ACTIVE", "b": "WITHDRAWN"}
    assert [found.key_id for found in in_record(keys)] == ["a", "b"]
    again = propose(keys, key("b"), at(7))
    assert states(again) == {"a": "ACTIVE", "b": "NEW"}
    assert decide(again, "b", outcome, at(6)) == again, "news of before it was proposed again"


@pytest.mark.parametrize("outcome", [KeyOutcome.UNDECIDED, KeyOutcome.TRANSFERRED])
def test_only_an_association_makes_its_keys_active(outcome):
    keys = with_new()
    assert decide(keys, "b", outcome, at(6)) == keys
    assert states(prove(keys, ["b"], at(6))) == {"a": "EXPIRED", "b": "ACTIVE"}


def test_a_withdrawn_key_that_is_in_the_meter_after_all_becomes_active():
    keys = decide(with_new(), "b", KeyOutcome.ABSENT, at(6))
    keys = propose(keys, key("c"), at(7))
    assert states(prove(keys, ["b"], at(8))) == {"a": "EXPIRED", "b": "ACTIVE", "c": "NEW"}


def test_the_answer_to_its_transfer_makes_an_mbus_key_active():
    keys = decide(with_new(USER), "b", KeyOutcome.TRANSFERRED, at(6))
    assert states(keys) == {"a": "EXPIRED", "b": "ACTIVE"}
    assert not keys[1].proven


def test_a_closed_port_has_no_key():
    keys = give((), [key("p", PORT)], T0)
    assert states(decide(keys, "p", KeyOutcome.ABSENT, at(1))) == {"p": "EXPIRED"}
    meter = give((), [key("a")], T0)
    assert decide(meter, "a", KeyOutcome.ABSENT, at(1)) == meter, "what associations prove is not taken away by hearsay"


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["propose", *KeyOutcome, "prove"]),
        st.sampled_from("abcd"),
        st.integers(min_value=1, max_value=9),
    ),
    max_size=25,
)


@given(kind=st.sampled_from([AK, USER]), events=EVENTS)
def test_no_order_of_news_loses_a_key(kind, events):
    keys = prove(give((), [key("a", kind)], T0), ["a"], at(1))
    for number, (what, name, late) in enumerate(events, start=1):
        moment, before = at(10 * number), {found.key_id for found in keys}
        waiting = new_key(keys, kind)
        if what == "propose":
            if waiting is None or waiting.key_id == name:
                keys = propose(keys, key(name, kind), moment)
        elif what == "prove":
            keys = prove(keys, [name], moment - timedelta(minutes=late))
        else:
            keys = decide(keys, name, KeyOutcome(what), moment - timedelta(minutes=late))
        assert before <= {found.key_id for found in keys}
        found = [one.state for one in keys]
        assert found.count(KeyState.NEW) <= 1
        assert found.count(KeyState.ACTIVE) <= 1
        if kind is AK:
            assert found.count(KeyState.ACTIVE) == 1
            unproven = {one.key_id for one in keys if one.state is KeyState.NEW}
            assert unproven <= {one.key_id for one in in_record(keys)}


def test_a_key_that_another_displaced_was_there_though_no_answer_proved_it():
    given = give((), [key("a")], T0)
    keys = propose(given, key("b"), at(1))
    assert states(prove(keys, ["b"], at(2))) == {"a": "EXPIRED", "b": "ACTIVE"}
