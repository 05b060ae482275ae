"""General blocks of a client that has not proved who it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from meterstream.dlms.apdu import ABORT, DEFAULT_CONFORMANCE, Conformance, GeneralBlock
from meterstream.dlms.client import Associated, Level
from meterstream.dlms.framing import frames_in
from meterstream.dlms.meter import Habits, MeterPhase
from meterstream.dlms.meter.general import MAX_UNPROVED

Pairs = Callable[..., Any]
WITH_BLOCKS = DEFAULT_CONFORMANCE | Conformance.GENERAL_BLOCK_TRANSFER
SIZE = 100


def taken(pair: Any, blocks: int, octets: int) -> int:
    """Blocks that the meter took before it aborted the transfer; only those with data are acknowledged."""
    meter, (sap,) = pair.meter, pair.security.clients
    for number in range(1, blocks + 1):
        block = GeneralBlock(False, False, 1, number, number - 1 if octets else 0, bytes(octets)).encode()
        answers = [apdu for _, _, apdu in frames_in(meter.receive(meter._framing.wrap(sap, 1, block)))]
        if ABORT.encode() in answers:
            return number - 1
    return blocks


@pytest.mark.parametrize("octets", [SIZE, 0])
def test_before_pass_3_little_is_taken(pair_of: Pairs, octets: int) -> None:
    pair = pair_of(Level.HLS5_GMAC, Habits(conformance=WITH_BLOCKS), conformance=WITH_BLOCKS)
    event = pair.client.receive(pair.meter.receive(pair.client.associate()))
    assert pair.meter.phase is MeterPhase.HALF_OPEN
    assert taken(pair, 2 * MAX_UNPROVED, octets) == MAX_UNPROVED // max(octets, 1)
    assert pair.client.receive(pair.meter.receive(event.frame)) == Associated()
    assert taken(pair, MAX_UNPROVED, SIZE) == MAX_UNPROVED


def test_a_client_without_hls_is_bounded_by_the_limits_only(associated: Pairs) -> None:
    pair = associated(Level.NONE, Habits(conformance=WITH_BLOCKS), conformance=WITH_BLOCKS)
    assert taken(pair, 5 * MAX_UNPROVED // SIZE, SIZE) == 5 * MAX_UNPROVED // SIZE
