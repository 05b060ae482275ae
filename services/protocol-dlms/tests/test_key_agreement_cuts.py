"""The master key of a meter of security suite 1, agreed on over a line that is cut at any octet: no meter is ever lost.

Between the agreement and the transfer the meter holds a key that the platform has in one session alone. Associations do
not need it, so the next contact reaches the meter, and the next attempt agrees anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from key_line import AUTHENTICATION, ENCRYPTION, MASTER, REPLACE, CuttingLine, KeyPlatform, Way
from key_scene import AGREEING, AgreeingScene

from meterstream.contracts.key_transfers import KeyOutcome, NewKey
from meterstream.contracts.operations import replace_keys
from meterstream.contracts.records import KeyKind, KeyState
from meterstream.simulator.settings import FleetSettings

ALL = (MASTER, AUTHENTICATION, ENCRYPTION)
SOME = 2
"""Of octets inside one APDU, where a cut is as good as another."""


@pytest.fixture
async def scene(make_bench: Any, header: Any, make_turn: Any) -> Any:
    bench = await make_bench(FleetSettings(meters=1, protocols=(AGREEING,)))
    address = bench.fleet.address(1)
    line = CuttingLine(address.host, address.port)
    await line.listen()
    yield AgreeingScene(KeyPlatform(bench, header, make_turn, line))
    await line.close()


def cuts(first: int, whole: int, stride: int) -> Iterable[int]:
    """Octets after which the line ends: the ends of a stretch, and some between."""
    return sorted({*range(first, whole, stride), *range(whole - 3, whole)})


@pytest.mark.parametrize("way", list(Way))
@pytest.mark.parametrize(("kinds", "stride"), [((MASTER,), SOME), (ALL, 12 * SOME)], ids=["master", "all"])
async def test_no_cut_loses_the_meter(scene: Any, kinds: tuple[KeyKind, ...], stride: int, way: Way) -> None:
    await scene.octets_of_a_change(kinds, way)
    whole = await scene.octets_of_a_change(kinds, way)
    first = await scene.octets_of_an_association(way)
    seen = {await scene.cut(kinds, way, octets) for octets in cuts(first, whole, stride)}
    assert {finished for finished, _ in seen} == {True, False}
    assert (False, (KeyOutcome.UNDECIDED,)) in seen
    assert scene.orphaned


async def lose_agreement(scene: Any) -> Any:
    """The meter has agreed on a key, and the line has ended before its answer; the keys that were to be handed over."""
    await scene.octets_of_a_change((MASTER,), Way.FROM_METER)
    association = await scene.octets_of_an_association(Way.FROM_METER)
    new = scene.start((MASTER,))
    scene.platform.line.break_after(Way.FROM_METER, association + 40)
    lost = await scene.replace(new)
    await scene.platform.line.mend()
    assert lost.header.retryable
    assert scene.is_orphaned()
    assert scene.registry.state("mk2") is KeyState.NEW
    return new


async def test_an_agreement_that_was_lost_is_made_again(scene: Any) -> None:
    new = await lose_agreement(scene)
    assert (await scene.replace(new)).error is None
    scene.check_end("with fresh ephemeral keys")


async def test_other_keys_give_the_meter_its_master_key_again(scene: Any) -> None:
    await lose_agreement(scene)
    registry, gateway = scene.registry, scene.platform.gateway
    for kind, key_id in ((AUTHENTICATION, "ak"), (ENCRYPTION, "ek")):
        registry.hold(kind, f"{key_id}2", bytes(15) + key_id[:1].encode(), KeyState.NEW)
    new = [
        NewKey(device_identification=gateway, kind=kind, key_id=key_id)
        for kind, key_id in ((AUTHENTICATION, "ak2"), (ENCRYPTION, "ek2"))
    ]
    assert (await scene.replace(new)).error is None
    assert not scene.is_orphaned()
    assert scene.held()[MASTER] == registry.octets["mk"]
    assert (registry.state("mk"), registry.state("mk2")) == (KeyState.ACTIVE, KeyState.WITHDRAWN)
    assert (registry.state("ak2"), registry.state("ek2")) == (KeyState.ACTIVE, KeyState.ACTIVE)


async def test_a_command_that_meets_a_lost_agreement_leaves_it_to_the_next(scene: Any) -> None:
    new = await lose_agreement(scene)
    probe = await scene.platform.ask(replace_keys.OPERATION, REPLACE)
    assert (probe.error.code, scene.registry.state("mk2")) == ("KEYS_UNDECIDED", KeyState.WITHDRAWN)
    assert (await scene.replace(new)).error is None
    scene.check_end("with another attempt of the first command")
