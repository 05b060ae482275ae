"""The text of a trace, word for word."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent

import pytest

from meterstream.dlms import apdu
from meterstream.dlms.data import (
    AttributeRef,
    LogicalName,
    MethodRef,
    octet_string,
    structure,
    unsigned,
    visible_string,
)
from meterstream.dlms.framing import wrap
from meterstream.dlms.security import SecurityKeys, Suite0
from meterstream.dlms.trace import TraceContext, TraceLimits, describe

HERE = Path(__file__).parent
KEYS = SecurityKeys(bytes(range(16)), bytes.fromhex("D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"))
CLIENT_TITLE = bytes.fromhex("2020201CBE991A14")
SERVER_TITLE = bytes.fromhex("4F5347000000270F")
APPROVED = [
    (block.splitlines()[0].removeprefix("# "), block.split("\n", 1)[1].rstrip("\n"))
    for block in (HERE / "trace_approved.txt").read_text().split("\n\n")
]
CLASS_1 = "class 1 (data), 0.0.96.1.0.255, attribute 2 (value)"
MONDAY = "07E8070F010A1E0000FF8880 = 2024-07-15 Monday 10:30:00.00 UTC+02:00 status 80 (daylight saving)"
LONG_ID = "  long invoke id 2, confirmed, high priority"
SUCCESS = "  result success (0)"


def text(octets: str) -> str:
    trace = describe(bytes.fromhex(octets))
    assert trace.error is None
    return trace.text


def expected(block: str) -> str:
    return dedent(block).strip("\n")


def test_every_vector_is_approved() -> None:
    frames = json.loads((HERE / "core_frames.json").read_text()).values()
    vectors = [vector["apdu"] for vector in json.loads((HERE / "core_vectors.json").read_text())]
    assert [octets for octets, _ in APPROVED] == [*frames, *vectors]


def test_frames_of_sessions_with_keys() -> None:
    frames = len(json.loads((HERE / "core_frames.json").read_text()))
    context = None
    for octets, approved in APPROVED[:frames]:
        trace = describe(bytes.fromhex(octets), keys=KEYS, context=context)
        assert (trace.text, trace.error) == (approved, None)
        context = trace.context


@pytest.mark.parametrize(("octets", "approved"), APPROVED[18:], ids=[octets[:40] for octets, _ in APPROVED[18:]])
def test_plain_vectors(octets: str, approved: str) -> None:
    assert text(octets) == approved


def test_aarq_with_a_password() -> None:
    octets = (
        "00010001000100446042A109060760857405080103A60A04084D4D4D00000000018A0207808B0760857405080201"
        "AC0A80083131313131313131BE10040E01000000065F1F040000FE1DFFFF"
    )
    assert text(octets) == expected("""
        wrapper version 1, source 1, destination 1, 68 octets
          AARQ, 68 octets
            application-context-name 2.16.756.5.8.1.3 (logical names, with ciphering)
            calling-AP-title 4D4D4D0000000001 "MMM"
            sender-acse-requirements 0780 (authentication)
            mechanism-name 2.16.756.5.8.2.1 (LLS (password))
            calling-authentication-value(8) masked
            user-information, 14 octets
              initiate-request, 14 octets
                DLMS version 6
                conformance 00FE1D
                  attribute0-set, priority-management, attribute0-get, block-transfer-get
                  block-transfer-set, block-transfer-action, multiple-references, get
                  set, selective-access, action
                largest PDU 65535 octets
    """)


def test_frames_in_a_row_and_the_answer_knows_its_request() -> None:
    request = "000100100001000DC00142000100002A0000FF0200"
    answer = "0001000100100009C4014200090345584D"
    assert text(request + answer) == expected("""
        wrapper version 1, source 16, destination 1, 13 octets
          get-request-normal, 13 octets
            invoke id 2, confirmed, normal priority
            class 1 (data), 0.0.42.0.0.255, attribute 2 (value)
        wrapper version 1, source 1, destination 16, 9 octets
          get-response-normal, 9 octets
            invoke id 2, confirmed, normal priority
            octet-string(3) 45584D = "EXM"
    """)
    alone = describe(bytes.fromhex(answer))
    assert alone.lines[-1] == "    octet-string(3) masked: not known what it belongs to"
    context = describe(bytes.fromhex(request)).context
    assert describe(bytes.fromhex(answer), context=context).lines[-1] == '    octet-string(3) 45584D = "EXM"'
    other = bytes.fromhex(answer.replace("C40142", "C40143"))
    assert describe(other, context=context).lines[-1].endswith("not known what it belongs to")


def test_ciphered_without_keys_and_without_title() -> None:
    sealed = Suite0(KEYS).seal(0xC8, CLIENT_TITLE, 7, bytes.fromhex("C0014200080000010000FF0200"))
    closed = expected(f"""
        glo-get-request, 32 octets
          security control 30: authenticated and encrypted, suite 0, unicast key
          invocation counter 7
          ciphertext, 13 octets
          authentication tag {sealed[-12:].hex().upper()}
    """)
    assert describe(sealed).text == closed
    assert describe(sealed, keys=KEYS).text == f"{closed}\n  not opened: the system title of the sender is not known"
    opened = describe(sealed, keys=KEYS, context=TraceContext(client_title=CLIENT_TITLE))
    assert opened.text == closed + "\n" + expected("""
          opened, 13 octets
            get-request-normal, 13 octets
              invoke id 2, confirmed, normal priority
              class 8 (clock), 0.0.1.0.0.255, attribute 2 (time)
    """).replace("opened", "  opened").replace("\n", "\n  ")


def test_wrong_key_is_an_error() -> None:
    sealed = Suite0(KEYS).seal(0xCC, SERVER_TITLE, 7, bytes.fromhex("C40142000600003039"))
    wrong = SecurityKeys(bytes(16), bytes(16))
    trace = describe(wrap(1, 1, sealed), keys=wrong, context=TraceContext(server_title=SERVER_TITLE))
    assert trace.error is not None
    assert (trace.error.offset, trace.error.code) == (10, "UNABLE_TO_DECYPHER")
    assert trace.lines[-1].strip() == str(trace.error)


def test_general_glo_ciphering_names_its_sender() -> None:
    glo = Suite0(KEYS).seal(0xDB, SERVER_TITLE, 9, bytes.fromhex("C40142000600003039"))
    trace = describe(b"\xdb\x08" + SERVER_TITLE + glo[1:], keys=KEYS)
    assert trace.error is None
    assert trace.lines[1] == '  system title 4F5347000000270F "OSG"'
    assert trace.lines[-1] == "      double-long-unsigned 12345"


@pytest.mark.parametrize(
    ("octets", "lines"),
    [
        ("C1024200010000600100FF0200000000000103010203", [CLASS_1, "block 1", "data(3) 010203"]),
        ("C1034201000000020102", ["block 2, the last", "data(1) masked: not known what it belongs to"]),
        ("C5024200000001", ["block 1"]),
        ("C503420000000002", ["result success (0)", "block 2"]),
        ("C5044202000000000002", ["2 results", "  result success (0)", "  result success (0)", "block 2"]),
        ("C3024200000003", ["block 3"]),
        (
            "C3034202000900000A0000FF01000900000A0064FF0102120001120002",
            [
                "2 methods",
                "  class 9 (script table), 0.0.10.0.0.255, method 1 (execute)",
                "  class 9 (script table), 0.0.10.0.100.255, method 1 (execute)",
                "2 values",
                "  long-unsigned 1",
                "  long-unsigned 2",
            ],
        ),
        (
            "C30442001200002C0000FF020100000001020102",
            [
                "class 18 (image transfer), 0.0.44.0.0.255, method 2 (image_block_transfer)",
                "block 1, the last",
                "data(2) 0102",
            ],
        ),
        ("C70242010000000102AABB", ["block 1, the last", "data(2) masked: not known what it belongs to"]),
        ("C70342020000000100060000000A", ["2 results", SUCCESS, SUCCESS, "  double-long-unsigned 10"]),
        ("C7044200000002", ["block 2"]),
    ],
)  # fmt: skip
def test_blocks_and_lists_that_the_core_does_not_speak(octets: str, lines: list[str]) -> None:
    trace = describe(bytes.fromhex(octets))
    assert trace.error is None
    assert [line[2:] for line in trace.lines[2:]] == lines


@pytest.mark.parametrize(
    ("octets", "lines"),
    [
        (
            "0E010601",
            [
                "confirmed-service-error, 4 octets",
                "  service initiate (1)",
                "  error initiate (6)",
                "  value dlms-version-too-low (1)",
            ],
        ),
        ("6200", ["RLRQ, 2 octets"]),
        ("77010203", ["unknown tag 77, 4 octets"]),
        ("050102", ["read-request, 3 octets", "  not read: 2 octets"]),
        (
            "D80203",
            ["exception-response, 3 octets", "  state error service-unknown (2)", "  service error other-reason (3)"],
        ),
    ],
)  # fmt: skip
def test_small_apdus(octets: str, lines: list[str]) -> None:
    assert text(octets).splitlines() == lines


@pytest.mark.parametrize(
    ("octets", "offset", "rule", "shown"),
    [
        ("", 0, "there are no octets", 0),
        ("C0", 1, "choice of get-request is missing", 1),
        ("C009", 1, "get-request has no choice 9", 1),
        ("C00142000800000100", 5, "logical name takes 6 octets, 4 are there", 3),
        ("C0014200080000010000FF020001", 13, "1 octets after get-request-normal", 3),
        ("C4014200020312000109", 9, "octet-string: data ends inside a value", 4),
        ("C40142000204120001", 4, "structure: 4 elements in 3 octets", 2),
        ("C4014200020112", 6, "long-unsigned: data ends inside a value", 3),
        ("C401420007", 4, "no data type has tag 07", 2),
        ("C4014202", 3, "the choice of the result is 00 (data) or 01 (error)", 2),
        ("0001000100100009C4014200", 12, "the frame announces 9 octets, 4 are there", 3),
        ("00010001001000", 0, "wrapper header takes 8 octets, 7 are there", 0),
        ("D801", 2, "service error is missing", 2),
        ("6003A10101", 4, "application-context-name starts with 06", 1),
        ("C81E30000000", 6, "glo-get-request takes 30 octets, 4 are there", 2),
    ],
)
def test_what_could_be_read_then_the_error(octets: str, offset: int, rule: str, shown: int) -> None:
    trace = describe(bytes.fromhex(octets))
    assert trace.error is not None
    assert (trace.error.offset, trace.error.rule, len(trace.lines)) == (offset, rule, shown + 1)
    assert trace.lines[-1].strip() == str(trace.error)


def test_a_broken_frame_does_not_hide_the_next() -> None:
    trace = describe(wrap(1, 1, b"\xc0\x09") + wrap(1, 16, bytes.fromhex("D80101")))
    assert trace.error is not None
    assert trace.error.offset == 9
    assert trace.lines[-1] == "    service error operation-not-possible (1)"


def test_output_is_bounded() -> None:
    ref = AttributeRef(1, LogicalName.parse("0.0.96.1.0.255"), 2)
    long_text = apdu.SetRequestNormal(0x41, ref, structure(*[visible_string("x" * 500), octet_string(bytes(500))] * 50))
    trace = describe(long_text.encode(), limits=TraceLimits(lines=10, width=60, shown_octets=8))
    assert trace.lines[4:6] == (
        '    visible-string(500) "xxxxxxxx"... (492 more)',
        "    octet-string(500) 0000000000000000... (492 more)",
    )
    assert trace.lines[-1] == "96 more lines left out"
    assert len(trace.lines) == 9
    broken = describe(long_text.encode()[:-1], limits=TraceLimits(lines=10, width=60))
    assert broken.error is not None
    assert broken.lines[-1] == str(broken.error)[:56] + " ..."
    assert len(broken.lines) == 10
    cut = describe(bytes(2) + bytes(10), limits=TraceLimits(input_octets=5))
    assert cut.error is not None
    assert cut.error.code == "LIMIT_EXCEEDED"
    for limits in ({"lines": 2}, {"width": 10}, {"shown_octets": 0}, {"input_octets": 0}):
        with pytest.raises(ValueError, match="a trace needs"):
            TraceLimits(**limits)


def test_text_of_a_meter_cannot_break_lines_or_quotes() -> None:
    ref = MethodRef(1, LogicalName.parse("0.0.96.1.0.255"), 1)
    hostile = structure(visible_string('a"\n\x1b[2J\\'), unsigned(1))
    trace = describe(apdu.ActionRequestNormal(0x41, ref, hostile).encode())
    assert trace.lines[-2] == r'    visible-string(8) "a\"\n\x1b[2J\\"'


@pytest.mark.parametrize(
    ("octets", "lines"),
    [
        (
            "0F000000010C07E8070F010A1E0000FF888002020911455858585831323334353637383930313209060000020200FF",
            [
                "data-notification, 47 octets",
                "  long invoke id 1",
                f"  date-time {MONDAY}",
                "  structure[2]",
                "    octet-string(17) masked: not known what it belongs to",
                "    octet-string(6) 0.0.2.2.0.255",
            ],
        ),
        (
            "0FC0000002090C07E8070F010A1E0000FF888000",
            ["data-notification, 20 octets", LONG_ID, f"  date-time {MONDAY}", "  null-data"],
        ),
        (
            "C2090C07E8070F010A1E0000FF8880000180808080808000020910453030303130303030303030303030",
            [
                "event-notification-request, 42 octets",
                f"  date-time {MONDAY}",
                "  class 1 (data), 128.128.128.128.128.128, attribute 0 (all)",
            ],
        ),
        (
            "C200000F0000280000FF0709083131313131313131",
            [
                "event-notification-request, 21 octets",
                "  class 15 (association LN), 0.0.40.0.0.255, attribute 7 (secret)",
                "  octet-string(8) masked",
            ],
        ),
    ],
)
def test_notifications(octets: str, lines: list[str]) -> None:
    assert describe(bytes.fromhex(octets)).lines[: len(lines)] == tuple(lines)
