"""Every operation on meters that are struck in the midst of it: the failure is the fault's or what it always meets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest
from worker_stage import MemoryCluster

from meterstream.contracts.errors import CODES, DeviceRefused, LinkFailed, ProtocolViolation, SecurityFailure
from meterstream.contracts.operation import Target
from meterstream.contracts.records import MbusChannel, MbusDevice
from meterstream.protocol_dlms import executors
from meterstream.protocol_dlms.executor import Executor, load_executors
from meterstream.simulator.faults import Fault, FaultKind
from meterstream.simulator.mbus.device import MBusPlan
from meterstream.simulator.options import MbusOptions
from meterstream.simulator.settings import FleetSettings

Make = Callable[..., Any]
K = FaultKind

PROTOCOLS: Final = ("DSMR 2.2", "DSMR 4.2.2", "SMR 5.5")
GAS: Final = "G0001000000000017"
ELSEWHERE: Final = frozenset(
    {
        "Bundle",
        "GenerateAndReplaceKeys",
        "ReplaceKeys",
        "SetKeyOnGMeter",
        "SetMbusUserKeyByChannel",
        "SwitchFirmware",
        "UpdateFirmware",
    }
)
"""Keys and images come with their requests, and have fault tests of their own."""

FAULTS: Final = [
    (Fault(K.EXCEPTION, after=2), DeviceRefused),
    (Fault(K.WRONG_TAG, after=2), SecurityFailure),
    (Fault(K.REPLAYED_COUNTER, after=3), SecurityFailure),
    (Fault(K.CUT, after=260), LinkFailed),
    (Fault(K.LOST_ANSWER, after=2), LinkFailed),
    (Fault(K.LOST_ANSWER, after=3), LinkFailed),
    (Fault(K.WRONG_HEADER, after=2), ProtocolViolation),
    (Fault(K.TEMPORARY_FAILURE, after=1), DeviceRefused),
]


@pytest.fixture
def make_cluster() -> Make:
    async def make() -> MemoryCluster:
        return MemoryCluster()

    return make


@pytest.fixture(scope="module")
def carried_out() -> dict[str, Executor[Any, Any]]:
    return {name: found for name, found in load_executors(executors).items() if name not in ELSEWHERE}


def header_of(executor: Executor[Any, Any]) -> dict[str, Any]:
    """A request for an M-Bus device travels to its gateway's line; others may name one."""
    gas = MbusDevice(
        device_identification=GAS,
        channel=1,
        identification_number="00000017",
        manufacturer="LGB",
        version=66,
        device_type=3,
    )
    if executor.operation.target is Target.GATEWAY and "Relay" not in executor.operation.name:
        return {"device_identification": GAS, "channel": 1, "mbus_devices": [gas]}
    return {"mbus_devices": [gas]}


def natural(code: str | None) -> str:
    return code or "OK"


@pytest.mark.parametrize(("fault", "kind"), FAULTS, ids=[f"{fault.kind}-{fault.after}" for fault, _ in FAULTS])
async def test_each_operation_is_answered_and_its_failure_says_whether_to_try_again(
    make_stage: Make, carried_out: dict[str, Executor[Any, Any]], fault: Fault, kind: type[Exception]
) -> None:
    devices = MbusOptions(plan=MBusPlan.parse("gas,water"))
    stage = await make_stage(FleetSettings(meters=len(PROTOCOLS), protocols=PROTOCOLS, mbus=devices))
    fleet, bench = stage.bench.fleet, stage.bench
    numbers = range(1, len(PROTOCOLS) + 1)
    channels = [MbusChannel(channel=1, device_identification=GAS)]
    await stage.publish(*(bench.record(number, with_list_max=8, channels=channels) for number in numbers))
    await stage.start_worker(response_timeout_s=25, connect_timeout_s=25)

    def requests() -> list[Any]:
        return [
            stage.request(
                executor.operation, executor.operation.examples[0], bench.gateway(number), **header_of(executor)
            )
            for number in numbers
            for executor in carried_out.values()
        ]

    for number in numbers:
        fleet.meter(number).fault = fault
    struck = await stage.ask(*requests())
    for number in numbers:
        fleet.meter(number).fault = None
    well = await stage.ask(*requests())
    usual = {(known.header.gateway, type(known)): natural(known.error and known.error.code) for known in well}
    assert not {code for code in usual.values() if code != "OK" and issubclass(CODES[code].kind, LinkFailed)}
    met = 0
    for response in struck:
        executor = carried_out[type(response).operation.name]
        code = natural(response.error and response.error.code)
        if code == "OUTCOME_UNKNOWN":
            assert executor.needs_mark
            assert not response.header.retryable
            met += 1
        elif code not in ("OK", usual[response.header.gateway, type(response)]):
            named = f"{executor.operation.name}: {code}"
            assert issubclass(CODES[code].kind, kind) or code == "RESPONSE_TIMEOUT", named
            assert response.header.retryable is CODES[code].retryable, named
            met += 1
    assert met >= len(carried_out), "most of them were struck"
    assert fleet.stats.repeated_nonces == 0
