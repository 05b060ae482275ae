"""Names and bits of alarms, against examples that meters send."""

from __future__ import annotations

import pytest

from meterstream.contracts.shared.alarms import AlarmType
from meterstream.protocol_dlms.model.alarms import REGISTERS, mask_of, read_register, register_of


def test_every_alarm_has_one_bit() -> None:
    named = [alarm for bits in REGISTERS.values() for alarm in bits.values()]
    assert sorted(named) == sorted(AlarmType)


@pytest.mark.parametrize(
    ("number", "value", "known", "unknown"),
    [
        (1, 0, (), ()),
        (
            1,
            0x02022104,
            (
                AlarmType.POWER_UP,
                AlarmType.PROGRAM_MEMORY_ERROR,
                AlarmType.FRAUD_ATTEMPT,
                AlarmType.COMMUNICATION_ERROR_M_BUS_CHANNEL_2,
                AlarmType.NEW_M_BUS_DEVICE_DISCOVERED_CHANNEL_2,
            ),
            (),
        ),
        (1, 0x80000021, (AlarmType.CLOCK_INVALID, AlarmType.PHASE_OUTAGE_TEST_INDICATION), (5,)),
        (2, 0x9, (AlarmType.VOLTAGE_SAG_IN_PHASE_DETECTED_L1, AlarmType.VOLTAGE_SWELL_IN_PHASE_DETECTED_L1), ()),
        (3, 0x7, (AlarmType.LAST_GASP, AlarmType.LAST_GASP_TEST), (2,)),
    ],
)
def test_registers(number: int, value: int, known: tuple[AlarmType, ...], unknown: tuple[int, ...]) -> None:
    assert read_register(number, value) == (known, unknown)
    assert mask_of(number, known) == value & ~sum(1 << bit for bit in unknown)


def test_a_mask_holds_what_belongs_to_its_register() -> None:
    asked = [AlarmType.LAST_GASP, AlarmType.REPLACE_BATTERY, AlarmType.THD_OVERLIMIT_IN_PHASE_L1]
    assert [mask_of(number, asked) for number in REGISTERS] == [0x2, 0x100, 0x1]
    assert [register_of(alarm) for alarm in asked] == [3, 1, 2]
