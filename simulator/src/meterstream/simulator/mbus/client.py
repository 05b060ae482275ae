"""M-Bus client (class 72): short id and status of the device on a channel, keys, installation (Blue Book 4.8.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Final, TypeAlias

from meterstream.dlms.apdu import ActionResult, DataAccessResult, ReadResult
from meterstream.dlms.data import (
    Data,
    DataType,
    array,
    double_long_unsigned,
    enum,
    long_unsigned,
    octet_string,
    structure,
    unsigned,
)
from meterstream.dlms.objects import ObisTemplate
from meterstream.simulator.mbus import bus as mbus
from meterstream.simulator.mbus.device import FACTS, NUMBERS, from_bcd, to_bcd
from meterstream.simulator.mbus.keys import KEY_OCTETS
from meterstream.simulator.mbus.state import HOUR_S, VALVE_CLOSED, VALVE_OPEN, MbusChannel
from meterstream.simulator.mbus.telegram import (
    KEY_EXCHANGE,
    VALVE,
    set_user_key,
    transfer_key,
)
from meterstream.simulator.mbus.valve import move_valve
from meterstream.simulator.objects.behaviour import Behaviour

if TYPE_CHECKING:
    from meterstream.simulator.meter import SimulatedMeter
    from meterstream.simulator.tree import SimulatedObject

ROLE: Final = "mbus_client_setup"
CAPTURE_DEFINITION, PRIMARY_ADDRESS, IDENTIFICATION, MANUFACTURER = 3, 5, 6, 7
VERSION, DEVICE_TYPE, ACCESS_NUMBER, STATUS, ALARM, CONFIGURATION, KEY_STATUS = 8, 9, 10, 11, 12, 13, 14

_STATUS_MASK: Final = ObisTemplate("0.x.94.31.10.255")
_MAX_ADDRESS: Final = 250
_BATTERY, _PERMANENT, _TEMPORARY = 0x04, 0x08, 0x10
_HARDWARE_ERROR: Final = 11

_Answer: TypeAlias = tuple[ActionResult, Data | None]
_Method: TypeAlias = "Callable[[SimulatedMeter, int, Data, int], ActionResult]"


class MbusClient(Behaviour):
    """Attributes 3 and 5 to 14 and all methods; the identification number is BCD up to class version 0."""

    methods: ClassVar[Mapping[int, str]] = MappingProxyType(
        {
            1: "slave_install",
            2: "slave_deinstall",
            3: "capture",
            4: "reset_alarm",
            5: "synchronize_clock",
            6: "data_send",
            7: "set_encryption_key",
            8: "transfer_key",
        }
    )

    def read(self, meter: SimulatedMeter, item: SimulatedObject, attribute: int, at: int) -> ReadResult | None:
        channel = item.channel or 0
        found = mbus.look(meter, channel)
        if attribute == CAPTURE_DEFINITION:
            medium = found.identity.medium
            return array(() if medium is None else (structure(*map(octet_string, FACTS[medium].data_block)),))
        if attribute == IDENTIFICATION:
            number = found.identification
            return double_long_unsigned(number if item.definition.version else to_bcd(number))
        if attribute == MANUFACTURER:
            return long_unsigned(found.manufacturer)
        if attribute == CONFIGURATION:
            return long_unsigned(mbus.configuration(found))
        if attribute == KEY_STATUS:
            return enum(found.key_status)
        if attribute == ACCESS_NUMBER:
            return unsigned((at + meter.clock_offset_ms) // (HOUR_S * 1000) & 0xFF if found.polled else 0)
        plain = {
            PRIMARY_ADDRESS: found.primary_address,
            VERSION: found.version,
            DEVICE_TYPE: found.device_type,
            STATUS: _status_octet(found),
            ALARM: found.alarm,
        }.get(attribute)
        return None if plain is None else unsigned(plain)

    def write(
        self, meter: SimulatedMeter, item: SimulatedObject, attribute: int, data: Data, at: int
    ) -> DataAccessResult | None:
        channel = item.channel or 0
        number = data.value if isinstance(data.value, int) else 0
        identity = mbus.look(meter, channel).identity
        if attribute == PRIMARY_ADDRESS:
            if number > _MAX_ADDRESS:
                return DataAccessResult.OTHER_REASON
            mbus.touch(meter, channel).primary_address = number
            return DataAccessResult.SUCCESS
        if attribute == IDENTIFICATION:
            plain = number if item.definition.version else from_bcd(number)
            if plain is None or plain >= NUMBERS:
                return DataAccessResult.OTHER_REASON
            identity = identity._replace(identification=plain)
        elif attribute == MANUFACTURER:
            identity = identity._replace(manufacturer=number)
        elif attribute == VERSION:
            identity = identity._replace(version=number)
        elif attribute == DEVICE_TYPE:
            identity = identity._replace(device_type=number)
        else:
            return None
        mbus.register(meter, channel, identity, at)
        return DataAccessResult.SUCCESS

    def invoke(self, meter: SimulatedMeter, item: SimulatedObject, method: int, data: Data | None, at: int) -> _Answer:
        if data is None:
            return ActionResult.TYPE_UNMATCHED, None
        return _METHODS[method](meter, item.channel or 0, data, at), None

    def due(self, meter: SimulatedMeter, item: SimulatedObject, at: int) -> None:
        mbus.read_in_turn(meter, item.channel or 0, at)


def _status_octet(channel: MbusChannel) -> int:
    """Write the status of the telegram's header (EN 13757-3): battery low, permanent error, cannot be read."""
    octet = _BATTERY if channel.status & 1 else 0
    octet |= _PERMANENT if channel.status >> _HARDWARE_ERROR & 1 else 0
    span = channel.span
    return octet | (_TEMPORARY if span is not None and span.is_silent else 0)


