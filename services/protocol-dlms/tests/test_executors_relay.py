"""Breakers and valves: requests byte for byte, what is told of a switching, and real sessions with simulated ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from wire import DEVICE, NOW, PROTOCOLS, apdu, asked, context, profile

from meterstream.contracts.errors import PlatformError
from meterstream.contracts.operations.get_relay_status import GetRelayStatusRequest
from meterstream.contracts.operations.set_relay_status import RelayAction, SetRelayStatusRequest
from meterstream.contracts.shared.relays import RelayState
from meterstream.dlms.apdu import ActionResult, DataAccessResult
from meterstream.dlms.data import Data, boolean, enum, null, unsigned, visible_string
from meterstream.protocol_dlms.executor import AccessRefused, At, Call, Context, Device
from meterstream.protocol_dlms.executors import get_relay_status, set_relay_status
from meterstream.protocol_dlms.meter import method_ref
from meterstream.protocol_dlms.twin import MemoryMeter
from meterstream.simulator.settings import FleetSettings

Make = Callable[..., Any]
GAS = Device("G0001000000000017", channel=2)
DISCONNECT = SetRelayStatusRequest(action=RelayAction.DISCONNECT)
RECONNECT = SetRelayStatusRequest(action=RelayAction.RECONNECT)


def meter_with(state: int = 1, mode: int = 4, role: str = "disconnect_control", channel: int | None = None) -> Any:
    meter = MemoryMeter(profile("SMR 5.0.0"))
    for attribute, value in ((2, boolean(state == 1)), (3, enum(state)), (4, enum(mode))):
        meter.put(At(role, attribute, channel), value)
    return meter


@pytest.mark.parametrize(("number", "state"), list(enumerate(RelayState)))
async def test_the_breaker_in_one_exchange(number: int, state: RelayState) -> None:
    meter = meter_with(number)
    response = await get_relay_status.execute(GetRelayStatusRequest(), context(meter))
    assert (response.output_state, response.control_state, response.control_mode) == (number == 1, state, 4)
    assert response.read_at == NOW
    assert asked(meter) == [f"get 70/0.0.96.3.10.255/{attribute}" for attribute in (2, 3, 4)]
    assert meter.exchanges == 1


async def test_the_valve_of_a_channel() -> None:
    meter = meter_with(2, 5, "mbus_disconnect_control", 2)
    response = await get_relay_status.execute(GetRelayStatusRequest(), context(meter, GAS))
    assert response.control_state is RelayState.READY_FOR_RECONNECTION
    assert asked(meter)[0] == "get 70/0.2.24.4.0.255/2"
    foreseen = get_relay_status.foresees(GetRelayStatusRequest(), GAS, meter.profile)
    assert [meter.profile.ref(*target) for target in foreseen] == [ref for _, ref, _ in meter.asked]


@pytest.mark.parametrize(
    ("attribute", "value", "told"),
    [
        (2, unsigned(1), "output_state: expected a boolean, got UNSIGNED"),
        (3, enum(3), "control_state: a control state is 0 to 2"),
        (3, null(), "control_state: a control state is 0 to 2"),
        (4, visible_string("4"), "control_mode: expected a number"),
        (4, enum(7), "control_mode: a control mode is 0 to 6"),
    ],
)
async def test_what_is_no_state(attribute: int, value: Data, told: str) -> None:
    meter = meter_with()
    meter.put(At("disconnect_control", attribute), value)
    with pytest.raises(PlatformError, match=f"disconnect_control {told}") as caught:
        await get_relay_status.execute(GetRelayStatusRequest(), context(meter))
    assert caught.value.code.name == "ILLEGAL_RESPONSE"


async def test_a_meter_without_a_breaker_says_so() -> None:
    meter = MemoryMeter(profile("SMR 5.5"))
    with pytest.raises(AccessRefused, match=r"70/0\.0\.96\.3\.10\.255/2: AccessResultCode = OBJECT_UNDEFINED"):
        await get_relay_status.execute(GetRelayStatusRequest(), context(meter))


@pytest.mark.parametrize(
    ("device", "request_", "expected"),
    [
        (DEVICE, DISCONNECT, "C301410046000060030AFF01010F00"),
        (DEVICE, RECONNECT, "C301410046000060030AFF02010F00"),
        (GAS, DISCONNECT, "C3014100460002180400FF01010F00"),
    ],
)
async def test_switching_byte_for_byte(device: Device, request_: SetRelayStatusRequest, expected: str) -> None:
    role = "disconnect_control" if device.channel is None else "mbus_disconnect_control"
    meter = meter_with(0, 4, role, device.channel)
    response = await set_relay_status.execute(request_, context(meter, device))
    assert apdu(meter.asked[0], 0x41) == expected
    assert response.control_state is RelayState.DISCONNECTED
    assert meter.exchanges == 2


async def test_a_meter_that_does_not_switch() -> None:
    meter = meter_with()
    meter.methods[method_ref(meter.profile, Call("disconnect_control", 1))] = ActionResult.READ_WRITE_DENIED
    with pytest.raises(AccessRefused, match="MethodResultCode: READ_WRITE_DENIED"):
        await set_relay_status.execute(DISCONNECT, context(meter))


async def test_a_switching_whose_state_is_not_told_is_no_refusal() -> None:
    meter = meter_with()
    meter.put(At("disconnect_control", 3), DataAccessResult.TEMPORARY_FAILURE)
    with pytest.raises(PlatformError, match="took DISCONNECT, but does not tell its state") as caught:
        await set_relay_status.execute(DISCONNECT, context(meter))
    assert caught.value.code.name == "OUTCOME_UNKNOWN"
    assert not caught.value.retryable
    assert await set_relay_status.verify(DISCONNECT, context(meter)) is None


async def test_a_line_that_breaks_after_the_switching_is_for_another_look() -> None:
    meter = meter_with(0)
    meter.drop_after = 2
    with pytest.raises(PlatformError) as caught:
        await set_relay_status.execute(DISCONNECT, context(meter))
    assert caught.value.code.name == "SOCKET_CLOSED_BY_REMOTE"
    response = await set_relay_status.verify(DISCONNECT, context(meter_with(0)))
    assert response is not None
    assert response.control_state is RelayState.DISCONNECTED


@pytest.mark.parametrize(
    ("request_", "state", "reached"),
    [
        (DISCONNECT, 0, True),
        (DISCONNECT, 1, False),
        (DISCONNECT, 2, False),
        (RECONNECT, 0, False),
        (RECONNECT, 1, True),
        (RECONNECT, 2, True),
    ],
)
async def test_whether_a_lost_switching_took_effect(request_: SetRelayStatusRequest, state: int, reached: bool) -> None:
    assert (await set_relay_status.verify(request_, context(meter_with(state))) is not None) is reached


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_breaker_and_valve_of_a_simulated_meter(make_bench: Make, protocol: str) -> None:
    bench = await make_bench(FleetSettings(protocols=(protocol,)))
    meter = await bench.associations.open(bench.visit(bench.record()))
    breaker = Context(meter, DEVICE, lambda: NOW)
    valve = replace(breaker, device=replace(GAS, channel=1))
    for place, after in ((breaker, RelayState.CONNECTED), (valve, RelayState.READY_FOR_RECONNECTION)):
        before = await get_relay_status.execute(GetRelayStatusRequest(), place)
        assert (before.output_state, before.control_state) == (True, RelayState.CONNECTED)
        opened = await set_relay_status.execute(DISCONNECT, place)
        assert (opened.output_state, opened.control_state) == (False, RelayState.DISCONNECTED)
        assert (await set_relay_status.execute(RECONNECT, place)).control_state is after
    await bench.associations.close(meter)
