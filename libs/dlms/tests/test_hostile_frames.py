"""Hostile frames into both roles: what once did harm, a short campaign, and a short coverage-guided search.

`make fuzz` does the same at length.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from random import Random

import pytest
from hostile.campaign import FINDINGS, draw, run
from hostile.judge import Case, Finding, Side, judge
from hostile.scenes import BY_NAME, SCENES, Scene

from meterstream.dlms.security import Suite0

SEED = 20_261_123
FRAMES = 12_000
SEARCHES = 4_000


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_a_scene_is_the_same_from_both_ends(scene: Scene) -> None:
    """A replayed client asks what the recorded one asked; every valid frame passes the judge."""
    for index, step in enumerate(scene.steps):
        assert scene.client_before(index).receive(step.answered) == step.event
        judge(Case(scene.name, Side.CLIENT, index, (step.answered,)))
        judge(Case(scene.name, Side.METER, index, (step.asked,)))


def test_what_once_did_harm_does_no_more() -> None:
    for line in FINDINGS.read_text(encoding="ascii").splitlines():
        judge(Case.from_json(line), memory=True)


def test_a_campaign_finds_nothing() -> None:
    report = run(SEED, FRAMES, seconds=120)
    assert report.findings == []
    assert report.frames == FRAMES
    assert report.outcomes["UNABLE_TO_DECYPHER"] > FRAMES / 100, "hostile frames must reach the tag check"
    assert report.outcomes["GetAnswer"] > 0


@pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="atheris is built for Linux on x86-64 only"
)
def test_a_coverage_guided_search_finds_nothing() -> None:
    done = subprocess.run(
        (sys.executable, "-m", "hostile.coverage", f"-runs={SEARCHES}", "-seed=1", "-max_total_time=60"),
        env={**os.environ, "PYTHONPATH": str(FINDINGS.parent)},
        cwd=FINDINGS.parent,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    assert f"Done {SEARCHES}" in done.stderr


def test_a_case_survives_being_written_down() -> None:
    case = Case("hls5", Side.METER, 1, (b"\x00\x01", b"\xff"), insider=True)
    assert Case.from_json(case.to_json()) == case


# The judge must be able to find: each of these takes one check out of the library.


def test_the_judge_sees_a_missing_tag_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meterstream.dlms.security.suite0.compare_digest", lambda mine, theirs: True)
    found = {what for _, what in run(SEED, 6_000, seconds=60).findings}
    assert any("forged answer" in what or "no valid request" in what for what in found)


def test_the_judge_sees_an_error_of_no_type(monkeypatch: pytest.MonkeyPatch) -> None:
    def unseal(self: Suite0, apdu: bytes, title: bytes) -> tuple[int, bytes]:
        return apdu[len(apdu)], b""

    aare = BY_NAME["hls5"].steps[0].answered
    monkeypatch.setattr(Suite0, "unseal", unseal)
    with pytest.raises(Finding, match="IndexError"):
        judge(Case("hls5", Side.CLIENT, 0, (aare,)))


def test_the_judge_sees_octets_that_pile_up() -> None:
    scene = SCENES[0]
    case = Case(scene.name, Side.METER, 0, (b"\x00\x01\x00\x10\x00\x01\xff\xff" + bytes(9 << 20),))
    with pytest.raises(Finding, match="octets of memory"):
        judge(case, memory=True)


def test_cases_follow_from_the_seed() -> None:
    assert [draw(Random(7)) for _ in range(3)] == [draw(Random(7)) for _ in range(3)]
