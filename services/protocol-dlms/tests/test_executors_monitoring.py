"""Power quality now, harmonic distortion, modem diagnostics, against meters in memory with worked values."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from wire import DEVICE, asked, context, profile

from meterstream.contracts.errors import PlatformError
from meterstream.contracts.operations.actual_power_quality import ActualPowerQualityRequest
from meterstream.contracts.operations.get_gsm_diagnostic import GetGsmDiagnosticRequest
from meterstream.contracts.operations.get_thd_fingerprint import GetThdFingerprintRequest
from meterstream.contracts.shared.gsm import (
    CircuitSwitchedStatus,
    ModemRegistrationStatus,
    PacketSwitchedStatus,
    SignalQuality,
)
from meterstream.contracts.shared.profiles import CapturedValue, PowerQualityProfileType
from meterstream.contracts.shared.units import Unit
from meterstream.dlms.apdu import DataAccessResult, decode_get_response
from meterstream.dlms.apdu.get import GetResponseNormal
from meterstream.dlms.data import (
    Data,
    array,
    double_long_unsigned,
    enum,
    float32,
    integer,
    long_unsigned,
    null,
    octet_string,
    structure,
    unsigned,
    visible_string,
)
from meterstream.protocol_dlms.executor import AccessRefused, At, Device
from meterstream.protocol_dlms.executors import actual_power_quality, get_gsm_diagnostic, get_thd_fingerprint
from meterstream.protocol_dlms.model.gsm import signal_quality
from meterstream.protocol_dlms.twin import MemoryMeter

PUBLIC, PRIVATE = PowerQualityProfileType.PUBLIC, PowerQualityProfileType.PRIVATE
POLYPHASE = replace(DEVICE, polyphase=True)
CLOCK = octet_string(bytes.fromhex("07E8070F010A1E0000FF8880"))
CLOCK_MOMENT = datetime(2024, 7, 15, 8, 30, tzinfo=UTC)


def phases(*names: str) -> list[str]:
    return [f"{name}_L{phase}" for name in names for phase in (1, 2, 3)]


PRIVATE_SINGLE = [
    "CLOCK",
    "INSTANTANEOUS_ACTIVE_POWER_IMPORT",
    "INSTANTANEOUS_ACTIVE_POWER_EXPORT",
    "INSTANTANEOUS_ACTIVE_POWER_IMPORT_L1",
    "INSTANTANEOUS_ACTIVE_POWER_EXPORT_L1",
    "INSTANTANEOUS_ACTIVE_CURRENT_TOTAL_OVER_ALL_PHASES",
    "INSTANTANEOUS_CURRENT_L1",
    "AVERAGE_ACTIVE_POWER_IMPORT_L1",
    "AVERAGE_ACTIVE_POWER_EXPORT_L1",
    "AVERAGE_REACTIVE_POWER_IMPORT_L1",
    "AVERAGE_REACTIVE_POWER_EXPORT_L1",
    "AVERAGE_CURRENT_L1",
]
PUBLIC_POLYPHASE = [
    "CLOCK",
    *phases("INSTANTANEOUS_VOLTAGE", "AVERAGE_VOLTAGE"),
    "NUMBER_OF_POWER_FAILURES",
    "NUMBER_OF_LONG_POWER_FAILURES",
    *phases("NUMBER_OF_VOLTAGE_SAGS_FOR", "NUMBER_OF_VOLTAGE_SWELLS_FOR"),
]
PRIVATE_POLYPHASE = [
    *PRIVATE_SINGLE[:3],
    *phases("INSTANTANEOUS_ACTIVE_POWER_IMPORT", "INSTANTANEOUS_ACTIVE_POWER_EXPORT"),
    "INSTANTANEOUS_ACTIVE_CURRENT_TOTAL_OVER_ALL_PHASES",
    *phases(
        "INSTANTANEOUS_CURRENT",
        "AVERAGE_ACTIVE_POWER_IMPORT",
        "AVERAGE_ACTIVE_POWER_EXPORT",
        "AVERAGE_REACTIVE_POWER_IMPORT",
        "AVERAGE_REACTIVE_POWER_EXPORT",
        "AVERAGE_CURRENT",
    ),
]


def quality_meter(protocol: str) -> MemoryMeter:
    """Everything is 1, voltages of DSMR 4.2.2 are scaled by the meter."""
    meter = MemoryMeter(profile(protocol))
    for role, item in meter.profile.objects.items():
        if item.power_quality is not None and item.class_id in (1, 3):
            meter.put(At(role), long_unsigned(1))
            if 3 in item.attributes:
                meter.put(At(role, 3), structure(integer(-1), enum(35)))
    meter.put(At("clock"), CLOCK)
    return meter


class TestActualPowerQuality:
    @pytest.mark.parametrize(
        ("kind", "device", "names"),
        [
            (PUBLIC, DEVICE, [name for name in PUBLIC_POLYPHASE if not name.endswith(("L2", "L3"))]),
            (PUBLIC, POLYPHASE, PUBLIC_POLYPHASE),
            (PRIVATE, DEVICE, PRIVATE_SINGLE),
            (PRIVATE, POLYPHASE, PRIVATE_POLYPHASE),
        ],
    )
    @pytest.mark.parametrize("protocol", ["DSMR 4.2.2", "SMR 5.0.0"])
    async def test_objects_in_the_order_that_clients_know(
        self, protocol: str, kind: PowerQualityProfileType, device: Device, names: list[str]
    ) -> None:
        meter = quality_meter(protocol)
        request = ActualPowerQualityRequest(profile_type=kind)
        found = await actual_power_quality.execute(request, context(meter, device))
        assert [one.name for one in found.objects] == names
        assert len(found.values) == len(names)
        assert found.values[0].moment == CLOCK_MOMENT
        assert meter.exchanges == 1

    async def test_scalers_that_the_version_lays_down_are_not_read(self) -> None:
        meter = quality_meter("SMR 5.0.0")
        request = ActualPowerQualityRequest(profile_type=PUBLIC)
        found = await actual_power_quality.execute(request, context(meter))
        assert not [access for access in asked(meter) if access.endswith("/3")]
        assert found.values[1] == CapturedValue(number=Decimal("0.1"))
        assert found.objects[1].unit is Unit.V
        assert found.values[-1] == CapturedValue(integer=1)
        assert found.objects[-1].unit is Unit.UNDEFINED

    async def test_others_are_read_in_the_same_list(self) -> None:
        meter = quality_meter("DSMR 4.2.2")
        meter.put(At("instantaneous_voltage_l1"), long_unsigned(2305))
        request = ActualPowerQualityRequest(profile_type=PUBLIC)
        found = await actual_power_quality.execute(request, context(meter))
        assert [access for access in asked(meter) if access.endswith("/3")] == ["get 3/1.0.32.7.0.255/3"]
        assert found.values[1].number == Decimal("230.5")
        assert found.values[2].number == Decimal(1)  # average voltage: scaler 0 by the standard
        assert meter.exchanges == 1

    async def test_what_the_meter_refuses_is_absent(self) -> None:
        meter = quality_meter("DSMR 4.2.2")
        meter.put(At("instantaneous_voltage_l1", 3), DataAccessResult.READ_WRITE_DENIED)
        meter.put(At("average_voltage_l1"), DataAccessResult.OBJECT_UNDEFINED)
        meter.put(At("number_of_power_failures"), null())
        meter.put(At("clock"), DataAccessResult.HARDWARE_FAULT)
        request = ActualPowerQualityRequest(profile_type=PUBLIC)
        found = await actual_power_quality.execute(request, context(meter))
        assert found.values[:4] == [CapturedValue()] * 4
        assert found.values[4] == CapturedValue(integer=1)
        assert actual_power_quality.readings(found, meter.profile, DEVICE) == []

    async def test_rows_for_analytics_carry_the_time_of_the_meter(self) -> None:
        meter = quality_meter("SMR 5.0.0")
        found = await actual_power_quality.execute(ActualPowerQualityRequest(profile_type=PUBLIC), context(meter))
        rows = actual_power_quality.readings(found, meter.profile, DEVICE)
        assert [(row.quantity, row.logical_name, row.value, row.unit, row.captured_at) for row in rows[:3]] == [
            ("instantaneous_voltage_l1", "1.0.32.7.0.255", Decimal("0.1"), "V", CLOCK_MOMENT),
            ("average_voltage_l1", "1.0.32.24.0.255", Decimal("0.1"), "V", CLOCK_MOMENT),
            ("number_of_power_failures", "0.0.96.7.21.255", Decimal(1), "UNDEFINED", CLOCK_MOMENT),
        ]

    @pytest.mark.parametrize(
        ("value", "reason"),
        [
            (visible_string("1"), "instantaneous_voltage_l1: expected a number, got VISIBLE_STRING"),
            (float32(float("inf")), "instantaneous_voltage_l1: expected a number"),
        ],
    )
    async def test_what_is_no_number_is_told(self, value: Data, reason: str) -> None:
        meter = quality_meter("SMR 5.0.0")
        meter.put(At("instantaneous_voltage_l1"), value)
        with pytest.raises(PlatformError, match=reason) as caught:
            await actual_power_quality.execute(ActualPowerQualityRequest(profile_type=PUBLIC), context(meter))
        assert caught.value.code.name == "ILLEGAL_RESPONSE"


def distorted(protocol: str, phases: int) -> MemoryMeter:
    meter = MemoryMeter(profile(protocol))
    for phase in range(1, phases + 1):
        meter.put(At(f"thd_instantaneous_current_l{phase}"), long_unsigned(200 * phase + 117))
        harmonics = array(long_unsigned(100 * phase + harmonic) for harmonic in range(1, 16))
        meter.put(At(f"thd_instantaneous_current_fingerprint_l{phase}"), harmonics)
        meter.put(At(f"thd_current_over_limit_counter_l{phase}"), long_unsigned(2000 * phase + 1136))
    return meter


class TestThdFingerprint:
    async def test_three_phases_in_one_list(self) -> None:
        meter = distorted("SMR 5.2", 3)
        found = (await get_thd_fingerprint.execute(GetThdFingerprintRequest(), context(meter, POLYPHASE))).fingerprint
        assert [found.instantaneous_current_l1, found.instantaneous_current_l2, found.instantaneous_current_l3] == [
            317,
            517,
            717,
        ]
        assert found.fingerprint_l2 == list(range(201, 216))
        assert [found.over_limit_counter_l1, found.over_limit_counter_l3] == [3136, 7136]
        assert meter.exchanges == 1
        assert asked(meter)[:4] == [
            "get 3/1.0.31.7.124.255/2",
            "get 3/1.0.51.7.124.255/2",
            "get 3/1.0.71.7.124.255/2",
            "get 1/0.1.94.31.24.255/2",
        ]

    async def test_one_phase(self) -> None:
        meter = distorted("SMR 5.5", 1)
        found = (await get_thd_fingerprint.execute(GetThdFingerprintRequest(), context(meter))).fingerprint
        assert (found.instantaneous_current_l1, found.over_limit_counter_l1) == (317, 3136)
        assert [found.instantaneous_current_l2, found.fingerprint_l2, found.over_limit_counter_l3] == [None] * 3
        assert len(meter.asked) == 3

    async def test_a_refusal_names_the_object(self) -> None:
        meter = distorted("SMR 5.5", 3)
        meter.put(At("thd_current_over_limit_counter_l2"), DataAccessResult.OBJECT_UNDEFINED)
        with pytest.raises(AccessRefused) as caught:
            await get_thd_fingerprint.execute(GetThdFingerprintRequest(), context(meter, POLYPHASE))
        assert caught.value.message == (
            "No success retrieving THD_CURRENT_OVER_LIMIT_COUNTER_L2: AccessResultCode = OBJECT_UNDEFINED"
        )

    @pytest.mark.parametrize(
        ("role", "value", "reason"),
        [
            ("thd_instantaneous_current_fingerprint_l1", unsigned(1), "Unexpected data type from Thd Fingerprint: UNS"),
            ("thd_instantaneous_current_fingerprint_l1", array([null()]), "fingerprint_l1: expected a number"),
            ("thd_instantaneous_current_fingerprint_l1", array([unsigned(1)] * 65), "more than 64 harmonics"),
            ("thd_instantaneous_current_l1", double_long_unsigned(70_000), "a number outside 0 to 65535"),
            ("thd_current_over_limit_counter_l1", null(), "expected a number, got NULL_DATA"),
        ],
    )
    async def test_values_that_are_no_fingerprint(self, role: str, value: Data, reason: str) -> None:
        meter = distorted("SMR 5.5", 1)
        meter.put(At(role), value)
        with pytest.raises(PlatformError, match=reason) as caught:
            await get_thd_fingerprint.execute(GetThdFingerprintRequest(), context(meter))
        assert caught.value.code.name == "ILLEGAL_RESPONSE"


def answer(hexadecimal: str) -> Data:
    response = decode_get_response(bytes.fromhex(hexadecimal))
    assert isinstance(response, GetResponseNormal)
    assert isinstance(response.result, Data)
    return response.result


CELL_INFO = answer("C40149000207060000004D1208B6110D11061200CC120008060000006B")
ADJACENT = answer("C4014A0001020202060000005D110B0202060000005E110C")


def modem(protocol: str, role: str, **values: Any) -> MemoryMeter:
    meter = MemoryMeter(profile(protocol))
    defaults: dict[int, Any] = {
        2: visible_string("Utility Connect"),
        3: enum(5),
        4: enum(0),
        5: enum(1),
        6: CELL_INFO,
        7: ADJACENT,
        8: CLOCK,
    }
    for number, value in (defaults | {int(name[1:]): value for name, value in values.items()}).items():
        meter.put(At(role, number), value)
    return meter


def by(method: str | None) -> Device:
    return replace(DEVICE, communication_method=method)


class TestGsmDiagnostic:
    async def test_reads_the_vectors(self) -> None:
        meter = modem("SMR 5.1", "gprs_diagnostic")
        found = await get_gsm_diagnostic.execute(GetGsmDiagnosticRequest(), context(meter, by("GPRS")))
        assert found.operator == "Utility Connect"
        assert found.modem_registration_status is ModemRegistrationStatus.REGISTERED_ROAMING
        assert found.circuit_switched_status is CircuitSwitchedStatus.INACTIVE
        assert found.packet_switched_status is PacketSwitchedStatus.GPRS
        cell = found.cell_info
        assert (cell.cell_id, cell.location_id, cell.bit_error_rate) == (77, 2230, 6)
        assert cell.signal_quality is SignalQuality.MINUS_87_DBM
        assert (cell.mobile_country_code, cell.mobile_network_code, cell.channel_number) == (204, 8, 107)
        assert [(one.cell_id, one.signal_quality) for one in found.adjacent_cells] == [
            (93, SignalQuality.MINUS_91_DBM),
            (94, SignalQuality.MINUS_89_DBM),
        ]
        assert found.capture_time == CLOCK_MOMENT
        assert meter.exchanges == 1

    async def test_numbers_of_other_types_and_versions(self) -> None:
        meter = modem(
            "SMR 4.3",
            "cdma_diagnostic",
            _2=octet_string(b"KPN\0"),
            _3=unsigned(17),
            _7=array([structure(long_unsigned(5), unsigned(99))]),
            _8=DataAccessResult.OBJECT_UNDEFINED,
        )
        found = await get_gsm_diagnostic.execute(GetGsmDiagnosticRequest(), context(meter, by("CDMA")))
        assert found.operator == "KPN"
        assert found.modem_registration_status is ModemRegistrationStatus.RESERVED
        assert found.adjacent_cells[0].signal_quality is SignalQuality.NOT_KNOWN_OR_NOT_DETECTABLE
        assert found.capture_time is None

    @pytest.mark.parametrize(
        ("protocol", "method", "message"),
        [
            ("SMR 5.1", "LTE", "No address found for LTE_DIAGNOSTIC in protocol SMR 5.1"),
            ("SMR 4.3", "GPRS", "No address found for GPRS_DIAGNOSTIC in protocol SMR 4.3"),
            ("SMR 5.5", "UMTS", "Cannot find UMTS_DIAGNOSTIC for communication method UMTS"),
            ("SMR 5.5", None, "Cannot find diagnostic: no communication method is known"),
        ],
    )
    async def test_methods_without_diagnostic(self, protocol: str, method: str | None, message: str) -> None:
        meter = MemoryMeter(profile(protocol))
        with pytest.raises(PlatformError) as caught:
            await get_gsm_diagnostic.execute(GetGsmDiagnosticRequest(), context(meter, by(method)))
        assert caught.value.message == message
        assert caught.value.code.number == 416
        assert meter.exchanges == 0

    async def test_a_refusal_names_device_and_attribute(self) -> None:
        meter = modem("SMR 5.5", "lte_diagnostic", _6=DataAccessResult.TEMPORARY_FAILURE)
        with pytest.raises(AccessRefused) as caught:
            await get_gsm_diagnostic.execute(GetGsmDiagnosticRequest(), context(meter, by("LTE")))
        assert caught.value.message == "Get gsm diagnostic failed for EXXXX123456789012: TEMPORARY_FAILURE"
        assert caught.value.details["target"] == "47/0.2.25.6.0.255/6"

    @pytest.mark.parametrize(
        ("changed", "reason"),
        [
            ({"_2": unsigned(1)}, "operator: expected a text, got UNSIGNED"),
            ({"_2": visible_string("A\x01B")}, "operator: the text cannot be printed"),
            ({"_4": null()}, "circuit switched status: expected a number, got NULL_DATA"),
            ({"_6": array()}, "cell info: expected a structure, got ARRAY"),
            ({"_6": structure(unsigned(1))}, "cell info: 1 members instead of 7"),
            ({"_7": unsigned(1)}, "adjacent cells: expected an array, got UNSIGNED"),
            ({"_7": array([structure(unsigned(1), unsigned(40))])}, "signal quality: 40 is not defined"),
            ({"_7": array([structure(unsigned(1), unsigned(1))] * 65)}, "more than 64 cells"),
            ({"_8": unsigned(1)}, "capture time: UNSIGNED is no date-time"),
        ],
    )
    async def test_values_that_are_no_diagnostic(self, changed: dict[str, Data], reason: str) -> None:
        meter = modem("SMR 5.5", "lte_diagnostic", **changed)
        with pytest.raises(PlatformError, match=reason) as caught:
            await get_gsm_diagnostic.execute(GetGsmDiagnosticRequest(), context(meter, by("LTE")))
        assert caught.value.code.name == "ILLEGAL_RESPONSE"


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (0, "MINUS_113_DBM_OR_LESS"),
        (1, "MINUS_111_DBM"),
        (13, "MINUS_87_DBM"),
        (30, "MINUS_53_DBM"),
        (31, "MINUS_51_DBM_OR_GREATER"),
        (99, "NOT_KNOWN_OR_NOT_DETECTABLE"),
    ],
)
def test_signal_quality(number: int, name: str) -> None:
    assert signal_quality(unsigned(number)) is SignalQuality(name)
