"""Whether a role stood up to a hostile frame."""

from __future__ import annotations

import json
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from hostile.scenes import BY_NAME, CLIENT_TITLE, KEYS, SERVER_TITLE, Objects, Scene
from meterstream.dlms.client import Associated, ClientAssociation, Continue, Event
from meterstream.dlms.errors import DlmsError, SecurityError
from meterstream.dlms.framing import HEADER, wrap
from meterstream.dlms.meter import MeterPhase
from meterstream.dlms.security import Suite0

MOST_CPU_S: Final = 1.0
MOST_OCTETS: Final = 8 * 1024 * 1024


class Finding(Exception):
    """A role did what it must not do."""


class Side(StrEnum):
    CLIENT = "client"
    METER = "meter"


@dataclass(frozen=True, slots=True)
class Case:
    """A hostile frame in its place: instead of the meter's answer (side client) or the request (side meter) of a step.

    `insider`: the frame is sealed with the right keys, so that only its content can be refused.
    """

    scene: str
    side: Side
    step: int
    pieces: tuple[bytes, ...]
    insider: bool = False

    def to_json(self) -> str:
        pieces = [piece.hex() for piece in self.pieces]
        fields = {"scene": self.scene, "side": self.side, "step": self.step, "insider": self.insider, "pieces": pieces}
        return json.dumps(fields)

    @classmethod
    def from_json(cls, line: str) -> Self:
        raw = json.loads(line)
        pieces = tuple(bytes.fromhex(piece) for piece in raw["pieces"])
        return cls(raw["scene"], Side(raw["side"]), raw["step"], pieces, raw["insider"])


def judge(case: Case, *, memory: bool = False) -> str:
    """What became of the frame, in a word for statistics. `memory` measures that too, which takes ten times as long.

    Raises: Finding.
    """
    scene = BY_NAME[case.scene]
    prepare = _client_trial if case.side is Side.CLIENT else _meter_trial
    trial = prepare(scene, case)
    if memory:
        tracemalloc.start()
    began = time.thread_time()
    try:
        outcome = trial()
        cpu = time.thread_time() - began
        peak = tracemalloc.get_traced_memory()[1] if memory else 0
    finally:
        if memory:
            tracemalloc.stop()
    if cpu > MOST_CPU_S:
        raise Finding(f"{cpu:.1f} s of CPU")
    if peak > MOST_OCTETS:
        raise Finding(f"{peak} octets of memory")
    return outcome


def _client_trial(scene: Scene, case: Case) -> Callable[[], str]:
    client = scene.client_before(case.step)

    def trial() -> str:
        event: Event | None = None
        for piece in case.pieces:
            try:
                event = client.receive(piece)
            except DlmsError as error:
                return error.code
            except Exception as error:
                raise Finding(f"{type(error).__name__} instead of a typed error") from error
            if event is not None:
                break
        if event is None:
            return "awaits more"
        if not case.insider and scene.level.ciphered:
            _refuse_forged(scene, case, client, event)
        return type(event).__name__

    return trial


def _refuse_forged(scene: Scene, case: Case, client: ClientAssociation, event: Event) -> None:
    """Without the keys nobody can make an answer but the one that was given, unless it is not protected at all.

    The AARE is in plain: what it says is taken until pass 4 proves it; the RLRE proves nothing and is taken as it is.
    """
    valid = scene.steps[case.step].event
    if case.step == len(scene.steps) - 1:
        return
    if case.step == 0:
        if isinstance(event, Continue) and isinstance(valid, Continue):
            return
        if isinstance(event, Associated) and isinstance(valid, Associated) and client.server_title == SERVER_TITLE:
            return
        raise Finding(f"{type(event).__name__} from a forged AARE")
    if event != valid:
        raise Finding(f"{type(event).__name__} from a forged answer")


def _meter_trial(scene: Scene, case: Case) -> Callable[[], str]:
    objects = Objects()
    meter = scene.meter_before(case.step, objects)

    def trial() -> str:
        answers = 0
        for piece in case.pieces:
            try:
                answers += len(meter.receive(piece))
            except Exception as error:
                raise Finding(f"{type(error).__name__} out of the meter role") from error
        if case.insider or not scene.level.ciphered:
            return "answered" if answers else "closed" if meter.closed else "silent"
        # A request of the same session that comes too early has a good tag and a counter that rises: it is served.
        valid = iter(scene.accesses)
        if not all(access in valid for access in objects.accesses):
            raise Finding("an access that no valid request asked for")
        if meter.phase is MeterPhase.ASSOCIATED and not _association_is_due(scene, case):
            raise Finding("an association without a valid pass 3")
        return "answered" if answers else "closed" if meter.closed else "silent"

    return trial


def _association_is_due(scene: Scene, case: Case) -> bool:
    """After the valid pass 3, or with it; where no pass 3 is asked for, from the AARQ on."""
    opened = next(index for index, step in enumerate(scene.steps) if isinstance(step.event, Associated))
    if case.step != opened or opened == 0:
        return case.step >= opened
    return scene.steps[opened].asked[HEADER.size :] in b"".join(case.pieces)


def reseal(frame: bytes, side: Side, change: Callable[[bytes], bytes]) -> bytes | None:
    """The frame with its plaintext changed and sealed again; None when it holds nothing sealed with the global keys."""
    cipher = Suite0(KEYS)
    title = SERVER_TITLE if side is Side.CLIENT else CLIENT_TITLE
    _, source, destination, _ = HEADER.unpack_from(frame)
    apdu = frame[HEADER.size :]
    try:
        counter, plaintext = cipher.unseal(apdu, title)
    except SecurityError:
        return None
    return wrap(source, destination, cipher.seal(apdu[0], title, counter, change(plaintext)))
