"""APDUs of the block forms: what is written is read again, published forms octet by octet, nothing else is taken."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterstream.dlms import apdu
from meterstream.dlms.apdu import (
    ActionResult,
    ActionReturn,
    DataAccessResult,
    DataBlock,
    decode_action_request,
    decode_action_response,
    decode_return,
    decode_returns,
    decode_set_request,
    decode_set_response,
    decode_values,
    encode_return,
    encode_returns,
    encode_values,
)
from meterstream.dlms.data import AttributeRef, LogicalName, MethodRef, Selection, null, octet_string, unsigned
from meterstream.dlms.errors import DecodeError, DlmsError, EncodeError

CLOCK = AttributeRef(8, LogicalName.parse("0.0.1.0.0.255"), 2)
CALLED = MethodRef(70, LogicalName.parse("0.0.96.3.10.255"), 1)
FIRST = DataBlock(last=False, number=1, raw=bytes.fromhex("0904AB"))

octet = st.integers(0, 255)
values = st.sampled_from([null(), unsigned(7), octet_string(b""), octet_string(bytes(200))])
refs = st.sampled_from([CLOCK, AttributeRef(1, bytes(6), -1)])
methods = st.sampled_from([CALLED, MethodRef(1, bytes(6), -1)])
selections = st.none() | st.builds(Selection, octet, values)
blocks = st.builds(DataBlock, st.booleans(), st.integers(0, 0xFFFF_FFFF), st.binary(max_size=300))
numbers = st.integers(0, 0xFFFF_FFFF)
items = st.lists(st.tuples(refs, selections), max_size=4).map(tuple)
listed = st.lists(methods, max_size=4).map(tuple)
results = st.lists(octet.map(DataAccessResult), max_size=200).map(tuple)
returns = st.lists(
    st.builds(ActionReturn, octet.map(ActionResult), st.none() | values | octet.map(DataAccessResult)), max_size=4
).map(tuple)


@st.composite
def action_lists(draw: st.DrawFn) -> apdu.ActionRequestWithList:
    called = draw(listed)
    return apdu.ActionRequestWithList(draw(octet), called, tuple(draw(values) for _ in called))


SET_REQUESTS = st.one_of(
    st.builds(apdu.SetRequestWithFirstDataBlock, octet, refs, blocks, selections),
    st.builds(apdu.SetRequestWithDataBlock, octet, blocks),
    st.builds(apdu.SetRequestWithListAndFirstDataBlock, octet, items, blocks),
)
SET_RESPONSES = st.one_of(
    st.builds(apdu.SetResponseDataBlock, octet, numbers),
    st.builds(apdu.SetResponseLastDataBlock, octet, octet.map(DataAccessResult), numbers),
    st.builds(apdu.SetResponseLastDataBlockWithList, octet, results, numbers),
)
ACTION_REQUESTS = st.one_of(
    st.builds(apdu.ActionRequestNextBlock, octet, numbers),
    action_lists(),
    st.builds(apdu.ActionRequestWithFirstBlock, octet, methods, blocks),
    st.builds(apdu.ActionRequestWithListAndFirstBlock, octet, listed, blocks),
    st.builds(apdu.ActionRequestWithBlock, octet, blocks),
)
ACTION_RESPONSES = st.one_of(
    st.builds(apdu.ActionResponseWithBlock, octet, blocks),
    st.builds(apdu.ActionResponseWithList, octet, returns),
    st.builds(apdu.ActionResponseNextBlock, octet, numbers),
)
GENERAL_BLOCKS = st.builds(
    apdu.GeneralBlock,
    last=st.booleans(),
    streaming=st.booleans(),
    window=st.integers(0, 63),
    number=st.integers(0, 0xFFFF),
    acknowledged=st.integers(0, 0xFFFF),
    data=st.binary(max_size=300),
)
FORMS: list[Any] = [
    (SET_REQUESTS, decode_set_request),
    (SET_RESPONSES, decode_set_response),
    (ACTION_REQUESTS, decode_action_request),
    (ACTION_RESPONSES, decode_action_response),
    (GENERAL_BLOCKS, apdu.decode_general_block),
]


@pytest.mark.parametrize(("form", "decode"), FORMS)
@given(data=st.data())
def test_what_is_written_is_read(form: Any, decode: Any, data: st.DataObject) -> None:
    written = data.draw(form)
    octets = written.encode()
    assert decode(octets) == written
    cut = data.draw(st.integers(0, len(octets) - 1))
    with pytest.raises(DecodeError):
        decode(octets[:cut])
    with pytest.raises(DecodeError):
        decode(octets + b"\0")


@pytest.mark.parametrize(("form", "decode"), FORMS)
@given(data=st.data())
def test_any_octets_end_in_a_value_or_an_error(form: Any, decode: Any, data: st.DataObject) -> None:
    octets = bytearray(data.draw(form).encode())
    for place in data.draw(st.lists(st.integers(0, len(octets) - 1), max_size=4)):
        octets[place] = data.draw(octet)
    try:
        decode(bytes(octets))
    except DlmsError:
        return


@pytest.mark.parametrize(
    ("written", "octets"),
    [
        (
            apdu.SetRequestWithFirstDataBlock(0x41, CLOCK, FIRST),
            "C1 02 41 0008 0000010000FF 02 00 00 00000001 03 0904AB",
        ),
        (apdu.SetRequestWithDataBlock(0x41, DataBlock(True, 2, b"\x01")), "C1 03 41 01 00000002 01 01"),
        (
            apdu.SetRequestWithListAndFirstDataBlock(0x41, ((CLOCK, None),), FIRST),
            "C1 05 41 01 0008 0000010000FF 02 00 00 00000001 03 0904AB",
        ),
        (apdu.SetResponseDataBlock(0x41, 1), "C5 02 41 00000001"),
        (apdu.SetResponseLastDataBlock(0x41, DataAccessResult.SUCCESS, 2), "C5 03 41 00 00000002"),
        (
            apdu.SetResponseLastDataBlockWithList(0x41, (DataAccessResult.SUCCESS, DataAccessResult(19)), 2),
            "C5 04 41 02 00 13 00000002",
        ),
        (apdu.ActionRequestNextBlock(0x41, 1), "C3 02 41 00000001"),
        (
            apdu.ActionRequestWithList(0x41, (CALLED, CALLED), (unsigned(1), null())),
            "C3 03 41 02 0046 000060030AFF 01 0046 000060030AFF 01 02 1101 00",
        ),
        (
            apdu.ActionRequestWithFirstBlock(0x41, CALLED, FIRST),
            "C3 04 41 0046 000060030AFF 01 00 00000001 03 0904AB",
        ),
        (
            apdu.ActionRequestWithListAndFirstBlock(0x41, (CALLED,), FIRST),
            "C3 05 41 01 0046 000060030AFF 01 00 00000001 03 0904AB",
        ),
        (apdu.ActionRequestWithBlock(0x41, DataBlock(True, 2, b"\x01")), "C3 06 41 01 00000002 01 01"),
        (apdu.ActionResponseWithBlock(0x41, FIRST), "C7 02 41 00 00000001 03 0904AB"),
        (
            apdu.ActionResponseWithList(
                0x41, (ActionReturn(ActionResult.SUCCESS, unsigned(1)), ActionReturn(ActionResult.HARDWARE_FAULT))
            ),
            "C7 03 41 02 00 01 00 1101 01 00",
        ),
        (apdu.ActionResponseNextBlock(0x41, 1), "C7 04 41 00000001"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_octets(written: Any, octets: str) -> None:
    raw = bytes.fromhex(octets)
    decode = {0xC1: decode_set_request, 0xC3: decode_action_request, 0xC5: decode_set_response}
    assert written.encode() == raw
    assert decode.get(raw[0], decode_action_response)(raw) == written


@pytest.mark.parametrize("raw", [b"", b"\xc1", b"\xc1\x09\x41", b"\xc3\x07\x41", b"\xc0\x01\x41"])
def test_no_request(raw: bytes) -> None:
    for decode in (decode_set_request, decode_action_request):
        with pytest.raises(DecodeError):
            decode(raw)


@given(st.lists(values, max_size=5).map(tuple), returns)
def test_bodies_that_travel_in_blocks(parameters: Any, answers: Any) -> None:
    assert decode_values(encode_values(parameters), len(parameters)) == parameters
    assert decode_returns(encode_returns(answers)) == answers
    for answer in answers:
        assert decode_return(encode_return(answer)) == answer
    with pytest.raises(DecodeError):
        decode_values(encode_values(parameters), len(parameters) + 1)


@pytest.mark.parametrize("number", [-1, 1 << 32])
def test_numbers_that_do_not_fit(number: int) -> None:
    for form in (
        apdu.SetRequestWithDataBlock(0x41, DataBlock(True, number, b"")),
        apdu.SetResponseDataBlock(0x41, number),
        apdu.ActionRequestNextBlock(0x41, number),
    ):
        with pytest.raises(EncodeError):
            form.encode()


def test_values_stay_out_of_repr() -> None:
    secret = octet_string(b"SECRET")
    for form in (
        apdu.SetRequestWithDataBlock(0x41, DataBlock(True, 1, b"SECRET")),
        apdu.ActionRequestWithList(0x41, (CALLED,), (secret,)),
        apdu.ActionResponseWithList(0x41, (ActionReturn(ActionResult.SUCCESS, secret),)),
    ):
        assert "SECRET" not in repr(form)
