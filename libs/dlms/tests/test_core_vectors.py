"""Every plain APDU of the vectors decodes and encodes to the same octets; what it says is what it should say."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from meterstream.dlms import apdu
from meterstream.dlms.apdu import (
    ActionRequestNormal,
    ActionResult,
    DataAccessResult,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithDataBlock,
    GetResponseWithList,
    Selection,
    SetRequestNormal,
    SetRequestWithList,
)
from meterstream.dlms.data import (
    AttributeRef,
    CaptureObject,
    CosemDateTime,
    Data,
    LogicalName,
    MethodRef,
    Unit,
    array,
    bit_string,
    boolean,
    decode,
    double_long_unsigned,
    enum,
    integer,
    long,
    long_unsigned,
    octet_string,
    range_descriptor,
    scale,
    structure,
    unsigned,
)
from meterstream.dlms.security import SecurityKeys, Suite0, unwrap_key, wrap_key

VECTORS = json.loads((Path(__file__).parent / "core_vectors.json").read_text())
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
CODECS = {
    0xC0: apdu.decode_get_request,
    0xC1: apdu.decode_set_request,
    0xC3: apdu.decode_action_request,
    0xC4: apdu.decode_get_response,
    0xC5: apdu.decode_set_response,
    0xC7: apdu.decode_action_response,
}


def ln(obis: str) -> LogicalName:
    return LogicalName.parse(obis)


def at(*parts: int) -> CosemDateTime:
    return CosemDateTime.from_datetime(datetime(*parts, tzinfo=AMSTERDAM))


@pytest.mark.parametrize("vector", VECTORS, ids=[f"{v['part']} {v['apdu'][:6]} {v['title'][:40]}" for v in VECTORS])
def test_plain_apdu_survives_decoding_and_encoding(vector: dict[str, str]) -> None:
    raw = bytes.fromhex(vector["apdu"])
    assert CODECS[raw[0]](raw).encode() == raw


def test_the_vectors_hold_every_service_and_part() -> None:
    assert {v["part"] for v in VECTORS} == set("BCDFGH")
    assert {v["apdu"][:4] for v in VECTORS} >= {
        "C001", "C002", "C003", "C101", "C104", "C301", "C401", "C402", "C403", "C501", "C505", "C701",
    }  # fmt: skip


# Part A: answers published in the Green Book and in RFC 3394

KEYS = SecurityKeys(bytes(range(16)), bytes.fromhex("D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"))
BOOK_TITLE = bytes.fromhex("4D4D4D0000BC614E")


@pytest.mark.parametrize(
    ("tag", "plain", "sealed"),
    [
        (
            0x21,
            "01011000112233445566778899AABBCCDDEEFF0000065F1F0400007E1F04B0",
            "21303001234567801302FF8A7874133D414CED25B42534D28DB0047720606B175BD52211BE6841DB204D39EE6FDB8E356855",
        ),
        (
            0xC8,
            "C0010000080000010000FF0200",
            "C81E3001234567411312FF935A47566827C467BC7D825C3BE4A77C3FCC056B6B",
        ),
    ],
)
def test_seals_and_opens_as_published(tag: int, plain: str, sealed: str) -> None:
    cipher = Suite0(KEYS)
    assert cipher.seal(tag, BOOK_TITLE, 0x01234567, bytes.fromhex(plain)).hex().upper() == sealed
    assert cipher.unseal(bytes.fromhex(sealed), BOOK_TITLE) == (0x01234567, bytes.fromhex(plain))


@pytest.mark.parametrize(
    ("title", "counter", "challenge", "token"),
    [
        ("4D4D4D0000000001", 1, "503677524A323146", "10000000011A52FE7DD3E72748973C1E28"),
        ("4D4D4D0000BC614E", 0x01234567, "4B35366956616759", "1001234567FE1466AFB3DBCD4F9389E2B7"),
    ],
)
def test_tokens_as_published(title: str, counter: int, challenge: str, token: str) -> None:
    cipher = Suite0(KEYS)
    assert cipher.token(bytes.fromhex(title), counter, bytes.fromhex(challenge)).hex().upper() == token
    assert cipher.verify_token(bytes.fromhex(token), bytes.fromhex(title), bytes.fromhex(challenge)) == counter


def test_key_wrap_as_published() -> None:
    key = bytes.fromhex("00112233445566778899AABBCCDDEEFF")
    wrapped = wrap_key(bytes(range(16)), key)
    assert wrapped.hex().upper() == "1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5"
    assert unwrap_key(bytes(range(16)), wrapped) == key


def test_initiate_request_with_a_dedicated_key() -> None:
    raw = bytes.fromhex("01011000112233445566778899AABBCCDDEEFF0000065F1F0400007E1F04B0")
    request = apdu.decode_initiate_request(raw)
    assert request.dedicated_key == bytes.fromhex("00112233445566778899AABBCCDDEEFF")
    assert (request.conformance, request.max_pdu) == (0x007E1F, 0x04B0)
    assert request.encode() == raw
    assert "00112233" not in repr(request)
    assert "dedicated_key" not in repr(request)


# Part F: requests made from values

RANGE = (at(2024, 7, 1), at(2024, 7, 2))
CLOCK = CaptureObject(8, ln("0.0.1.0.0.255"), 2)
DAILY_COLUMNS = [
    CLOCK,
    CaptureObject(1, ln("0.0.96.10.2.255"), 2),
    CaptureObject(3, ln("1.0.1.8.1.255"), 2),
    CaptureObject(3, ln("1.0.1.8.2.255"), 2),
    CaptureObject(3, ln("1.0.2.8.1.255"), 2),
    CaptureObject(3, ln("1.0.2.8.2.255"), 2),
]
GAS_COLUMNS = [
    CLOCK,
    CaptureObject(1, ln("0.0.96.10.2.255"), 2),
    CaptureObject(4, ln("0.1.24.2.1.255"), 2),
    CaptureObject(4, ln("0.1.24.2.1.255"), 5),
]
CLOCK_OBJECT = ln("0.0.1.0.0.255")
CALENDAR = ln("0.0.13.0.0.255")


def day(begin: bytes, script: int) -> Data:
    return structure(octet_string(begin), octet_string(ln("0.0.10.0.100.255")), long_unsigned(script))


REQUESTS = {
    "C0014300070100630100FF0201010204020412000809060000010000FF0F02120000090C07E80701FF00000000FF8880090C07E80702FF"
    "00000000FF88800100": GetRequestNormal(
        0x43, AttributeRef(7, ln("1.0.99.1.0.255"), 2), Selection(1, range_descriptor(*RANGE))
    ),
    "C0014400070100630200FF0201010204020412000809060000010000FF0F02120000090C07E80701FF00000000FF8880090C07E80702FF"
    "00000000FF88800106020412000809060000010000FF0F02120000020412000109060000600A02FF0F0212000002041200030906010001"
    "0801FF0F02120000020412000309060100010802FF0F02120000020412000309060100020801FF0F021200000204120003090601000208"
    "02FF0F02120000": GetRequestNormal(
        0x44, AttributeRef(7, ln("1.0.99.2.0.255"), 2), Selection(1, range_descriptor(*RANGE, DAILY_COLUMNS))
    ),
    "C0014400070100630200FF0201010204020412000809060000010000FF0F02120000090C07E80701FF00000000FF8880090C07E80702FF"
    "00000000FF88800104020412000809060000010000FF0F02120000020412000109060000600A02FF0F0212000002041200040906000118"
    "0201FF0F02120000020412000409060001180201FF0F05120000": GetRequestNormal(
        0x44, AttributeRef(7, ln("1.0.99.2.0.255"), 2), Selection(1, range_descriptor(*RANGE, GAS_COLUMNS))
    ),
    "C003450300080000010000FF020000030100010800FF020000030100010801FF0200": GetRequestWithList(
        0x45,
        (
            (AttributeRef(8, CLOCK_OBJECT, 2), None),
            (AttributeRef(3, ln("1.0.1.8.0.255"), 2), None),
            (AttributeRef(3, ln("1.0.1.8.1.255"), 2), None),
        ),
    ),
    "C1014100080000010000FF0200090C07E8070FFF0A1E0019FF8880": SetRequestNormal(
        0x41, AttributeRef(8, CLOCK_OBJECT, 2), at(2024, 7, 15, 10, 30, 0, 250_000).to_data()
    ),
    "C104420400080000010000FF030000080000010000FF050000080000010000FF060000080000010000FF08000410FFC4090CFFFF03FE07"
    "02000000FFC400090CFFFF0AFE0703000000FF88800301": SetRequestWithList(
        0x42,
        tuple((AttributeRef(8, CLOCK_OBJECT, attribute), None) for attribute in (3, 5, 6, 8)),
        (
            long(-60),
            CosemDateTime(None, 3, 0xFE, 7, 2, 0, 0, 0, -60, 0).to_data(),
            CosemDateTime(None, 10, 0xFE, 7, 3, 0, 0, 0, -120, 0x80).to_data(),
            boolean(True),
        ),
    ),
    "C10144001400000D0000FF090001020202110101020203090407000000090600000A0064FF1200020203090417000000090600000A0064"
    "FF1200010202110201010203090400000000090600000A0064FF120001": SetRequestNormal(
        0x44,
        AttributeRef(20, CALENDAR, 9),
        array(
            [
                structure(
                    unsigned(1), array([day(b"\x07\0\0\0", 2), day(b"\x17\0\0\0", 1)])
                ),
                structure(unsigned(2), array([day(b"\0\0\0\0", 1)])),
            ]
        ),
    ),
    "C3014E001400000D0000FF01010F00": ActionRequestNormal(0x4E, MethodRef(20, CALENDAR, 1), integer(0)),
    "C10145000100015E1F03FF020004101260": SetRequestNormal(
        0x45, AttributeRef(1, ln("0.1.94.31.3.255"), 2), bit_string("0001001001100000")
    ),
    "C1014D000100015E1F00FF02001602": SetRequestNormal(
        0x4D, AttributeRef(1, ln("0.1.94.31.0.255"), 2), enum(2)
    ),
    "C1014E00010000616200FF02000600000000": SetRequestNormal(
        0x4E, AttributeRef(1, ln("0.0.97.98.0.255"), 2), double_long_unsigned(0)
    ),
    "C3014900480001180100FF02011100": ActionRequestNormal(0x49, MethodRef(72, ln("0.1.24.1.0.255"), 2), unsigned(0)),
}  # fmt: skip


@pytest.mark.parametrize("raw", REQUESTS)
def test_requests_made_from_values(raw: str) -> None:
    assert raw in {v["apdu"] for v in VECTORS}
    request = REQUESTS[raw]
    assert request.encode().hex().upper() == raw
    assert CODECS[bytes.fromhex(raw)[0]](bytes.fromhex(raw)) == request


# Part G: answers


def value_of(raw: str) -> object:
    answer = apdu.decode_get_response(bytes.fromhex(raw))
    assert isinstance(answer, GetResponseNormal)
    assert not isinstance(answer.result, DataAccessResult)
    return answer.result.value


def test_interval_rows_keep_null_clock_columns() -> None:
    rows = value_of(
        "C401430001040204090C07E80701FF000F0000FF8880110006000027110600004E21020400110006000027130600004E2102040011080600"
        "0027160600004E220204090C07E80701FF01000000FF88801188060000271A0600004E22"
    )
    assert isinstance(rows, tuple)
    columns = [[column.value for column in row.value] for row in rows]
    assert [row[0] is None for row in columns] == [False, True, True, False]
    assert [row[1] for row in columns] == [0, 0, 8, 0x88]
    assert [scale(row[2], -3) for row in columns] == [Decimal(n) for n in ("10.001", "10.003", "10.006", "10.010")]
    first = CosemDateTime.from_bytes(columns[0][0]).to_datetime()
    assert first == datetime(2024, 7, 1, 0, 15, tzinfo=AMSTERDAM)
    assert first is not None
    assert first.utcoffset() == timedelta(hours=2)


def test_unspecified_capture_time_is_no_moment() -> None:
    rows = value_of(
        "C401460001020204090C07E80701FF01000000FF8880110006000493E1090C07E80701FF00370000FF8880020400110406000000000"
        "90CFFFFFFFFFFFFFFFFFF8000FF"
    )
    assert isinstance(rows, tuple)
    assert CosemDateTime.from_data(rows[1].value[3]).to_datetime(AMSTERDAM) is None
    captured = CosemDateTime.from_data(rows[0].value[3])
    assert captured.to_datetime() == datetime(2024, 7, 1, 0, 55, tzinfo=AMSTERDAM)


def test_with_list_answer_keeps_the_error_of_one_attribute() -> None:
    answer = apdu.decode_get_response(bytes.fromhex("C403450300090C07E8070F010A1E0000FF88800006000027110104"))
    assert isinstance(answer, GetResponseWithList)
    clock, register, error = answer.results
    assert clock == at(2024, 7, 15, 10, 30)._replace(weekday=1).to_data()
    assert register == double_long_unsigned(10_001)
    assert error is DataAccessResult.OBJECT_UNDEFINED


def test_three_blocks_give_the_rows() -> None:
    blocks = [
        apdu.decode_get_response(bytes.fromhex(raw))
        for raw in (
            "C402420000000001001401020204090C07E80701FF000F0000FF88801100",
            "C402420000000002001406000027110600004E2102040011000600002713",
            "C40242010000000300050600004E21",
        )
    ]
    whole = b""
    for number, block in enumerate(blocks, 1):
        assert isinstance(block, GetResponseWithDataBlock)
        assert isinstance(block.result, bytes)
        assert (block.block_number, block.last) == (number, number == 3)
        whole += block.result
    rows = decode(whole).value
    assert isinstance(rows, tuple)
    assert len(rows) == 2


def test_with_list_in_a_block_begins_with_the_number_of_results() -> None:
    block = apdu.decode_get_response(bytes.fromhex("C4024501000000010009020006000027110104"))
    assert isinstance(block, GetResponseWithDataBlock)
    assert isinstance(block.result, bytes)
    results = apdu.decode_results(block.result)
    assert results == (double_long_unsigned(10_001), DataAccessResult.OBJECT_UNDEFINED)
    assert apdu.encode_results(results) == block.result


def test_scaler_and_unit() -> None:
    answer = value_of("C401420002020F00161E")
    assert isinstance(answer, tuple)
    assert [item.value for item in answer] == [0, Unit.WATT_HOUR]


@pytest.mark.parametrize(
    ("raw", "result", "short"),
    [
        ("C7014D0300", ActionResult.READ_WRITE_DENIED, False),
        ("C7014D03", ActionResult.READ_WRITE_DENIED, True),
        ("C701480C00", ActionResult.TYPE_UNMATCHED, False),
        ("C7014D0200", ActionResult.TEMPORARY_FAILURE, False),
    ],
)
def test_action_answers_with_and_without_the_optional_octet(raw: str, result: ActionResult, short: bool) -> None:
    answer = apdu.decode_action_response(bytes.fromhex(raw))
    assert isinstance(answer, apdu.ActionResponseNormal)
    assert (answer.result, answer.data, answer.short) == (result, None, short)


def test_set_with_list_results() -> None:
    answer = apdu.decode_set_response(bytes.fromhex("C505420400000000"))
    assert answer == apdu.SetResponseWithList(0x42, (DataAccessResult.SUCCESS,) * 4)
