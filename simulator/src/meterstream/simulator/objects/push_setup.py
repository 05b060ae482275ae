"""Push setup (class 40): what a meter sends, where, and when (Blue Book 4.4.8); wake-ups and the last gasp."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Final

from meterstream.dlms.apdu import ActionResult, DataAccessResult, ReadResult
from meterstream.dlms.data import (
    AttributeRef,
    CaptureObject,
    CosemDateTime,
    Data,
    DataType,
    LogicalName,
    array,
    enum,
    null,
    octet_string,
    structure,
)
from meterstream.dlms.errors import DecodeError, PduTooLarge
from meterstream.simulator.identity import identification_for
from meterstream.simulator.objects.behaviour import Behaviour
from meterstream.simulator.push import (
    CSD_OF_TEXT,
    SMS_OF_TEXT,
    PushForm,
    PushMessage,
    Transport,
    form_of,
    mx382_push,
    notification_push,
    standard_values,
    text_push,
)
from meterstream.simulator.world.curve import mixed

if TYPE_CHECKING:
    from meterstream.simulator.meter import SimulatedMeter
    from meterstream.simulator.tree import SimulatedObject

OBJECT_LIST, DESTINATION, WINDOW, RANDOMISATION, RETRIES, REPETITION_DELAY = 2, 3, 4, 5, 6, 7

_PUSH: Final = 1
_ALARM_SETUP: Final = "push_setup_alarm"
_SMS_SETUP: Final = "push_setup_sms"
_UDP_SETUP: Final = "push_setup_udp"
_POWER_DOWN_SETUP: Final = "push_setup_power_down"
_IDENTIFIER: Final = CaptureObject(1, LogicalName.parse("0.0.96.1.1.255"), 2, 0)
_SCHEDULER_OF_TEXT: Final = LogicalName.parse("0.0.15.0.4.255")
_SCHEDULER_SETUP: Final = LogicalName.parse("0.0.25.9.0.255")
_TRANSPORTS: Final = {0: Transport.TCP, 1: Transport.UDP}
_APDU, _MANUFACTURER_SPECIFIC = 0, 128
_MAX_DESTINATION: Final = 260
_MAX_OBJECTS: Final = 32
_LAST_GASP_EVENT: Final = 99
_LAST_GASP_REGISTER, _LAST_GASP_BIT = 3, 0


class Wake(StrEnum):
    """What made a meter announce itself."""

    SMS = "sms"
    CALL = "call"
    SCHEDULER = "scheduler"


class PushSetup(Behaviour):
    """Method push sends the values of the object list to the destination, within the communication window.

    It waits a part of the randomisation interval, which differs from meter to meter and from push to push. What could
    not be sent is sent again as often, and after such delays, as the setup says.
    """

    methods: ClassVar[Mapping[int, str]] = MappingProxyType({_PUSH: "push"})

    def read(self, meter: SimulatedMeter, item: SimulatedObject, attribute: int, _at: int) -> ReadResult | None:
        if attribute == OBJECT_LIST:
            return array(column.to_data() for column in _usual_list(meter, item))
        if attribute == DESTINATION and meter.model.pushes.destination is not None:
            kind = _APDU if form_of(meter.model.profile) is PushForm.NOTIFICATION else _MANUFACTURER_SPECIFIC
            transport = 1 if item.role == _UDP_SETUP else 0
            destination = octet_string(meter.model.pushes.destination.encode())
            return structure(enum(transport), destination, enum(kind))
        return None

    def write(
        self, _meter: SimulatedMeter, _item: SimulatedObject, attribute: int, data: Data, _at: int
    ) -> DataAccessResult | None:
        try:
            if attribute == OBJECT_LIST:
                if len(read_object_list(data)) > _MAX_OBJECTS:
                    return DataAccessResult.OTHER_REASON
            elif attribute == DESTINATION:
                read_destination(data)
            elif attribute == WINDOW:
                _windows(data)
        except DecodeError:
            return DataAccessResult.TYPE_UNMATCHED
        except ValueError:
            return DataAccessResult.OTHER_REASON
        return None

    def invoke(
        self, meter: SimulatedMeter, item: SimulatedObject, _method: int, data: Data | None, at: int
    ) -> tuple[ActionResult, Data | None]:
        if data is None or data.type is not DataType.INTEGER:
            return ActionResult.TYPE_UNMATCHED, None
        return push(meter, item, at), None


def push(meter: SimulatedMeter, item: SimulatedObject, at: int) -> ActionResult:
    """Send what a push setup says.

    Returns:
        Success; other-reason: there is no destination a meter could reach, the values do not fit a message, or an
        attribute that the control interface put cannot be read; temporary-failure: no communication window is open.
    """
    target = destination_of(meter, item)
    if target is None:
        return ActionResult.OTHER_REASON
    try:
        if not _is_open(meter, item, at):
            return ActionResult.TEMPORARY_FAILURE
        octets = _octets(meter, item)
    except (DecodeError, PduTooLarge, ValueError):
        return ActionResult.OTHER_REASON
    retries, delay = _number(meter, item, RETRIES), _number(meter, item, REPETITION_DELAY)
    message = PushMessage(meter.number, *target, octets, retries, delay)
    interval = _number(meter, item, RANDOMISATION)
    wait = mixed(meter.number, at) % (interval * 1000 + 1) if interval else 0
    if wait:
        meter.model.schedule(wait, partial(meter.model.outbox, message))
    else:
        meter.model.outbox(message)
    return ActionResult.SUCCESS


def wake_up(meter: SimulatedMeter, cause: Wake = Wake.SMS) -> bool:
    """Let a meter that was woken up announce itself; false: it has nobody to tell.

    An MX382 does so by UDP, and to the fleet's destination, for it has no push setup.
    """
    form, defect = form_of(meter.model.profile), meter.model.pushes.defect
    identification = identification_for(meter.number).encode()
    item = meter.tree.by_role.get(_SMS_SETUP)
    if form is PushForm.MX382:
        target = _fallback(meter, Transport.UDP)
        octets = mx382_push(identification, defect=defect)
    elif item is None:
        return False
    elif form is PushForm.TEXT:
        target = destination_of(meter, item)
        name = {Wake.SMS: SMS_OF_TEXT, Wake.CALL: CSD_OF_TEXT, Wake.SCHEDULER: _SCHEDULER_OF_TEXT}[cause]
        octets = text_push(identification, name, defect=defect)
    else:
        target = destination_of(meter, item)
        name = _SCHEDULER_SETUP if cause is Wake.SCHEDULER else LogicalName(item.logical_name)
        octets = notification_push(standard_values(identification, name), defect=defect)
    if target is None:
        return False
    meter.model.outbox(PushMessage(meter.number, *target, octets))
    return True


def last_gasp(meter: SimulatedMeter, at: int) -> bool:
    """Let a meter say that its supply fails; false: it has no such message, or nobody to tell.

    SMR 5.5 sets bit 0 of alarm register 3, which the filter lets through to a push by UDP; others have a push setup
    for it; an MX382 tells the fleet's destination by TCP.
    """
    if f"alarm_register_{_LAST_GASP_REGISTER}" in meter.tree.by_role:
        meter.log("power_quality_event_log", _LAST_GASP_EVENT, at)
        meter.raise_alarm(_LAST_GASP_REGISTER, _LAST_GASP_BIT, at)
        return True
    setup = meter.tree.by_role.get(_POWER_DOWN_SETUP)
    if setup is not None:
        return push(meter, setup, at) is ActionResult.SUCCESS
    target = _fallback(meter, Transport.TCP)
    if form_of(meter.model.profile) is not PushForm.MX382 or target is None:
        return False
    octets = mx382_push(identification_for(meter.number).encode(), defect=meter.model.pushes.defect)
    meter.model.outbox(PushMessage(meter.number, *target, octets))
    return True


# --- what is sent ---


def _octets(meter: SimulatedMeter, item: SimulatedObject) -> bytes:
    defect = meter.model.pushes.defect
    if form_of(meter.model.profile) is PushForm.TEXT:
        identification = identification_for(meter.number).encode()
        register = meter.tree.by_role["alarm_register_1"]
        registers = (_number(meter, register, 2),) if item.role == _ALARM_SETUP else ()
        return text_push(identification, SMS_OF_TEXT, registers, defect)
    written = meter.written(item, OBJECT_LIST)
    columns = _usual_list(meter, item) if written is None else read_object_list(written)
    return notification_push([_value(meter, column) for column in columns], defect=defect)


def _usual_list(meter: SimulatedMeter, item: SimulatedObject) -> tuple[CaptureObject, ...]:
    """Give the object list of SMR: equipment identifier, name of the push setup, alarm registers."""
    registers = {_ALARM_SETUP: ("alarm_register_1", "alarm_register_2"), _UDP_SETUP: ("alarm_register_3",)}
    found = [meter.tree.by_role.get(role) for role in registers.get(item.role, ())]
    return (
        _IDENTIFIER,
        CaptureObject(item.class_id, LogicalName(item.logical_name), 1, 0),
        *(CaptureObject(each.class_id, LogicalName(each.logical_name), 2, 0) for each in found if each is not None),
    )


def _value(meter: SimulatedMeter, column: CaptureObject) -> Data:
    """Read what an element of the list names; null-data where the meter has no such thing."""
    value = meter.read(AttributeRef(column.class_id, column.logical_name, column.attribute))
    if not isinstance(value, Data):
        return null()
    if not column.data_index:
        return value
    whole = value.value
    return whole[column.data_index - 1] if isinstance(whole, tuple) and column.data_index <= len(whole) else null()


def read_object_list(data: Data) -> tuple[CaptureObject, ...]:
    """Read attribute 2: structures of class, logical name, attribute, data index.

    Raises:
        DecodeError: anything else.
    """
    if not isinstance(data.value, tuple):
        raise DecodeError("a push object list is an array")
    return tuple(CaptureObject.from_data(element) for element in data.value)


# --- where to ---


def destination_of(meter: SimulatedMeter, item: SimulatedObject) -> tuple[str, Transport] | None:
    """Tell where a push setup sends to: what was written, otherwise the fleet's destination; None: nowhere."""
    written = meter.written(item, DESTINATION)
    if written is None:
        return _fallback(meter, Transport.UDP if item.role == _UDP_SETUP else Transport.TCP)
    try:
        transport, destination = read_destination(written)
    except (DecodeError, ValueError):  # put by the control interface, which checks nothing
        return None
    known = _TRANSPORTS.get(transport)
    return None if known is None or not destination else (destination, known)


