"""Operations of every kind, on meters of every version, struck by every fault: all between topics and the line.

Each request gets a response or a typed error that says rightly whether another try may help; no value is wrong; and
once the fault is over the same meters answer everything.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from wire import PROTOCOLS
from worker_stage import MemoryCluster

from meterstream.contracts.errors import CODES, DeviceRefused, LinkFailed, ProtocolViolation, SecurityFailure
from meterstream.contracts.operation import Operation, OperationRequest
from meterstream.contracts.operations import (
    bundle,
    couple_mbus_device_by_channel,
    get_actual_meter_reads,
    get_firmware_version,
    get_periodic_meter_reads,
    get_relay_status,
    scan_mbus_channels,
    set_relay_status,
    synchronize_time,
)
from meterstream.contracts.shared.relays import RelayState
from meterstream.runtime.codec import shared_codec
from meterstream.simulator.faults import Fault, FaultKind
from meterstream.simulator.settings import FleetSettings

Make = Callable[..., Any]
K = FaultKind

YESTERDAY: Final = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=1)
SCAN: Final = scan_mbus_channels.ScanMbusChannelsRequest()
BY_CHANNEL: Final = couple_mbus_device_by_channel.CoupleMbusDeviceByChannelRequest(channel=1)
DISCONNECT: Final = set_relay_status.SetRelayStatusRequest(action=set_relay_status.RelayAction.DISCONNECT)
PERIODIC: Final = get_periodic_meter_reads.GetPeriodicMeterReadsRequest(
    period_type="INTERVAL", begin_date=YESTERDAY - timedelta(days=2), end_date=YESTERDAY
)
STEADY: Final[list[tuple[Operation, OperationRequest]]] = [
    (scan_mbus_channels.OPERATION, SCAN),
    (couple_mbus_device_by_channel.OPERATION, BY_CHANNEL),
    (get_firmware_version.OPERATION, get_firmware_version.GetFirmwareVersionRequest()),
    (get_periodic_meter_reads.OPERATION, PERIODIC),
]
"""What answers the same however often it is asked."""

FAULTS: Final[list[tuple[Fault, tuple[type[Exception], ...]]]] = [
    (Fault(K.SILENT), (LinkFailed,)),
    (Fault(K.SILENT, after=3), (LinkFailed,)),
    (Fault(K.REFUSE), (LinkFailed,)),
    (Fault(K.REJECT), (LinkFailed, SecurityFailure)),
    (Fault(K.EXCEPTION, after=3), (DeviceRefused,)),
    (Fault(K.WRONG_TAG), (LinkFailed, SecurityFailure, ProtocolViolation)),
    (Fault(K.WRONG_TAG, after=2), (SecurityFailure, ProtocolViolation)),
    (Fault(K.REPLAYED_COUNTER, after=3), (SecurityFailure,)),
    (Fault(K.LOST_BLOCK), (LinkFailed, ProtocolViolation)),
    (Fault(K.CUT, after=150), (LinkFailed,)),
    (Fault(K.CUT, after=900), (LinkFailed,)),
    (Fault(K.SLOW, after=3, delay_ms=2_000), (LinkFailed,)),
    (Fault(K.LOST_ANSWER, after=2), (LinkFailed,)),
    (Fault(K.LOST_ANSWER, after=2, connections=1), (LinkFailed,)),
    (Fault(K.REBOOT, after=2, connections=1, down_ms=100), (LinkFailed,)),
    (Fault(K.WRONG_HEADER), (LinkFailed, ProtocolViolation)),
    (Fault(K.WRONG_HEADER, after=3), (LinkFailed, ProtocolViolation)),
    (Fault(K.TEMPORARY_FAILURE), (DeviceRefused,)),
    (Fault(K.TEMPORARY_FAILURE, after=3), (DeviceRefused,)),
]
"""With each fault, the kinds of failure that it may be told as; a busy machine may let a time-out come first."""


@pytest.fixture
def make_cluster() -> Make:
    async def make() -> MemoryCluster:
        return MemoryCluster()

    return make


WAITED_OUT: Final = frozenset({K.SILENT, K.SLOW, K.LOST_BLOCK})
"""Nothing but a time-out ends the wait for an answer."""


def requests() -> list[tuple[Operation, OperationRequest]]:
    codec = shared_codec()
    reads = get_actual_meter_reads.GetActualMeterReadsRequest()
    actions = [
        bundle.BundleAction(operation="GetActualMeterReads", request=codec.encode(reads)),
        bundle.BundleAction(operation="ScanMbusChannels", request=codec.encode(SCAN)),
        bundle.BundleAction(
            operation="SynchronizeTime", request=codec.encode(synchronize_time.SynchronizeTimeRequest())
        ),
    ]
    return [
        (set_relay_status.OPERATION, DISCONNECT),
        *STEADY,
        (get_actual_meter_reads.OPERATION, reads),
        (bundle.OPERATION, bundle.BundleRequest(actions=actions)),
    ]


def test_every_kind_of_fault_is_tried() -> None:
    assert {fault.kind for fault, _ in FAULTS} == set(FaultKind)


def check_error(code: str, retryable: bool, operation: str, kinds: tuple[type[Exception], ...]) -> None:
    """A failure of the fault's kind, as retryable as its code; the outcome of a switching alone may be unknown."""
    if code == "OUTCOME_UNKNOWN":
        assert operation == "SetRelayStatus"
        assert not retryable
        return
    assert retryable is CODES[code].retryable is True, code
    assert issubclass(CODES[code].kind, kinds) or code == "RESPONSE_TIMEOUT", code


