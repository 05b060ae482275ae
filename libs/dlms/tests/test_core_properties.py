"""Generated values survive; generated octets give a value or a typed error, within bounds of time and memory."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meterstream.dlms import apdu
from meterstream.dlms.apdu import (
    ActionRequestNormal,
    ActionResponseNormal,
    ActionResult,
    Conformance,
    DataAccessResult,
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithDataBlock,
    GetResponseWithList,
    Selection,
    SetRequestNormal,
    SetRequestWithList,
    SetResponseNormal,
    SetResponseWithList,
)
from meterstream.dlms.client import AssociationConfig, ClientAssociation, Level
from meterstream.dlms.data import (
    ArrayOf,
    AttributeRef,
    BitString,
    CompactArray,
    CosemDateTime,
    Data,
    DataType,
    MethodRef,
    StructureOf,
    decode,
    encode,
)
from meterstream.dlms.errors import DlmsError
from meterstream.dlms.framing import WrapperReader, wrap
from meterstream.dlms.security import SecurityKeys, Suite0

generated = settings(
    suppress_health_check=[HealthCheck.too_slow]
)  # slow generation is no fault; the profile says how many

INT_RANGES = {
    DataType.DOUBLE_LONG: (-(2**31), 2**31 - 1),
    DataType.DOUBLE_LONG_UNSIGNED: (0, 2**32 - 1),
    DataType.BCD: (-128, 127),
    DataType.INTEGER: (-128, 127),
    DataType.LONG: (-(2**15), 2**15 - 1),
    DataType.UNSIGNED: (0, 255),
    DataType.LONG_UNSIGNED: (0, 2**16 - 1),
    DataType.LONG64: (-(2**63), 2**63 - 1),
    DataType.LONG64_UNSIGNED: (0, 2**64 - 1),
    DataType.ENUM: (0, 255),
    DataType.DELTA_INTEGER: (-128, 127),
    DataType.DELTA_LONG: (-(2**15), 2**15 - 1),
    DataType.DELTA_DOUBLE_LONG: (-(2**31), 2**31 - 1),
    DataType.DELTA_UNSIGNED: (0, 255),
    DataType.DELTA_LONG_UNSIGNED: (0, 2**16 - 1),
    DataType.DELTA_DOUBLE_LONG_UNSIGNED: (0, 2**32 - 1),
}
VALUES: dict[DataType, st.SearchStrategy[Any]] = {
    DataType.NULL_DATA: st.none(),
    DataType.DONT_CARE: st.none(),
    DataType.BOOLEAN: st.booleans(),
    DataType.BIT_STRING: st.text("01", max_size=40).map(BitString),
    DataType.OCTET_STRING: st.binary(max_size=200),
    DataType.VISIBLE_STRING: st.text(st.characters(max_codepoint=255), max_size=200),
    DataType.UTF8_STRING: st.text(max_size=60),
    DataType.FLOAT32: st.floats(width=32, allow_nan=False),
    DataType.FLOAT64: st.floats(allow_nan=False),
    DataType.DATE_TIME: st.binary(min_size=12, max_size=12),
    DataType.DATE: st.binary(min_size=5, max_size=5),
    DataType.TIME: st.binary(min_size=4, max_size=4),
    **{kind: st.integers(*bounds) for kind, bounds in INT_RANGES.items()},
}


def of_type(kind: DataType) -> st.SearchStrategy[Data]:
    return VALUES[kind].map(lambda value: Data(kind, value))


scalars = st.one_of([of_type(kind) for kind in VALUES])
containers = st.sampled_from([DataType.ARRAY, DataType.STRUCTURE])

descriptions = st.recursive(
    st.sampled_from(sorted(VALUES)),
    lambda inner: (
        st.builds(ArrayOf, st.integers(0, 3), inner) | st.builds(StructureOf, st.lists(inner, max_size=4).map(tuple))
    ),
    max_leaves=6,
)


def row_of(description: Any) -> st.SearchStrategy[Data]:
    if isinstance(description, ArrayOf):
        items = [row_of(description.element)] * description.length
        return st.tuples(*items).map(lambda row: Data(DataType.ARRAY, row))
    if isinstance(description, StructureOf):
        return st.tuples(*map(row_of, description.members)).map(lambda row: Data(DataType.STRUCTURE, row))
    return of_type(description)


def takes_octets(description: Any) -> bool:
    if isinstance(description, ArrayOf):
        return description.length > 0 and takes_octets(description.element)
    if isinstance(description, StructureOf):
        return any(map(takes_octets, description.members))
    return description not in (DataType.NULL_DATA, DataType.DONT_CARE)


compact = descriptions.filter(takes_octets).flatmap(
    lambda description: st.lists(row_of(description), max_size=4).map(
        lambda rows: Data(DataType.COMPACT_ARRAY, CompactArray(description, rows))
    )
)
values = st.recursive(
    scalars,
    lambda inner: st.builds(lambda kind, items: Data(kind, tuple(items)), containers, st.lists(inner, max_size=5)),
    max_leaves=8,
)
octet = st.integers(0, 255)
names = st.binary(min_size=6, max_size=6)
refs = st.builds(AttributeRef, st.integers(0, 0xFFFF), names, st.integers(-128, 127))
methods = st.builds(MethodRef, st.integers(0, 0xFFFF), names, st.integers(-128, 127))
selections = st.none() | st.builds(Selection, octet, values)
results = st.sampled_from(sorted(DataAccessResult)) | octet.map(DataAccessResult)
read_results = values | results
items = st.lists(st.tuples(refs, selections), max_size=4).map(tuple)

APDUS: dict[str, tuple[st.SearchStrategy[Any], Callable[[bytes], Any]]] = {
    "get-request-normal": (st.builds(GetRequestNormal, octet, refs, selections), apdu.decode_get_request),
    "get-request-next": (st.builds(GetRequestNext, octet, st.integers(0, 2**32 - 1)), apdu.decode_get_request),
    "get-request-with-list": (st.builds(GetRequestWithList, octet, items), apdu.decode_get_request),
    "get-response-normal": (st.builds(GetResponseNormal, octet, read_results), apdu.decode_get_response),
    "get-response-block": (
        st.builds(
            GetResponseWithDataBlock,
            octet,
            st.booleans(),
            st.integers(0, 2**32 - 1),
            st.binary(max_size=300) | results,
        ),
        apdu.decode_get_response,
    ),
    "get-response-with-list": (
        st.builds(GetResponseWithList, octet, st.lists(read_results, max_size=4).map(tuple)),
        apdu.decode_get_response,
    ),
    "set-request-normal": (st.builds(SetRequestNormal, octet, refs, values, selections), apdu.decode_set_request),
    "set-request-with-list": (
        st.lists(st.tuples(refs, selections, values), max_size=4).flatmap(
            lambda rows: st.builds(
                SetRequestWithList,
                octet,
                st.just(tuple((ref, selection) for ref, selection, _ in rows)),
                st.just(tuple(value for *_, value in rows)),
            )
        ),
        apdu.decode_set_request,
    ),
    "set-response-normal": (st.builds(SetResponseNormal, octet, results), apdu.decode_set_response),
    "set-response-with-list": (
        st.builds(SetResponseWithList, octet, st.lists(results, max_size=200).map(tuple)),
        apdu.decode_set_response,
    ),
    "action-request": (
        st.builds(ActionRequestNormal, octet, methods, st.none() | values),
        apdu.decode_action_request,
    ),
    "action-response": (
        st.builds(ActionResponseNormal, octet, octet.map(ActionResult), st.none() | read_results),
        apdu.decode_action_response,
    ),
    "aarq": (
        st.builds(
            apdu.Aarq,
            octet,
            st.binary(max_size=150),
            st.none() | st.binary(max_size=20),
            st.none() | octet,
            st.none() | st.binary(max_size=140),
        ),
        apdu.decode_aarq,
    ),
    "aare": (
        st.builds(
            apdu.Aare,
            octet,
            octet,
            octet,
            st.sampled_from([1, 2]),
            st.none() | st.binary(max_size=20),
            st.none() | octet,
            st.none() | st.binary(max_size=140),
            st.none() | st.binary(max_size=150),
            st.booleans(),
        ),
        apdu.decode_aare,
    ),
    "rlrq": (st.builds(apdu.Rlrq, st.none() | octet, st.none() | st.binary(max_size=40)), apdu.decode_rlrq),
    "rlre": (st.builds(apdu.Rlre, st.none() | octet, st.none() | st.binary(max_size=40)), apdu.decode_rlre),
    "initiate-request": (
        st.builds(
            apdu.InitiateRequest,
            st.integers(0, 0xFFFFFF).map(Conformance),
            st.integers(0, 0xFFFF),
            st.none() | st.binary(max_size=20),
            st.booleans(),
            st.none() | octet,
            octet,
        ),
        apdu.decode_initiate_request,
    ),
    "initiate-response": (
        st.builds(
            apdu.InitiateResponse,
            st.integers(0, 0xFFFFFF).map(Conformance),
            st.integers(0, 0xFFFF),
            st.none() | octet,
            octet,
            st.integers(0, 0xFFFF),
        ),
        apdu.decode_initiate_response,
    ),
    "exception-response": (
        st.builds(apdu.ExceptionResponse, octet, octet, st.none() | st.integers(0, 2**32 - 1)),
        apdu.decode_exception_response,
    ),
    "confirmed-service-error": (
        st.builds(apdu.ConfirmedServiceError, octet, octet, octet),
        apdu.decode_confirmed_service_error,
    ),
}


@generated
@given(values)
def test_data_survives(value: Data) -> None:
    assert decode(encode(value)) == value


@generated
@given(compact, values)
def test_compact_arrays_survive(rows: Data, value: Data) -> None:
    nested = Data(DataType.STRUCTURE, (rows, value))
    assert decode(encode(nested)) == nested


@pytest.mark.parametrize("name", APDUS)
@generated
@given(data=st.data())
def test_apdus_survive(name: str, data: st.DataObject) -> None:
    strategy, decoder = APDUS[name]
    value = data.draw(strategy)
    assert decoder(value.encode()) == value


@generated
@given(st.binary(min_size=12, max_size=12))
def test_date_times_survive_and_are_moments_or_typed_errors(octets: bytes) -> None:
    parts = CosemDateTime.from_bytes(octets)
    assert parts.to_bytes() == octets
    with suppress(DlmsError):
        parts.to_datetime()


@generated
@given(st.binary(max_size=300) | (values | compact).map(encode).flatmap(lambda raw: mutated(raw)))
def test_any_octets_are_a_value_or_a_typed_error(raw: bytes) -> None:
    tracemalloc.start()
    try:
        value = decode(raw)
    except DlmsError:
        value = None
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 64 * 2**20
    if value is not None:
        again = decode(encode(value))
        assert again == value or any(map(math.isnan, floats(value)))


def mutated(raw: bytes) -> st.SearchStrategy[bytes]:
    """`raw` with one octet changed, left out or doubled."""
    at = st.integers(0, len(raw) - 1)
    return (
        st.builds(lambda i, o: raw[:i] + bytes((o,)) + raw[i + 1 :], at, octet)
        | at.map(lambda i: raw[:i] + raw[i + 1 :])
        | at.map(lambda i: raw[:i] + raw[i : i + 1] + raw[i:])
    )


def floats(value: Data) -> list[float]:
    if isinstance(value.value, tuple):
        return [number for item in value.value for number in floats(item)]
    return [value.value] if isinstance(value.value, float) else []


@pytest.mark.parametrize("name", APDUS)
@generated
@given(data=st.data())
def test_any_octets_are_an_apdu_or_a_typed_error(name: str, data: st.DataObject) -> None:
    strategy, decoder = APDUS[name]
    raw = data.draw(strategy.map(lambda value: value.encode()).flatmap(mutated) | st.binary(max_size=80))
    with suppress(DlmsError):
        decoder(raw)


# Roles

KEYS = SecurityKeys(bytes(range(16)), bytes(range(16, 32)))
TITLE = b"OSG\0\0\0\x27\x0f"
CLOCK = AttributeRef(8, b"\0\0\1\0\0\xff", 2)


@pytest.mark.parametrize("level", list(Level))
@generated
@given(data=st.data())
def test_client_takes_any_octets(pair_of: Callable[..., Any], level: Level, data: st.DataObject) -> None:
    """In every phase: as an answer whole and spoilt, or as noise; the outcome is an event or a typed error."""
    pair = pair_of(level)
    frame = pair.client.associate()
    requests = data.draw(st.integers(0, 3))
    try:
        for step in range(4):
            answer = pair.meter.receive(frame)
            if step == requests:
                answer = data.draw(mutated(answer) | st.binary(max_size=60))
            event = pair.client.receive(answer)
            if event is None:
                return
            frame = event.frame if hasattr(event, "frame") else pair.client.get(CLOCK)
    except DlmsError:
        pass


@pytest.mark.parametrize("level", list(Level))
@generated
@given(data=st.data())
def test_meter_takes_any_octets(pair_of: Callable[..., Any], level: Level, data: st.DataObject) -> None:
    pair = pair_of(level)
    frame = pair.client.associate()
    spoilt = data.draw(st.integers(0, 3))
    for step in range(4):
        if step == spoilt:
            frame = data.draw(mutated(frame) | st.binary(max_size=60))
        answer = pair.meter.receive(frame)
        if not answer:
            return
        try:
            event = pair.client.receive(answer)
            frame = event.frame if hasattr(event, "frame") else pair.client.get(CLOCK)
        except (DlmsError, AttributeError):
            return


@pytest.mark.parametrize("level", [Level.NONE, Level.HLS5_GMAC])
@generated
@given(plaintext=st.binary(max_size=80) | read_results.flatmap(
    lambda result: mutated(GetResponseNormal(0x41, result).encode())
))  # fmt: skip
def test_client_takes_any_plaintext(level: Level, plaintext: bytes) -> None:
    """Hostile content from a meter that has the keys."""
    config = AssociationConfig(level, client_title=b"   12345", keys=KEYS)
    client = ClientAssociation(config, count().__next__, bytes(8) if level.ciphered else b"")
    client.associate()
    client._channel.server_title = TITLE
    client._end_exchange()
    client.get(CLOCK)
    sealed = Suite0(KEYS).seal(0xCC, TITLE, 5, plaintext) if level.ciphered else plaintext
    with suppress(DlmsError):
        client.receive(wrap(1, 1, sealed))


@generated
@given(st.lists(st.binary(max_size=300), max_size=6), st.data())
def test_frames_come_out_as_they_went_in(apdus: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(wrap(1, number, octets) for number, octets in enumerate(apdus))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    reader, frames = WrapperReader(), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        reader.feed(stream[start:end])
        while (frame := reader.next_frame()) is not None:
            frames.append(frame)
    assert [(number, octets) for _, number, octets in frames] == list(enumerate(apdus))
    assert reader.waiting == 0