def read_destination(data: Data) -> tuple[int, str]:
    """Read attribute 3: transport, destination, message type.

    Raises:
        DecodeError: it has another form.
        ValueError: the destination is no short ASCII text.
    """
    parts = data.value if isinstance(data.value, tuple) else ()
    kinds = [part.type for part in parts]
    if kinds != [DataType.ENUM, DataType.OCTET_STRING, DataType.ENUM]:
        raise DecodeError("a destination is a structure of transport, destination and message type")
    transport, destination = parts[0].value, parts[1].value
    if not isinstance(transport, int) or not isinstance(destination, bytes):
        raise DecodeError("a destination is an octet-string")
    if len(destination) > _MAX_DESTINATION:
        raise ValueError(f"destination of {len(destination)} octets, expected {_MAX_DESTINATION} at most")
    return transport, destination.decode("ascii")


def _fallback(meter: SimulatedMeter, transport: Transport) -> tuple[str, Transport] | None:
    destination = meter.model.pushes.destination
    return None if destination is None else (destination, transport)


# --- when ---


def _is_open(meter: SimulatedMeter, item: SimulatedObject, at: int) -> bool:
    """Tell whether the meter may push now: within a window, or always where there is none."""
    written = meter.written(item, WINDOW)
    windows = _windows(written) if written is not None else ()
    if not windows:
        return True
    now = CosemDateTime.from_bytes(meter.zone.octets(meter.seconds(at)))
    return any(_within(now, begin, end) for begin, end in windows)


