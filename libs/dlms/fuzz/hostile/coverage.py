"""Coverage-guided search with atheris: octets name a place in a session and what stands there instead.

Octet 0 chooses scene and side, octet 1 the step and whether the frame is sealed with the right keys; the rest is the
frame (its header is mended when the third highest bit of octet 1 is set).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Final

import atheris

with atheris.instrument_imports(include=["meterstream.dlms"]):
    from hostile.judge import Case, Finding, Side, judge, reseal
    from hostile.mutation import mend_header
    from hostile.scenes import SCENES

_SIDES: Final = tuple(Side)


def case_of(octets: bytes) -> Case | None:
    """The case that octets of the search mean; None for too few of them."""
    if len(octets) < 3:
        return None
    scene = SCENES[(octets[0] >> 1) % len(SCENES)]
    side = _SIDES[octets[0] & 1]
    index = (octets[1] & 0x1F) % len(scene.steps)
    frame = octets[2:]
    if octets[1] & 0x80:
        step = scene.steps[index]
        valid = step.answered if side is Side.CLIENT else step.asked
        resealed = reseal(valid, side, lambda _plaintext: frame)
        return None if resealed is None else Case(scene.name, side, index, (resealed,), insider=True)
    return Case(scene.name, side, index, (mend_header(frame) if octets[1] & 0x20 else frame,))


def _one_input(octets: bytes) -> None:
    case = case_of(octets)
    if case is None:
        return
    try:
        judge(case)
    except Finding:
        sys.stderr.write(case.to_json() + "\n")
        raise


def _seeds(folder: Path) -> None:
    """All valid frames, as the search would name them."""
    for number, scene in enumerate(SCENES):
        for index, step in enumerate(scene.steps):
            for side, frame in ((Side.CLIENT, step.answered), (Side.METER, step.asked)):
                head = bytes((number << 1 | _SIDES.index(side), index | 0x20))
                (folder / f"{scene.name}-{side}-{index}").write_bytes(head + frame)
                plaintexts: list[bytes] = []
                reseal(frame, side, lambda plaintext, kept=plaintexts: kept.append(plaintext) or plaintext)  # type: ignore[misc] # append returns None
                for plaintext in plaintexts:
                    head = bytes((number << 1 | _SIDES.index(side), index | 0x80))
                    (folder / f"{scene.name}-{side}-{index}-plain").write_bytes(head + plaintext)


def main() -> None:
    """Options are libFuzzer's: -max_total_time=60, -runs=100000, a corpus folder."""
    with tempfile.TemporaryDirectory() as corpus:
        _seeds(Path(corpus))
        atheris.Setup([sys.argv[0], "-timeout=20", "-rss_limit_mb=1024", *sys.argv[1:], corpus], _one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
