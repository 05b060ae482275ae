"""Traces of general blocks: what they say of themselves, and nothing of a piece that may be a secret."""

from __future__ import annotations

import pytest

from meterstream.dlms.apdu import ABORT, GeneralBlock
from meterstream.dlms.trace import describe

GET_CLOCK = bytes.fromhex("C0014200080000010000FF0200")


@pytest.mark.parametrize(
    ("block", "lines"),
    [
        (
            GeneralBlock(last=False, streaming=True, window=8, number=3, acknowledged=2, data=b"secret"),
            ["  block 3, streaming, window 8", "  acknowledges block 2", "  data(6) masked: a piece of an APDU"],
        ),
        (
            GeneralBlock(last=True, streaming=False, window=1, number=4, acknowledged=9, data=b""),
            ["  block 4, the last, window 1", "  acknowledges block 9"],
        ),
        (
            ABORT,
            ["  block 0, the last, window 0", "  acknowledges block 0", "  aborts the transfer"],
        ),
    ],
)
def test_general_blocks(block: GeneralBlock, lines: list[str]) -> None:
    trace = describe(block.encode())
    octets = len(block.encode())
    assert trace.text.splitlines() == [f"general-block-transfer, {octets} octets", *lines]
    assert trace.error is None
    assert "secret" not in trace.text
    assert b"secret".hex() not in trace.text.lower()


def test_an_apdu_in_one_block_is_described() -> None:
    block = GeneralBlock(last=True, streaming=False, window=1, number=1, acknowledged=0, data=GET_CLOCK)
    text = describe(block.encode()).text
    assert "get-request-normal, 13 octets" in text
    assert "0.0.1.0.0.255, attribute 2" in text


@pytest.mark.parametrize("cut", range(1, 20))
def test_cut_blocks_end_in_an_error(cut: int) -> None:
    block = GeneralBlock(last=True, streaming=False, window=1, number=1, acknowledged=0, data=GET_CLOCK).encode()
    assert len(block) == 20
    assert describe(block[:cut]).error is not None


def test_blocks_inside_one_another_are_bounded() -> None:
    octets = GET_CLOCK
    for _ in range(20):
        octets = GeneralBlock(last=True, streaming=False, window=1, number=1, acknowledged=0, data=octets).encode()
    trace = describe(octets)
    assert trace.error is not None
    assert trace.error.code == "LIMIT_EXCEEDED"
