"""Everything that must go wrong in a session, as a client sees it."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from meterstream.dlms.apdu import DataAccessResult, GetResponseNormal
from meterstream.dlms.client import (
    Associated,
    AssociationConfig,
    ClientAssociation,
    Continue,
    GetAnswer,
    Level,
    Phase,
    ReceivedCounterPolicy,
    Released,
    SecurityKeys,
)
from meterstream.dlms.data import AttributeRef, LogicalName, octet_string
from meterstream.dlms.errors import (
    AssociationRejected,
    AssociationStateError,
    AuthenticationError,
    ConfirmedServiceError,
    DecipherError,
    DecodeError,
    DlmsError,
    ExceptionResponse,
    FrameError,
    LimitExceeded,
    PeerError,
    ReplayError,
    UnexpectedAnswer,
)
from meterstream.dlms.framing import wrap
from meterstream.dlms.meter import ClientAccess
from meterstream.dlms.security import Suite0

KEYS = SecurityKeys(bytes(range(16)), bytes.fromhex("D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"))
CLIENT_TITLE = bytes.fromhex("2020201CBE991A14")
SERVER_TITLE = bytes.fromhex("4F5347000000270F")
CTOS = bytes.fromhex("3132333435363738393A3B3C3D3E3F40")
STOC = bytes.fromhex("6162636465666768696A6B6C6D6E6F70")
CLOCK = AttributeRef(8, LogicalName.parse("0.0.1.0.0.255"), 2)
CLOCK_VALUE = octet_string(bytes.fromhex("07E8070F010A1E0000FF8880"))

FRAMES = {
    name: bytes.fromhex(text)
    for name, text in json.loads((Path(__file__).parent / "core_frames.json").read_text()).items()
}


def octets(text: str) -> bytes:
    return bytes.fromhex(text)


def from_meter(apdu: str) -> bytes:
    return wrap(1, 1, octets(apdu))


def hls_client(**settings: Any) -> ClientAssociation:
    config = AssociationConfig(Level.HLS5_GMAC, client_title=CLIENT_TITLE, keys=KEYS, **settings)
    return ClientAssociation(config, count(12345).__next__, CTOS)


def associated_client(**settings: Any) -> ClientAssociation:
    client = hls_client(**settings)
    client.associate()
    client.receive(FRAMES["AARE"])
    client.receive(FRAMES["PASS_4"])
    return client


def sealed(plain: str, counter: int, tag: int | None = None, title: bytes = SERVER_TITLE) -> bytes:
    plaintext = octets(plain)
    glo = {0xC4: 0xCC, 0xC5: 0xCD, 0xC7: 0xCF, 0xD8: 0xD8}[plaintext[0]] if tag is None else tag
    return wrap(1, 1, Suite0(KEYS).seal(glo, title, counter, plaintext))


# What must go wrong


def refused(client: ClientAssociation, answer: bytes, error: type[DlmsError]) -> DlmsError:
    with pytest.raises(error) as caught:
        client.receive(answer)
    return caught.value


@pytest.mark.parametrize("bit", range(8))
def test_any_bit_of_the_tag_counts(bit: int) -> None:
    client = associated_client()
    client.get(CLOCK)
    answer = bytearray(FRAMES["CLOCK_ANSWER"])
    answer[-1] ^= 1 << bit
    error = refused(client, bytes(answer), DecipherError)
    assert error.code == "UNABLE_TO_DECYPHER"
    assert client.phase is Phase.FAILED
    with pytest.raises(AssociationStateError):
        client.get(CLOCK)


def test_answer_sealed_with_the_client_title_or_other_keys_is_refused() -> None:
    client = associated_client()
    client.get(CLOCK)
    refused(client, sealed("C4014200090C07E8070F010A1E0000FF8880", 503, title=CLIENT_TITLE), DecipherError)
    other = SecurityKeys(KEYS.encryption_key, bytes.fromhex("A0A1A2A3A4A5A6A7A8A9AAABACADAEAF"))
    client = associated_client()
    client.get(CLOCK)
    answer = Suite0(other).seal(0xCC, SERVER_TITLE, 503, octets("C40142000600000001"))
    refused(client, wrap(1, 1, answer), DecipherError)


def test_other_invoke_id_is_an_illegal_response() -> None:
    client = associated_client()
    client.get(CLOCK)
    error = refused(client, sealed("C40143000600000001", 503), UnexpectedAnswer)
    assert error.code == "ILLEGAL_RESPONSE"


@pytest.mark.parametrize("plain", ["C5014200", "C701420000", "D80101"])
def test_service_that_does_not_belong_to_its_tag_is_refused(plain: str) -> None:
    client = associated_client()
    client.get(CLOCK)
    refused(client, sealed(plain, 503, tag=0xCC), UnexpectedAnswer)


@pytest.mark.parametrize(
    "plain", ["C5014200", "C701420000", "C4014200090C07E8070F010A1E0000FF8880", "D900000000"], ids=lambda p: p[:2]
)
def test_other_service_or_plain_answer_is_refused(plain: str) -> None:
    client = associated_client()
    client.get(CLOCK)
    refused(client, from_meter(plain), UnexpectedAnswer)


def test_header_must_name_the_meter_and_the_client() -> None:
    config = AssociationConfig(Level.NONE, client_sap=16)
    client = ClientAssociation(config, count().__next__)
    client.associate()
    swapped = FRAMES["PUBLIC_AARE"][:2] + octets("00100001") + FRAMES["PUBLIC_AARE"][6:]
    error = refused(client, swapped, FrameError)
    assert error.code == "WRAPPER_HEADER_INVALID"


def test_pass_4_over_stoc_is_no_proof() -> None:
    client = hls_client()
    client.associate()
    client.receive(FRAMES["AARE"])
    token = Suite0(KEYS).token(SERVER_TITLE, 501, STOC).hex()
    error = refused(client, sealed("C701C1000100" + "0911" + token, 502), AuthenticationError)
    assert error.code == "AUTHENTICATION_ERROR"


@pytest.mark.parametrize(
    "answer",
    ["C701C1FA00", "C701C10000", "C701C1FA", "C701C100010104", "C701C1000100060000ABCD", "C701C100010009021000"],
    ids=["other-reason", "no data", "short", "access error", "number", "short token"],
)
def test_pass_4_without_a_token_ends_the_session(answer: str) -> None:
    client = hls_client()
    client.associate()
    client.receive(FRAMES["AARE"])
    refused(client, sealed(answer, 502), AuthenticationError)
    assert client.phase is Phase.FAILED


@pytest.mark.parametrize(("token_counter", "apdu_counter"), [(501, 501), (501, 502), (502, 501), (900, 501)])
def test_pass_4_token_may_share_the_counter_of_its_apdu(token_counter: int, apdu_counter: int) -> None:
    client = hls_client()
    client.associate()
    client.receive(FRAMES["AARE"])
    token = Suite0(KEYS).token(SERVER_TITLE, token_counter, CTOS).hex()
    assert client.receive(sealed("C701C1000100" + "0911" + token, apdu_counter)) == Associated()
    assert client.last_received_counter == max(token_counter, apdu_counter)


@pytest.mark.parametrize("token_counter", [0, 500])
def test_pass_4_token_not_above_the_aare_is_refused(token_counter: int) -> None:
    client = hls_client()
    client.associate()
    client.receive(FRAMES["AARE"])
    token = Suite0(KEYS).token(SERVER_TITLE, token_counter, CTOS).hex()
    refused(client, sealed("C701C1000100" + "0911" + token, 501), AuthenticationError)


def test_rejecting_aare_is_not_decrypted() -> None:
    client = hls_client()
    client.associate()
    error = refused(client, FRAMES["REJECTING_AARE"], AssociationRejected)
    assert isinstance(error, AssociationRejected)
    assert (error.result, error.source, error.diagnostic) == (1, "user", 13)
    assert client.last_received_counter is None


def test_rejection_without_a_reason() -> None:
    client = hls_client()
    client.associate()
    answer = octets("00010001000100196117A109060760857405080103A203020101A305A103020101")
    error = refused(client, answer, AssociationRejected)
    assert isinstance(error, AssociationRejected)
    assert error.diagnostic == 1


@pytest.mark.parametrize(
    ("frame", "state", "service", "counter", "ciphered"),
    [
        (FRAMES["CIPHERED_EXCEPTION"], 1, 1, None, True),
        (sealed("D801060000303B", 506), 1, 6, 12347, True),
        (from_meter("D80101"), 1, 1, None, False),
        (from_meter("D80102"), 1, 2, None, False),
        (from_meter("D80105"), 1, 5, None, False),
        (from_meter("D801060000303B"), 1, 6, 12347, False),
    ],
)
def test_exception_response_refuses_one_request(
    frame: bytes, state: int, service: int, counter: int | None, ciphered: bool
) -> None:
    client = associated_client()
    client.get(CLOCK)
    error = refused(client, frame, ExceptionResponse)
    assert isinstance(error, ExceptionResponse)
    assert (error.state_error, error.service_error) == (state, service)
    assert (error.invocation_counter, error.ciphered) == (counter, ciphered)
    assert client.phase is Phase.READY


def test_ciphered_exception_response_counts_too() -> None:
    client = associated_client()
    client.get(CLOCK)
    refused(client, sealed("D80101", 502), ReplayError)
    client = associated_client()
    client.get(CLOCK)
    spoilt = bytearray(FRAMES["CIPHERED_EXCEPTION"])
    spoilt[-1] ^= 1
    refused(client, bytes(spoilt), DecipherError)
    client = associated_client()
    client.get(CLOCK)
    refused(client, sealed("D8010101", 506), DecodeError)


@pytest.mark.parametrize("counter", [0, 501, 502])
def test_replayed_counter_is_refused(counter: int) -> None:
    client = associated_client()
    client.get(CLOCK)
    error = refused(client, sealed("C4014200090C07E8070F010A1E0000FF8880", counter), ReplayError)
    assert error.code == "RECEIVED_COUNTER_NOT_RISING"
    assert client.phase is Phase.FAILED


def test_counters_across_associations_follow_the_policy() -> None:
    known = {SERVER_TITLE: 500, b"another1": 10_000}
    rising = hls_client(last_received_counters=known)
    rising.associate()
    refused(rising, FRAMES["AARE"], ReplayError)
    free = hls_client(last_received_counters=known, received_counter_policy=ReceivedCounterPolicy.FREE)
    free.associate()
    assert isinstance(free.receive(FRAMES["AARE"]), Continue)
    other = hls_client(last_received_counters={SERVER_TITLE: 499})
    other.associate()
    assert isinstance(other.receive(FRAMES["AARE"]), Continue)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (("60857405080103A2", "60857405080101A2"), UnexpectedAnswer),  # context without ciphering
        (("A40A04084F5347000000270F", ""), UnexpectedAnswer),  # no title
        (("A40A04084F5347000000270F", "A40904074F534700000027"), UnexpectedAnswer),  # seven octets
        (("A40A04084F5347000000270F", "A40A04082020201CBE991A14"), AuthenticationError),  # our own
        (("AA1280106162636465666768696A6B6C6D6E6F70", ""), UnexpectedAnswer),  # no challenge
        (("AA1280106162636465666768696A6B6C6D6E6F70", "AA09800761626364656667"), UnexpectedAnswer),  # seven octets
        (("6162636465666768696A6B6C6D6E6F70", CTOS.hex().upper()), AuthenticationError),  # reflected
        (("A305A10302010E", ""), DecodeError),  # no diagnostic
        (("A203020100", ""), DecodeError),  # no result
        (("A203020100", "A203020100A203020100"), DecodeError),  # twice
    ],
)
def test_aare_that_is_not_good_enough(change: tuple[str, str], error: type[DlmsError]) -> None:
    apdu = octets(FRAMES["AARE"][8:].hex().upper().replace(*change))
    client = hls_client()
    client.associate()
    refused(client, wrap(1, 1, apdu[:1] + bytes((len(apdu) - 2,)) + apdu[2:]), error)
    assert client.phase is Phase.FAILED


@pytest.mark.parametrize(
    ("frame", "error"),
    [
        (from_meter("D80101"), ExceptionResponse),
        (from_meter("0E010601"), ConfirmedServiceError),
        (from_meter("0E01"), UnexpectedAnswer),
        (from_meter("6303800100"), UnexpectedAnswer),
        (wrap(1, 1, b""), UnexpectedAnswer),
        (FRAMES["AARE"] + b"\0", UnexpectedAnswer),
        (FRAMES["AARE"] * 2, UnexpectedAnswer),
        (b"\0\2", FrameError),
        (b"\0\2\0\1\0\1\0\0", FrameError),
        (FRAMES["AARE"] + bytes(300_000), LimitExceeded),
    ],
)
def test_before_the_association_stands_every_fault_ends_it(frame: bytes, error: type[DlmsError]) -> None:
    client = hls_client()
    client.associate()
    refused(client, frame, error)
    assert client.phase is Phase.FAILED


def test_confirmed_service_error_inside_the_aare() -> None:
    client = ClientAssociation(AssociationConfig(Level.NONE, client_sap=16), count().__next__)
    client.associate()
    apdu = "611FA109060760857405080101A203020100A305A103020100BE0604040E010600"
    error = refused(client, wrap(1, 16, octets(apdu)), ConfirmedServiceError)
    assert isinstance(error, ConfirmedServiceError)
    assert (error.service, error.error, error.value) == (1, 6, 0)


def test_octets_nobody_asked_for_end_the_session() -> None:
    client = associated_client()
    refused(client, FRAMES["CLOCK_ANSWER"], UnexpectedAnswer)
    assert client.phase is Phase.FAILED


@pytest.mark.parametrize(
    "rlre",
    ["6303800100", "6300", "6315BE1304112810300000020001020304050607080910"],
    ids=["usual", "empty", "with user-information"],
)
def test_content_of_the_rlre_does_not_matter(rlre: str) -> None:
    client = associated_client()
    client.release()
    assert client.receive(from_meter(rlre)) == Released()
    with pytest.raises(AssociationStateError):
        client.release()


def test_one_exchange_at_a_time() -> None:
    client = associated_client()
    client.get(CLOCK)
    for request in (lambda: client.get(CLOCK), client.release, client.associate):
        with pytest.raises(AssociationStateError):
            request()
    assert client.receive(FRAMES["CLOCK_ANSWER"]) == GetAnswer(CLOCK_VALUE)


def test_data_type_of_the_answer_does_not_matter_to_the_core() -> None:
    client = associated_client()
    client.get(CLOCK)
    plain = GetResponseNormal(0x42, DataAccessResult(77)).encode().hex()
    answer = client.receive(sealed(plain, 503))
    assert isinstance(answer, GetAnswer)
    assert isinstance(answer.result, DataAccessResult)
    assert (answer.result, answer.result.name) == (77, "UNKNOWN_77")


@pytest.mark.parametrize(
    "blocks",
    [
        ["C40242000000000200021101"],  # starts at 2
        ["C40242000000000100021101", "C40242000000000100021101"],  # repeats
        ["C40242000000000100021101", "C401420011"],  # another form
        ["C4024201000000010003110100"],  # octets left over
        ["C40242010000000100020600"],  # value cut
        ["C40242010000000102"],  # neither octets nor result
    ],
)
def test_broken_block_transfers(blocks: list[str]) -> None:
    client = associated_client()
    client.get(CLOCK)
    *good, bad = [sealed(block, counter) for counter, block in enumerate(blocks, 503)]
    for frame in good:
        client.receive(frame)
    refused(client, bad, PeerError)
    assert client.phase is Phase.FAILED


def test_result_in_the_middle_of_a_block_transfer() -> None:
    client = associated_client()
    client.get(CLOCK)
    assert isinstance(client.receive(sealed("C4024200000000010001" + "11", 503)), Continue)
    assert client.receive(sealed("C40242010000000201" + "0F", 504)) == GetAnswer(DataAccessResult.LONG_GET_ABORTED)
    assert client.phase is Phase.READY


def test_exception_response_in_a_block_transfer_ends_the_session() -> None:
    client = associated_client()
    client.get(CLOCK)
    assert isinstance(client.receive(sealed("C4024200000000010001" + "11", 503)), Continue)
    refused(client, sealed("D80101", 504), ExceptionResponse)
    assert client.phase is Phase.FAILED


def test_errors_say_nothing_about_keys() -> None:
    config = AssociationConfig(Level.LLS, client_title=CLIENT_TITLE, keys=KEYS, password=b"topsecret")
    shown = repr(config) + repr(KEYS) + repr(ClientAccess(Level.LLS, KEYS, b"topsecret")) + repr(hls_client())
    assert "topsecret" not in shown
    for secret in (KEYS.encryption_key, KEYS.authentication_key):
        assert repr(secret) not in shown
        assert secret.hex() not in shown.lower()


def test_password_is_blanked_for_a_trace() -> None:
    config = AssociationConfig(Level.LLS, client_title=CLIENT_TITLE, keys=KEYS, password=b"topsecret")
    client = ClientAssociation(config, count(1).__next__)
    frame = client.associate()
    assert b"topsecret" in frame
    traced = client.traceable(frame)
    assert b"topsecret" not in traced
    assert len(traced) == len(frame)
    hls = hls_client()
    frame = hls.associate()
    assert hls.traceable(frame) == frame
