"""Replacement of the keys of an E-meter within a session, byte for byte (it continues that of core_frames)."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path

import pytest

from meterstream.dlms.apdu import ActionResult
from meterstream.dlms.client import (
    ActionAnswer,
    AssociationConfig,
    ClientAssociation,
    Level,
    Phase,
    SecurityKeys,
)
from meterstream.dlms.data import (
    AttributeRef,
    Data,
    LogicalName,
    MethodRef,
    array,
    double_long_unsigned,
    enum,
    octet_string,
    structure,
)
from meterstream.dlms.errors import AssociationStateError, ConfigurationError, DecipherError
from meterstream.dlms.framing import wrap
from meterstream.dlms.security import Ciphering, SecuritySuite, Suite0, unwrap_key, wrap_key

FRAMES = {
    name: bytes.fromhex(text)
    for name, text in json.loads((Path(__file__).parent / "core_frames.json").read_text()).items()
}
EK = bytes(range(16))
AK = bytes.fromhex("D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF")
MASTER = bytes.fromhex("112233445566778899AABBCCDDEEFF00")
AK2 = bytes.fromhex("A0A1A2A3A4A5A6A7A8A9AAABACADAEAF")
EK2 = bytes.fromhex("B0B1B2B3B4B5B6B7B8B9BABBBCBDBEBF")
CLIENT_TITLE = bytes.fromhex("2020201CBE991A14")
CLOCK = AttributeRef(8, LogicalName.parse("0.0.1.0.0.255"), 2)
FILTER = AttributeRef(1, LogicalName.parse("0.0.97.98.10.255"), 2)
SUITE_1_KEYS = SecurityKeys(EK, AK, SecuritySuite.SUITE_1)
TRANSFER = MethodRef(64, LogicalName.parse("0.0.43.0.0.255"), 2)

AUTHENTICATION_KEY_FRAME = bytes.fromhex(
    "0001000100010040CB3E300000303E13F36188AADC210D7B3F3F1F777CD5F32F808ABF4231C2967D8314B3BED6B150069EB9A6E28FBC715A"
    "73ED7A2D244D50830CDC8D4FA9F05D75"
)
ANSWER_UNDER_OLD = bytes.fromhex("0001000100010018CF1630000001F963E516B2A1390A116E4D346D227089B2FF")
ANSWER_UNDER_NEW = bytes.fromhex("0001000100010018CF1630000001F963E516B2A1A2A4DCC6264C088B111AA9CE")
ENCRYPTION_KEY_FRAME = bytes.fromhex(
    "0001000100010040CB3E300000303F6A08D7EFCC6822F28C18B77F3161AC32BFCD1663AE75E7643307B6A69AE44AFCEC8864DF41CEEDE47C"
    "A03B8D445E4859A83344A1931BB923F9"
)


def key_data(number: int, key: bytes) -> Data:
    return array((structure(enum(number), octet_string(wrap_key(MASTER, key))),))


@pytest.fixture
def client() -> ClientAssociation:
    """The session up to its SET, counters at 12350 and 504."""
    config = AssociationConfig(Level.HLS5_GMAC, client_title=CLIENT_TITLE, keys=SecurityKeys(EK, AK))
    client = ClientAssociation(config, count(12345).__next__, bytes.fromhex("3132333435363738393A3B3C3D3E3F40"))
    client.associate()
    for answer in ("AARE", "PASS_4"):
        client.receive(FRAMES[answer])
    client.get(CLOCK)
    client.receive(FRAMES["CLOCK_ANSWER"])
    client.set(FILTER, double_long_unsigned(0x0F000003))
    client.receive(FRAMES["SET_ANSWER"])
    return client


def test_wrapped_keys() -> None:
    assert wrap_key(MASTER, AK2).hex().upper() == "8198CCA56911B62BA73E000E22CA5B926EAB38C103D1658D"
    assert wrap_key(MASTER, EK2).hex().upper() == "AA320B2668EEC02231C19A30CA62B7E06621A1C9E420B755"
    assert unwrap_key(MASTER, wrap_key(MASTER, EK2)) == EK2


def test_answer_under_the_old_key_and_the_next_request_under_the_new(client: ClientAssociation) -> None:
    new = SecurityKeys(EK, AK2)
    client.offer_keys(new)
    assert client.action(TRANSFER, key_data(2, AK2)) == AUTHENTICATION_KEY_FRAME
    assert client.receive(ANSWER_UNDER_OLD) == ActionAnswer(ActionResult.SUCCESS)
    client.use_keys(new)
    assert client.action(TRANSFER, key_data(0, EK2)) == ENCRYPTION_KEY_FRAME


def test_answer_under_the_new_key(client: ClientAssociation) -> None:
    client.offer_keys(SecurityKeys(EK, AK2))
    client.action(TRANSFER, key_data(2, AK2))
    assert client.receive(ANSWER_UNDER_NEW) == ActionAnswer(ActionResult.SUCCESS)
    assert client.action(TRANSFER, key_data(0, EK2)) == ENCRYPTION_KEY_FRAME


def test_answer_under_a_key_that_was_not_offered(client: ClientAssociation) -> None:
    client.action(TRANSFER, key_data(2, AK2))
    with pytest.raises(DecipherError):
        client.receive(ANSWER_UNDER_NEW)
    assert client.phase is Phase.FAILED


def test_a_refused_transfer_leaves_the_keys_as_they_are(client: ClientAssociation) -> None:
    client.offer_keys(SecurityKeys(EK, AK2))
    client.action(TRANSFER, key_data(2, AK2))
    refused = Suite0(SecurityKeys(EK, AK)).seal(
        0xCF, bytes.fromhex("4F5347000000270F"), 505, bytes.fromhex("C70144FA00")
    )
    assert client.receive(wrap(1, 1, refused)) == ActionAnswer(ActionResult.OTHER_REASON)
    plain = bytes.fromhex("C30145004000002B0000FF02010101020216000918") + wrap_key(MASTER, EK2)
    frame = client.action(TRANSFER, key_data(0, EK2))
    assert frame == wrap(1, 1, Suite0(SecurityKeys(EK, AK)).seal(0xCB, CLIENT_TITLE, 12351, plain))


@pytest.mark.parametrize(
    ("plain", "result"), [("C701440000", ActionResult.SUCCESS), ("C70144FA00", ActionResult.OTHER_REASON)]
)
def test_an_offer_ends_with_its_exchange(client: ClientAssociation, plain: str, result: ActionResult) -> None:
    title = bytes.fromhex("4F5347000000270F")
    client.offer_keys(SecurityKeys(EK, AK2))
    client.action(TRANSFER, key_data(2, AK2))
    answered = Suite0(SecurityKeys(EK, AK)).seal(0xCF, title, 505, bytes.fromhex(plain))
    assert client.receive(wrap(1, 1, answered)) == ActionAnswer(result)
    client.get(CLOCK)
    under_new = Suite0(SecurityKeys(EK, AK2)).seal(0xCC, title, 506, bytes.fromhex("C4014501FA"))
    with pytest.raises(DecipherError):
        client.receive(wrap(1, 1, under_new))


def test_the_next_session_speaks_under_both_new_keys() -> None:
    cipher = Suite0(SecurityKeys(EK2, AK2))
    apdu = cipher.seal(0xC8, CLIENT_TITLE, 250, bytes.fromhex("C0014100080000010000FF0200"))
    expected = "0001000100010020C81E30000000FAD9796C9503CB263FA6899718590481032ED28E8A8E3F901947"
    assert wrap(1, 1, apdu).hex().upper() == expected


def test_keys_change_between_exchanges_only(client: ClientAssociation) -> None:
    client.action(TRANSFER, key_data(2, AK2))
    with pytest.raises(AssociationStateError):
        client.use_keys(SecurityKeys(EK, AK2))


def test_without_ciphering_there_are_no_keys() -> None:
    client = ClientAssociation(AssociationConfig(Level.NONE, client_sap=16), count().__next__)
    with pytest.raises(ConfigurationError):
        client.offer_keys(SecurityKeys(EK, AK2))
    client.associate()
    client.receive(FRAMES["PUBLIC_AARE"])
    with pytest.raises(ConfigurationError):
        client.use_keys(SecurityKeys(EK, AK2))


@pytest.mark.parametrize(
    ("config", "keys"),
    [
        (AssociationConfig(Level.HLS5_GMAC, client_title=CLIENT_TITLE, keys=SecurityKeys(EK, AK)), SUITE_1_KEYS),
        (AssociationConfig(Level.HLS5_GMAC, client_title=CLIENT_TITLE, keys=SUITE_1_KEYS), SecurityKeys(EK, AK2)),
        (
            AssociationConfig(
                Level.HLS5_GMAC, client_title=CLIENT_TITLE, keys=SUITE_1_KEYS, ciphering=Ciphering.DEDICATED
            ),
            SUITE_1_KEYS,
        ),
    ],
    ids=["suite 0", "suite 1", "dedicated key"],
)
def test_keys_are_offered_in_their_own_suite_and_under_the_global_key(
    config: AssociationConfig, keys: SecurityKeys
) -> None:
    client = ClientAssociation(config, count().__next__, bytes(64), fresh=bytes)
    with pytest.raises(ConfigurationError):
        client.offer_keys(keys)
