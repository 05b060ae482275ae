"""Operations on a meter type that is nothing but a pack: no code knows IDIS."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from meterstream.contracts.operations.get_actual_meter_reads import GetActualMeterReadsRequest
from meterstream.contracts.operations.get_periodic_meter_reads import GetPeriodicMeterReadsRequest
from meterstream.contracts.shared.periods import PeriodType
from meterstream.contracts.types import AmrProfileStatusFlag, Quantity
from meterstream.dlms.data import (
    AttributeRef,
    CosemDateTime,
    Data,
    Selection,
    array,
    double_long_unsigned,
    enum,
    integer,
    structure,
    unsigned,
)
from meterstream.dlms.objects import MeterProfile, load_profile, shipped_profiles
from meterstream.protocol_dlms.executor import At, Context, Device
from meterstream.protocol_dlms.executors import get_actual_meter_reads, get_periodic_meter_reads
from meterstream.protocol_dlms.model.quantities import ENERGY_FIELDS
from meterstream.protocol_dlms.service import read_profiles
from meterstream.protocol_dlms.settings import MeterTypeSettings
from meterstream.protocol_dlms.twin import MemoryMeter
from meterstream.runtime.errors import ConfigurationError

ZONE = ZoneInfo("Europe/Vienna")
IDIS = load_profile("IDIS", "2.0")
MIDNIGHT = datetime(2024, 7, 1, tzinfo=ZONE)
TENS_OF_WATT_HOURS = structure(integer(1), enum(30))


def clock(moment: datetime) -> Data:
    return CosemDateTime.from_datetime(moment).to_data()


def idis_meter() -> MemoryMeter:
    meter = MemoryMeter(IDIS)
    for role in ENERGY_FIELDS:
        meter.put(At(role), double_long_unsigned(1_234))
        meter.put(At(role, 3), TENS_OF_WATT_HOURS)
    meter.put(At("clock"), clock(MIDNIGHT))
    return meter


def context(meter: MemoryMeter) -> Context:
    return Context(meter, Device("IDIS0000000000001", ZONE), lambda: MIDNIGHT)


async def test_actual_reads_with_the_scaler_that_the_meter_has() -> None:
    response = await get_actual_meter_reads.execute(GetActualMeterReadsRequest(), context(idis_meter()))
    assert response.log_time == MIDNIGHT
    assert [getattr(response, field) for field in ENERGY_FIELDS.values()] == [
        Quantity(value=Decimal("12.34"), unit="KWH")
    ] * len(ENERGY_FIELDS)


async def test_registers_that_a_type_does_not_have_are_absent() -> None:
    roles = ("clock", "active_energy_import")
    meter = MemoryMeter(MeterProfile("TINY", "1", {role: IDIS.object(role) for role in roles}))
    meter.put(At("clock"), clock(MIDNIGHT))
    meter.put(At("active_energy_import"), double_long_unsigned(1_234))
    meter.put(At("active_energy_import", 3), TENS_OF_WATT_HOURS)
    response = await get_actual_meter_reads.execute(GetActualMeterReadsRequest(), context(meter))
    assert response.active_energy_import == Quantity(value=Decimal("12.34"), unit="KWH")
    assert response.active_energy_export is response.active_energy_import_tariff_one is None


@pytest.mark.parametrize(
    ("kind", "role", "step", "energies"),
    [
        (PeriodType.INTERVAL, "interval_values_e", timedelta(minutes=15), 2),
        (PeriodType.DAILY, "daily_values_e", timedelta(days=1), 6),
    ],
)
async def test_load_profiles(kind: PeriodType, role: str, step: timedelta, energies: int) -> None:
    meter = idis_meter()
    rows = [
        structure(clock(MIDNIGHT + number * step), unsigned(0x08), *[double_long_unsigned(number)] * energies)
        for number in range(3)
    ]
    meter.put(At(role), array(rows))
    request = GetPeriodicMeterReadsRequest(period_type=kind, begin_date=MIDNIGHT, end_date=MIDNIGHT + 2 * step)
    reads = (await get_periodic_meter_reads.execute(request, context(meter))).meter_reads
    assert [read.log_time for read in reads] == [MIDNIGHT + number * step for number in range(3)]
    assert [read.active_energy_import for read in reads] == [
        Quantity(value=Decimal(f"0.0{number}"), unit="KWH") for number in range(3)
    ]
    assert reads[0].status == [AmrProfileStatusFlag.DAYLIGHT_SAVING]
    assert (reads[1].active_energy_export_tariff_two is None) == (energies == 2)
    _, ref, selection = meter.asked[-1]
    assert ref == IDIS.ref(role, 2)
    assert isinstance(selection, Selection)


async def test_billing_periods_have_no_status() -> None:
    meter = idis_meter()
    meter.put(At("monthly_values_e"), array([structure(clock(MIDNIGHT), *[double_long_unsigned(5)] * 6)]))
    request = GetPeriodicMeterReadsRequest(
        period_type=PeriodType.MONTHLY, begin_date=MIDNIGHT, end_date=MIDNIGHT + timedelta(days=31)
    )
    (read,) = (await get_periodic_meter_reads.execute(request, context(meter))).meter_reads
    assert read.status is None
    assert read.active_energy_export_tariff_one == Quantity(value=Decimal("0.05"), unit="KWH")
    asked = {ref for kind, ref, _ in meter.asked if isinstance(ref, AttributeRef)}
    assert IDIS.ref("active_energy_import", 3) in asked


def test_own_packs_join_those_of_the_platform(tmp_path: Path) -> None:
    assert read_profiles(MeterTypeSettings()) is shipped_profiles()
    (tmp_path / "own.yaml").write_text('protocol: {name: OWN, version: "1"}\ninherits: idis-package-2\nobjects: {}\n')
    profiles = read_profiles(MeterTypeSettings(folder=tmp_path))
    assert profiles.get("OWN", "1").objects.keys() == IDIS.objects.keys()
    assert profiles.get("SMR", "5.0.0").objects


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"objects: {}\ninherits: nobody\n", r"own\.yaml:2: parent 'nobody' is unknown"),
        (b"\xff", r"own\.yaml:1: the pack is not UTF-8"),
        (None, "No such file or directory"),
    ],
)
def test_a_broken_pack_ends_the_start(tmp_path: Path, text: bytes | None, reason: str) -> None:
    folder = tmp_path / "packs"
    if text is not None:
        folder.mkdir()
        (folder / "own.yaml").write_bytes(text)
    with pytest.raises(ConfigurationError, match=f"METERSTREAM_METER_TYPES__FOLDER: .*{reason}"):
        read_profiles(MeterTypeSettings(folder=folder))
