"""The judge of hostile octets must be able to find: each of these takes one check out of the library."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hostile.campaign import run
from hostile.decoders import DECODERS
from hostile.finding import Finding
from hostile.judge import Case, judge
from hostile.material import CLOCK
from hostile.scene import Scene
from hostile.scenes import BY_NAME
from hostile.scenes.requests import get
from hostile.side import Side

from meterstream.dlms.client.channel import Channel
from meterstream.dlms.errors import DlmsError
from meterstream.dlms.framing.hdlc.settings import HdlcLimits
from meterstream.dlms.meter import Habits
from meterstream.dlms.meter.policy import ClientAccess
from meterstream.dlms.security import Level, Proof, PublicKey, SecurityPolicy, Suite0
from meterstream.dlms.transfer import GeneralTransfer

SEED = 20_261_123


def found(frames: int, *names: str) -> set[str]:
    """What a campaign says about these scenes."""
    scenes = tuple(BY_NAME[name] for name in names)
    for scene in scenes:
        assert scene.steps
    return {what for _, what in run(SEED, frames, seconds=60, scenes=scenes, most_findings=1).findings}


def taken(what: set[str]) -> bool:
    return any(sign in each for each in what for sign in ("forged answer", "no valid request", "valid proof"))


def valid(name: str) -> None:
    """Records the scene before anything is taken out of the library."""
    assert BY_NAME[name].steps


@pytest.mark.parametrize(
    ("module", "name"),
    [("suite0", "hls5"), ("ciphers", "general-glo"), ("ciphers", "hls5-authenticated-2"), ("ciphers", "dedicated")],
)
def test_a_missing_tag_check(monkeypatch: pytest.MonkeyPatch, module: str, name: str) -> None:
    valid(name)
    monkeypatch.setattr(f"meterstream.dlms.security.{module}.compare_digest", lambda mine, theirs: True)
    assert taken(found(4_000, name))


def test_a_missing_check_of_signatures(monkeypatch: pytest.MonkeyPatch) -> None:
    valid("signed")
    monkeypatch.setattr(PublicKey, "verifies", lambda self, signature, message: True)
    assert taken(found(4_000, "signed"))


@pytest.mark.parametrize("name", ["hls3-plain", "hls7-plain", "hdlc-plain"])
def test_a_missing_check_of_hls(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    valid(name)

    def check(self: Proof, *given: bytes) -> None:
        """Anything will do."""

    monkeypatch.setattr(Proof, "check", check)
    assert any("valid pass 4" in what or "valid proof" in what for what in found(4_000, name))


def test_answers_and_requests_that_are_taken_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """With encryption alone this is all that is promised."""
    scene = BY_NAME["hls5-encrypted-0"]
    last = len(scene.steps) - 2
    replay = Case(scene.name, Side.CLIENT, last, (scene.steps[last].answered,))
    judge(replay)
    earlier = Case("hls5", Side.METER, 6, (BY_NAME["hls5"].steps[4].asked,))
    judge(earlier)
    monkeypatch.setattr(ClientAccess, "accepts", lambda self, counter: True)
    with pytest.raises(Finding, match="no valid request"):
        judge(earlier)

    twice = Scene("twice", Level.HLS5_GMAC, (get(CLOCK), get(CLOCK)), SecurityPolicy.ENCRYPTED)
    assert twice.steps
    monkeypatch.setitem(BY_NAME, twice.name, twice)

    def check(self: Channel, *given: Any) -> None:
        """Any counter will do."""

    monkeypatch.setattr(Channel, "check", check)
    monkeypatch.setattr("meterstream.dlms.client.exchanges.check_invoke", lambda invoke, expected: None)
    monkeypatch.setattr("meterstream.dlms.client.association.check_invoke", lambda invoke, expected: None)
    with pytest.raises(Finding, match="replayed"):
        judge(Case(twice.name, Side.CLIENT, 3, (twice.steps[2].answered,)))


def test_services_without_an_association(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = BY_NAME["hls3-plain"]
    request = Case(scene.name, Side.METER, 1, (scene.steps[2].asked,))
    judge(request)
    lenient = replace(scene, name="lenient", habits=Habits(serve_before_pass_3=True))
    assert lenient.steps
    object.__setattr__(lenient, "habits", scene.habits)
    monkeypatch.setitem(BY_NAME, lenient.name, lenient)
    with pytest.raises(Finding, match="a service without an association"):
        judge(replace(request, scene=lenient.name))


def test_a_client_that_asks_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = BY_NAME["gbt"]
    case = Case(scene.name, Side.CLIENT, 1, (b"",), again=True)
    judge(case)

    def count(self: GeneralTransfer) -> None:
        """Never enough."""

    monkeypatch.setattr(GeneralTransfer, "_count_repeat", count)
    first = next(index for index, step in enumerate(scene.steps) if step.asked[8:9] == b"\xe0")
    with pytest.raises(Finding, match="asks for more"):
        judge(Case(scene.name, Side.CLIENT, first, (b"",), again=True))


def test_a_line_that_is_asked_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = BY_NAME["hdlc-hls5"]
    case = Case(scene.name, Side.CLIENT, 3, (b"",))
    assert judge(case).outcome == "HDLC_NO_ANSWER"
    limits = HdlcLimits(repetitions=1_000_000)
    monkeypatch.setattr("hostile.lines.HDLC_LIMITS", limits)
    monkeypatch.setitem(BY_NAME, "asking", replace(BY_NAME["hdlc-plain"], name="asking"))
    with pytest.raises(Finding, match="still goes on"):
        judge(Case("asking", Side.CLIENT, 3, (b"",)))


def test_an_error_of_no_type(monkeypatch: pytest.MonkeyPatch) -> None:
    def unseal(self: Suite0, apdu: bytes, title: bytes) -> tuple[int, bytes]:
        return apdu[len(apdu)], b""

    aare = BY_NAME["hls5"].steps[0].answered
    monkeypatch.setattr(Suite0, "unseal", unseal)
    with pytest.raises(Finding, match="IndexError"):
        judge(Case("hls5", Side.CLIENT, 0, (aare,)))


def test_octets_that_pile_up() -> None:
    scene = BY_NAME["public"]
    case = Case(scene.name, Side.METER, 0, (b"\x00\x01\x00\x10\x00\x01\xff\xff" + bytes(9 << 20),))
    with pytest.raises(Finding, match="octets of memory"):
        judge(case, memory=True)


def test_octets_that_take_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hostile.judge.MOST_CPU_S", 0.001)
    monkeypatch.setattr("hostile.judge.DECODERS", {"slow": lambda octets: sum(range(1_000_000))})
    with pytest.raises(Finding, match="s of CPU"):
        judge(Case("slow", Side.DECODER, 0, (b"1",)))


def test_decoders_that_raise_or_swell(monkeypatch: pytest.MonkeyPatch) -> None:
    def typed(octets: bytes) -> object:
        raise DlmsError("as it shall be")

    monkeypatch.setattr("hostile.judge.DECODERS", {**DECODERS, "typed": typed, "swells": lambda octets: bytes(9 << 20),
                                                   "raises": lambda octets: octets[9], "trace": typed})  # fmt: skip
    judge(Case("typed", Side.DECODER, 0, (b"1",)))
    with pytest.raises(Finding, match="IndexError"):
        judge(Case("raises", Side.DECODER, 0, (b"1",)))
    with pytest.raises(Finding, match="octets of memory"):
        judge(Case("swells", Side.DECODER, 0, (b"1",)), memory=True)
    with pytest.raises(Finding, match="out of a trace"):
        judge(Case("trace", Side.DECODER, 0, (b"1",)))