def _within(now: CosemDateTime, begin: CosemDateTime, end: CosemDateTime) -> bool:
    """Compare local times; a part that is open in a limit is that of the moment, so windows may recur daily."""
    moment = _fields(now, now)
    first, last = _fields(begin, now), _fields(end, now)
    return first <= moment <= last if first <= last else moment >= first or moment <= last


def _fields(value: CosemDateTime, otherwise: CosemDateTime) -> tuple[int, ...]:
    pairs = zip(
        (value.year, value.month, value.day, value.hour, value.minute, value.second),
        (otherwise.year, otherwise.month, otherwise.day, otherwise.hour, otherwise.minute, otherwise.second),
        strict=True,
    )
    return tuple((other or 0) if part is None else part for part, other in pairs)


def _windows(data: Data) -> tuple[tuple[CosemDateTime, CosemDateTime], ...]:
    """Read attribute 4.

    Raises:
        DecodeError: it is no array of structures of two date-times.
    """
    windows = []
    for element in data.value if isinstance(data.value, tuple) else ():
        limits = element.value
        if element.type is not DataType.STRUCTURE or not isinstance(limits, tuple) or len(limits) != 2:
            raise DecodeError("a communication window is a structure of begin and end")
        windows.append((CosemDateTime.from_data(limits[0]), CosemDateTime.from_data(limits[1])))
    return tuple(windows)


def _number(meter: SimulatedMeter, item: SimulatedObject, attribute: int) -> int:
    """Read a number as written or laid down; 0 where there is no such attribute."""
    described = item.attributes.get(attribute)
    if described is None:
        return 0
    value = (meter.written(item, attribute) or described.read(meter, 0)).value
    return value if isinstance(value, int) else 0
