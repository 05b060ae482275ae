"""Hostile octets into both roles and all decoders: what once did harm, a short campaign, a short guided search.

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
from hostile.decoders import DECODERS, seeds
from hostile.insider import reseal
from hostile.judge import Case, judge
from hostile.lines import Line
from hostile.scene import Scene, hear
from hostile.scenes import BY_NAME, SCENES
from hostile.side import ROLES, Side
from hostile.structure import envelopes_of, mend_checks, mend_ciphered, mend_lengths, octets_of, renumbered

from meterstream.dlms.client import Continue
from meterstream.dlms.errors import DlmsError
from meterstream.dlms.framing.hdlc import HdlcReader

SEED = 20_261_123
FRAMES = 8_000
SEARCHES = 1_000
THINNED = "--seeds-every=16"
PROTECTED = [scene for scene in SCENES if scene.ciphered]


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_a_scene_is_the_same_from_both_ends(scene: Scene) -> None:
    """A copied client hears what the recorded one heard; every valid frame passes the judge."""
    for index, step in enumerate(scene.steps):
        assert hear(scene.client_before(index), scene.on_line(step.answered)) == step.heard
        meter = scene.meter_before(index)
        assert b"".join(map(meter.receive, scene.on_line(step.asked))) == step.answered
        judge(Case(scene.name, Side.CLIENT, index, scene.on_line(step.answered)))
        judge(Case(scene.name, Side.METER, index, scene.on_line(step.asked), then=2))


@pytest.mark.parametrize("scene", PROTECTED, ids=lambda scene: scene.name)
def test_insiders_reach_what_is_inside(scene: Scene) -> None:
    """Contents sealed again unchanged are taken as the valid ones, in every form of protection."""
    reached = 0
    for index, step in enumerate(scene.steps):
        for side in ROLES:
            contents: list[bytes] = []
            sealed = reseal(scene, index, side, lambda content, kept=contents: kept.append(content) or content)  # type: ignore[misc]  # append returns None
            if sealed is None:
                continue
            reached += 1
            assert contents[0]
            if side is Side.CLIENT:
                heard = hear(scene.client_before(index), scene.on_line(sealed))
                assert heard.error is None
                for event in heard.events:
                    assert event in scene.events[step.exchange] or isinstance(event, Continue)
            else:
                meter = scene.meter_before(index)
                assert any(map(meter.receive, scene.on_line(sealed)))
    assert reached > 1


def test_every_decoder_takes_some_octets_of_the_sessions() -> None:
    """So that mutations start from what is decoded, and not from what is refused at once."""

    def takes(name: str, octets: bytes) -> bool:
        try:
            DECODERS[name](octets)
        except DlmsError:
            return False
        return True

    assert [name for name in DECODERS if not any(takes(name, octets) for octets in seeds())] == []


def test_what_once_did_harm_does_no_more() -> None:
    for line in FINDINGS.read_text(encoding="ascii").splitlines():
        judge(Case.from_json(line), memory=True)


def test_a_campaign_finds_nothing() -> None:
    report = run(SEED, FRAMES, seconds=120)
    assert report.findings == []
    assert report.frames == FRAMES
    assert report.outcomes["UNABLE_TO_DECYPHER"] > FRAMES / 100, "hostile frames must reach the tag check"
    for word in ("GetAnswer", "SetAnswer", "ActionAnswer", "Continue", "decoded", "HDLC_NO_ANSWER", "went on"):
        assert report.outcomes[word] > 0, word
    assert set(report.amplification) <= set(DECODERS)


@pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="atheris is built for Linux on x86-64 only"
)
def test_a_coverage_guided_search_finds_nothing() -> None:
    done = subprocess.run(
        (
            sys.executable,
            "-m",
            "hostile.coverage",
            f"-runs={SEARCHES}",
            "-seed=1",
            "-max_total_time=60",
            THINNED,
        ),
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
    case = Case("hls5", Side.METER, 1, (b"\x00\x01", b"\xff"), insider=True, then=2, again=True)
    assert Case.from_json(case.to_json()) == case


def test_cases_follow_from_the_seed() -> None:
    assert [draw(Random(7)) for _ in range(3)] == [draw(Random(7)) for _ in range(3)]


def test_copies_of_a_role_go_their_own_ways() -> None:
    scene = BY_NAME["gbt-dedicated"]
    for _ in range(2):
        meter = scene.meter_before(2)
        before = len(meter.objects.accesses)
        for step in scene.steps[2:]:
            meter.receive(step.asked)
        assert meter.objects.accesses == list(scene.accesses)
        assert before < len(scene.accesses)


def test_mended_octets_hold() -> None:
    """Checks, lengths and numbers that a mutation mends are right."""
    frame = BY_NAME["hdlc-hls5"].steps[2].asked
    (valid,) = HdlcReader().feed(frame)
    spoilt = bytearray(frame)
    spoilt[12] ^= 0xFF
    assert HdlcReader().feed(bytes(spoilt)) == []
    (mended,) = HdlcReader().feed(mend_checks(bytes(spoilt) + b"\x7e"))
    assert mended.control == valid.control
    assert mend_ciphered(bytes.fromhex("C805300000")) == bytes.fromhex("C803300000")
    assert mend_lengths(Random(1), bytes.fromhex("6004BE020102"), bytes.fromhex("6004BE02FF0102")).hex() == (
        "6005be03ff0102"
    )
    assert renumbered(bytes.fromhex("E0810001000000"), 4) == bytes.fromhex("E0810005000000")
    assert renumbered(bytes.fromhex("C002C100000001"), -1) == bytes.fromhex("C002C100000000")
    for scene in SCENES:
        for step in scene.steps:
            if scene.line is not Line.HDLC_SHORT:
                assert octets_of(envelopes_of(step.asked)) == step.asked
