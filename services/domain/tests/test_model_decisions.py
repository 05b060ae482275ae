"""Retry times, bundles, moves of a row, the working set: decisions on values alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterstream.contracts.catalogue import load_operations
from meterstream.contracts.envelope import CommandHeader, ResultStatus
from meterstream.contracts.errors import CODES
from meterstream.contracts.operation import Target
from meterstream.contracts.operations.add_device import NewDevice
from meterstream.contracts.operations.bundle import BundleAction, BundleAnswer, BundleRequest, BundleResponse
from meterstream.contracts.operations.get_specific_attribute_value import (
    OPERATION as GET_ATTRIBUTE,
)
from meterstream.contracts.operations.get_specific_attribute_value import GetSpecificAttributeValueResponse
from meterstream.contracts.operations.synchronize_time import OPERATION, SynchronizeTimeRequest
from meterstream.contracts.records import DeviceState, SecurityLevel
from meterstream.domain.model import bundles
from meterstream.domain.model.messages import ENVELOPE_BYTES, Composer, Conclusion
from meterstream.domain.model.records import DeviceContent, device_record, security_level
from meterstream.domain.model.registry import Device, FunctionGroups, Gateway
from meterstream.domain.model.retry import RetryPolicy
from meterstream.domain.model.rules import MeterRule, QueryRule, RegistryRule
from meterstream.domain.model.stored import Position, Stage, StoredCommand
from meterstream.domain.model.submissions import request_hash
from meterstream.domain.model.uids import device_uid
from meterstream.domain.model.world import World
from meterstream.domain.rules import load_rules
from meterstream.runtime.codec import shared_codec

T0 = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
ERROR = CODES["RESPONSE_TIMEOUT"]("silence").to_record("PROTOCOL_DLMS")


# Retries


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 30), (2, 60)])
def test_delays_double(attempt, seconds):
    assert RetryPolicy().next_attempt_at(attempt, T0, T0 + HOUR, share=0.5) == T0 + timedelta(seconds=seconds)


def test_the_last_attempt_is_the_last():
    assert RetryPolicy().next_attempt_at(3, T0, T0 + HOUR, share=0.5) is None


@given(st.floats(0, 1, exclude_max=True), st.integers(1, 2))
def test_jitter_stays_within_its_share(share, attempt):
    middle = timedelta(seconds=30 * 2 ** (attempt - 1))
    at = RetryPolicy().next_attempt_at(attempt, T0, T0 + HOUR, share=share)
    assert at is not None
    assert T0 + middle * 0.9 <= at <= T0 + middle * 1.1


def test_no_attempt_is_planned_after_expiry():
    assert RetryPolicy().next_attempt_at(1, T0, T0 + timedelta(seconds=29), share=0.5) is None


# Bundles


def request(count):
    return BundleRequest(actions=[BundleAction(operation="SynchronizeTime", request=bytes([n])) for n in range(count)])


GOOD = BundleAnswer(operation="SynchronizeTime", response=b"ok")
AGAIN = BundleAnswer(operation="SynchronizeTime", error=ERROR, retryable=True)
NEVER = BundleAnswer(operation="SynchronizeTime", error=ERROR)
some_answers = st.lists(st.sampled_from([GOOD, AGAIN, NEVER]), min_size=1, max_size=8)


@given(some_answers, some_answers)
def test_merging_keeps_what_is_settled_and_fills_what_was_asked(before, given_now):
    asked = request(len(before))
    places = bundles.pending(before, len(before))
    merged = bundles.merge(asked, before, BundleResponse(answers=given_now), None, retryable=False)
    assert len(merged) == len(before)
    for place, answer in enumerate(merged):
        if place not in places:
            assert answer is before[place]
    for index, place in enumerate(places):
        expected = given_now[index] if index < len(given_now) else None
        assert merged[place] == expected if expected else merged[place].error is not None


def test_an_attempt_that_answers_less_than_asked_leaves_errors():
    merged = bundles.merge(request(3), None, BundleResponse(answers=[GOOD]), None, retryable=False)
    assert [answer.error.code if answer.error else "" for answer in merged] == [
        "",
        "TECHNICAL_ERROR",
        "TECHNICAL_ERROR",
    ]


def test_the_next_attempt_holds_the_open_actions_in_their_order():
    asked = bundles.next_request(request(4), [AGAIN, GOOD, NEVER, AGAIN])
    assert [action.request for action in asked.actions] == [b"\x00", b"\x03"]


# Rows


def row(**changes):
    position = Position("commands", 0, 7)
    made = StoredCommand(
        organisation="org",
        correlation_uid="u" * 20,
        operation="SynchronizeTime",
        device_identification="TEST1024000000001",
        request_hash=b"",
        command=b"",
        source=position,
        moved_by=position,
        stage=Stage.SCHEDULED,
        attempt=0,
        changed_at=T0,
        expires_at=T0 + timedelta(days=1),
        timer_at=T0,
    )
    return replace(made, **changes)


def device(**changes):
    gateway = Gateway("TEST1024000000001", DeviceState.ACTIVE, 4, 4)
    return replace(
        Device("TEST1024000000001", "uid", "org", DeviceState.ACTIVE, False, gateway, revision=4, published_revision=4),
        **changes,
    )


def test_a_queued_row_names_its_attempt_gateway_and_limits():
    queued = row().queued(device(), T0, HOUR)
    assert (queued.stage, queued.attempt, queued.gateway, queued.record_revision) == (
        Stage.QUEUED,
        1,
        "TEST1024000000001",
        4,
    )
    assert queued.not_after == T0 + timedelta(days=1)
    assert queued.timer_at == T0 + timedelta(days=1, hours=1)


def test_a_device_without_gateway_is_in_no_lane():
    with pytest.raises(ValueError, match="gateway"):
        row().queued(device(gateway=None), T0, HOUR)


def test_a_final_row_outlives_retention_and_expiry():
    short = row(expires_at=T0).final(ResultStatus.OK, T0 + HOUR, None)
    assert short.timer_at == T0 + HOUR + timedelta(days=8)
    long = row(expires_at=T0 + timedelta(days=30)).final(ResultStatus.OK, T0, None)
    assert long.timer_at == T0 + timedelta(days=38)


@given(st.text("abc.-", min_size=1), st.integers(0, 10_000), st.integers(0, 2**62))
def test_positions_survive_their_text(topic, partition, offset):
    position = Position(topic, partition, offset)
    assert Position.parse(str(position)) == position


# Messages


def header(**changes):
    fields = {
        "correlation_uid": "u" * 20,
        "submission_id": "s",
        "device_identification": "TEST1024000000001",
        "organisation": "org",
        "user": "user",
        "application": "app",
        "created_at": T0,
        "expires_at": T0 + HOUR,
    }
    return CommandHeader(**(fields | changes))


def test_a_result_that_no_topic_takes_becomes_an_error_of_its_own():
    composer = Composer(shared_codec(), result_limit=ENVELOPE_BYTES + 1000)
    response = GetSpecificAttributeValueResponse(value="x" * 2000)
    value = composer.result_value(GET_ATTRIBUTE, header(), 1, T0, Conclusion(ResultStatus.OK, response=response))
    result = shared_codec().decode(value)
    assert (result.status, result.error.code, result.response) == (ResultStatus.FAILED, "RESULT_TOO_LARGE", None)


def test_the_hash_is_that_of_what_is_asked_not_of_how_it_was_sent():
    def hashed(zone="UTC", **changes):
        return request_hash(OPERATION.command(header=header(**changes), request=SynchronizeTimeRequest(time_zone=zone)))

    assert hashed() == hashed(submission_id="other", created_at=T0 + HOUR, expires_at=T0 + 2 * HOUR)
    different = [hashed("Europe/Paris"), hashed(device_identification="TEST1024000000002"), hashed(schedule_time=T0)]
    assert len({hashed(), *different}) == 4


@pytest.mark.parametrize(
    ("flags", "level"),
    [
        ({}, SecurityLevel.NONE),
        ({"lls1_active": True}, SecurityLevel.LLS1),
        ({"lls1_active": True, "hls3_active": True}, SecurityLevel.HLS3),
        ({"hls5_active": True, "hls4_active": True, "lls1_active": True}, SecurityLevel.HLS5),
    ],
)
def test_the_highest_security_level_wins(flags, level):
    assert security_level(NewDevice(**flags)) is level


def test_the_record_of_a_removed_device_tells_nothing_but_that():
    content = DeviceContent("TEST1024000000001", "org", DeviceState.REMOVED, NewDevice(network_address="a"), None, 9)
    record = device_record(content, "recipient", b"ephemeral", [], [])
    assert (record.state, record.revision, record.keys, record.recipient, record.connection.address) == (
        DeviceState.REMOVED,
        9,
        [],
        "",
        None,
    )


# The working set


def world(**more):
    fields = {"organisations": {}, "devices": {}, "groups": {}, "commands": {}}
    return World(**(fields | more))


def test_removed_devices_are_unknown_but_leave_their_revision():
    gone = device(state=DeviceState.REMOVED)
    found = world(devices={gone.identification: gone})
    assert found.device(gone.identification) is None
    assert found.trace_of(gone.identification) is gone


def test_later_decisions_see_earlier_grants_and_revocations():
    found = world(groups={("a", "m"): frozenset({"OWNER"}), ("b", "m"): frozenset({"AD_HOC"})})
    found.revoke_all("m")
    found.grant("c", "m", "OWNER")
    assert [found.groups(name, "m") for name in "abc"] == [frozenset(), frozenset(), frozenset({"OWNER"})]
    assert (found.revoked, found.granted) == (["m"], [("c", "m", "OWNER")])


def test_rows_are_written_in_the_order_of_their_keys():
    found = world(commands={row().identity: row()})
    for name in ("z", "b", "org"):
        found.put_command(row(organisation=name))
    assert [item.organisation for item in found.new_commands] == ["b", "z"]
    assert [item.organisation for item in found.moved_commands] == ["org"]


def test_function_groups():
    groups = FunctionGroups.from_pairs([("OWNER", "A"), ("OWNER", "B"), ("AD_HOC", "A")])
    assert groups.allow({"AD_HOC"}, "A")
    assert not groups.allow({"AD_HOC"}, "B")
    assert not groups.allow({"GONE"}, "A")


def test_a_devices_uid_follows_from_its_identification():
    assert device_uid("TEST1024000000001") == device_uid("TEST1024000000001") != device_uid("TEST1024000000002")


def test_every_rule_is_of_the_kind_that_its_operation_needs():
    rules = load_rules()
    registry = {name for name, operation in load_operations().items() if operation.target is Target.REGISTRY}
    assert {name for name, rule in rules.items() if isinstance(rule, RegistryRule | QueryRule)} <= registry
    assert all(
        load_operations()[name].target is not Target.REGISTRY
        for name, rule in rules.items()
        if isinstance(rule, MeterRule)
    )
