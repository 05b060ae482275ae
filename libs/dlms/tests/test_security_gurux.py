"""A second opinion: gurux-dlms as client of the meter role, at every level, policy, suite and form it has.

gurux-dlms is GPL; it is used here and in benchmarks only. What it lacks: ECDSA on P-384, general-ciphering, signatures.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from gurux_dlms import GXReplyData
from gurux_dlms.ecdsa import GXPrivateKey, GXPublicKey
from gurux_dlms.enums import Authentication, Conformance, InterfaceType, Security
from gurux_dlms.objects import GXDLMSClock, GXDLMSData
from gurux_dlms.objects.enums import SecuritySuite as GuruxSuite
from gurux_dlms.secure import GXDLMSSecureClient

from meterstream.dlms.apdu import tags
from meterstream.dlms.client import Level
from meterstream.dlms.errors import SecurityError
from meterstream.dlms.framing import HEADER
from meterstream.dlms.meter import MeterPhase
from meterstream.dlms.security import SecurityPolicy, SecuritySuite

CLIENT_TITLE = bytes.fromhex("2020201CBE991A14")
CTOS = bytes.fromhex("3132333435363738393A3B3C3D3E3F40")
PROPOSED = Conformance.GET | Conformance.SET | Conformance.ACTION | Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
AUTHENTICATIONS = {
    Level.LLS: Authentication.LOW,
    Level.HLS3_MD5: Authentication.HIGH_MD5,
    Level.HLS4_SHA1: Authentication.HIGH_SHA1,
    Level.HLS5_GMAC: Authentication.HIGH_GMAC,
    Level.HLS6_SHA256: Authentication.HIGH_SHA256,
    Level.HLS7_ECDSA: Authentication.HIGH_ECDSA,
}
SECURITIES = {
    SecurityPolicy.NONE: Security.NONE,
    SecurityPolicy.AUTHENTICATED: Security.AUTHENTICATION,
    SecurityPolicy.ENCRYPTED: Security.ENCRYPTION,
    SecurityPolicy.AUTHENTICATED_ENCRYPTED: Security.AUTHENTICATION_ENCRYPTION,
}
BOTH = SecurityPolicy.AUTHENTICATED_ENCRYPTED
SUITES = list(SecuritySuite)
LEVELS_AND_SUITES = [
    (level, suite)
    for level in AUTHENTICATIONS
    for suite in SUITES
    if level is not Level.HLS7_ECDSA or suite is not SecuritySuite.SUITE_2
]


class Gurux:
    """The client of gurux-dlms, its bytes joined to a meter; `sent` has the tags of its APDUs."""

    def __init__(self, pair: Any, keyring: Any, level: Level, policy: SecurityPolicy, conformance: Any) -> None:
        self.meter = pair.meter
        self.level = level
        self.sent: list[int] = []
        client = GXDLMSSecureClient(True, 1, 1, AUTHENTICATIONS[level], None, InterfaceType.WRAPPER)
        client.proposedConformance = conformance
        client.password = b"11111111"
        cipher = client.ciphering
        cipher.security = SECURITIES[policy]
        cipher.securitySuite = GuruxSuite(keyring.suite)
        cipher.systemTitle = CLIENT_TITLE
        cipher.blockCipherKey = keyring.keys.encryption_key
        cipher.authenticationKey = keyring.keys.authentication_key
        cipher.invocationCounter = 12345
        if level is Level.HLS7_ECDSA:
            cipher.signingKeyPair = (
                GXPublicKey.fromRawBytes(b"\x04" + keyring.client.peer_signing.octets),
                GXPrivateKey.fromRawBytes(bytes(range(1, 33))),
            )
        # An AARQ of more than 127 octets gets a wrong length from gurux-dlms.
        client.ctoSChallenge = CTOS * 2 if level is Level.HLS7_ECDSA else CTOS
        self.client = client

    def send(self, frames: Any) -> Any:
        reply = GXReplyData()
        for frame in frames:
            reply.clear()
            self.sent.append(frame[HEADER.size])
            self.client.getData(bytearray(self.meter.receive(bytes(frame))), reply)
            while reply.isMoreData():
                answer = self.meter.receive(bytes(self.client.receiverReady(reply)))
                self.client.getData(bytearray(answer), reply)
        return reply

    def use(self) -> None:
        reply = self.send(self.client.aarqRequest())
        self.client.parseAareResponse(reply.data)
        if self.level.hls:
            reply = self.send(self.client.getApplicationAssociationRequest())
            self.client.parseApplicationAssociationResponse(reply.data)
        assert self.meter.phase is MeterPhase.ASSOCIATED
        assert self.send(self.client.read(GXDLMSData("0.0.43.1.0.255"), 2)).value == 12345
        clock = GXDLMSClock("0.0.1.0.0.255")
        value = self.client.updateValue(clock, 2, self.send(self.client.read(clock, 2)).value)
        assert value.value.utctimetuple()[:5] == (2024, 7, 15, 8, 30)


@pytest.fixture
def gurux(secured: Callable[..., Any], keyring_of: Callable[..., Any]) -> Callable[..., tuple[Gurux, Any]]:
    def make(
        level: Level, suite: SecuritySuite, policy: SecurityPolicy, conformance: Any = PROPOSED
    ) -> tuple[Gurux, Any]:
        keyring = keyring_of(suite)
        pair = secured(level, keyring, policy=policy)
        return Gurux(pair, keyring, level, policy, conformance), pair

    return make


@pytest.mark.parametrize("policy", list(SECURITIES), ids=str)
@pytest.mark.parametrize(("level", "suite"), LEVELS_AND_SUITES)
def test_levels_policies_and_suites(
    gurux: Callable[..., tuple[Gurux, Any]], level: Level, policy: SecurityPolicy, suite: SecuritySuite
) -> None:
    other, pair = gurux(level, suite, policy)
    other.use()
    assert pair.meter.close_cause is None
    ciphered = policy is not SecurityPolicy.NONE
    assert other.sent[-1] == (tags.GLO_GET_REQUEST if ciphered else tags.GET_REQUEST)


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("dedicated", [False, True])
@pytest.mark.parametrize("general", [False, True])
def test_dedicated_keys_and_general_protection(
    gurux: Callable[..., tuple[Gurux, Any]], suite: SecuritySuite, dedicated: bool, general: bool
) -> None:
    conformance = PROPOSED | Conformance.GENERAL_PROTECTION if general else PROPOSED
    other, _ = gurux(Level.HLS5_GMAC, suite, BOTH, conformance)
    if dedicated:
        other.client.ciphering.dedicatedKey = bytes(range(0x30, 0x30 + suite.key_octets))
    other.use()
    assert (
        other.sent[-1]
        == {
            (False, False): tags.GLO_GET_REQUEST,
            (True, False): tags.DED_GET_REQUEST,
            (False, True): tags.GENERAL_GLO_CIPHERING,
            (True, True): tags.GENERAL_DED_CIPHERING,
        }[dedicated, general]
    )


@pytest.mark.parametrize("level", [level for level in AUTHENTICATIONS if level.hls])
def test_a_wrong_secret_is_refused(gurux: Callable[..., tuple[Gurux, Any]], level: Level) -> None:
    other, pair = gurux(level, SecuritySuite.SUITE_1, SecurityPolicy.NONE)
    if level is Level.HLS5_GMAC:
        other.client.ciphering.authenticationKey = bytes(16)
    elif level is Level.HLS7_ECDSA:
        public, _ = other.client.ciphering.signingKeyPair
        other.client.ciphering.signingKeyPair = (public, GXPrivateKey.fromRawBytes(bytes(range(9, 41))))
    else:
        other.client.password = b"22222222"
    reply = other.send(other.client.aarqRequest())
    other.client.parseAareResponse(reply.data)
    answer = other.send(other.client.getApplicationAssociationRequest())
    assert answer.error, "other-reason"
    assert pair.meter.phase is MeterPhase.HALF_OPEN


@pytest.mark.parametrize("policy", [SecurityPolicy.AUTHENTICATED, BOTH], ids=str)
def test_a_wrong_key_is_refused(gurux: Callable[..., tuple[Gurux, Any]], policy: SecurityPolicy) -> None:
    other, pair = gurux(Level.HLS6_SHA256, SecuritySuite.SUITE_1, policy)
    other.client.ciphering.authenticationKey = bytes(16)
    frame = other.client.aarqRequest()[0]
    assert pair.meter.receive(bytes(frame)) == b""
    assert isinstance(pair.meter.close_cause, SecurityError)
