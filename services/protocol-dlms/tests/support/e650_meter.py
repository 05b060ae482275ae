"""A Landis+Gyr E650 as the acceptance catalogue knows it: short names, HDLC, LLS; `python e650_meter.py` serves one.

The object list is as long as a real one. Written by hand over our own HDLC link of the meter's side: nothing of it is
shared with gurux-dlms, which the platform speaks with it through.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from short_name_meter import ShortNameMeter

from meterstream.dlms.asyncio import HdlcOverTcp, Listener, serve_meter
from meterstream.dlms.data import (
    AttributeRef,
    CaptureObject,
    CosemDateTime,
    Data,
    LogicalName,
    array,
    decode,
    double_long_unsigned,
    enum,
    integer,
    long,
    octet_string,
    structure,
    unsigned,
)

PASSWORD = b"00000000"
CLIENT = 1
BEGIN = datetime(2015, 9, 5, tzinfo=UTC)
DAYS = 4
OTHER_OBJECTS = 400
"""Registers that nobody reads; they make the object list what it is."""
EVENTS = 4

WATT, VAR, WATT_HOUR, COUNT = 27, 29, 30, 255
CLOCK = (8, "0.0.1.0.0.255")
EVENT_REGISTER = (3, "0.0.96.240.12.255")
FIRMWARE = (1, "1.1.0.2.0.255")
IMPORT, EXPORT = (3, "1.1.1.8.0.255"), (3, "1.1.2.8.0.255")
LOAD_PROFILE_1, LOAD_PROFILE_2, EVENT_LOG = (7, "1.0.99.1.0.255"), (7, "1.0.99.2.0.255"), (7, "1.1.99.98.0.255")
VOLTAGES = {152: 32, 153: 52, 154: 72}


@dataclass(frozen=True)
class Column:
    """A captured attribute and how its values run."""

    object: tuple[int, str]
    attribute: int
    first: int = 0
    step: int = 0

    def captured(self) -> CaptureObject:
        class_id, name = self.object
        return CaptureObject(class_id, LogicalName.parse(name), self.attribute)

    def value(self, row: int) -> Data:
        return double_long_unsigned(self.first + self.step * row)


DEMANDS = [((5, f"1.1.{quantity}.4.0.255"), unit) for quantity, unit in ((1, WATT), (2, WATT), (3, VAR), (4, VAR))]
FACTORS = [(3, f"1.1.{quantity}.7.0.255") for quantity in (33, 53, 73)]
STATUS = Column(EVENT_REGISTER, 18, EVENTS)
PROFILE_1 = [
    STATUS,
    *(Column(place, 3, 1000 * number) for number, (place, _) in enumerate(DEMANDS, 1)),
    *(Column(place, 11, 980 + number) for number, place in enumerate(FACTORS)),
]
PROFILE_2 = [STATUS, Column(IMPORT, 2, 500_000, 25), Column(EXPORT, 2, 7_000)]


def rows(columns: list[Column], period: timedelta) -> Data:
    """Of the whole time."""
    count = timedelta(days=DAYS) // period
    return array(
        structure(clock(BEGIN + period * row), *(column.value(row) for column in columns)) for row in range(count)
    )


def clock(moment: datetime) -> Data:
    return CosemDateTime.from_datetime(moment).to_data()


def captures(columns: list[Column]) -> Data:
    return array(column.captured().to_data() for column in (Column(CLOCK, 2), *columns))


def profile(columns: list[Column], period: timedelta) -> dict[int, Data]:
    buffer = rows(columns, period) if period else array([structure(clock(BEGIN), STATUS.value(0))])
    return {
        2: buffer,
        3: captures(columns),
        4: double_long_unsigned(int(period.total_seconds())),
        7: double_long_unsigned(len(buffer.value)),  # type: ignore[arg-type]  # an array
        8: double_long_unsigned(5000),
    }


def register(unit: int, scaler: int = 0) -> dict[int, Data]:
    return {2: double_long_unsigned(1_234_567), 3: structure(integer(scaler), enum(unit))}


def dedicated_logs() -> dict[tuple[int, str], dict[int, Data]]:
    """E 152 to 160 (catalogue, feature 098): under and over voltage, failure, of each phase."""
    found: dict[tuple[int, str], dict[int, Data]] = {}
    for group_e, phase in VOLTAGES.items():
        under, over = (3, f"1.1.{phase}.23.0.255"), (3, f"1.1.{phase}.26.0.255")
        failure = (7, f"1.1.99.98.{group_e + 6}.255")
        found[7, f"1.1.99.98.{group_e}.255"] = profile([Column(under, 2)], timedelta(0))
        found[7, f"1.1.99.98.{group_e + 3}.255"] = profile([Column(over, 2)], timedelta(0))
        found[failure] = profile([Column(failure, 7)], timedelta(0))
        found |= {under: register(35), over: register(35)}
    return found


def objects() -> dict[tuple[int, str], dict[int, Data]]:
    """Attributes by class and logical name."""
    return {
        (1, "0.0.42.0.0.255"): {2: octet_string(b"LGZ0012345678901")},
        (1, "0.0.96.1.0.255"): {2: octet_string(b"00000005")},
        FIRMWARE: {2: octet_string(b"H90")},
        CLOCK: {2: clock(BEGIN), 3: long(0), 4: unsigned(0)},
        EVENT_REGISTER: {2: double_long_unsigned(0), 18: double_long_unsigned(EVENTS)},
        IMPORT: register(WATT_HOUR),
        EXPORT: register(WATT_HOUR),
        **{place: {3: double_long_unsigned(5), 4: structure(integer(0), enum(unit))} for place, unit in DEMANDS},
        **{place: register(COUNT, -3) for place in FACTORS},
        LOAD_PROFILE_1: profile(PROFILE_1, timedelta(minutes=5)),
        LOAD_PROFILE_2: profile(PROFILE_2, timedelta(minutes=15)),
        EVENT_LOG: profile([STATUS], timedelta(0)),
        **dedicated_logs(),
        **{(3, f"1.1.{n // 200 + 128}.8.{n % 200}.255"): register(WATT_HOUR) for n in range(OTHER_OBJECTS)},
    }


def in_range(selection: bytes, data: Data) -> Data:
    """Rows by range (selector 1), all columns."""
    assert selection[0] == 1, "this meter knows no entries"
    _, begin, end, _ = decode(selection[1:]).value  # type: ignore[misc]  # a structure
    first, last = (CosemDateTime.from_bytes(bytes(moment.value)).to_datetime(UTC) for moment in (begin, end))
    assert isinstance(data.value, tuple)
    found = [
        row for row in data.value if first <= CosemDateTime.from_bytes(row.value[0].value).to_datetime(UTC) <= last
    ]
    return array(found)


def e650() -> ShortNameMeter:
    """Objects lie 0x90 octets apart: attribute 18 is the last one that is read."""
    found = {(class_id, LogicalName.parse(name)): attributes for (class_id, name), attributes in objects().items()}
    bases = {place: 0x0100 + 0x90 * number for number, place in enumerate(found)}
    values = {
        AttributeRef(*place, attribute): value
        for place, attributes in found.items()
        for attribute, value in attributes.items()
    }
    return ShortNameMeter(
        values=values,
        bases={(class_id, bytes(name)): base for (class_id, name), base in bases.items()},
        choose=in_range,
        client=CLIENT,
        password=PASSWORD,
        block=500,
    )


async def serve(meter: ShortNameMeter, port: int = 0) -> Listener:
    return await serve_meter(
        meter.new_association,  # type: ignore[arg-type]  # all that the server asks of an association
        ("127.0.0.1", port),
        framing=HdlcOverTcp(),
    )


async def main() -> None:
    """Serve until SIGTERM; the port is the first line of the output."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with await serve(e650()) as listener:
        sys.stdout.write(f"{listener.address[1]}\n")
        sys.stdout.flush()
        await ended.wait()


if __name__ == "__main__":
    asyncio.run(main())
