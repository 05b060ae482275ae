"""A line cut at any octet of a key change, either way: the platform still reaches the meter, and no key is lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from key_line import AUTHENTICATION, ENCRYPTION, CuttingLine, KeyPlatform, Way
from key_scene import BOTH, Scene

from meterstream.contracts.key_transfers import KeyOutcome
from meterstream.contracts.records import KeyKind
from meterstream.simulator.settings import FleetSettings


@pytest.fixture
async def scene(make_bench: Any, header: Any, make_turn: Any) -> AsyncIterator[Scene]:
    bench = await make_bench(FleetSettings(meters=1, protocols=("SMR 5.0.0",)))
    address = bench.fleet.address(1)
    line = CuttingLine(address.host, address.port)
    await line.listen()
    yield Scene(KeyPlatform(bench, header, make_turn, line))
    await line.close()


@pytest.mark.parametrize("way", list(Way))
@pytest.mark.parametrize("kinds", [BOTH, (AUTHENTICATION,), (ENCRYPTION,)], ids=["both", "AK", "EK"])
async def test_no_cut_loses_a_key(scene: Scene, kinds: tuple[KeyKind, ...], way: Way) -> None:
    await scene.octets_of_a_change(kinds, way)  # after which the series of the new key is known
    whole = await scene.octets_of_a_change(kinds, way)
    # The first association is the same whatever follows it: one of the three runs cuts it everywhere.
    first = 1 if kinds == BOTH else await scene.octets_of_an_association(way)
    seen = {await scene.cut(kinds, way, octets) for octets in range(first, whole)}
    assert kinds != BOTH or (False, ()) in seen
    assert (False, (KeyOutcome.UNDECIDED,)) in seen
    assert (False, (KeyOutcome.TRANSFERRED,) * len(kinds)) in seen
