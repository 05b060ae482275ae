"""What a simulated object answers: readers of attributes, each a function of meter, time and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

from meterstream.dlms.data import (
    CLOCK,
    BitString,
    Data,
    DataType,
    array,
    bit_string,
    enum,
    integer,
    long_unsigned,
    octet_string,
    structure,
    visible_string,
)
from meterstream.dlms.data import double_long_unsigned as u32
from meterstream.dlms.objects import Attribute, AttributeType, CosemObject, ScalerUnit
from meterstream.simulator.identity import identification_for, logical_device_name_for, system_title_for
from meterstream.simulator.world.curve import household, mixed
from meterstream.simulator.world.quality import quality_reader
from meterstream.simulator.world.supply import Supply, is_connected, units_at
from meterstream.simulator.world.zone import EUROPEAN_BEGIN, EUROPEAN_END

if TYPE_CHECKING:
    from meterstream.simulator.meter import SimulatedMeter

_U16: Final = 0xFFFF
_U32: Final = 0xFFFF_FFFF
_QUARTER: Final = 900
_STATUS_DAYLIGHT_SAVING: Final = 0x08
_STATUS_OF_EVENT: Final = {1: 0x80, 2: 0x80, 4: 0x20, 5: 0x20, 6: 0x02}
"""Power down for failures and returns, clock adjusted for old and new time, clock invalid."""
_STATUS_PERIODS: Final = (("hourly", 3_600), ("daily", 86_400), ("monthly", 31 * 86_400))
_PHASES: Final = ("_l1", "_l2", "_l3")
_OPEN_TIME: Final = bytes.fromhex("FFFFFFFFFFFFFFFFFF8000FF")


Reader: TypeAlias = "Callable[[SimulatedMeter, int], Data]"
"""(meter, moment of the fleet's clock in milliseconds) -> value."""


def constant(value: Data) -> Reader:
    """Answer always the same."""
    return lambda _meter, _at: value


def scaler_unit(value: ScalerUnit) -> Data:
    """Write scaler and unit; unit 0 where it is undefined."""
    return structure(integer(value.scaler), enum(value.unit or 0))


def meter_seconds(meter: SimulatedMeter, at: int) -> int:
    """Tell what the meter's own clock shows at a moment, in whole seconds since 1970."""
    return (at + meter.clock_offset_ms) // 1000


def reader_for(item: CosemObject, attribute: Attribute, channel: int | None) -> Reader:
    """Choose the reader of an attribute: computed, laid down by the standard, or the plain value of its type."""
    special = _SPECIAL.get((item.role, attribute.number))
    if special is not None:
        return special(item, channel)
    if attribute.scaler_unit is not None:
        return constant(scaler_unit(attribute.scaler_unit))
    if item.role.startswith("amr_profile_status"):
        return _amr_status(item)
    if attribute.number == 2:
        counted = quality_reader(item)
        if counted is not None:
            return counted
        electrical = _electrical(item)
        if electrical is not None:
            return electrical
    return constant(plain_value(attribute))


def plain_value(attribute: Attribute) -> Data:
    """Give the value the standard lays down or documents; zero or nothing of the right type otherwise."""
    kind = attribute.type.data_type
    if attribute.value is not None:
        return Data(kind, attribute.value)
    return _ZEROS[attribute.type] if attribute.type in _ZEROS else Data(kind, _EMPTY.get(kind, 0))


_EMPTY: Final[Mapping[DataType, bool | str | bytes | tuple[Data, ...]]] = {
    DataType.ARRAY: (),
    DataType.BIT_STRING: BitString(),
    DataType.BOOLEAN: False,
    DataType.DATE_TIME: _OPEN_TIME,
    DataType.OCTET_STRING: b"",
    DataType.STRUCTURE: (),
    DataType.VISIBLE_STRING: "",
    DataType.UTF8_STRING: "",
}


def _u8(value: int) -> Data:
    return Data(DataType.UNSIGNED, value)


def _registered_name(arc: int, number: int) -> Data:
    """2.16.756.5.8.`arc`.`number` as a structure (Blue Book 4.4.4.2)."""
    return structure(_u8(2), _u8(16), long_unsigned(756), _u8(5), _u8(8), _u8(arc), _u8(number))


_ZEROS: Final[Mapping[AttributeType, Data]] = {
    AttributeType.ASSOCIATED_PARTNERS: structure(integer(1), long_unsigned(1)),
    AttributeType.CELL_INFO: structure(
        u32(77), long_unsigned(2230), _u8(13), _u8(6), long_unsigned(66), long_unsigned(204), u32(107)
    ),
    AttributeType.CONTEXT_NAME: _registered_name(1, 3),
    AttributeType.MECHANISM_NAME: _registered_name(2, 5),
    AttributeType.OBJECT_DEFINITION: CLOCK.to_data(),
    AttributeType.OBJECT_LIST: array(),
    AttributeType.SCALER_UNIT: structure(integer(0), enum(0)),
    AttributeType.SCRIPT: structure(octet_string(bytes(6)), long_unsigned(0)),
    AttributeType.XDLMS_CONTEXT: structure(
        bit_string("000000000001111000011101"),
        long_unsigned(_U16),
        long_unsigned(_U16),
        _u8(6),
        integer(0),
        octet_string(b""),
    ),
}


# --- clock, identification, counters ---


def _clock_time(meter: SimulatedMeter, at: int) -> Data:
    seconds, rest = divmod(at + meter.clock_offset_ms, 1000)
    return octet_string(meter.zone.octets(seconds, rest // 10))


def _clock_status(meter: SimulatedMeter, at: int) -> Data:
    return _u8(0x80 if meter.zone.is_daylight_saving(meter_seconds(meter, at)) else 0)


def _amr_status(item: CosemObject) -> Reader:
    """Tell of daylight saving, and whether in the period before clock or supply were disturbed."""
    period = next((seconds for part, seconds in _STATUS_PERIODS if part in item.role), _QUARTER)

    def read(meter: SimulatedMeter, at: int) -> Data:
        time = meter_seconds(meter, at)
        status = _STATUS_DAYLIGHT_SAVING if meter.zone.is_daylight_saving(time) else 0
        for event_time, code, *_ in meter.events("standard_event_log"):
            if time - period < event_time <= time:
                status |= _STATUS_OF_EVENT.get(code, 0)
        return _u8(status)

    return read


def _serial_number(meter: SimulatedMeter, _at: int) -> Data:
    return octet_string(f"{meter.number:012d}".encode())


def _identification(meter: SimulatedMeter, _at: int) -> Data:
    return octet_string(identification_for(meter.number).encode())


def _logical_device_name(meter: SimulatedMeter, _at: int) -> Data:
    return octet_string(logical_device_name_for(meter.number))


def _sap_assignment(meter: SimulatedMeter, _at: int) -> Data:
    return array((structure(long_unsigned(1), octet_string(logical_device_name_for(meter.number))),))


def _invocation_counter(meter: SimulatedMeter, _at: int) -> Data:
    return u32(meter.last_invocation_counter)


# --- energy, power ---


def _energy(*, export: bool, rates: tuple[int, ...]) -> Reader:
    def read(meter: SimulatedMeter, at: int) -> Data:
        home, time = household(meter.number), at // 1000
        if meter.peek(Supply) is None:
            register = home.exported if export else home.imported
            return u32(sum(register(rate, time) for rate in rates) & _U32)
        units = units_at(meter, time)
        if export:
            return u32(sum(home.export_energy(units[rate + 1]) for rate in rates) & _U32)
        return u32(sum(home.import_energy(units[rate - 1]) for rate in rates) & _U32)

    return read


def _electrical(item: CosemObject) -> Reader | None:
    """Voltage, current, power and counters, scaled as the pack says."""
    role = item.role
    kind = item.attributes[2].type.data_type
    factor = 10 ** -(item.attributes[3].scaler or 0) if 3 in item.attributes else 1
    phase = int(role[-1]) if role.endswith(_PHASES) else 0

    def share(meter: SimulatedMeter) -> int:
        return 3 if phase and not meter.tree.single_phase else 1

    power = "export_power" if "export" in role else "import_power"
    lag = 1000 if role.startswith("average_") else 0  # power is even within an hour: what it was until now

    def volts(meter: SimulatedMeter, at: int) -> Data:
        return Data(kind, 2270 * factor // 10 + mixed(meter.number, at // 1000 // _QUARTER * 4 + phase) % (6 * factor))

    def amperes(meter: SimulatedMeter, at: int) -> Data:
        return Data(kind, _power(meter, "import_power", at - lag) * factor // (230 * share(meter)) & _U16)

    def watts(meter: SimulatedMeter, at: int) -> Data:
        return Data(kind, _power(meter, power, at - lag) * factor // share(meter) & _U16)

    def var(meter: SimulatedMeter, at: int) -> Data:
        return Data(kind, _power(meter, power, at - lag) * factor // (10 * share(meter)) & _U16)

    for text, reader in (("voltage_l", volts), ("current", amperes), ("reactive_power", var), ("power_", watts)):
        if role.startswith(("instantaneous_", "average_")) and text in f"{role}_":
            return reader
    return None


def _power(meter: SimulatedMeter, direction: str, at: int) -> int:
    """Give the power in W; none flows through a meter that is disconnected."""
    time = at // 1000
    return int(getattr(household(meter.number), direction)(time)) if is_connected(meter, time) else 0


_Choice: TypeAlias = Callable[[CosemObject, int | None], Reader]


def _always(reader: Reader) -> _Choice:
    return lambda _item, _channel: reader


def _fixed(value: Data) -> _Choice:
    return _always(constant(value))


def _text(value: str) -> _Choice:
    return _fixed(octet_string(value.encode()))


def _configuration(item: CosemObject, _channel: int | None) -> Reader:
    """PO_ENABLE, HLS_5_ON_P3 and either DISCOVER_ON_POWER_ON or DIRECT_ATTACH; GPRS always on before SMR 5."""
    if item.attributes[2].type is AttributeType.BIT_STRING:
        return constant(bit_string("0001001000100000"))
    return constant(structure(enum(1), bit_string("0101001000000000")))


def _total_power(meter: SimulatedMeter, at: int) -> Data:
    return u32(_power(meter, "import_power", at) + _power(meter, "export_power", at))


def _network_time(meter: SimulatedMeter, at: int) -> Data:
    """When the modem last looked at its network: every minute."""
    seconds = meter_seconds(meter, at)
    return Data(DataType.DATE_TIME, meter.zone.octets(seconds - seconds % 60))


def _thd(phase: int) -> Mapping[tuple[str, int], _Choice]:
    """Total harmonic distortion of the current of a phase: now, its 15 harmonics, how often it was too much."""
    return {
        (f"thd_instantaneous_current_l{phase}", 2): _fixed(long_unsigned(200 * phase + 117)),
        (f"thd_instantaneous_current_fingerprint_l{phase}", 2): _fixed(
            array(long_unsigned(100 * phase + harmonic) for harmonic in range(1, 16))
        ),
        (f"thd_current_over_limit_counter_l{phase}", 2): _fixed(long_unsigned(2000 * phase + 1136)),
    }


def _title(meter: SimulatedMeter, _at: int) -> Data:
    return octet_string(system_title_for(meter.number))


def _client_title(meter: SimulatedMeter, _at: int) -> Data:
    return octet_string(meter.client_title)


_SPECIAL: Final[Mapping[tuple[str, int], _Choice]] = {
    ("clock", 2): _always(_clock_time),
    ("clock", 4): _always(_clock_status),
    ("clock", 5): _fixed(octet_string(EUROPEAN_BEGIN)),
    ("clock", 6): _fixed(octet_string(EUROPEAN_END)),
    ("clock", 8): _fixed(Data(DataType.BOOLEAN, True)),
    ("device_id_1", 2): _always(_serial_number),
    ("device_id_2", 2): _always(_identification),
    ("logical_device_name", 2): _always(_logical_device_name),
    ("sap_assignment", 2): _always(_sap_assignment),
    ("invocation_counter", 2): _always(_invocation_counter),
    ("security_setup", 4): _always(_client_title),
    ("security_setup", 5): _always(_title),
    ("power_failure_log", 8): _fixed(u32(10)),
    ("active_energy_import", 2): _always(_energy(export=False, rates=(1, 2))),
    ("active_energy_import_rate_1", 2): _always(_energy(export=False, rates=(1,))),
    ("active_energy_import_rate_2", 2): _always(_energy(export=False, rates=(2,))),
    ("active_energy_export", 2): _always(_energy(export=True, rates=(1, 2))),
    ("active_energy_export_rate_1", 2): _always(_energy(export=True, rates=(1,))),
    ("active_energy_export_rate_2", 2): _always(_energy(export=True, rates=(2,))),
    ("active_firmware_identifier", 2): _text("M57 4836"),
    ("active_firmware_signature", 2): _text("fe9d6eaf"),
    ("module_active_firmware_identifier", 2): _text("BL_012 XMX_N42_GprsV09"),
    ("module_firmware_signature", 2): _text("5829cd1b"),
    ("communication_module_active_firmware_identifier", 2): _text("Telit 10.00.154"),
    ("communication_module_firmware_signature", 2): _text("4c106c27"),
    ("p1_port_version", 2): _text("B"),
    ("mbus_driver_active_firmware_identifier", 2): _text("M00 0000"),
    ("mbus_driver_active_firmware_signature", 2): _text("ffffffff"),
    ("administrative_in_out", 2): _fixed(enum(2)),
    ("alarm_register_1", 2): _fixed(u32(0x02022104)),
    ("alarm_register_2", 2): _fixed(u32(3)),
    ("alarm_register_3", 2): _fixed(u32(3)),
    ("randomisation_settings", 2): _fixed(structure(u32(0), long_unsigned(0), long_unsigned(0))),
    ("instantaneous_active_power_total", 2): _always(_total_power),
    ("thd_value_threshold", 2): _fixed(long_unsigned(100)),
    ("thd_value_hysteresis", 2): _fixed(long_unsigned(10)),
    ("thd_min_duration_normal_to_over", 2): _fixed(u32(900)),
    ("thd_min_duration_over_to_normal", 2): _fixed(u32(600)),
    ("thd_time_threshold", 2): _fixed(u32(86_400)),
    **_thd(1),
    **_thd(2),
    **_thd(3),
    ("configuration_object", 2): _configuration,
    **{(role, 8): _always(_network_time) for role in ("cdma_diagnostic", "gprs_diagnostic", "lte_diagnostic")},
    **{
        (role, number): _fixed(value)
        for role in ("cdma_diagnostic", "gprs_diagnostic", "lte_diagnostic")
        for number, value in (
            (2, visible_string("Utility Connect")),
            (3, enum(5)),
            (4, enum(0)),
            (5, enum({"cdma_diagnostic": 6, "gprs_diagnostic": 1, "lte_diagnostic": 5}[role])),
            (7, array((structure(u32(93), _u8(11)), structure(u32(94), _u8(12))))),
        )
    },
}
