"""M-Bus, relay and gas operations on every protocol version, against hostile meters and over real sessions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from sayings import HOSTILE
from wire import DEVICE, NOW, PROTOCOLS, profile

from meterstream.contracts.errors import PlatformError
from meterstream.contracts.operation import OperationRequest, Target
from meterstream.contracts.operations.couple_mbus_device import CoupleMbusDeviceRequest
from meterstream.contracts.records import MbusDevice
from meterstream.contracts.shared.key_status import EncryptionKeyStatus
from meterstream.dlms.apdu import ActionResult, DataAccessResult
from meterstream.dlms.data import AttributeRef, Data, double_long_unsigned, null
from meterstream.dlms.objects import MeterProfile
from meterstream.protocol_dlms import executors
from meterstream.protocol_dlms.executor import At, Context, Device, Executor, load_executors
from meterstream.protocol_dlms.steps import device_of
from meterstream.protocol_dlms.twin import MemoryMeter
from meterstream.simulator.mbus import bus as mbus
from meterstream.simulator.mbus.device import MBusPlan
from meterstream.simulator.options import MbusOptions
from meterstream.simulator.settings import FleetSettings

Make = Callable[..., Any]
FOUND = load_executors(executors)
SMR5 = PROTOCOLS[3:]
SUPPORT = {
    "ScanMbusChannels": PROTOCOLS,
    "CoupleMbusDevice": PROTOCOLS,
    "CoupleMbusDeviceByChannel": PROTOCOLS,
    "DecoupleMbusDevice": PROTOCOLS,
    "DecoupleMbusDeviceByChannel": PROTOCOLS,
    "SetDeviceLifecycleStatusByChannel": PROTOCOLS,
    "GetMbusEncryptionKeyStatus": PROTOCOLS[1:],
    "GetMbusEncryptionKeyStatusByChannel": PROTOCOLS[1:],
    "ClearMBusStatusOnAllChannels": PROTOCOLS[4:],
    "GetActualMeterReadsGas": PROTOCOLS,
    "GetPeriodicMeterReadsGas": PROTOCOLS,
    "GetFirmwareVersionGas": SMR5,
    "GetRelayStatus": PROTOCOLS,
    "SetRelayStatus": PROTOCOLS,
}
"""Operation -> protocol versions that have it (companion standards DSMR P3 2.2, 4.2.2 and SMR 4.3 to 5.5)."""

GAS = MbusDevice(
    device_identification="G0001000000000017",
    channel=1,
    identification_number="00000017",
    manufacturer="LGB",
    version=66,
    device_type=3,
)
GATEWAY = replace(DEVICE, mbus_devices={GAS.device_identification: GAS})
TYPED = {
    "DEVICE_REFUSED",
    "ILLEGAL_RESPONSE",
    "OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL",
    "NO_DEVICE_FOUND_ON_CHANNEL",
    "NO_MBUS_DEVICE_CHANNEL_FOUND",
    "OUTCOME_UNKNOWN",
}


def device_for(operation: str, request: OperationRequest, gateway: Device = GATEWAY) -> Device:
    """What a step sees; a request that names nobody is one for the gas meter, or for the gateway's own breaker."""
    known = FOUND[operation].operation
    named = device_of(known, request, gateway)
    if named is gateway and known.target is Target.GATEWAY and "Relay" not in operation:
        return replace(gateway, identification=GAS.device_identification, channel=1)
    return named


async def outcome(execution: Awaitable[Any]) -> Any:
    """The response or the failure."""
    try:
        return await execution
    except PlatformError as failure:
        return failure


def saying(found: MeterProfile, value: Data | DataAccessResult) -> MemoryMeter:
    """A meter that has the same to say of everything."""
    meter = MemoryMeter(found)
    for item in found.objects.values():
        for channel in item.obis.channels():
            for number in (1, *item.attributes):
                meter.values[item.ref(number, channel)] = value
    return meter


def cases() -> list[tuple[str, OperationRequest]]:
    return [(operation, example) for operation in SUPPORT for example in FOUND[operation].operation.examples]


