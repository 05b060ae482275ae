"""HDLC frames, the stream reader and the negotiated parameters: published octets, generated and hostile input."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meterstream.dlms.errors import ConfigurationError, EncodeError, HdlcFrameError, HdlcProtocolError
from meterstream.dlms.framing.hdlc import (
    MAX_FRAME,
    HdlcAddress,
    HdlcFrame,
    HdlcParameters,
    HdlcReader,
    Kind,
    control_octet,
    crc16,
    decode_frame,
    decode_parameters,
    negotiate,
)

generated = settings(deadline=None, max_examples=200)
CLIENT, SERVER = HdlcAddress(16), HdlcAddress(1)

SNRM = bytes.fromhex("7EA0070321930F017E")
AARQ = bytes.fromhex("7EA02B032110FBAFE6E600601DA109060760857405080101BE10040E01000000065F1F040000FE1DFFFF4F507E")

narrow = st.integers(0, 0x7F)
broad = st.integers(0, 0x3FFF)
addresses = (
    st.builds(HdlcAddress, narrow)
    | st.builds(HdlcAddress, narrow, narrow)
    | st.builds(HdlcAddress, broad, broad, st.just(True))
)
frames = st.builds(HdlcFrame, addresses, addresses, st.integers(0, 0xFF), st.binary(max_size=2030), st.booleans())
parameters = st.builds(
    HdlcParameters, st.integers(32, 2030), st.integers(32, 2030), st.integers(1, 7), st.integers(1, 7)
)


# Frames


def test_check_value_of_the_crc() -> None:
    assert crc16(b"123456789") == 0x906E


def test_published_frames() -> None:
    snrm = HdlcFrame(SERVER, CLIENT, control_octet(Kind.SNRM, poll_final=True))
    assert snrm.encode() == SNRM
    assert decode_frame(SNRM) == snrm
    aarq = decode_frame(AARQ)
    assert (aarq.kind, aarq.poll_final, aarq.send_number, aarq.receive_number) == (Kind.I, True, 0, 0)
    assert aarq.information[:5] == bytes.fromhex("E6E600601D")
    assert aarq.encode() == AARQ


@pytest.mark.parametrize(
    ("octet", "kind", "poll_final", "receive_number", "send_number"),
    [
        (0x93, Kind.SNRM, True, 0, 0),
        (0x53, Kind.DISC, True, 0, 0),
        (0x73, Kind.UA, True, 0, 0),
        (0x1F, Kind.DM, True, 0, 0),
        (0x97, Kind.FRMR, True, 0, 0),
        (0x13, Kind.UI, True, 0, 0),
        (0x03, Kind.UI, False, 0, 0),
        (0x11, Kind.RR, True, 0, 0),
        (0xF1, Kind.RR, True, 7, 0),
        (0x35, Kind.RNR, True, 1, 0),
        (0x10, Kind.I, True, 0, 0),
        (0x54, Kind.I, True, 2, 2),
        (0xEE, Kind.I, False, 7, 7),
    ],
)
def test_control_fields(octet: int, kind: Kind, poll_final: bool, receive_number: int, send_number: int) -> None:
    frame = HdlcFrame(SERVER, CLIENT, octet)
    assert (frame.kind, frame.poll_final) == (kind, poll_final)
    made = control_octet(kind, poll_final=poll_final, receive_number=receive_number, send_number=send_number)
    assert made == octet
    if kind in (Kind.I, Kind.RR, Kind.RNR):
        assert frame.receive_number == receive_number
    if kind is Kind.I:
        assert frame.send_number == send_number


@pytest.mark.parametrize("octet", [0x09, 0x0D, 0x2F, 0xAF, 0xEF])  # REJ, SREJ, SABM-like, XID, TEST-like
def test_other_control_fields_are_unknown(octet: int) -> None:
    assert HdlcFrame(SERVER, CLIENT, octet).kind is Kind.UNKNOWN


@pytest.mark.parametrize(
    ("address", "octets"),
    [
        (HdlcAddress(16), "21"),
        (HdlcAddress(0x7F), "FF"),
        (HdlcAddress(1, 17), "0223"),
        (HdlcAddress(1, 0x3FFF, wide=True), "0002FEFF"),  # Green Book: logical device 1, all stations
        (HdlcAddress(0x1234, 0x3FFF, wide=True), "4868FEFF"),
    ],
)
def test_addresses(address: HdlcAddress, octets: str) -> None:
    assert address.encode().hex().upper() == octets


@pytest.mark.parametrize("parts", [(128,), (-1,), (1, 128), (1, -1), (0x4000, 1, True), (1, 0x4000, True)])
def test_addresses_out_of_range(parts: tuple[int, ...]) -> None:
    with pytest.raises(ConfigurationError, match="HDLC address"):
        HdlcAddress(*parts)  # type: ignore[arg-type]  # wrong ones too


def test_a_wide_address_has_both_parts() -> None:
    with pytest.raises(ConfigurationError, match="lower part"):
        HdlcAddress(1, None, wide=True)


@pytest.mark.parametrize(
    "octets",
    [
        "",
        "A0070321930F017E",
        "7EA0070321930F01",
        "7EA0070321930F0100",
        "7EA0070321930F027E",  # FCS
        "7EA0070321930F017E7E",
        "7EB0070321930F017E",  # format type
        "7EA0060321930F017E",  # length
        "7EA00902022321930F017E",  # three octets of address
        "7EA02B032110FBAEE6E600601DA109060760857405080101BE10040E01000000065F1F040000FE1DFFFF4F507E",  # HCS
    ],
)
def test_what_is_no_frame(octets: str) -> None:
    with pytest.raises(HdlcFrameError):
        decode_frame(bytes.fromhex(octets))


def test_the_longest_frame() -> None:
    wide = HdlcAddress(1, 1, wide=True)
    longest = HdlcFrame(wide, CLIENT, 0x10, bytes(2047 - 2 - 4 - 1 - 1 - 4)).encode()
    assert len(longest) == MAX_FRAME
    assert decode_frame(longest).encode() == longest
    with pytest.raises(EncodeError, match="2048"):
        HdlcFrame(wide, CLIENT, 0x10, bytes(2047 - 2 - 4 - 1 - 1 - 4 + 1)).encode()


def test_a_frame_does_not_show_what_it_carries() -> None:
    assert "secret" not in repr(HdlcFrame(SERVER, CLIENT, 0x10, b"secret"))


@generated
@given(frames)
def test_frames_survive(frame: HdlcFrame) -> None:
    assert decode_frame(frame.encode()) == frame


# Reader


@generated
@given(st.lists(frames, max_size=5), st.data())
def test_the_reader_finds_frames_however_they_are_cut(sent: list[HdlcFrame], data: st.DataObject) -> None:
    shared_flags = data.draw(st.booleans())
    octets = [frame.encode() for frame in sent]
    stream = b"".join(piece[1:] if shared_flags and number else piece for number, piece in enumerate(octets))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    reader, found = HdlcReader(), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += reader.feed(stream[start:end])
        assert reader.waiting <= MAX_FRAME
    assert found == sent
    assert reader.counters.frames == len(sent)


@generated
@given(st.binary(max_size=200).map(lambda noise: noise.replace(b"\x7e", b"")), frames, st.binary(max_size=20))
def test_noise_between_frames_costs_no_frame(noise: bytes, frame: HdlcFrame, tail: bytes) -> None:
    reader = HdlcReader()
    assert reader.feed(noise + frame.encode() + noise + frame.encode() + tail)[:2] == [frame, frame]
    assert reader.counters.noise_octets >= len(noise)


@generated
@given(
    st.lists(
        st.binary(max_size=300)
        | frames.map(lambda frame: frame.encode())
        | frames.map(lambda frame: frame.encode()[:-3])
        | st.just(b"\x7e\xa7\xff\x03\x21\x10")
        | st.just(b"\x7e" * 50),
        max_size=20,
    )
)
def test_any_octets_are_read_within_bounds(pieces: list[bytes]) -> None:
    reader = HdlcReader()
    for piece in pieces:
        reader.feed(piece)
        assert reader.waiting <= MAX_FRAME
    reader.resync()
    assert reader.waiting == 0
    assert reader.feed(SNRM) == [decode_frame(SNRM)]


def test_faults_are_counted() -> None:
    reader = HdlcReader()
    bad_header = bytes.fromhex(AARQ.hex().upper().replace("FBAF", "FBAE"))
    bad_end = AARQ[:-2] + bytes((AARQ[-2] ^ 1,)) + AARQ[-1:]
    assert reader.feed(b"xyz" + bad_header + bad_end + b"\x7e\xb0\x00" + SNRM) == [decode_frame(SNRM)]
    counters = reader.counters
    assert (counters.header_check_failed, counters.frame_check_failed, counters.malformed) == (1, 1, 1)
    assert counters.noise_octets >= 3


def test_what_a_spoilt_frame_carries_is_not_taken_for_a_frame() -> None:
    carrier = bytearray(HdlcFrame(SERVER, CLIENT, 0x10, SNRM + bytes(10)).encode())
    carrier[-5] ^= 1
    reader = HdlcReader()
    assert reader.feed(bytes(carrier) + AARQ) == [decode_frame(AARQ)]
    assert reader.counters.frame_check_failed == 1


def test_a_frame_behind_one_that_lost_its_end_is_found_when_the_line_is_silent() -> None:
    reader = HdlcReader()
    assert reader.feed(AARQ[:20] + SNRM) == []
    assert reader.resync() == [decode_frame(SNRM)]
    assert reader.waiting == 0


def test_hostile_headers_cost_linear_time() -> None:
    header = HdlcFrame(SERVER, CLIENT, 0x10, bytes(2000)).encode()[:8]
    reader = HdlcReader()
    start = time.process_time()
    reader.feed(b"\x7e" * 100_000)
    reader.feed(header * 20_000)
    reader.feed(b"\x7e\xa0" * 50_000)
    assert time.process_time() - start < 5
    assert reader.waiting <= MAX_FRAME


# Parameters


def test_parameters_of_the_green_book() -> None:
    octets = bytes.fromhex("818012050180060180070400000001080400000001")
    assert decode_parameters(octets) == HdlcParameters()
    assert HdlcParameters().encode() == b""
    larger = HdlcParameters(512, 128, 1, 7)
    assert larger.encode() == bytes.fromhex("81801305020200060180070400000001080400000007")


@generated
@given(parameters)
def test_parameters_survive(value: HdlcParameters) -> None:
    assert decode_parameters(value.encode()) == value


@generated
@given(parameters, parameters)
def test_both_ends_agree(client: HdlcParameters, server: HdlcParameters) -> None:
    at_server = negotiate(server, decode_parameters(client.encode()))
    at_client = negotiate(client, decode_parameters(at_server.encode()))
    assert at_client.information_transmit == at_server.information_receive
    assert at_client.information_receive == at_server.information_transmit
    assert at_client.window_transmit == at_server.window_receive
    assert at_client.window_receive == at_server.window_transmit
    assert at_client.information_transmit == min(client.information_transmit, server.information_receive)


def test_parameters_of_other_makes() -> None:
    exact = bytes.fromhex("81800D 0504000007D0 09020001 070109")
    assert decode_parameters(exact) == HdlcParameters(2000, 128, 7, 1)
    assert decode_parameters(exact + bytes.fromhex("F000")) == HdlcParameters(2000, 128, 7, 1)


@pytest.mark.parametrize(
    "octets",
    ["81", "8280030501FF", "8181030501FF", "81800405010180", "81800305", "8180020502", "81800305011F", "818003070100",
     "8180020500", "8180070505000000000080", "818001 05"],
)  # fmt: skip
def test_broken_parameters(octets: str) -> None:
    with pytest.raises(HdlcProtocolError):
        decode_parameters(bytes.fromhex(octets))


@generated
@given(st.binary(max_size=40) | st.binary(max_size=40).map(lambda raw: b"\x81\x80" + bytes((len(raw),)) + raw))
def test_any_parameters_are_values_or_a_typed_error(octets: bytes) -> None:
    try:
        value = decode_parameters(octets)
    except HdlcProtocolError:
        return
    assert decode_parameters(value.encode()) == value


@pytest.mark.parametrize(
    "values", [(31,), (2031,), (128, 31), (128, 2031), (128, 128, 0), (128, 128, 8), (128, 128, 1, 0)]
)
def test_parameters_out_of_range(values: tuple[int, ...]) -> None:
    with pytest.raises(ConfigurationError, match="is not in"):
        HdlcParameters(*values)
