"""General block transfer (IEC 62056-5-3, clause 8; Green Book 9.4.6.13)."""

from __future__ import annotations

from typing import Final

from meterstream.dlms.trace.cursor import Cursor
from meterstream.dlms.trace.session import Tracer

_LAST: Final = 0x80
_STREAMING: Final = 0x40
_WINDOW: Final = 0x3F
_NUMBER_OCTETS: Final = 2


def general_block(tracer: Tracer, cursor: Cursor) -> None:
    """A block after its tag. A piece of an APDU may be a piece of a secret; a block that is all of one is described.

    Raises: Broken.
    """
    add = tracer.lines.add
    control = cursor.octet("block control")
    number = cursor.number(_NUMBER_OCTETS, "block number")
    add(
        f"block {number}{', the last' if control & _LAST else ''}"
        f"{', streaming' if control & _STREAMING else ''}, window {control & _WINDOW}"
    )
    add(f"acknowledges block {cursor.number(_NUMBER_OCTETS, 'number of the acknowledged block')}")
    length = cursor.length("data of the block")
    if not number:
        add("aborts the transfer")
    if not length:
        cursor.end("general-block-transfer")
        return
    whole = number == 1 and control & _LAST

    def data(content: Cursor) -> None:
        if whole and content.left:
            tracer.body(tracer, content)
        else:
            add(f"data({length}) masked: a piece of an APDU")

    cursor.within(length, "data of the block", data)
    cursor.end("general-block-transfer")
