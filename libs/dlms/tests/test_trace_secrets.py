"""No secret is in a trace: not in hex, not as text, not in the error, whole or broken, plain or opened."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from meterstream.dlms import apdu
from meterstream.dlms.apdu import (
    ActionRequestNormal,
    ActionResponseNormal,
    ActionResult,
    DataAccessResult,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithDataBlock,
    GetResponseWithList,
    SetRequestNormal,
    SetRequestWithList,
)
from meterstream.dlms.apdu.access import AccessAction, AccessGetResult, AccessRequest, AccessResponse, AccessSet
from meterstream.dlms.data import (
    AttributeRef,
    Data,
    LogicalName,
    MethodRef,
    array,
    bit_string,
    compact_array,
    encode,
    enum,
    long_unsigned,
    octet_string,
    structure,
    unsigned,
    utf8_string,
    visible_string,
)
from meterstream.dlms.data.types import DataType
from meterstream.dlms.framing import wrap
from meterstream.dlms.security import SecurityKeys, Suite0
from meterstream.dlms.trace import Trace, TraceContext, TraceLimits, describe

SECRET = b"Q7#zK!vX9$wJ%pG\x9c"
WIDE = TraceLimits(lines=1000, width=4000, shown_octets=2000)
KEYS = SecurityKeys(bytes(range(16)), bytes.fromhex("D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"))
TITLE = bytes.fromhex("4D4D4D0000BC614E")
NAME = LogicalName.parse("0.0.43.0.0.255")
OPEN = AttributeRef(1, LogicalName.parse("0.0.96.1.0.255"), 2)
ATTRIBUTES = [
    AttributeRef(class_id, NAME, number)
    for class_id, number in (
        (15, 7), (15, 0), (15, -1), (12, 7), (19, 7), (19, 8), (19, 9), (27, 3), (44, 5), (44, 0), (45, 3), (45, -4),
        (46, 4), (64, 7), (64, 0), (64, -1), (72, 0), (91, 5), (100, 6), (100, 7), (101, 5), (104, 2),
    )
]  # fmt: skip
METHODS = [
    MethodRef(class_id, NAME, number)
    for class_id, number in (
        (64, 2), (64, 3), (64, -1), (72, 6), (72, 7), (72, 8), (72, -1), (15, 2), (12, 5), (100, 2), (101, 1), (104, 1),
    )
]  # fmt: skip
SHAPES = [
    octet_string(SECRET),
    visible_string(SECRET.decode("latin-1")),
    utf8_string(SECRET.decode("latin-1")),
    bit_string("".join(f"{octet:08b}" for octet in SECRET)),
    structure(enum(0), octet_string(SECRET)),
    array([structure(enum(2), octet_string(SECRET)), structure(enum(0), octet_string(SECRET))]),
    array(unsigned(octet) for octet in SECRET),
    compact_array(DataType.UNSIGNED, [unsigned(octet) for octet in SECRET]),
]


def leaks(trace: Trace, secret: bytes = SECRET) -> list[str]:
    """Pieces of the secret that are in the trace: 3 octets in hex, 3 characters, or the values one by one."""
    text = "\n".join((trace.text, repr(trace)))
    found = []
    for start in range(len(secret) - 2):
        piece = secret[start : start + 3]
        forms = (
            piece.hex().upper(),
            piece.hex(),
            piece.decode("latin-1"),
            "".join(f"{octet:08b}" for octet in piece),
        )
        found += [form for form in forms if form in text]
    numbers = [line.split()[-1] for line in trace.lines]
    found += [str(list(secret[:3]))] if [str(octet) for octet in secret[:3]] == numbers[-len(secret) :][:3] else []
    return found


def prefixes(octets: bytes) -> list[bytes]:
    return [octets[:end] for end in range(1, len(octets) + 1)]


def test_the_search_finds_what_is_not_masked() -> None:
    for shape in SHAPES:
        assert leaks(describe(SetRequestNormal(0x41, OPEN, shape).encode(), limits=WIDE))


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.type.name)
@pytest.mark.parametrize("ref", ATTRIBUTES, ids=str)
def test_written_and_read_attributes(ref: AttributeRef, shape: Data) -> None:
    requests = (
        SetRequestNormal(0x41, ref, shape),
        SetRequestWithList(0x41, ((OPEN, None), (ref, None)), (unsigned(1), shape)),
    )
    for request in requests:
        for octets in prefixes(request.encode()):
            assert not leaks(describe(octets, limits=WIDE))
    asked = describe(GetRequestNormal(0x41, ref).encode()).context
    for octets in prefixes(GetResponseNormal(0x41, shape).encode()):
        assert not leaks(describe(octets, context=asked, limits=WIDE))
    asked = describe(GetRequestWithList(0x41, ((OPEN, None), (ref, None))).encode()).context
    trace = describe(GetResponseWithList(0x41, (octet_string(b"abc"), shape)).encode(), context=asked, limits=WIDE)
    assert not leaks(trace)
    assert '"abc"' in trace.text
    block = GetResponseWithDataBlock(0x41, True, 1, encode(shape)).encode()
    assert not leaks(describe(block, context=asked, limits=WIDE))


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.type.name)
@pytest.mark.parametrize("ref", METHODS, ids=str)
def test_parameters_and_return_values_of_methods(ref: MethodRef, shape: Data) -> None:
    request = ActionRequestNormal(0x41, ref, shape).encode()
    for octets in prefixes(request):
        assert not leaks(describe(octets, limits=WIDE))
    answer = ActionResponseNormal(0x41, ActionResult.SUCCESS, shape).encode()
    assert not leaks(describe(answer, context=describe(request).context, limits=WIDE))
    sealed = wrap(1, 1, Suite0(KEYS).seal(0xCB, TITLE, 1, request))
    opened = describe(sealed, keys=KEYS, context=TraceContext(client_title=TITLE), limits=WIDE)
    assert "action-request-normal" in opened.text
    assert not leaks(opened)


@pytest.mark.parametrize("shape", SHAPES[:3], ids=lambda shape: shape.type.name)
def test_strings_of_an_answer_whose_request_is_not_known(shape: Data) -> None:
    for answer in (
        GetResponseNormal(0x41, shape).encode(),
        GetResponseWithList(0x41, (shape,)).encode(),
        GetResponseWithDataBlock(0x41, False, 1, encode(shape)).encode(),
        ActionResponseNormal(0x41, ActionResult.SUCCESS, shape).encode(),
    ):
        assert not leaks(describe(answer, limits=WIDE))


@pytest.mark.parametrize(
    "closed", ["C0", "C00142000F0000", "C81E30000000015844EA0E59566AC9DF5162DA9896C542AAAEBCD901050223AB"]
)
def test_an_older_request_does_not_speak_for_one_that_stayed_closed(closed: str) -> None:
    asked = describe(GetRequestNormal(0x41, OPEN).encode()).context
    assert asked.asked is not None
    later = describe(bytes.fromhex(closed), context=asked).context
    if closed != "C0":  # nothing was asked then
        assert later.asked is None
        assert not leaks(describe(GetResponseNormal(0x41, SHAPES[0]).encode(), context=later, limits=WIDE))


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.type.name)
def test_access_requests_and_responses(shape: Data) -> None:
    items = (AccessSet(OPEN), *map(AccessSet, ATTRIBUTES), *map(AccessAction, METHODS))
    values = (octet_string(b"abc"),) + (shape,) * (len(items) - 1)
    request = AccessRequest(0x40000001, items, values).encode()
    results = (AccessGetResult(DataAccessResult.SUCCESS),) * len(items)
    wide = TraceLimits(lines=5000, width=4000, shown_octets=2000)
    asked = describe(request, limits=wide)
    alone = AccessResponse(0x40000001, results, values).encode()
    repeating = AccessResponse(0x40000001, results, values, None, items).encode()
    traces = (asked, describe(alone, context=asked.context, limits=wide), describe(repeating, limits=wide))
    for trace in traces:
        assert trace.error is None
        assert '"abc"' in trace.text
        assert not leaks(trace)


@pytest.mark.parametrize("mechanism", [None, 0, 1, 2, 8, 255])
def test_authentication_values_that_may_be_passwords(mechanism: int | None) -> None:
    octets = apdu.Aarq(3, b"", TITLE, mechanism, SECRET).encode()
    for part in prefixes(octets):
        assert not leaks(describe(part, limits=WIDE))
        assert not leaks(describe(wrap(1, 1, part), limits=WIDE))
    assert "calling-authentication-value(16) masked" in describe(octets).text


@pytest.mark.parametrize("mechanism", [3, 4, 5, 6, 7])
def test_challenges_are_shown(mechanism: int) -> None:
    assert leaks(describe(apdu.Aarq(3, b"", TITLE, mechanism, SECRET).encode()))


def test_a_malformed_password_element_tells_nothing() -> None:
    octets = apdu.Aarq(3, b"", TITLE, 1, SECRET).encode().replace(b"\x80\x10" + SECRET[:1], b"\x80" + SECRET[:2])
    trace = describe(octets, limits=WIDE)
    assert trace.error is not None
    assert not leaks(trace)
    assert str(SECRET[0]) not in trace.error.rule


def test_dedicated_key() -> None:
    octets = apdu.InitiateRequest(dedicated_key=SECRET).encode()
    for part in prefixes(octets):
        assert not leaks(describe(part, limits=WIDE))
    assert "dedicated key(16) masked" in describe(octets).text


def test_a_value_without_its_type_does_not_show_in_the_error() -> None:
    head = SetRequestNormal(0x41, AttributeRef(15, NAME, 7), unsigned(0)).encode()[:-2]
    for raw in (SECRET, b"\x09" + SECRET, b"\x02" + SECRET, b"\x02\x01" + SECRET):
        trace = describe(head + raw)
        assert trace.error is not None
        assert not any(character.isdigit() for character in trace.error.rule), trace.error.rule


def test_secrets_of_the_vectors() -> None:
    secrets = [
        bytes.fromhex(text)
        for text in (
            "8198CCA56911B62BA73E000E22CA5B926EAB38C103D1658D",
            "AA320B2668EEC02231C19A30CA62B7E06621A1C9E420B755",
            "8DF4E9AAC5C7573A27D8D055D6E4D64B",
            "2E27B6A8BAF64E24F906AF0C00D92EA4E672A5D89492CA675B445349B08C",
            "2E27B6A8B8F64E24F906AF0C00D92EA4E672A5D89492B8447CA1BE2290B9",
            "00112233445566778899AABBCCDDEEFF",
            "3131313131313131",
        )
    ]
    here = Path(__file__).parent
    vectors = [vector["apdu"] for vector in json.loads((here / "core_vectors.json").read_text())]
    octets = [bytes.fromhex(text) for text in vectors]
    octets += map(bytes.fromhex, json.loads((here / "core_frames.json").read_text()).values())
    for secret in secrets:
        holders = [raw for raw in octets if secret in raw]
        assert holders
        assert not any(leaks(describe(raw, limits=WIDE), secret) for raw in holders)


def test_harmless_values_of_the_same_classes_are_shown() -> None:
    for ref in (AttributeRef(15, NAME, 2), AttributeRef(64, NAME, 4), AttributeRef(45, NAME, 2)):
        assert leaks(describe(SetRequestNormal(0x41, ref, SHAPES[0]).encode(), limits=WIDE))
    token = ActionRequestNormal(0x41, MethodRef(15, NAME, 1), SHAPES[0])
    assert leaks(describe(token.encode(), limits=WIDE))
    assert (
        "long-unsigned(2) masked"
        in describe(SetRequestNormal(0x41, AttributeRef(45, NAME, 3), long_unsigned(1234)).encode()).text
    )
