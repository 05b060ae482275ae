"""Operations of every kind, on meters of every version, struck by every fault: all between topics and the line.

Each request gets a response or a typed error that says rightly whether another try may help; no value is wrong; and
once the fault is over the same meters answer everything.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from faults import FAULTS, WAITED_OUT, check_error, name_of
from wire import PROTOCOLS
from worker_stage import MemoryCluster

from meterstream.contracts.errors import LinkFailed
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
UNKNOWABLE: Final = frozenset({"SetRelayStatus"})
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


@pytest.fixture
def make_cluster() -> Make:
    async def make() -> MemoryCluster:
        return MemoryCluster()

    return make


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


@pytest.mark.parametrize(
    ("fault", "kinds"),
    FAULTS,
    ids=[name_of(fault) for fault, _ in FAULTS],
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
            check_error(response.error.code, response.header.retryable, operation, kinds, UNKNOWABLE)
        elif operation == "Bundle":
            answers = response.response.answers
            assert response.header.retryable is any(answer.retryable for answer in answers)
            for answer in answers:
                assert (answer.error is None) is (answer.response is not None)
                if answer.error is not None:
                    check_error(answer.error.code, answer.retryable, answer.operation, (*kinds, LinkFailed), UNKNOWABLE)
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
