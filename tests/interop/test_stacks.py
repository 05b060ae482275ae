"""Stacks that no one here wrote: our client and their meters, their clients and our meter, over real sockets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from itertools import product

import pytest
from stacks import table
from stacks.cases import CASES, Connect, Scene
from stacks.gurux_meter import GuruxMeter
from stacks.jdlms import SAPS, JdlmsClient
from stacks.ours import WITH_GENERAL_BLOCKS, WITH_GENERAL_PROTECTION, OurMeter
from stacks.pairs import ASSOCIATE, BLOCKS, LIMITS, PAIRS, Pair, cases_of, limit, ways
from stacks.port import SMALL_PDU, Line, Way

from meterstream.dlms.apdu import MAX_PDU
from meterstream.dlms.client import MANAGEMENT_CLIENT
from meterstream.dlms.meter import Habits

pytestmark = pytest.mark.servers


def combinations() -> Iterator[tuple[Pair, Way, str]]:
    """All that are run; of a protection that a pair does not have at all, the association is enough."""
    for pair, way in product(PAIRS, ways()):
        whole = (pair.name, way, None) not in LIMITS
        short = [BLOCKS[0]] if way is Way.BLOCKS else [ASSOCIATE]
        yield from ((pair, way, case) for case in (cases_of(way) if whole else short))


def name_of(part: object) -> str:
    return part.name if isinstance(part, Pair) else part.value if isinstance(part, Way) else str(part)


@dataclass(frozen=True)
class Meter:
    """A meter that listens, at `small_port` with little room for an APDU; our own counts its open associations."""

    port: int
    small_port: int
    hdlc_port: int = 0
    blocks_port: int = 0
    opened: Callable[[], int] = lambda: 0

    def line(self, way: Way) -> Line:
        if way is Way.HDLC:
            return Line.at(self.hdlc_port, way)
        if way is Way.BLOCKS:
            return Line.at(self.blocks_port or self.port, way)
        return Line.at(self.port, way, self.small_port)


@pytest.fixture(scope="module")
def our_meter() -> Iterator[Meter]:
    """The same meter thrice: as it is, taking and sending little at once, and that with general block transfer."""
    # The client of jDLMS forgets the RLRE when it sees at the same time that the line was closed after it.
    habits = Habits(close_after_release=False, conformance=WITH_GENERAL_PROTECTION)
    whole = OurMeter(habits)
    small_habits = replace(habits, max_receive_pdu=SMALL_PDU, max_send_pdu=SMALL_PDU)
    all_habits = (habits, small_habits, replace(small_habits, conformance=WITH_GENERAL_BLOCKS))
    with ExitStack() as running:
        meters = [running.enter_context(closing(OurMeter(each))) for each in all_habits]
        whole, small, blocks = meters
        yield Meter(whole.port, small.port, whole.hdlc_port, blocks.port, lambda: sum(meter.opened for meter in meters))


@pytest.fixture(scope="module")
def gurux_meter() -> Iterator[Meter]:
    """As our own, twice."""
    with closing(GuruxMeter(MAX_PDU)) as whole, closing(GuruxMeter(SMALL_PDU)) as small:
        yield Meter(whole.port, small.port, whole.hdlc_port)


@pytest.fixture
def jdlms_pair(jdlms_world, jdlms_hdlc_world) -> Meter:
    """It takes APDUs of any size, and sends what the client takes."""
    return Meter(jdlms_world.port, jdlms_world.port, jdlms_hdlc_world.port)


@pytest.fixture
def connect_jdlms(jdlms_client) -> Connect:
    return lambda line: JdlmsClient(line, jdlms_client)


@pytest.mark.parametrize(("pair", "way", "case"), list(combinations()), ids=name_of)
def test_case(request: pytest.FixtureRequest, pair: Pair, way: Way, case: str) -> None:
    meter: Meter = request.getfixturevalue(pair.meter)
    connect = request.getfixturevalue(pair.client) if isinstance(pair.client, str) else pair.client
    line = meter.line(way)
    if pair.meter == "jdlms_pair":
        line = replace(line, client_sap=SAPS.get(way, MANAGEMENT_CLIENT))
    scene = Scene(line, connect, pair.refusals, meter.opened)
    why_not = limit(pair.name, way, case)
    if why_not is None:
        CASES[case](scene)
        return
    try:
        CASES[case](scene)
    except (Exception, pytest.fail.Exception):
        return
    pytest.fail(f"works now, and is said not to: {why_not}")


def test_the_tables_are_true() -> None:
    """They come from the list that the cases above hold true."""
    assert table.written() == table.tables(), "run: PYTHONPATH=tests/interop python -m stacks.table"