@pytest.mark.parametrize(
    ("fault", "kinds"),
    FAULTS,
    ids=[f"{fault.kind}-{fault.after}{'-once' if fault.connections else ''}" for fault, _ in FAULTS],
)
async def test_a_response_or_a_typed_error_and_never_a_wrong_value(
    make_stage: Make, fault: Fault, kinds: tuple[type[Exception], ...]
) -> None:
    stage = await make_stage(FleetSettings(meters=len(PROTOCOLS), protocols=PROTOCOLS))
    fleet, numbers = stage.bench.fleet, range(1, len(PROTOCOLS) + 1)
    await stage.publish(*(stage.bench.record(number, with_list_max=8) for number in numbers))
    for number in numbers:
        fleet.meter(number).fault = fault
    patience = {"response_timeout_s": 25, "connect_timeout_s": 25}
    hasty = {"response_timeout_s": 0.5, "connect_timeout_s": 25} if fault.kind in WAITED_OUT else patience
    components = await stage.start_worker(**hasty)
    sent = [(number, *each) for number in numbers for each in requests()]
    struck = await stage.ask(*(stage.request(what, body, stage.bench.gateway(number)) for number, what, body in sent))
    assert fleet.stats.faults >= (0 if fault.kind is K.LOST_BLOCK else len(PROTOCOLS) // 2)
    for number in numbers:
        fleet.meter(number).fault = None
    if fault.kind in WAITED_OUT:
        await stage.stop_worker(components)
        await stage.start_worker(**patience)
    steady = [(number, *each) for number in numbers for each in STEADY]
    relays = [(number, get_relay_status.OPERATION, get_relay_status.GetRelayStatusRequest()) for number in numbers]
    well = await stage.ask(
        *(stage.request(what, body, stage.bench.gateway(number)) for number, what, body in (*steady, *relays))
    )
    truth = {(response.header.gateway, type(response)): response for response in well}
    assert [response.error for response in well] == [None] * len(well), "the fault is over"
    for response in struck:
        operation = type(response).operation.name
        if response.error is not None:
            check_error(response.error.code, response.header.retryable, operation, kinds)
        elif operation == "Bundle":
            answers = response.response.answers
            assert response.header.retryable is any(answer.retryable for answer in answers)
            for answer in answers:
                assert (answer.error is None) is (answer.response is not None)
                if answer.error is not None:
                    check_error(answer.error.code, answer.retryable, answer.operation, (*kinds, LinkFailed))
        elif (known := truth.get((response.header.gateway, type(response)))) is not None:
            assert response.response == known.response, operation
    check_relays(struck, truth)
    assert fleet.stats.repeated_nonces == 0


def check_relays(struck: list[Any], truth: dict[tuple[str, type], Any]) -> None:
    """Whoever is told that a meter switched or did not is told the truth."""
    states = {
        gateway: known.response.control_state
        for (gateway, _), known in truth.items()
        if known.operation is get_relay_status.OPERATION
    }
    for response in struck:
        if type(response).operation is not set_relay_status.OPERATION:
            continue
        state = states[response.header.gateway]
        if response.error is None:
            assert response.response.control_state is state is RelayState.DISCONNECTED
        elif response.error.code != "OUTCOME_UNKNOWN":
            assert state is RelayState.CONNECTED
