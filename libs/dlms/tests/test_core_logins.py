"""A meter answers so many failed logins on one connection, then closes the line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from meterstream.dlms.apdu import ActionResponseNormal, ActionResult, decode_aare, decode_action_response
from meterstream.dlms.client import ClientAssociation, Continue, Level, SecurityKeys
from meterstream.dlms.errors import ConfigurationError, LimitExceeded
from meterstream.dlms.framing import HEADER
from meterstream.dlms.framing.hdlc import HdlcAddress, HdlcClientLink, HdlcParameters, HdlcPhase, HdlcServerLink
from meterstream.dlms.meter import Habits, MeterAssociation, MeterPhase, Reaction
from meterstream.dlms.meter.hdlc import HdlcMeter
from meterstream.dlms.security import SecurityPolicy, SecuritySuite

Pairs = Callable[..., Any]
DEFAULT = Habits().max_failed_logins


@pytest.fixture
def plain_pair(secured: Pairs, keyring_of: Pairs) -> Pairs:
    """HLS 3 without ciphering: no counter tells an APDU from the same one again."""
    keyring = keyring_of(SecuritySuite.SUITE_0)
    return lambda habits: secured(Level.HLS3_MD5, keyring, habits=habits, policy=SecurityPolicy.NONE)


def half_open(pair: Any) -> bytes:
    """A pass 3 whose token is not the right one for the StoC of the meter."""
    event = pair.client.receive(pair.meter.receive(pair.client.associate()))
    assert isinstance(event, Continue)
    pair.meter._login = replace(pair.meter._login, server_challenge=b"another challenge")
    return event.frame


def is_over(meter: MeterAssociation) -> bool:
    return meter.closed and isinstance(meter.close_cause, LimitExceeded) and "failed logins" in str(meter.close_cause)


@pytest.mark.parametrize(
    ("habits", "allowed"), [(Habits(), DEFAULT), (Habits(max_failed_logins=1), 1), (Habits(max_failed_logins=7), 7)]
)
def test_wrong_tokens(plain_pair: Pairs, habits: Habits, allowed: int) -> None:
    pair = plain_pair(habits)
    wrong = half_open(pair)
    for _ in range(allowed):
        assert not pair.meter.closed
        answer = decode_action_response(pair.meter.receive(wrong)[HEADER.size :])
        assert isinstance(answer, ActionResponseNormal)
        assert answer.result is ActionResult.OTHER_REASON
        assert pair.meter.phase is MeterPhase.HALF_OPEN
    assert is_over(pair.meter)
    assert pair.meter.receive(wrong) == b""


def test_wrong_tokens_in_one_go(plain_pair: Pairs) -> None:
    pair = plain_pair(Habits())
    wrong = half_open(pair)
    one = len(wrong_answer := pair.meter.receive(wrong))
    assert len(pair.meter.receive(wrong * 1000)) == (DEFAULT - 1) * one
    assert wrong_answer
    assert is_over(pair.meter)


def test_wrong_passwords(pair_of: Pairs) -> None:
    pair = pair_of(Level.LLS)
    pair.access.password = b"22222222"
    aarq = pair.client.associate()
    for _ in range(DEFAULT):
        assert not pair.meter.closed
        assert decode_aare(pair.meter.receive(aarq)[HEADER.size :]).result
    assert is_over(pair.meter)
    assert pair.meter.receive(aarq) == b""


@pytest.mark.parametrize("reaction", [Reaction.REJECT, Reaction.EXCEPTION, Reaction.SILENCE])
def test_wrong_keys_where_they_do_not_close_the_line(pair_of: Pairs, reaction: Reaction) -> None:
    pair = pair_of(Level.HLS5_GMAC, Habits(on_bad_security=reaction))
    pair.access.keys = SecurityKeys(bytes(16), bytes(16))
    aarq = pair.client.associate()
    for _ in range(DEFAULT):
        assert not pair.meter.closed
        assert bool(pair.meter.receive(aarq)) is (reaction is not Reaction.SILENCE)
    assert is_over(pair.meter)


def test_a_login_in_between_takes_no_failure_back(pair_of: Pairs) -> None:
    """The public client always succeeds; with it nobody may buy more guesses."""
    pair = pair_of(Level.LLS, Habits(close_after_release=False, max_failed_logins=3))
    right, pair.access.password = pair.access.password, b"22222222"
    aarq = pair.client.associate()
    pair.meter.receive(aarq * 2)
    pair.access.password = right
    pair.client.receive(pair.meter.receive(aarq))
    assert pair.meter.phase is MeterPhase.ASSOCIATED
    pair.client.receive(pair.meter.receive(pair.client.release()))
    assert pair.meter.failed_logins == 2
    assert not pair.meter.closed
    pair.access.password = b"22222222"
    pair.meter.receive(aarq)
    assert is_over(pair.meter)


def test_an_open_association_is_no_login(associated: Pairs) -> None:
    pair = associated(Level.HLS5_GMAC, Habits(on_bad_security=Reaction.SILENCE))
    spoilt = pair.meter._framing.wrap(1, 1, b"\xc8\x1e\x30" + bytes(29))
    for _ in range(3 * DEFAULT):
        assert pair.meter.receive(spoilt) == b""
    assert pair.meter.failed_logins == 0
    assert not pair.meter.closed


def test_connections_of_one_hdlc_line_count_together(pair_of: Pairs) -> None:
    pair = pair_of(Level.LLS)
    (sap,) = pair.security.clients
    pair.access.password = b"22222222"
    server, parameters = HdlcAddress(1), HdlcParameters(512, 512)
    meter = HdlcMeter(lambda: MeterAssociation(pair.application, pair.security), HdlcServerLink(server, parameters))
    for attempt in range(DEFAULT):
        assert not meter.closed, attempt
        client = ClientAssociation(pair.client._config, count(1).__next__)
        link = HdlcClientLink(sap, server, parameters)
        link.receive(meter.receive(link.connect(0), 0), 0)
        assert link.phase is HdlcPhase.CONNECTED
        assert link.receive(meter.receive(link.send(client.associate()[HEADER.size :], 0), 0), 0).events
    assert meter.closed
    assert isinstance(meter.close_cause, LimitExceeded)


def test_at_least_one_failure_is_allowed() -> None:
    with pytest.raises(ConfigurationError, match="max_failed_logins"):
        Habits(max_failed_logins=0)
