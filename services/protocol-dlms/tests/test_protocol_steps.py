"""Steps that must not run twice, and bundles: an operation of this test that is not safe to repeat."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from meterstream.contracts.catalogue import records_by_topic
from meterstream.contracts.errors import PlatformError, error
from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.operations import get_actual_meter_reads as reads_contract
from meterstream.contracts.operations import get_devices as devices_contract
from meterstream.contracts.operations.bundle import BundleAction, BundleRequest, BundleResponse
from meterstream.contracts.operations.get_specific_attribute_value import GetSpecificAttributeValueRequest
from meterstream.contracts.operations.synchronize_time import SynchronizeTimeRequest
from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.data import double_long_unsigned, octet_string
from meterstream.dlms.objects import load_profile
from meterstream.protocol_dlms import executors
from meterstream.protocol_dlms.executor import AccessRefused, At, Context, Device, Executor, load_executors
from meterstream.protocol_dlms.executors import bundle
from meterstream.protocol_dlms.fence import Leaving
from meterstream.protocol_dlms.marks import Marks
from meterstream.protocol_dlms.model.marks import StepId
from meterstream.protocol_dlms.steps import Steps
from meterstream.protocol_dlms.twin import MemoryMeter
from meterstream.protocol_dlms.views.sessions import SessionTable
from meterstream.runtime.codec import Codec
from meterstream.runtime.errors import BrokerOutage
from meterstream.runtime.kafka import Lost

Make = Callable[..., Any]
METER = "EXXXX123456789012"
NOW = datetime(2025, 3, 11, 12, tzinfo=UTC)
ALARMS = At("alarm_register_1")
SMR5 = load_profile("SMR", "5.0.0")


class CountUpRequest(OperationRequest):
    """Adds one to a register: twice is once too often."""

    by: int = 1


class CountUpResponse(OperationResponse):
    """Where it stands now."""

    now: int


COUNT_UP = Operation(
    name="CountUp",
    request=CountUpRequest,
    response=CountUpResponse,
    function="COUNT_UP",
    summary="Test only.",
    repeatable=False,
    bundle_action=True,
)


async def count_up(request: CountUpRequest, context: Context) -> CountUpResponse:
    before = (await context.meter.get(ALARMS)).value
    assert isinstance(before, int)
    await context.meter.set(ALARMS, double_long_unsigned(before + request.by))
    return CountUpResponse(now=before + request.by)


async def look(request: CountUpRequest, context: Context) -> CountUpResponse | None:
    found = (await context.meter.get(ALARMS)).value
    return CountUpResponse(now=found) if isinstance(found, int) and found > 0 else None


PLAIN = Executor(COUNT_UP, count_up, writes=True)
VERIFYING = replace(PLAIN, verify=look)


def make_codec() -> Codec:
    known = {model for group in records_by_topic().values() for model in group}
    return Codec([*known, CountUpRequest, CountUpResponse, COUNT_UP.dlms_request, COUNT_UP.dlms_response])


class World:
    """One attempt after another on one meter; each owner knows what the log says and nothing else."""

    def __init__(self, broker: Any, header: Any, executor: Executor[Any, Any] = PLAIN) -> None:
        self.broker = broker
        self.header = header(METER)
        self.codec = make_codec()
        self.executor = executor
        self.meter = MemoryMeter(SMR5)
        self.meter.put(ALARMS, double_long_unsigned(0))

    def owner(self, guard: Any, now: datetime = NOW) -> tuple[Steps, SessionTable, Marks]:
        """A worker that has just taken the partition over."""
        table = SessionTable("process")
        for (topic, _), log in self.broker.logs.items():
            for message in log:
                if topic == "device-sessions":
                    record = None if message.value is None else self.codec.decode(message.value)
                    table.on_record(message.key, record, message)
        table.hold([self.broker.partition_of("device-sessions", METER.encode())])
        marks = Marks(self.broker, table, self.codec, lambda: now)
        known = {**load_executors(executors), COUNT_UP.name: self.executor}
        return Steps(self.header, Device(METER), guard, marks, known, self.codec, lambda: now), table, marks

    @property
    def count(self) -> Any:
        value = self.meter.values[SMR5.ref("alarm_register_1", 2)]
        return value.value  # type: ignore[union-attr]  # a value, no function

    def written(self) -> list[bool]:
        """Whether each mark in the log is a closed one."""
        found = [
            message for (topic, _), log in self.broker.logs.items() if topic == "device-sessions" for message in log
        ]
        return [self.codec.decode(message.value).closed for message in found if message.value is not None]


@pytest.fixture
def world(broker: Any, header: Make) -> World:
    return World(broker, header)


async def test_the_mark_is_acked_before_the_first_apdu_and_closed_before_the_answer(world: World, guard: Any) -> None:
    open_at_first_apdu: list[bool] = []
    ref = SMR5.ref("alarm_register_1", 2)

    def first_apdu(selection: object) -> Any:
        open_at_first_apdu.extend(world.written())
        return double_long_unsigned(0)

    world.meter.values[ref] = first_apdu
    steps, _, _ = world.owner(guard)
    response = await steps.carry_out(PLAIN, CountUpRequest(), world.meter)
    assert open_at_first_apdu == [False]
    assert world.written() == [False, True]
    assert response == CountUpResponse(now=1)


async def test_a_delivery_after_the_answer_repeats_it_without_the_meter(world: World, guard: Any) -> None:
    steps, _, _ = world.owner(guard)
    first = await steps.carry_out(PLAIN, CountUpRequest(), world.meter)
    again, _, _ = world.owner(guard)
    assert again.settled(PLAIN) == first
    asked = len(world.meter.asked)
    assert await again.carry_out(PLAIN, CountUpRequest(), world.meter) == first
    assert len(world.meter.asked) == asked
    assert world.count == 1


async def test_other_organisation_other_attempt_other_mark(world: World, guard: Any) -> None:
    steps, _, _ = world.owner(guard)
    await steps.carry_out(PLAIN, CountUpRequest(), world.meter)
    for changes in ({"organisation": "other"}, {"attempt": 2}):
        world.header = world.header.model_copy(update=changes)
        others, _, _ = world.owner(guard)
        assert others.settled(PLAIN) is None


async def test_an_open_mark_without_a_way_to_look_is_outcome_unknown(world: World, guard: Any) -> None:
    steps, _, _ = world.owner(guard)
    world.meter.drop_after = 2
    with pytest.raises(PlatformError):
        await steps.carry_out(PLAIN, CountUpRequest(), world.meter)
    assert world.written() == [False, True]
    again, _, _ = world.owner(guard)
    with pytest.raises(PlatformError) as caught:
        again.settled(PLAIN)
    assert caught.value.code.name == "OUTCOME_UNKNOWN"
    assert not caught.value.retryable


async def test_looks_over_another_association_when_the_answer_was_lost(broker: Any, header: Make, guard: Any) -> None:
    world = World(broker, header, VERIFYING)
    world.meter.drop_after = 2
    steps, _, _ = world.owner(guard)
    opened: list[MemoryMeter] = []

    async def reopen() -> MemoryMeter:
        opened.append(MemoryMeter(SMR5, {SMR5.ref("alarm_register_1", 2): double_long_unsigned(1)}))
        return opened[-1]

    response = await steps.carry_out(VERIFYING, CountUpRequest(), world.meter, reopen)
    assert response == CountUpResponse(now=1)
    assert len(opened) == 1
    again, _, _ = world.owner(guard)
    assert again.settled(VERIFYING) == response


async def test_what_a_look_cannot_tell_stays_unknown(broker: Any, header: Make, guard: Any) -> None:
    world = World(broker, header, VERIFYING)
    world.meter.drop_after = 1
    steps, _, _ = world.owner(guard)

    async def reopen() -> MemoryMeter:
        raise error("CONNECTION_REFUSED")

    with pytest.raises(PlatformError) as caught:
        await steps.carry_out(VERIFYING, CountUpRequest(), world.meter, reopen)
    assert caught.value.code.name == "OUTCOME_UNKNOWN"
    assert caught.value.details["cause"] == "SOCKET_CLOSED_BY_REMOTE"


async def test_a_clear_refusal_is_kept_and_may_be_tried_again(world: World, guard: Any) -> None:
    world.meter.put(ALARMS, DataAccessResult.TEMPORARY_FAILURE)
    steps, _, _ = world.owner(guard)
    with pytest.raises(AccessRefused):
        await steps.carry_out(PLAIN, CountUpRequest(), world.meter)
    again, _, _ = world.owner(guard)
    with pytest.raises(PlatformError) as caught:
        again.settled(PLAIN)
    assert caught.value.code.name == "DEVICE_REFUSED"
    assert caught.value.retryable


async def test_a_mistake_of_ours_leaves_doubt_too(world: World, guard: Any) -> None:
    async def stumble(request: Any, context: Context) -> Any:
        await context.meter.set(ALARMS, double_long_unsigned(1))
        raise ZeroDivisionError

    steps, _, _ = world.owner(guard)
    with pytest.raises(PlatformError) as caught:
        await steps.carry_out(replace(PLAIN, execute=stumble), CountUpRequest(), world.meter)
    assert caught.value.code.name == "OUTCOME_UNKNOWN"
    assert world.written() == [False, True]


class Crash(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("executor", [PLAIN, VERIFYING], ids=["plain", "verifying"])
@pytest.mark.parametrize("event", range(8))
async def test_a_crash_at_any_moment_repeats_nothing(
    broker: Any, header: Make, guard: Any, monkeypatch: pytest.MonkeyPatch, event: int, executor: Executor[Any, Any]
) -> None:
    world = World(broker, header, executor)
    events = 0

    def maybe_crash() -> None:
        nonlocal events
        events += 1
        if events == event:
            raise Crash

    send, note = broker.send, world.meter._note

    async def crashing_send(batch: Sequence[Any]) -> Any:
        maybe_crash()
        positions = await send(batch)
        maybe_crash()
        return positions

    def crashing_note(*what: Any) -> None:
        maybe_crash()
        note(*what)

    monkeypatch.setattr(broker, "send", crashing_send)
    monkeypatch.setattr(world.meter, "_note", crashing_note)
    outcome: OperationResponse | None = None
    with contextlib.suppress(Crash):
        outcome = await world.owner(guard)[0].carry_out(executor, CountUpRequest(), world.meter)
    monkeypatch.undo()
    again, _, _ = world.owner(guard)
    try:
        second = again.settled(executor) or await again.carry_out(executor, CountUpRequest(), world.meter)
    except PlatformError as unknown:
        told, second = unknown.code.name, None
    else:
        told = "OK"
    if told == "OK":
        assert second == CountUpResponse(now=1)
        assert outcome in (None, second)
    else:
        assert told == "OUTCOME_UNKNOWN"
        assert outcome is None
    assert world.count <= 1


async def test_a_worker_that_is_lost_after_its_mark_sends_nothing(world: World, guard: Any) -> None:
    send = world.broker.send

    async def losing_send(batch: Sequence[Any]) -> Any:
        positions = await send(batch)
        guard.lost = True
        return positions

    world.broker.send = losing_send
    steps, _, _ = world.owner(guard)
    with pytest.raises(Lost):
        await steps.carry_out(PLAIN, CountUpRequest(), world.meter)
    assert world.meter.asked == []


async def test_an_outage_of_the_broker_holds_the_step(
    world: World, guard: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("meterstream.protocol_dlms.marks._BACK_OFF_S", 0.001)
    world.broker.outages = 3
    steps, _, _ = world.owner(guard)
    assert await steps.carry_out(PLAIN, CountUpRequest(), world.meter) == CountUpResponse(now=1)
    monkeypatch.setattr("meterstream.protocol_dlms.marks.WRITE_S", 0.0)
    world.header = world.header.model_copy(update={"attempt": 2})
    world.broker.outages = 1000
    steps, _, _ = world.owner(guard)
    asked = len(world.meter.asked)
    with pytest.raises(BrokerOutage):
        await steps.carry_out(PLAIN, CountUpRequest(), world.meter)
    assert len(world.meter.asked) == asked


async def test_marks_get_a_tombstone_an_hour_after_their_attempt(world: World, guard: Any) -> None:
    steps, _, _ = world.owner(guard)
    await steps.carry_out(PLAIN, CountUpRequest(), world.meter)
    _, _, early = world.owner(guard, world.header.not_after + timedelta(minutes=59))
    assert await early.sweep() == 0
    _, _, late = world.owner(guard, world.header.not_after + timedelta(minutes=61))
    assert await late.sweep() == 1
    after, table, _ = world.owner(guard)
    assert table.step(world.broker.partition_of("devices", METER.encode()), StepId.of(world.header, 0)) is None
    assert after.settled(PLAIN) is None


# Bundles


def action(codec: Codec, operation: str, request: OperationRequest) -> BundleAction:
    return BundleAction(operation=operation, request=codec.encode(request))


def bundle_of(world: World, *actions: BundleAction) -> BundleRequest:
    return BundleRequest(actions=list(actions))


def prepared(world: World) -> MemoryMeter:
    world.meter.put(At("clock"), octet_string(bytes.fromhex("07E8070F010A1E0000FF8880")))
    world.meter.put(At("active_energy_import"), double_long_unsigned(10_001))
    return world.meter


async def run_bundle(world: World, guard: Any, *actions: BundleAction) -> tuple[BundleResponse, Steps]:
    steps, _, _ = world.owner(guard)
    response = await steps.carry_out(bundle.EXECUTOR, bundle_of(world, *actions), world.meter)
    assert isinstance(response, BundleResponse)
    return response, steps


async def test_a_bundle_runs_in_strict_order_and_answers_each(world: World, guard: Any) -> None:
    prepared(world)
    read = action(world.codec, "GetActualMeterReads", reads_contract.GetActualMeterReadsRequest())
    undefined = GetSpecificAttributeValueRequest(class_id=1, obis="1.2.3.4.5.6", attribute=2)
    response, steps = await run_bundle(
        world,
        guard,
        read,
        action(world.codec, "SynchronizeTime", SynchronizeTimeRequest()),
        action(world.codec, "GetSpecificAttributeValue", undefined),
        action(world.codec, "CountUp", CountUpRequest()),
        read,
    )
    assert [answer.operation for answer in response.answers] == [
        "GetActualMeterReads", "SynchronizeTime", "GetSpecificAttributeValue", "CountUp", "GetActualMeterReads",
    ]  # fmt: skip
    assert [answer.error is None for answer in response.answers] == [True, True, False, True, True]
    refused = response.answers[2].error
    assert refused is not None
    assert refused.number == 412
    assert not bundle.leaves_work(response)
    kinds = [kind for kind, _, _ in world.meter.asked]
    assert kinds == ["get"] * 7 + ["set"] + ["get"] + ["get", "set"] + ["get"] * 7
    assert [rows.step for rows in steps.rows] == [0, 4]
    assert world.written() == [False, True]  # the unsafe action alone
    counted = response.answers[3].response
    assert counted is not None
    assert world.codec.decode(counted) == CountUpResponse(now=1)


async def test_a_bundle_delivered_again_repeats_only_its_safe_actions(world: World, guard: Any) -> None:
    prepared(world)
    actions = [
        action(world.codec, "CountUp", CountUpRequest()),
        action(world.codec, "GetActualMeterReads", reads_contract.GetActualMeterReadsRequest()),
        action(world.codec, "CountUp", CountUpRequest(by=10)),
    ]
    first, _ = await run_bundle(world, guard, *actions)
    second, _ = await run_bundle(world, guard, *actions)
    assert world.count == 11
    assert second.answers[0] == first.answers[0]
    assert second.answers[2] == first.answers[2]


async def test_a_broken_association_ends_a_bundle_with_what_it_has(world: World, guard: Any) -> None:
    prepared(world)
    world.meter.drop_after = 10  # in the second read
    read = action(world.codec, "GetActualMeterReads", reads_contract.GetActualMeterReadsRequest())
    write = action(world.codec, "SynchronizeTime", SynchronizeTimeRequest())
    response, steps = await run_bundle(world, guard, read, write, read, read)
    codes = [answer.error.code if answer.error else None for answer in response.answers]
    assert codes == [None, None, "SOCKET_CLOSED_BY_REMOTE", "CONNECTION_ERROR"]
    assert [answer.retryable for answer in response.answers] == [False, False, True, True]
    fourth = response.answers[3].error
    assert fourth is not None
    assert fourth.message == "not run: the association ended in action 2 (SOCKET_CLOSED_BY_REMOTE)"
    assert bundle.leaves_work(response)
    assert [rows.step for rows in steps.rows] == [0]


async def test_an_unsafe_action_whose_answer_was_lost_is_not_tried_again(world: World, guard: Any) -> None:
    world.meter.drop_after = 2
    response, _ = await run_bundle(world, guard, *[action(world.codec, "CountUp", CountUpRequest())] * 2)
    codes = [answer.error.code if answer.error else None for answer in response.answers]
    assert codes == ["OUTCOME_UNKNOWN", "CONNECTION_ERROR"]
    assert [answer.retryable for answer in response.answers] == [False, True]


async def test_actions_that_nobody_can_run_are_refused_alone(world: World, guard: Any) -> None:
    prepared(world)
    response, _ = await run_bundle(
        world,
        guard,
        BundleAction(operation="NoSuchOperation", request=b""),
        BundleAction(operation="Bundle", request=b""),
        BundleAction(operation="GetActualMeterReads", request=b"\xc3\x01garbage."),
        action(world.codec, "SynchronizeTime", reads_contract.GetActualMeterReadsRequest()),
        BundleAction(operation="GetDevices", request=b""),
        action(world.codec, "GetActualMeterReads", reads_contract.GetActualMeterReadsRequest()),
    )
    assert devices_contract.OPERATION.name == "GetDevices"
    codes = [answer.error.code if answer.error else None for answer in response.answers]
    assert codes == [
        "UNKNOWN_OPERATION", "UNSUPPORTED_OPERATION", "UNREADABLE_MESSAGE", "UNREADABLE_MESSAGE",
        "UNSUPPORTED_OPERATION", None,
    ]  # fmt: skip


async def test_a_bundle_is_cut_between_its_actions(world: World, guard: Any) -> None:
    prepared(world)

    async def leaving_set(*arguments: Any, **others: Any) -> None:
        guard.leaving = True

    world.meter.set = leaving_set  # type: ignore[method-assign]  # the partition begins to leave in the second action
    read = action(world.codec, "GetActualMeterReads", reads_contract.GetActualMeterReadsRequest())
    with pytest.raises(Leaving):
        await run_bundle(world, guard, read, action(world.codec, "CountUp", CountUpRequest()), read)
    assert len(world.meter.asked) == 8
    assert world.written() == [False, True]
    guard.leaving = False
    world.meter = prepared(World(world.broker, lambda gateway: world.header))
    response, _ = await run_bundle(world, guard, read, action(world.codec, "CountUp", CountUpRequest()), read)
    assert all(answer.error is None for answer in response.answers)
    assert world.count == 0  # the first owner's answer was repeated
