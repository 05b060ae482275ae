"""States of device keys."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterstream.contracts.records import KeyKind, KeyState
from meterstream.domain.model.keys import CANDIDATES_PER_KIND, DeviceKey, GivenKey, give, in_record, prove, retire

T0 = datetime(2026, 1, 1, tzinfo=UTC)
AK, EK = KeyKind.E_METER_AUTHENTICATION_KEY, KeyKind.E_METER_ENCRYPTION_KEY_UNICAST


def at(minutes):
    return T0 + timedelta(minutes=minutes)


def new(name, kind=AK):
    return GivenKey(name, kind, b"sealed " + name.encode())


def states(keys):
    return {key.key_id: (key.state, key.proven) for key in keys}


def test_a_given_key_is_active_and_unproven():
    keys = give((), [new("a"), new("e", EK)], T0)
    assert states(keys) == {"a": (KeyState.ACTIVE, False), "e": (KeyState.ACTIVE, False)}


def test_the_key_that_is_active_already_stays_as_it_is():
    keys = prove(give((), [new("a")], T0), ["a"], at(1))
    assert give(keys, [new("a")], at(2)) == keys


def test_a_displaced_key_stays_a_candidate():
    keys = prove(give((), [new("a")], T0), ["a"], at(1))
    keys = give(keys, [new("b")], at(2))
    assert states(keys) == {"a": (KeyState.WITHDRAWN, False), "b": (KeyState.ACTIVE, False)}
    assert [key.key_id for key in in_record(keys)] == ["b", "a"]


def test_a_key_that_comes_back_keeps_its_row():
    keys = give(give((), [new("a")], T0), [new("b")], at(1))
    again = give(keys, [GivenKey("a", AK, b"sealed anew")], at(2))
    assert states(again) == {"a": (KeyState.ACTIVE, False), "b": (KeyState.WITHDRAWN, False)}
    assert {key.sealed for key in again} == {key.sealed for key in keys}


def test_kinds_do_not_touch_each_other():
    keys = give(give((), [new("a"), new("e", EK)], T0), [new("b")], at(1))
    assert states(keys)["e"] == (KeyState.ACTIVE, False)


def test_a_proven_new_key_expires_the_active_one():
    keys = prove(give((), [new("a")], T0), ["a"], at(1))
    fresh = DeviceKey("n", AK, KeyState.NEW, False, b"", at(2))
    keys = prove((*keys, fresh), ["n"], at(3))
    assert states(keys) == {"a": (KeyState.EXPIRED, True), "n": (KeyState.ACTIVE, True)}


def test_a_proven_candidate_takes_over_and_the_given_key_stays_a_candidate():
    keys = give(give((), [new("a")], T0), [new("b")], at(1))
    keys = prove(keys, ["a"], at(2))
    assert states(keys) == {"a": (KeyState.ACTIVE, True), "b": (KeyState.WITHDRAWN, False)}


@pytest.mark.parametrize("moment", [at(0), at(1) - timedelta(microseconds=1)])
def test_an_observation_from_before_the_overwrite_changes_nothing(moment):
    keys = give(give((), [new("a")], T0 - timedelta(minutes=9)), [new("b")], at(1))
    assert prove(keys, ["a"], moment) == keys


def test_proving_again_changes_nothing():
    keys = prove(give((), [new("a")], T0), ["a"], at(1))
    assert prove(keys, ["a"], at(2)) == keys
    assert prove(keys, ["unknown"], at(2)) == keys


def test_keys_of_a_removed_device_are_no_candidates_but_kept():
    keys = retire(give(give((), [new("a")], T0), [new("b")], at(1)), at(2))
    assert states(keys) == {"a": (KeyState.EXPIRED, False), "b": (KeyState.EXPIRED, False)}
    assert list(in_record(keys)) == []
    assert prove(keys, ["a"], at(1)) == keys


def test_a_record_holds_the_newest_candidates_only():
    keys = ()
    for number in range(9):
        keys = give(keys, [new(f"k{number}")], at(number))
    found = [key.key_id for key in in_record(keys)]
    assert found == ["k8", *[f"k{number}" for number in range(7, 7 - CANDIDATES_PER_KIND, -1)]]


steps = st.lists(
    st.tuples(st.sampled_from(["give", "prove", "retire"]), st.sampled_from("abcd"), st.sampled_from([AK, EK])),
    max_size=25,
)


@given(steps)
def test_no_key_is_ever_lost_and_one_at_most_is_active(history):
    keys: tuple[DeviceKey, ...] = ()
    seen: set[tuple[str, str]] = set()
    for minute, (what, name, kind) in enumerate(history):
        if what == "give":
            keys = give(keys, [new(name, kind)], at(minute))
            seen.add((name, kind))
        elif what == "prove":
            keys = prove(keys, [name], at(minute))
        else:
            keys = retire(keys, at(minute))
        assert {(key.key_id, key.kind) for key in keys} == seen
        for kind_of in (AK, EK):
            assert len([key for key in keys if key.kind is kind_of and key.state is KeyState.ACTIVE]) <= 1
