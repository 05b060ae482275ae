"""General block transfer by itself: two parties over a line that loses, repeats and cuts blocks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meterstream.dlms.apdu import ABORT, GeneralBlock, decode_general_block
from meterstream.dlms.client.general import Taken
from meterstream.dlms.errors import (
    ConfigurationError,
    DecodeError,
    DlmsError,
    EncodeError,
    LimitExceeded,
    PduTooLarge,
    TransferAborted,
    UnexpectedAnswer,
)
from meterstream.dlms.framing.port import Frame
from meterstream.dlms.security import Protection
from meterstream.dlms.security.ciphers import Content
from meterstream.dlms.transfer import GeneralLimits, GeneralStep, GeneralTransfer

REQUEST = bytes(range(1, 256)) * 2
RESPONSE = bytes(range(255, 0, -1)) * 3


def block(
    number: int,
    data: bytes = b"",
    *,
    acknowledged: int = 0,
    last: bool = False,
    streaming: bool = False,
    window: int = 8,
) -> bytes:
    return GeneralBlock(last, streaming, window, number, acknowledged, data).encode()


# The APDU


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        ("E0010001000003C00142", GeneralBlock(False, False, 1, 1, 0, bytes.fromhex("C00142"))),
        ("E0480003000200", GeneralBlock(False, True, 8, 3, 2, b"")),
        ("E0BFFFFFFFFE00", GeneralBlock(True, False, 63, 0xFFFF, 0xFFFE, b"")),
        ("E0800000000000", ABORT),
    ],
)
def test_apdu(octets: str, expected: GeneralBlock) -> None:
    assert decode_general_block(bytes.fromhex(octets)) == expected
    assert expected.encode() == bytes.fromhex(octets)


@pytest.mark.parametrize("octets", ["", "E0", "E00100010000", "E0010001000001", "E001000100000042", "C0010001000000"])
def test_no_apdu(octets: str) -> None:
    with pytest.raises(DecodeError):
        decode_general_block(bytes.fromhex(octets))


@pytest.mark.parametrize(("window", "number"), [(64, 1), (-1, 1), (1, 0x10000), (1, -1)])
def test_what_does_not_fit_the_apdu(window: int, number: int) -> None:
    with pytest.raises(EncodeError):
        GeneralBlock(last=False, streaming=False, window=window, number=number, acknowledged=0, data=b"").encode()


def test_data_stay_out_of_repr() -> None:
    assert "C0FFEE" not in repr(GeneralBlock(True, False, 1, 1, 0, bytes.fromhex("C0FFEE"))).upper()


# Both parties


class Line:
    """Carries blocks between a client and a meter; `lose` decides on each, by its place on the line from 0."""

    def __init__(self, limits: GeneralLimits, size: int, lose: Callable[[int], bool] = lambda _: False) -> None:
        self.client = GeneralTransfer(limits, size)
        self.meter = GeneralTransfer(limits, size)
        self.lose = lose
        self.carried: list[bytes] = []
        self.request: bytes | None = None
        self.response: bytes | None = None

    def run(self, request: bytes, response: bytes, turns: int = 20_000) -> None:
        self.client.begin(answered=False)
        self.meter.begin(answered=False)
        to_meter, to_client = deque(self._through(self.client.send(request))), deque[bytes]()
        while self.response is None:
            turns -= 1
            assert turns, "it does not end"
            if to_meter:
                step = self.meter.receive(to_meter.popleft())
                to_client += self._through(step.blocks)
                if step.apdu is not None:
                    assert self.request is None, "delivered twice"
                    self.request = step.apdu
                    to_client += self._through(self.meter.send(response))
            elif to_client:
                step = self.client.receive(to_client.popleft())
                to_meter += self._through(step.blocks)
                self.response = step.apdu
            else:
                to_meter += self._through(self.client.repeat())

    def _through(self, blocks: Iterable[bytes]) -> list[bytes]:
        kept = []
        for octets in blocks:
            if not self.lose(len(self.carried)):
                kept.append(octets)
            self.carried.append(octets)
        return kept


@pytest.mark.parametrize("window", [1, 2, 3, 8, 63])
@pytest.mark.parametrize("size", [10, 11, 40, 100, 138, 1000])
def test_values_arrive_both_ways(window: int, size: int) -> None:
    line = Line(GeneralLimits(window=window), size)
    line.run(REQUEST, RESPONSE)
    assert (line.request, line.response) == (REQUEST, RESPONSE)
    assert max(map(len, line.carried)) <= size


def test_a_window_saves_turns() -> None:
    slow, fast = Line(GeneralLimits(window=1), 40), Line(GeneralLimits(window=8), 40)
    slow.run(REQUEST, RESPONSE)
    fast.run(REQUEST, RESPONSE)
    assert len(fast.carried) < len(slow.carried) * 0.7


@pytest.mark.parametrize("window", [1, 2, 4, 8])
def test_any_single_block_may_be_lost(window: int) -> None:
    limits = GeneralLimits(window=window)
    whole = Line(limits, 80)
    whole.run(REQUEST, RESPONSE)
    for place in range(len(whole.carried)):
        line = Line(limits, 80, lambda number, place=place: number == place)
        line.run(REQUEST, RESPONSE)
        assert (line.request, line.response) == (REQUEST, RESPONSE), place
        assert len(line.carried) <= len(whole.carried) + 3 * window + 3


@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, 10),
    st.integers(10, 60),
    st.integers(1, 300),
    st.integers(1, 300),
    st.sets(st.integers(0, 120), max_size=40),
)
def test_whatever_is_lost_the_values_are_right(
    window: int, size: int, request_octets: int, response_octets: int, lost: set[int]
) -> None:
    line = Line(GeneralLimits(window=window, max_repeats=60), size, lost.__contains__)
    request, response = REQUEST[:request_octets], RESPONSE[:response_octets]
    line.run(request, response)
    assert (line.request, line.response) == (request, response)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_repeated_and_swapped_blocks_change_nothing(data: st.DataObject) -> None:
    """The blocks of one window in any order, some of them twice: the value is right, or more is asked for."""
    sender, receiver = GeneralTransfer(GeneralLimits(window=8), 60), GeneralTransfer(GeneralLimits(window=8), 60)
    receiver.begin(answered=True)
    first = receiver.receive(sender.send(RESPONSE)[0])
    window = sender.receive(first.blocks[0]).blocks
    order = data.draw(st.permutations(window + data.draw(st.sampled_from([(), window[:1], window[2:5]]))))
    steps = [receiver.receive(octets) for octets in order]
    assert all(step.apdu is None for step in steps)
    answers = [octets for step in steps for octets in step.blocks]
    assert answers, "it is the receiver's turn at the end of a window"
    numbers = [decode_general_block(octets).acknowledged for octets in answers]
    assert numbers == sorted(numbers)


def test_only_what_is_missing_is_asked_for() -> None:
    receiver = GeneralTransfer(GeneralLimits(window=4), 60)
    receiver.begin(answered=True)
    receiver.receive(block(1, b"a"))
    for number, data in ((2, b"b"), (5, b"e")):
        step = receiver.receive(block(number, data, acknowledged=1, streaming=number != 5))
    (asked,) = map(decode_general_block, step.blocks)
    assert (asked.acknowledged, asked.window, asked.data) == (2, 2, b"")
    assert receiver.receive(block(3, b"c", acknowledged=2, streaming=True)) == GeneralStep()
    (thanked,) = map(decode_general_block, receiver.receive(block(4, b"d", acknowledged=2)).blocks)
    assert (thanked.acknowledged, thanked.window) == (5, 4)
    assert receiver.receive(block(6, b"f", acknowledged=3, last=True)).apdu == b"abcdef"


# Ends


def test_aborted_by_the_other_side() -> None:
    transfer = GeneralTransfer(GeneralLimits(), 60)
    transfer.send(REQUEST)
    with pytest.raises(TransferAborted):
        transfer.receive(ABORT.encode())


def test_a_window_of_none_aborts() -> None:
    transfer = GeneralTransfer(GeneralLimits(), 60)
    transfer.send(REQUEST)
    with pytest.raises(TransferAborted):
        transfer.receive(block(1, acknowledged=1, window=0))


def test_repeats_are_bounded() -> None:
    transfer = GeneralTransfer(GeneralLimits(max_repeats=3), 60)
    sent = transfer.send(REQUEST)
    assert [transfer.repeat() for _ in range(3)] == [sent] * 3
    with pytest.raises(TransferAborted):
        transfer.repeat()


def test_acknowledgements_that_bring_nothing_are_bounded() -> None:
    transfer = GeneralTransfer(GeneralLimits(max_repeats=3), 60)
    transfer.send(REQUEST)
    transfer.receive(block(1))
    for _ in range(3):
        assert transfer.receive(block(1)).blocks
    with pytest.raises(TransferAborted):
        transfer.receive(block(1))


def test_nothing_to_repeat() -> None:
    assert GeneralTransfer(GeneralLimits(), 60).repeat() == ()


@pytest.mark.parametrize(
    ("octets", "error"),
    [
        (block(1, acknowledged=2), UnexpectedAnswer),
        (block(64, b"a"), UnexpectedAnswer),
        (block(1, bytes(101)), LimitExceeded),
        (b"\xe0\x01", DecodeError),
    ],
)
def test_what_cannot_be(octets: bytes, error: type[DlmsError]) -> None:
    transfer = GeneralTransfer(GeneralLimits(max_bytes=100), 60)
    transfer.send(b"request")
    with pytest.raises(error):
        transfer.receive(octets)


def test_data_after_the_last_block() -> None:
    transfer = GeneralTransfer(GeneralLimits(), 60)
    transfer.begin(answered=True)
    assert transfer.receive(block(1, b"a", last=True)).apdu == b"a"
    with pytest.raises(UnexpectedAnswer):
        transfer.receive(block(2, b"b"))


def test_blocks_are_bounded() -> None:
    transfer = GeneralTransfer(GeneralLimits(max_blocks=3), 60)
    transfer.begin(answered=True)
    for number in (1, 2, 3):
        assert transfer.receive(block(number, b"a", acknowledged=number - 1)).blocks
    with pytest.raises(LimitExceeded):
        transfer.receive(block(4, b"a", acknowledged=3))


def test_too_much_to_send() -> None:
    transfer = GeneralTransfer(GeneralLimits(max_bytes=100, max_blocks=3), 19)
    for octets in (101, 31):
        with pytest.raises(PduTooLarge):
            transfer.send(bytes(octets))
    assert not transfer.used
    with pytest.raises(PduTooLarge):
        GeneralTransfer(GeneralLimits(), 9)


def test_a_bare_acknowledgement_is_not_answered() -> None:
    transfer = GeneralTransfer(GeneralLimits(), 600)
    transfer.send(b"request")
    assert transfer.receive(block(1, acknowledged=1)) == GeneralStep()


@pytest.mark.parametrize(
    "limits",
    [
        {"window": 0},
        {"window": 64},
        {"burst": 0},
        {"burst": 64},
        {"max_blocks": 0},
        {"max_blocks": 65536},
        {"max_bytes": 0},
        {"max_repeats": -1},
    ],
)
def test_limits_that_make_no_sense(limits: dict[str, int]) -> None:
    with pytest.raises(ConfigurationError):
        GeneralLimits(**limits)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.binary(max_size=40)
        | st.builds(
            block,
            st.integers(0, 70),
            st.binary(max_size=8),
            acknowledged=st.integers(0, 12),
            last=st.booleans(),
            streaming=st.booleans(),
            window=st.integers(0, 63),
        ),
        max_size=30,
    ),
    st.booleans(),
)
def test_hostile_blocks_end_in_a_typed_error_or_not_at_all(received: list[bytes], answered: bool) -> None:
    transfer = GeneralTransfer(GeneralLimits(window=4, max_bytes=64), 40)
    transfer.begin(answered=answered)
    if not answered:
        transfer.send(REQUEST[:60])
    delivered = 0
    try:
        for octets in received:
            step = transfer.receive(octets)
            delivered += step.apdu is not None
            assert len(step.blocks) <= 63
    except DlmsError:
        pass
    assert delivered <= 1


@pytest.mark.parametrize(
    "value",
    [
        Frame(1, 16, b"secret"), GeneralStep((b"secret",), b"secret"), Taken(b"secret", b"secret"),
        Content(Protection.AUTHENTICATED_ENCRYPTED, 1, b"secret"),
    ],
)  # fmt: skip
def test_what_is_handed_on_shows_no_apdu(value: object) -> None:
    assert "secret" not in repr(value)
