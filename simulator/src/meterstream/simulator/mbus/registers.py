"""What a meter shows of its M-Bus devices beside the client: registers, M-Bus status, versions, diagnostic, names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from meterstream.dlms.apdu import ReadResult
from meterstream.dlms.data import Data, DataType, enum, octet_string, unsigned
from meterstream.dlms.data import double_long_unsigned as u32
from meterstream.dlms.objects import ScalerUnit
from meterstream.simulator.mbus import bus as mbus
from meterstream.simulator.mbus.device import FACTS, Medium
from meterstream.simulator.mbus.forward import arrived
from meterstream.simulator.mbus.state import FIVE_MINUTES_S, HOUR_S
from meterstream.simulator.objects.behaviour import Behaviour
from meterstream.simulator.values import scaler_unit
from meterstream.simulator.world.curve import mixed

if TYPE_CHECKING:
    from meterstream.simulator.meter import SimulatedMeter
    from meterstream.simulator.tree import SimulatedObject

_VALUE, _SCALER, _STATUS, _CAPTURE_TIME = 2, 3, 4, 5
_NEVER: Final = octet_string(bytes.fromhex("FFFFFFFFFFFFFFFFFF8000FF"))
_DATA_NOT_VALID: Final = 0x04
_DAYLIGHT_SAVING: Final = 0x08
_FACTORY_FIRMWARE: Final = bytes.fromhex("00400011")
_NORMAL_LINK, _INTERRUPTED_LINK = 1, 2
_FIVE_MINUTE_ROLE: Final = "mbus_master_value_5min"


class MbusRegister(Behaviour):
    """Master value (class 4): what the device showed when it was read last, every hour or every five minutes.

    Scaler and unit are those of gas where there is no device.
    """

    def read(self, meter: SimulatedMeter, item: SimulatedObject, attribute: int, at: int) -> ReadResult | None:
        period = FIVE_MINUTES_S if item.role == _FIVE_MINUTE_ROLE else HOUR_S
        channel = item.channel or 0
        found = mbus.reading(meter, channel, at, period)
        if attribute == _VALUE:
            return u32(found.value(meter.number, channel))
        if attribute == _STATUS:
            return unsigned(0 if found.valid else _DATA_NOT_VALID)
        if attribute == _CAPTURE_TIME:
            return _NEVER if found.captured is None else _moment(meter, found.captured * 1000)
        if attribute == _SCALER:
            facts = FACTS[found.medium or Medium.GAS]
            return scaler_unit(ScalerUnit(facts.scaler, facts.unit))
        return None


class MbusProfileStatus(Behaviour):
    """AMR profile status of a channel: data not valid while its device is not read; daylight saving."""

    def read(self, meter: SimulatedMeter, item: SimulatedObject, attribute: int, at: int) -> ReadResult | None:
        if attribute != _VALUE:
            return None
        found = mbus.reading(meter, item.channel or 0, at)
        saving = _DAYLIGHT_SAVING if meter.zone.is_daylight_saving(meter.seconds(at)) else 0
        return unsigned(saving | (0 if found.valid else _DATA_NOT_VALID))


class MbusStatus(Behaviour):
    """Read M-Bus status (class 4): the bits the device has set and no client has cleared."""

    def read(self, meter: SimulatedMeter, item: SimulatedObject, attribute: int, at: int) -> ReadResult | None:
        if attribute == _VALUE:
            return u32(mbus.look(meter, item.channel or 0).status)
        return _when_read(meter, item, attribute, at)


class MbusVersion(Behaviour):
    """Device configuration and simple version info (class 4); a new image ends its way to the device here."""

    def read(self, meter: SimulatedMeter, item: SimulatedObject, attribute: int, at: int) -> ReadResult | None:
        if attribute != _VALUE:
            return _when_read(meter, item, attribute, at)
        found = mbus.look(meter, item.channel or 0)
        medium = found.identity.medium
        if medium is None:
            return octet_string(b"")
        if item.role == "mbus_device_config_simple_version_info":
            return octet_string(found.firmware or _FACTORY_FIRMWARE)
        texts = {
            "mbus_device_config_model": FACTS[medium].model,
            "mbus_device_config_hardware_version": f"HW{found.version:02X}",
            "mbus_device_config_metrology_version": f"M{found.device_type:02d}.01",
        }
        return octet_string(texts.get(item.role, "F01.00").encode())

    def due(self, meter: SimulatedMeter, item: SimulatedObject, at: int) -> None:
        arrived(meter, item.channel or 0, at)


class MbusDiagnostic(Behaviour):
    """Signal strength and link of a channel (class 77)."""

    def read(self, meter: SimulatedMeter, item: SimulatedObject, attribute: int, at: int) -> ReadResult | None:
        channel = item.channel or 0
        found = mbus.look(meter, channel)
        if not found.polled:
            return None
        if attribute == 2:
            hour = at // (HOUR_S * 1000)
            return unsigned(60 + mixed(meter.number, channel) % 30 + mixed(hour, channel) % 5)
        if attribute == 4:
            span = found.span
            return enum(_INTERRUPTED_LINK if span is not None and span.is_silent else _NORMAL_LINK)
        return None


class MbusDeviceId(Behaviour):
    """Equipment identifier of the device on a channel."""

    def read(self, meter: SimulatedMeter, item: SimulatedObject, attribute: int, _at: int) -> ReadResult | None:
        if attribute != _VALUE:
            return None
        text = mbus.look(meter, item.channel or 0).identity.equipment_identifier.encode()
        kind = item.attributes[_VALUE].type
        return Data(kind, text if kind is DataType.OCTET_STRING else text.decode())


def _when_read(meter: SimulatedMeter, item: SimulatedObject, attribute: int, at: int) -> ReadResult | None:
    if attribute == _CAPTURE_TIME:
        captured = mbus.reading(meter, item.channel or 0, at).captured
        return _NEVER if captured is None else _moment(meter, captured * 1000)
    return None


def _moment(meter: SimulatedMeter, moment: int) -> Data:
    """Write a moment of the fleet's clock, in milliseconds, as the meter's clock shows it."""
    return octet_string(meter.zone.octets(meter.seconds(moment)))
