"""What a session can promise against somebody without its keys, and what it cannot.

With a tag or a signature nothing is taken but what the other side made, and nothing twice. Encryption alone proves
nothing: whoever changes the octets changes the content; only replays are refused, for counters are checked. In plain
there is no promise but of HLS itself: no association without its proof, no service without an association. What lies
below protection is never proven: frames, general blocks, the AARE until pass 4, a release that is not checked.
"""

from __future__ import annotations

from typing import Final, Protocol

from hostile.finding import Finding
from hostile.lines import ClientEnd, Heard, Line, MeterEnd
from hostile.material import PASSWORD
from hostile.scene import Scene
from hostile.structure import envelopes_of
from meterstream.dlms.apdu import tags
from meterstream.dlms.client import Associated, Continue, Level, Released
from meterstream.dlms.client.hdlc import Raised, Unsolicited
from meterstream.dlms.framing.hdlc import Closed, Connected, Failed
from meterstream.dlms.meter import MeterPhase
from meterstream.dlms.meter.association import REPLY_TO_HLS

_OF_THE_LINE: Final = (Connected, Closed, Failed, Raised, Unsolicited)
_PROOF_OCTETS: Final = 16
_GENERAL_BLOCK: Final = bytes((tags.GENERAL_BLOCK_TRANSFER,))


class Placed(Protocol):
    """What is said of a case."""

    @property
    def step(self) -> int: ...

    @property
    def pieces(self) -> tuple[bytes, ...]: ...

    @property
    def insider(self) -> bool: ...

    @property
    def then(self) -> int: ...


# Clients


def check_heard(scene: Scene, case: Placed, client: ClientEnd, heard: Heard) -> None:
    """Raises: Finding."""
    if case.insider:
        return
    services = [event for event in heard.events if not isinstance(event, _OF_THE_LINE)]
    for event in services:
        _check_event(scene, case, client, event)
    if services and scene.ciphered and not isinstance(services[-1], (Continue, Released)):
        _refuse_replay(scene, case)
    if scene.proves_answers:
        for note in client.association.take_notifications():
            if note.protected and note not in scene.notes:
                raise Finding("a forged notification is said to be protected")


def _check_event(scene: Scene, case: Placed, client: ClientEnd, event: object) -> None:
    if isinstance(event, Associated):
        _check_associated(scene, case, client)
        return
    exchange = scene.steps[case.step].exchange
    if not scene.proves_answers or (exchange == scene.release and not scene.checked):
        return
    if isinstance(event, Continue) and (case.step < scene.opened or _only_blocks(event)):
        return
    if scene.checked and exchange == scene.release and not scene.config.policy.ciphers:
        return
    if event not in scene.events[exchange]:
        raise Finding(f"{type(event).__name__} from a forged answer")


def _check_associated(scene: Scene, case: Placed, client: ClientEnd) -> None:
    opened = scene.opened
    if case.step != opened:
        raise Finding("Associated in another place")
    if scene.level.hls:
        if not case.then and not _has_proof(scene, case, scene.steps[opened].answered):
            raise Finding("Associated without a valid pass 4")
    elif scene.proves_answers and client.association.server_title != scene.title:
        raise Finding("Associated with a meter of another title")


def _only_blocks(event: Continue) -> bool:
    """General blocks are numbered and acknowledged in plain."""
    envelopes = envelopes_of(event.frame)
    return bool(envelopes) and all(envelope.apdu[:1] == _GENERAL_BLOCK for envelope in envelopes)


def _refuse_replay(scene: Scene, case: Placed) -> None:
    """A service event of a protected association came of octets that the client heard before."""
    octets = b"".join(case.pieces)
    if case.then or case.step <= scene.opened or scene.line is not Line.TCP:
        return
    if scene.notifying or not scene.config.policy.response:
        return
    if any(octets == step.answered for step in scene.steps[: case.step]):
        raise Finding("a replayed answer was taken")


# Meters


def check_meter(scene: Scene, case: Placed, meter: MeterEnd) -> None:
    """Raises: Finding."""
    if case.insider:
        return
    accesses = meter.objects.accesses
    if scene.proves_requests:
        if scene.replays_served:
            genuine = all(access in scene.accesses or access[2] == REPLY_TO_HLS for access in accesses)
        else:
            # A request of the same session that comes too early has a good tag and a counter that rises.
            valid = iter(scene.accesses)
            genuine = all(access in valid for access in accesses)
        if not genuine:
            raise Finding("an access that no valid request asked for")
    if _is_due(scene, case):
        return
    if meter.phase is MeterPhase.ASSOCIATED:
        raise Finding("an association without a valid proof")
    if accesses and not scene.habits.serve_before_pass_3:
        raise Finding("a service without an association")


def _is_due(scene: Scene, case: Placed) -> bool:
    """After the valid proof, or with it; where none is asked for, from the AARQ on."""
    opened = scene.opened
    if case.step > opened or case.step + case.then > opened or scene.level is Level.NONE:
        return True
    if scene.level is Level.LLS:
        return PASSWORD in _informations(case)  # an AARQ with a password may be plain, whatever follows it
    return case.step == opened and _has_proof(scene, case, scene.steps[opened].asked)


def _has_proof(scene: Scene, case: Placed, valid: bytes) -> bool:
    """Whether the end of a valid frame's APDU, which is a tag, a token or a signature, is in the hostile octets."""
    apdus = [envelope.apdu for envelope in envelopes_of(valid) if envelope.apdu]
    proving = apdus[-1] if scene.line.hdlc else apdus[0]
    whole = scene.line is Line.TCP and proving[0] in tags.PLAIN_OF and scene.proves_requests and scene.proves_answers
    return (proving if whole else proving[-_PROOF_OCTETS:]) in _informations(case)


def _informations(case: Placed) -> bytes:
    """All octets, and without the heads of HDLC frames."""
    octets = b"".join(case.pieces)
    return octets + b"".join(envelope.apdu for envelope in envelopes_of(octets) if envelope.frame is not None)