NAMES = [f"{operation}-{place}" for place, (operation, _) in enumerate(cases())]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(("operation", "request_"), cases(), ids=NAMES)
async def test_what_a_version_lacks_is_told_before_anything_is_sent(
    operation: str, request_: OperationRequest, protocol: str
) -> None:
    meter = saying(profile(protocol), null())
    found = await outcome(FOUND[operation].execute(request_, _context(operation, request_, meter)))
    lacks = isinstance(found, PlatformError) and found.code.number == 416
    assert lacks is (protocol not in SUPPORT[operation])
    assert meter.exchanges == 0 or not lacks


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(("operation", "request_"), cases(), ids=NAMES)
async def test_what_is_foreseen_is_read(operation: str, request_: OperationRequest, protocol: str) -> None:
    executor: Executor[Any, Any] = FOUND[operation]
    if executor.foresees is None:
        assert executor.writes or operation == "GetPeriodicMeterReadsGas"
        return
    meter = saying(profile(protocol), double_long_unsigned(0))
    context = _context(operation, request_, meter)
    foreseen = executor.foresees(request_, context.device, meter.profile)
    refs = {target if isinstance(target, AttributeRef) else meter.profile.ref(*target) for target in foreseen}
    assert bool(refs) is (protocol in SUPPORT[operation])
    await outcome(executor.execute(request_, context))
    assert refs == {ref for kind, ref, _ in meter.asked if kind == "get"}


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: getattr(value, "name", None) or value.type.name)
@pytest.mark.parametrize("protocol", ["DSMR 4.2.2", "SMR 5.5"])
async def test_a_meter_that_says_anything_gets_a_response_or_a_typed_error(
    protocol: str, value: Data | DataAccessResult
) -> None:
    for operation, request in cases():
        executor: Executor[Any, Any] = FOUND[operation]
        for method in (ActionResult.SUCCESS, ActionResult.TYPE_UNMATCHED):
            meter = saying(profile(protocol), value)
            for item in meter.profile.objects.values():
                for channel in item.obis.channels():
                    meter.methods |= dict.fromkeys((item.method(number, channel) for number in item.methods), method)
            context = _context(operation, request, meter)
            asked = [executor.execute, *([executor.verify] if executor.verify is not None else [])]
            for ask in asked:
                found = await outcome(ask(request, context))
                if isinstance(found, PlatformError):
                    assert found.code.name in TYPED, (operation, found.code.name, found.message)
                    assert found.message
                else:
                    assert found is None or isinstance(found, executor.operation.response)


def _context(operation: str, request: OperationRequest, meter: Any) -> Context:
    return Context(meter, device_for(operation, request), lambda: NOW)


def gas_of(bench: Any) -> MbusDevice:
    """The gas meter on channel 1 of the first meter of a fleet, as the registry has it."""
    smr5 = bench.record().protocol_version.startswith("5")
    return GAS.model_copy(
        update={"identification_number": "00000001", "version": 0x50 if smr5 else 66, "device_type": 3}
    )


@pytest.mark.parametrize("with_list_max", [1, 16])
@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_device_is_scanned_coupled_and_decoupled(make_bench: Make, protocol: str, with_list_max: int) -> None:
    unsigned_only = MbusOptions(plan=MBusPlan.parse("gas,-,water"), unsigned_deinstall=protocol == "SMR 5.5")
    bench = await make_bench(FleetSettings(protocols=(protocol,), mbus=unsigned_only))
    meter = await bench.associations.open(bench.visit(bench.record(with_list_max=with_list_max)))
    gas = gas_of(bench)
    gateway = Device(bench.gateway(), mbus_devices={gas.device_identification: gas})
    context = Context(meter, gateway, lambda: NOW)

    async def run(operation: str, **fields: Any) -> Any:
        executor = FOUND[operation]
        return await executor.execute(executor.operation.request(**fields), context)

    scanned = (await run("ScanMbusChannels")).channels
    assert [found.short_id.manufacturer for found in scanned] == ["LGB", None, "KAM", None]
    assert scanned[0].short_id.identification_number == gas.identification_number
    by_channel = await run("CoupleMbusDeviceByChannel", channel=1)
    coupled = await run("CoupleMbusDevice", mbus_device_identification=gas.device_identification)
    assert coupled.channel_values == by_channel.channel_values
    if protocol != "DSMR 2.2":
        status = await run("GetMbusEncryptionKeyStatusByChannel", channel=2)
        assert status.status is EncryptionKeyStatus.NO_ENCRYPTION_KEY
    gone = await run("DecoupleMbusDeviceByChannel", channel=1)
    assert gone.channel_values == by_channel.channel_values
    assert (await run("ScanMbusChannels")).channels[0].short_id.manufacturer is None
    with pytest.raises(PlatformError) as caught:
        await run("CoupleMbusDeviceByChannel", channel=1)
    assert caught.value.code.number == 219
    assert await couple_verify(context, gas) is None
    put = await run("CoupleMbusDevice", mbus_device_identification=gas.device_identification)
    assert put.channel_values.channel == 1
    assert (await run("ScanMbusChannels")).channels[0] == scanned[0]
    assert await couple_verify(context, gas) is not None
    await bench.associations.close(meter)
    assert bench.fleet.stats.repeated_nonces == 0


async def couple_verify(context: Context, gas: MbusDevice) -> Any:
    executor = FOUND["CoupleMbusDevice"]
    assert executor.verify is not None
    request = CoupleMbusDeviceRequest(mbus_device_identification=gas.device_identification)
    return await executor.verify(request, context)


async def test_status_bits_of_a_simulated_gas_meter_are_cleared(make_bench: Make) -> None:
    bench = await make_bench(FleetSettings(protocols=("SMR 5.1",)))
    meter = await bench.associations.open(bench.visit(bench.record()))
    gas = bench.fleet.meter(1)
    for bit in (3, 8):
        mbus.report(gas, 1, bit, bench.fleet.now_ms())
    target = At("read_mbus_status", 2, 1)
    assert (await meter.get(target)).value == 1 << 3 | 1 << 8
    executor = FOUND["ClearMBusStatusOnAllChannels"]
    await executor.execute(executor.operation.examples[0], Context(meter, GATEWAY, lambda: NOW))
    assert (await meter.get(target)).value == 0
    await bench.associations.close(meter)
