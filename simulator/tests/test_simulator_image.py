"""Image transfer of a meter as a firmware update drives it: blocks, resume, verification, activation, restart."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from meterstream.dlms.apdu import ActionResult, DataAccessResult
from meterstream.dlms.asyncio import MeterSession
from meterstream.dlms.data import (
    AttributeRef,
    Data,
    LogicalName,
    MethodRef,
    boolean,
    double_long_unsigned,
    integer,
    octet_string,
    structure,
    unsigned,
)
from meterstream.dlms.errors import AccessError, DlmsError
from meterstream.simulator.fleet import SimulatedFleet
from meterstream.simulator.meter import SimulatedMeter
from meterstream.simulator.objects.image import ImageStatus, ImageTransfer, transferred_bits
from meterstream.simulator.options import ImageOptions
from meterstream.simulator.settings import FleetSettings

MANAGEMENT = 1
NAME = LogicalName.parse("0.0.44.0.0.255")
VERSION = AttributeRef(1, LogicalName.parse("1.0.0.2.0.255"), 2)
SIGNATURE = AttributeRef(1, LogicalName.parse("1.0.0.2.8.255"), 2)
IMAGE = bytes(number % 256 for number in range(500))
IDENTIFIER = b"IMG-EXAMPLE-01"
INITIATE, TRANSFER, VERIFY, ACTIVATE = 1, 2, 3, 4
BEGIN = bytes.fromhex("07EA070FFF0C071E")
"""The test clock at the start, as the meters show it."""
Maker = Callable[..., SimulatedMeter]


def ref(attribute: int) -> AttributeRef:
    return AttributeRef(18, NAME, attribute)


def get(meter: SimulatedMeter, attribute: int) -> Any:
    value = meter.get(MANAGEMENT, ref(attribute), None)
    assert isinstance(value, Data), value
    return value.value


def act(meter: SimulatedMeter, method: int, data: Data | None) -> ActionResult:
    return meter.action(MANAGEMENT, MethodRef(18, NAME, method), data)[0]


def initiation(identifier: bytes = IDENTIFIER, size: int = len(IMAGE)) -> Data:
    return structure(octet_string(identifier), double_long_unsigned(size))


def block(number: int, image: bytes = IMAGE, size: int = 216) -> Data:
    return structure(double_long_unsigned(number), octet_string(image[number * size : (number + 1) * size]))


def codes(meter: SimulatedMeter) -> list[int]:
    rows = meter.get(MANAGEMENT, AttributeRef(7, LogicalName.parse("0.0.99.98.0.255"), 2), None)
    assert isinstance(rows, Data)
    found: Any = rows.value
    return [row.value[1].value for row in found if row.value[0].value >= BEGIN]


def enabled(meter: SimulatedMeter) -> SimulatedMeter:
    assert meter.set(MANAGEMENT, ref(5), None, boolean(True)) is DataAccessResult.SUCCESS
    return meter


def loaded(meter: SimulatedMeter, identifier: bytes = IDENTIFIER) -> SimulatedMeter:
    """Give a meter that has all three blocks."""
    assert act(enabled(meter), INITIATE, initiation(identifier)) is ActionResult.SUCCESS
    for number in range(3):
        assert act(meter, TRANSFER, block(number)) is ActionResult.SUCCESS
    return meter


# --- blocks ---


def test_a_meter_without_an_image(make_meter: Maker) -> None:
    meter = make_meter()
    assert [get(meter, attribute) for attribute in range(2, 8)] == [216, "", 0, False, 0, ()]
    for method, data in ((INITIATE, initiation()), (TRANSFER, block(0)), (VERIFY, integer(0)), (ACTIVATE, integer(0))):
        assert act(meter, method, data) is ActionResult.OTHER_REASON, "transfer is not enabled"
    enabled(meter)
    for method, data in ((TRANSFER, block(0)), (VERIFY, integer(0)), (ACTIVATE, integer(0))):
        assert act(meter, method, data) is ActionResult.OTHER_REASON, "nothing is initiated"


def test_blocks_come_in_any_order(make_meter: Maker) -> None:
    meter = enabled(make_meter())
    assert act(meter, INITIATE, initiation()) is ActionResult.SUCCESS
    assert (get(meter, 6), get(meter, 4), get(meter, 3)) == (1, 0, "000")
    assert act(meter, TRANSFER, block(1)) is ActionResult.SUCCESS
    assert (get(meter, 4), get(meter, 3)) == (0, "010")
    assert act(meter, TRANSFER, block(0)) is ActionResult.SUCCESS
    assert (get(meter, 4), get(meter, 3)) == (2, "110")
    assert act(meter, TRANSFER, block(2)) is ActionResult.SUCCESS
    assert (get(meter, 4), get(meter, 3)) == (3, "111")
    assert act(meter, TRANSFER, block(2)) is ActionResult.SUCCESS, "again"


@pytest.mark.parametrize(
    ("data", "result"),
    [
        (block(3), ActionResult.OTHER_REASON),
        (structure(double_long_unsigned(0), octet_string(IMAGE[:215])), ActionResult.OTHER_REASON),
        (structure(double_long_unsigned(2), octet_string(IMAGE[432:] + b"\x00")), ActionResult.OTHER_REASON),
        (structure(unsigned(0), octet_string(IMAGE[:216])), ActionResult.TYPE_UNMATCHED),
        (structure(double_long_unsigned(0)), ActionResult.TYPE_UNMATCHED),
        (octet_string(IMAGE[:216]), ActionResult.TYPE_UNMATCHED),
        (None, ActionResult.TYPE_UNMATCHED),
    ],
)
def test_blocks_have_their_form(make_meter: Maker, data: Data | None, result: ActionResult) -> None:
    meter = enabled(make_meter())
    act(meter, INITIATE, initiation())
    assert act(meter, TRANSFER, data) is result
    assert get(meter, 4) == 0


@pytest.mark.parametrize(
    ("data", "result"),
    [
        (initiation(b""), ActionResult.OTHER_REASON),
        (initiation(bytes(65)), ActionResult.OTHER_REASON),
        (initiation(size=0), ActionResult.OTHER_REASON),
        (initiation(size=1001), ActionResult.OTHER_REASON),
        (structure(octet_string(IDENTIFIER), unsigned(5)), ActionResult.TYPE_UNMATCHED),
        (integer(0), ActionResult.TYPE_UNMATCHED),
    ],
)
def test_what_may_be_initiated(make_meter: Maker, data: Data, result: ActionResult) -> None:
    meter = enabled(make_meter(images=ImageOptions(max_octets=1000)))
    assert act(meter, INITIATE, data) is result
    assert get(meter, 6) == 0


def test_lost_blocks_are_answered_with_success_and_stay_missing(make_meter: Maker) -> None:
    image = bytes(range(256)) * 40
    meter = enabled(make_meter(images=ImageOptions(block_size=64, loss=0.1)))
    act(meter, INITIATE, initiation(size=len(image)))
    for number in range(160):
        assert act(meter, TRANSFER, block(number, image, 64)) is ActionResult.SUCCESS
    lost = get(meter, 3).count("0")
    assert 3 < lost < 40
    rounds = 0
    while (number := get(meter, 4)) < 160:
        assert act(meter, TRANSFER, block(number, image, 64)) is ActionResult.SUCCESS
        rounds += 1
    assert lost <= rounds < 100
    assert act(meter, VERIFY, integer(0)) is ActionResult.SUCCESS


@pytest.mark.parametrize(
    ("there", "standard", "other"),
    [
        ((), "0" * 10, ""),
        ((0, 1, 2), "1110000000", "00000111"),
        (tuple(range(10)), "1" * 10, "1111111100000011"),
        ((8,), "0000000010", "0000000000000001"),
    ],
)
def test_both_bit_orders_of_attribute_3(there: tuple[int, ...], standard: str, other: str) -> None:
    transfer = ImageTransfer(status=1, blocks=[b"x" if number in there else b"" for number in range(10)])
    assert transferred_bits(transfer, lowest_bit_first=False) == standard
    assert transferred_bits(transfer, lowest_bit_first=True) == other


# --- verification and activation ---


def test_verification(make_meter: Maker) -> None:
    meter = loaded(make_meter())
    assert act(meter, VERIFY, unsigned(0)) is ActionResult.TYPE_UNMATCHED
    assert act(meter, VERIFY, integer(0)) is ActionResult.SUCCESS
    assert get(meter, 6) == ImageStatus.VERIFICATION_SUCCESSFUL
    [info] = get(meter, 7)
    assert [part.value for part in info.value] == [500, IDENTIFIER, bytes((0, 1, 2, 3))]
    assert codes(meter) == [17]


def test_an_image_with_a_missing_block_fails_and_can_be_completed(make_meter: Maker) -> None:
    meter = enabled(make_meter())
    act(meter, INITIATE, initiation())
    for number in (0, 2):
        act(meter, TRANSFER, block(number))
    assert act(meter, VERIFY, integer(0)) is ActionResult.OTHER_REASON
    assert get(meter, 6) == ImageStatus.VERIFICATION_FAILED
    assert act(meter, ACTIVATE, integer(0)) is ActionResult.OTHER_REASON
    assert act(meter, TRANSFER, block(1)) is ActionResult.SUCCESS
    assert act(meter, VERIFY, integer(0)) is ActionResult.SUCCESS


def test_a_corrupt_image_never_passes(make_meter: Maker) -> None:
    meter = loaded(make_meter(), b"IMG.corrupt")
    assert act(meter, VERIFY, integer(0)) is ActionResult.OTHER_REASON
    assert get(meter, 6) == ImageStatus.VERIFICATION_FAILED
    assert len(get(meter, 7)) == 1
    assert act(meter, ACTIVATE, integer(0)) is ActionResult.OTHER_REASON
    assert codes(meter) == []


def test_a_verification_that_takes_its_time(make_meter: Maker, clock: Any) -> None:
    meter = loaded(make_meter(images=ImageOptions(verify_ms=30_000)))
    assert act(meter, VERIFY, integer(0)) is ActionResult.TEMPORARY_FAILURE
    assert get(meter, 6) == ImageStatus.VERIFICATION_INITIATED
    assert act(meter, VERIFY, integer(0)) is ActionResult.TEMPORARY_FAILURE
    assert act(meter, INITIATE, initiation()) is ActionResult.TEMPORARY_FAILURE
    clock.seconds += 29
    assert get(meter, 6) == ImageStatus.VERIFICATION_INITIATED
    clock.seconds += 1
    assert get(meter, 6) == ImageStatus.VERIFICATION_SUCCESSFUL


@pytest.mark.parametrize(
    ("succeeds", "answer"), [(False, ActionResult.TEMPORARY_FAILURE), (True, ActionResult.SUCCESS)]
)
def test_activation(make_meter: Maker, clock: Any, succeeds: bool, answer: ActionResult) -> None:
    meter = loaded(make_meter(images=ImageOptions(activation_succeeds=succeeds)))
    restarts: list[tuple[int, int]] = []
    meter.model = replace(meter.model, restart=lambda number, down_ms: restarts.append((number, down_ms)))
    assert act(meter, ACTIVATE, integer(0)) is ActionResult.OTHER_REASON, "not verified"
    assert act(meter, VERIFY, integer(0)) is ActionResult.SUCCESS
    assert act(meter, ACTIVATE, unsigned(0)) is ActionResult.TYPE_UNMATCHED
    assert act(meter, ACTIVATE, integer(0)) is answer
    assert get(meter, 6) == ImageStatus.ACTIVATION_INITIATED
    before = meter.get(MANAGEMENT, VERSION, None)
    assert act(meter, ACTIVATE, integer(0)) is ActionResult.TEMPORARY_FAILURE
    clock.seconds += 29
    assert (get(meter, 6), meter.get(MANAGEMENT, VERSION, None)) == (ImageStatus.ACTIVATION_INITIATED, before)
    assert restarts == [(3, 1_000)], "10 s out of reach, of which 9 are over"
    clock.seconds += 1
    assert get(meter, 6) == ImageStatus.ACTIVATION_SUCCESSFUL
    assert meter.get(MANAGEMENT, VERSION, None) == octet_string(IDENTIFIER)
    assert meter.get(MANAGEMENT, SIGNATURE, None) == octet_string(sha256(IMAGE).hexdigest()[:8].encode())
    assert codes(meter) == [17, 18, 20]
    assert act(meter, TRANSFER, block(0)) is ActionResult.OTHER_REASON, "it is over"
    assert act(meter, INITIATE, initiation()) is ActionResult.SUCCESS
    assert (get(meter, 6), get(meter, 4), get(meter, 7)) == (1, 0, ())


def test_a_faulty_image_leaves_the_old_firmware(make_meter: Maker, clock: Any) -> None:
    meter = loaded(make_meter(), b"IMG.faulty")
    before = meter.get(MANAGEMENT, VERSION, None)
    assert act(meter, VERIFY, integer(0)) is ActionResult.SUCCESS
    act(meter, ACTIVATE, integer(0))
    clock.seconds += 60
    assert get(meter, 6) == ImageStatus.ACTIVATION_FAILED
    assert meter.get(MANAGEMENT, VERSION, None) == before
    assert codes(meter) == [17]


def test_options_have_ranges() -> None:
    usual: Any = ImageOptions()
    for name, value in (("block_size", 0), ("block_size", 65_001), ("loss", 1.0), ("loss", -0.1), ("verify_ms", -1)):
        with pytest.raises(ValueError, match=name):
            replace(usual, **{name: value})


# --- over the line ---


async def _send(session: MeterSession, first: int, last: int) -> None:
    for number in range(first, last):
        await session.action(MethodRef(18, NAME, TRANSFER), block(number))


@contextmanager
def _refused(result: ActionResult) -> Iterator[None]:
    with pytest.raises(AccessError) as caught:
        yield
    assert caught.value.result is result


async def test_an_update_goes_on_after_a_lost_line_and_the_meter_restarts(
    open_meter: Any, counters: Any, until: Callable[[Callable[[], bool]], Awaitable[None]]
) -> None:
    options = ImageOptions(activate_ms=10, restart_ms=100)
    async with SimulatedFleet(FleetSettings(images=options)) as fleet:
        taken = counters()
        session = await open_meter(fleet, 1, taken)
        await session.set(ref(5), boolean(True))
        await session.action(MethodRef(18, NAME, INITIATE), initiation())
        await _send(session, 0, 1)
        fleet.lines.cut(1)
        with pytest.raises(DlmsError):
            await session.get(ref(6))
        await session.close()

        await until(lambda: not fleet.is_connected(1))
        session = await open_meter(fleet, 1, taken)
        assert (await session.get(ref(6))).value == ImageStatus.INITIATED
        first = (await session.get(ref(4))).value
        assert first == 1
        await _send(session, first, 3)
        await session.action(MethodRef(18, NAME, VERIFY), integer(0))
        with _refused(ActionResult.TEMPORARY_FAILURE):
            await session.action(MethodRef(18, NAME, ACTIVATE), integer(0))
        await until(lambda: not fleet.is_connected(1))
        assert fleet.lines.is_down(1)
        with pytest.raises(DlmsError):
            await session.get(ref(6))
        await session.close()

        await until(lambda: not fleet.lines.is_down(1))
        await until(lambda: fleet.meter(1).state(ImageTransfer).status == ImageStatus.ACTIVATION_SUCCESSFUL)
        session = await open_meter(fleet, 1, taken)
        async with asyncio.timeout(5):
            assert (await session.get(VERSION)).value == IDENTIFIER
        await session.close()
