"""A master key that is agreed on, struck by every fault: a typed answer, and the meter is in reach and well again."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import pytest
from faults import SHORTLY as FAULTS
from faults import WAITED_OUT, check_error, name_of
from key_line import AUTHENTICATION, ENCRYPTION, MASTER, SYNCHRONIZE, KeyPlatform
from key_scene import AGREEING, AgreeingScene

from meterstream.contracts.operations import synchronize_time
from meterstream.contracts.records import KeyKind
from meterstream.simulator.faults import FaultKind
from meterstream.simulator.settings import FleetSettings

CHANGES: Final[tuple[tuple[KeyKind, ...], ...]] = ((MASTER,), (MASTER, AUTHENTICATION, ENCRYPTION))


async def strike(scene: AgreeingScene, kinds: tuple[KeyKind, ...], place: int) -> tuple[list[Any], bool]:
    """The keys that were to be handed over, and whether that failed; what the failure is told as is checked here."""
    fault, told_as = FAULTS[place]
    scene.start(())
    contact = await scene.platform.ask(synchronize_time.OPERATION, SYNCHRONIZE)  # from here on counters are known
    assert contact.error is None
    new = scene.start(kinds)
    scene.meter.fault = fault
    response = await scene.replace(new)
    scene.meter.fault = None
    if response.error is None:
        scene.check_end("under the fault")
    else:
        check_error(response.error.code, response.header.retryable, "ReplaceKeys", told_as)
    return new, response.error is not None


async def recover(scene: AgreeingScene, new: list[Any], eventually: Any) -> None:
    lines = scene.platform.bench.fleet.lines
    await eventually(lambda: not lines.is_down(scene.platform.number))
    await scene.recover(new, "once the fault was over")


@pytest.mark.parametrize("place", range(len(FAULTS)), ids=[name_of(fault) for fault, _ in FAULTS])
async def test_a_struck_agreement_is_answered_and_loses_no_meter(
    make_bench: Any, header: Any, make_turn: Any, eventually: Any, place: int
) -> None:
    fault, _ = FAULTS[place]
    waited = fault.kind in WAITED_OUT
    fleet = FleetSettings(meters=len(CHANGES), protocols=(AGREEING,))
    bench = await make_bench(fleet, response_timeout_s=0.4 if waited else 25)
    scenes = [AgreeingScene(KeyPlatform(bench, header, make_turn, number=place + 1)) for place in range(len(CHANGES))]
    struck = await asyncio.gather(*(strike(scene, kinds, place) for scene, kinds in zip(scenes, CHANGES, strict=True)))
    assert any(failed for _, failed in struck) or fault.kind is FaultKind.LOST_BLOCK
    if waited:
        for scene in scenes:
            scene.platform.be_patient(response_timeout_s=25)
    await asyncio.gather(*(recover(scene, new, eventually) for scene, (new, _) in zip(scenes, struck, strict=True)))
    assert bench.fleet.stats.repeated_nonces == 0