def _slave_install(meter: SimulatedMeter, channel: int, data: Data, at: int) -> ActionResult:
    """Take up a device that is there: under the given primary address, or for 0 under one the meter chooses."""
    if data.type is not DataType.UNSIGNED:
        return ActionResult.TYPE_UNMATCHED
    address = data.value if isinstance(data.value, int) else 0
    found = mbus.look(meter, channel)
    if address > _MAX_ADDRESS or found.polled or found.is_free:
        return ActionResult.OTHER_REASON
    if not found.present:
        return ActionResult.TEMPORARY_FAILURE
    mbus.take_up(meter, channel, at)
    mbus.touch(meter, channel).primary_address = address or 8 + channel
    return ActionResult.SUCCESS


def _slave_deinstall(meter: SimulatedMeter, channel: int, data: Data, at: int) -> ActionResult:
    unsigned_only = meter.model.mbus.unsigned_deinstall
    if data.type is not DataType.UNSIGNED and (unsigned_only or data.type is not DataType.INTEGER):
        return ActionResult.TYPE_UNMATCHED
    mbus.deinstall(meter, channel, at)
    return ActionResult.SUCCESS


def _capture(meter: SimulatedMeter, channel: int, data: Data, at: int) -> ActionResult:
    if data.type is not DataType.INTEGER:
        return ActionResult.TYPE_UNMATCHED
    return ActionResult.SUCCESS if mbus.capture(meter, channel, at) else ActionResult.TEMPORARY_FAILURE


def _reset_alarm(meter: SimulatedMeter, channel: int, data: Data, at: int) -> ActionResult:  # noqa: ARG001 - one shape
    """Clear the alarm, and those bits of the M-Bus status that the mask of the channel names; the mask is used up."""
    if data.type is not DataType.INTEGER:
        return ActionResult.TYPE_UNMATCHED
    found = mbus.touch(meter, channel)
    found.alarm = 0
    item = meter.tree.objects.get(_STATUS_MASK.logical_name(channel))
    if item is not None:
        mask = meter.written(item, 2)
        found.status &= ~(mask.value if mask is not None and isinstance(mask.value, int) else 0)
        meter.keep(item, 2, double_long_unsigned(0))
    return ActionResult.SUCCESS


def _synchronize_clock(meter: SimulatedMeter, channel: int, data: Data, at: int) -> ActionResult:
    """Give the device the meter's time; one that had lost it says so."""
    if data.type is not DataType.INTEGER:
        return ActionResult.TYPE_UNMATCHED
    found = mbus.look(meter, channel)
    if not (found.polled and found.present):
        return ActionResult.TEMPORARY_FAILURE
    if found.status >> mbus.CLOCK_SYNC_ERROR & 1:
        mbus.touch(meter, channel).status &= ~(1 << mbus.CLOCK_SYNC_ERROR)
        mbus.log_event(meter, channel, mbus.CLOCK_ADJUSTED, at)
    return ActionResult.SUCCESS


def _data_send(meter: SimulatedMeter, channel: int, data: Data, at: int) -> ActionResult:
    """Send data blocks to the device: keys (VIF FD19) and the valve's command (VIF FD1F); others go unheard."""
    blocks = _blocks(data)
    if blocks is None:
        return ActionResult.TYPE_UNMATCHED
    found = mbus.look(meter, channel)
    if not found.polled:
        return ActionResult.TEMPORARY_FAILURE
    for _, vif, value in blocks:
        if vif == KEY_EXCHANGE and isinstance(value.value, bytes):
            if not mbus.is_smr5(meter):
                return ActionResult.OTHER_REASON
            transfer_key(meter, channel, value.value, at)
        elif vif == VALVE and found.present:
            opened = value.value[-1:] == b"\x01" if isinstance(value.value, bytes) else value.value == 1
            move_valve(meter, channel, VALVE_OPEN if opened else VALVE_CLOSED, at)
    return ActionResult.SUCCESS


def _blocks(data: Data) -> list[tuple[bytes, bytes, Data]] | None:
    """Read an array of structures of DIB, VIB and value; None: anything else."""
    if data.type is not DataType.ARRAY or not isinstance(data.value, tuple):
        return None
    blocks = []
    for element in data.value:
        parts = element.value
        if element.type is not DataType.STRUCTURE or not isinstance(parts, tuple) or len(parts) != 3:
            return None
        dib, vib = parts[0].value, parts[1].value
        if not (isinstance(dib, bytes) and isinstance(vib, bytes)):
            return None
        blocks.append((dib, vib, parts[2]))
    return blocks


def _set_encryption_key(meter: SimulatedMeter, channel: int, data: Data, at: int) -> ActionResult:
    if data.type is not DataType.OCTET_STRING or not isinstance(data.value, bytes):
        return ActionResult.TYPE_UNMATCHED
    if len(data.value) not in (0, KEY_OCTETS):
        return ActionResult.OTHER_REASON
    set_user_key(meter, channel, data.value, at)
    return ActionResult.SUCCESS


def _transfer_key(meter: SimulatedMeter, channel: int, data: Data, at: int) -> ActionResult:
    if data.type is not DataType.OCTET_STRING or not isinstance(data.value, bytes):
        return ActionResult.TYPE_UNMATCHED
    if not mbus.look(meter, channel).polled:
        return ActionResult.TEMPORARY_FAILURE
    transfer_key(meter, channel, data.value, at)
    return ActionResult.SUCCESS


_METHODS: Final[Mapping[int, _Method]] = MappingProxyType(
    {
        1: _slave_install,
        2: _slave_deinstall,
        3: _capture,
        4: _reset_alarm,
        5: _synchronize_clock,
        6: _data_send,
        7: _set_encryption_key,
        8: _transfer_key,
    }
)
