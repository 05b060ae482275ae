"""Altered, cut and made-up octets into associations of every form: a typed error, no service, no counter moved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meterstream.dlms.client import Level, Phase
from meterstream.dlms.data import AttributeRef, LogicalName
from meterstream.dlms.errors import AuthenticationError, DlmsError
from meterstream.dlms.framing import HEADER
from meterstream.dlms.security import Ciphering, KeyChoice, SecurityPolicy, SecuritySuite

COUNTER = AttributeRef(1, LogicalName.parse("0.0.43.1.0.255"), 2)
BOTH = SecurityPolicy.AUTHENTICATED_ENCRYPTED
KINDS = [
    (Ciphering.GLOBAL, KeyChoice.IDENTIFIED, BOTH),
    (Ciphering.GLOBAL, KeyChoice.IDENTIFIED, SecurityPolicy.AUTHENTICATED),
    (Ciphering.DEDICATED, KeyChoice.IDENTIFIED, BOTH),
    (Ciphering.GENERAL_GLOBAL, KeyChoice.IDENTIFIED, BOTH),
    (Ciphering.GENERAL_DEDICATED, KeyChoice.IDENTIFIED, BOTH),
    (Ciphering.GENERAL, KeyChoice.WRAPPED, BOTH),
    (Ciphering.GENERAL, KeyChoice.ONE_PASS, BOTH),
    (Ciphering.GENERAL, KeyChoice.STATIC, BOTH | SecurityPolicy.SIGNED),
    (Ciphering.GLOBAL, KeyChoice.IDENTIFIED, SecurityPolicy.SIGNED),
]
TAGS = [*range(0xC0, 0xE1), 0x0E, 0x21, 0x28, 0x60, 0x62]


@st.composite
def alterations(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """What somebody on the line does to an APDU; never nothing."""
    kind = draw(st.sampled_from(["flip", "cut", "insert", "tag", "made up"]))
    place, value = draw(st.floats(0, 0.999)), draw(st.integers(1, 255))
    junk = draw(st.binary(min_size=1, max_size=40))
    tag = draw(st.sampled_from(TAGS))

    def alter(apdu: bytes) -> bytes:
        at = int(place * len(apdu))
        match kind:
            case "flip":
                return apdu[:at] + bytes((apdu[at] ^ value,)) + apdu[at + 1 :]
            case "cut":
                return apdu[: at or 1]
            case "insert":
                return apdu[:at] + junk + apdu[at:]
            case "tag":
                return bytes((tag if tag != apdu[0] else 0x77,)) + apdu[1:]
            case _:
                return bytes((tag,)) + junk

    return alter


def framed(frame: bytes, apdu: bytes) -> bytes:
    return frame[:6] + len(apdu).to_bytes(2, "big") + apdu


@pytest.mark.parametrize("kind", KINDS, ids=str)
@given(alter=alterations())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_altered_requests_and_answers(
    secured: Callable[..., Any],
    keyring_of: Callable[..., Any],
    kind: tuple[Ciphering, KeyChoice, SecurityPolicy],
    alter: Callable[[bytes], bytes],
) -> None:
    ciphering, key, policy = kind
    pair = secured(
        Level.HLS6_SHA256, keyring_of(SecuritySuite.SUITE_1), ciphering=ciphering, key_choice=key, policy=policy
    )
    pair.exchange(pair.client.associate())
    request = pair.client.get(COUNTER)
    access, calls = pair.access, len(pair.application.calls)
    before = (access.last_client_counter, access.last_broadcast_counter, access.last_transaction)
    altered = alter(request[HEADER.size :])
    pair.meter.receive(framed(request, altered))
    assert len(pair.application.calls) == calls, "served"
    if altered[1:] != request[HEADER.size + 1 :]:  # the tag in front is not authenticated: what follows is genuine
        assert (access.last_client_counter, access.last_broadcast_counter, access.last_transaction) == before

    other = secured(
        Level.HLS6_SHA256, keyring_of(SecuritySuite.SUITE_1), ciphering=ciphering, key_choice=key, policy=policy
    )
    other.exchange(other.client.associate())
    answer = other.meter.receive(other.client.get(COUNTER))
    last = other.client.last_received_counter
    altered = alter(answer[HEADER.size :])
    with pytest.raises(DlmsError):
        other.client.receive(framed(answer, altered))
    assert other.client.phase in (Phase.FAILED, Phase.READY)
    if altered[1:] != answer[HEADER.size + 1 :]:
        assert other.client.last_received_counter == last


def test_a_challenge_that_is_a_request_gets_no_token(
    secured: Callable[..., Any], keyring_of: Callable[..., Any]
) -> None:
    """Its token would be the tag of that request, for a meter that takes requests that are authenticated only."""
    write = bytes.fromhex("C101C1000100002B0100FF020006 00000001")
    for policy in (SecurityPolicy.AUTHENTICATED, SecurityPolicy.NONE, BOTH):
        pair = secured(Level.HLS5_GMAC, keyring_of(SecuritySuite.SUITE_0), policy=policy)
        pair.security.challenge = lambda length: write
        answer = pair.meter.receive(pair.client.associate())
        with pytest.raises(AuthenticationError, match="is a request"):
            pair.client.receive(answer)
    pair = secured(Level.HLS5_GMAC, keyring_of(SecuritySuite.SUITE_0), policy=SecurityPolicy.AUTHENTICATED)
    pair.security.challenge = lambda length: write[:-1] + b"\x01\x02"
    pair.exchange(pair.client.associate())


@pytest.mark.parametrize("level", [level for level in Level if level.hls])
@given(alter=alterations(), passes=st.integers(0, 1))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_altered_openings(
    secured: Callable[..., Any],
    keyring_of: Callable[..., Any],
    level: Level,
    alter: Callable[[bytes], bytes],
    passes: int,
) -> None:
    """An AARQ or a pass 3 that was altered: whatever comes of it, the meter answers or closes and never raises."""
    pair = secured(level, keyring_of(SecuritySuite.SUITE_2), policy=SecurityPolicy.AUTHENTICATED)
    frame = pair.client.associate()
    if passes:
        frame = pair.client.receive(pair.meter.receive(frame)).frame
    calls = len(pair.application.calls)
    pair.meter.receive(framed(frame, alter(frame[HEADER.size :])))
    if passes:
        assert pair.meter.phase.name != "ASSOCIATED"
    assert len(pair.application.calls) == calls
