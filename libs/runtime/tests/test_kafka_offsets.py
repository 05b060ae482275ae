"""The tracker against a plain model: nothing unfinished is ever stepped over, nothing finished runs again."""

from __future__ import annotations

import base64
import random
import zlib

from hypothesis import given
from hypothesis import strategies as st

from meterstream.runtime.kafka.offsets import MAX_METADATA, OffsetTracker, decode_metadata, encode_metadata


@st.composite
def logs(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    """Offsets in a log with gaps, and those of the delivered ones that finish, in any order."""
    steps = draw(st.lists(st.integers(1, 40), min_size=1, max_size=60))
    offsets = [sum(steps[: index + 1]) for index in range(len(steps))]
    delivered = draw(st.integers(0, len(offsets)))
    finished = draw(st.lists(st.sampled_from(offsets[:delivered]), unique=True)) if delivered else []
    return offsets, [-1, delivered, *finished]


@given(logs())
def test_after_a_crash_exactly_the_unfinished_run_again(case: tuple[list[int], list[int]]) -> None:
    offsets, (_, delivered, *finished) = case
    first = OffsetTracker(offsets[0])
    assert all(first.deliver(offset) for offset in offsets[:delivered])
    for offset in finished:
        assert first.finish(offset)
    commit = first.commit()
    unfinished = [offset for offset in offsets if offset not in finished]
    open_now = [offset for offset in offsets[:delivered] if offset not in finished]
    assert commit.offset == (open_now[0] if open_now else first.position)
    second = OffsetTracker(*commit)
    again = [offset for offset in offsets if offset >= commit.offset and second.deliver(offset)]
    assert again == unfinished


@given(logs(), st.data())
def test_three_owners_in_a_row_still_finish_each_message_once(
    case: tuple[list[int], list[int]], data: st.DataObject
) -> None:
    offsets, _ = case
    done: list[int] = []
    start, metadata = offsets[0], ""
    for owner in range(3):
        tracker = OffsetTracker(start, metadata)
        reach = len(offsets) if owner == 2 else data.draw(st.integers(0, len(offsets)))
        open_now = [offset for offset in offsets[:reach] if offset >= start and tracker.deliver(offset)]
        finished = open_now if owner == 2 else data.draw(st.permutations(open_now)) if open_now else []
        if owner != 2 and finished:
            finished = finished[: data.draw(st.integers(0, len(finished)))]
        for offset in finished:
            tracker.finish(offset)
        done += finished
        start, metadata = tracker.commit()
    assert sorted(done) == offsets


@given(st.integers(0, 1 << 60), st.lists(st.integers(1, 1 << 30), max_size=200), st.integers(1, 1 << 30))
def test_metadata_survive_the_journey(base: int, steps: list[int], tail: int) -> None:
    still_open = [base + sum(steps[: index + 1]) for index in range(len(steps))]
    end = (still_open[-1] if still_open else base) + tail
    metadata = encode_metadata(base, still_open, end)
    if metadata:
        assert decode_metadata(base, metadata) == (frozenset([base, *still_open]), end)
        assert metadata.isascii()
        assert "\0" not in metadata


@given(st.integers(0, 1 << 40), st.text(max_size=80) | st.binary(max_size=60).map(lambda raw: "1" + raw.hex()))
def test_foreign_or_damaged_metadata_mean_that_all_run_again(base: int, metadata: str) -> None:
    still_open, end = decode_metadata(base, metadata)
    assert end >= base
    assert all(base <= offset < end for offset in still_open)


def test_a_bomb_in_the_metadata_stays_small() -> None:
    bomb = "1" + base64.b85encode(zlib.compress(b"\x01" * 50_000_000, 9)).decode()
    assert decode_metadata(5, bomb) == (frozenset(), 5)


def test_what_does_not_fit_is_cut_and_only_that_runs_again() -> None:
    chooser = random.Random(7)
    offsets = list(range(100_000))
    tracker = OffsetTracker(0)
    for offset in offsets:
        tracker.deliver(offset)
    finished = set(chooser.sample(offsets[1:], 50_000))
    for offset in finished:
        tracker.finish(offset)
    commit = tracker.commit()
    assert commit.offset == 0
    assert len(commit.metadata) <= MAX_METADATA
    assert tracker.truncated
    after = OffsetTracker(*commit)
    again = [offset for offset in offsets if after.deliver(offset)]
    assert set(again) >= set(offsets) - finished
    assert len(again) < len(offsets)  # the part that fitted does not run again
    for offset in offsets:
        tracker.finish(offset)
    assert tracker.commit() == (100_000, "")
    assert not tracker.truncated


def test_messages_below_the_position_are_not_taken_twice() -> None:
    tracker = OffsetTracker(3)
    assert tracker.deliver(3)
    assert not tracker.deliver(3)
    assert not tracker.deliver(2)
    assert tracker.open_count == 1
    assert tracker.finish(3)
    assert not tracker.finish(3)
