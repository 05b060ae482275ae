"""Coverage-guided search with atheris: octets name a place in a session and what stands there instead, or a decoder.

Octet 0 chooses the scene, or above the scenes the decoder; octet 1 the step; octet 2 is made of flags: 0x01 the side,
0x02 sealed with the right keys, 0x04 valid frames follow, 0x08 again and again, 0x10 lengths and checks of the frame
are mended. The rest is the frame, or what is sealed.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

import atheris

with atheris.instrument_imports(include=["meterstream.dlms"]):
    from hostile.decoders import DECODERS, seeds
    from hostile.finding import Finding
    from hostile.insider import reseal
    from hostile.judge import Case, judge
    from hostile.scenes import SCENES
    from hostile.side import ROLES, Side
    from hostile.structure import mend_checks, mend_header

_NAMES: Final = tuple(DECODERS)
_HEAD_OCTETS: Final = 3
_METER, _INSIDER, _THEN, _AGAIN, _MEND = 0x01, 0x02, 0x04, 0x08, 0x10
_DECODER_SEED_OCTETS: Final = 300
_EVERY: Final = "--seeds-every="


def case_of(octets: bytes) -> Case | None:
    """The case that octets of the search mean; None for too few of them."""
    if len(octets) <= _HEAD_OCTETS:
        return None
    number, index, flags = octets[:_HEAD_OCTETS]
    frame = octets[_HEAD_OCTETS:]
    if number >= len(SCENES):
        return Case(_NAMES[(number - len(SCENES)) % len(_NAMES)], Side.DECODER, 0, (frame,))
    scene, side = SCENES[number], ROLES[flags & _METER]
    index %= len(scene.steps)
    then = 1 if flags & _THEN else 0
    again = bool(flags & _AGAIN) and side is Side.CLIENT
    if flags & _INSIDER:
        resealed = reseal(scene, index, side, lambda _plaintext: frame)
        if resealed is None:
            return None
        return Case(scene.name, side, index, scene.on_line(resealed), insider=True, then=then, again=again)
    if flags & _MEND:
        frame = mend_checks(frame) if frame.startswith(b"\x7e") else mend_header(frame)
    return Case(scene.name, side, index, (frame,), then=then, again=again)


def _one_input(octets: bytes) -> None:
    case = case_of(octets)
    if case is None:
        return
    try:
        judge(case)
    except Finding:
        sys.stderr.write(case.to_json() + "\n")
        raise


def _seeds() -> Iterator[bytes]:
    """Valid frames, as the search would name them, what is sealed in them, and octets for the decoders."""
    if len(SCENES) + len(_NAMES) > 0x100:
        raise ValueError("one octet does not choose between so many")
    for number, scene in enumerate(SCENES):
        for index, step in enumerate(scene.steps):
            for side, frame in ((Side.CLIENT, step.answered), (Side.METER, step.asked)):
                flags = ROLES.index(side)
                yield bytes((number, index, flags | _MEND)) + frame
                contents: list[bytes] = []
                reseal(scene, index, side, lambda content, kept=contents: kept.append(content) or content)  # type: ignore[misc] # append returns None
                for content in contents:
                    yield bytes((number, index, flags | _INSIDER)) + content
    for place, octets in enumerate(seeds()):
        if len(octets) <= _DECODER_SEED_OCTETS:
            yield bytes((len(SCENES) + place % len(_NAMES), 0, 0)) + octets


def main() -> None:
    """Options are libFuzzer's: -max_total_time=60, -runs=100000, a corpus folder; `--seeds-every=10` takes fewer."""
    every = max([1, *(int(option.partition("=")[2]) for option in sys.argv if option.startswith(_EVERY))])
    options = [option for option in sys.argv[1:] if not option.startswith(_EVERY)]
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(islice(_seeds(), 0, None, every)):
            (Path(corpus) / str(number)).write_bytes(seed)
        atheris.Setup([sys.argv[0], "-timeout=20", "-rss_limit_mb=1024", *options, corpus], _one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
