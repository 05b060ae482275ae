"""Both roles over lines that hand over whole APDUs."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from meterstream.dlms.apdu import ActionResult, DataAccessResult, tags
from meterstream.dlms.client import (
    ActionAnswer,
    Associated,
    AssociationConfig,
    ClientAssociation,
    GetAnswer,
    Level,
    Phase,
    Released,
    SecurityKeys,
    SetAnswer,
)
from meterstream.dlms.data import AttributeRef, LogicalName, MethodRef, octet_string, unsigned
from meterstream.dlms.errors import LimitExceeded, PduTooLarge
from meterstream.dlms.framing import BareFraming, Frame, Framing, WrapperReader
from meterstream.dlms.meter import Habits, MeterAssociation

CLOCK = AttributeRef(8, LogicalName.parse("0.0.1.0.0.255"), 2)
PROFILE = AttributeRef(7, LogicalName.parse("1.0.99.1.0.255"), 2)
RESET = MethodRef(3, LogicalName.parse("1.0.1.8.0.255"), 1)
CTOS = bytes(range(16))

Pairs = Callable[..., Any]


def bare_pair(pair_of: Pairs, level: Level) -> Any:
    pair = pair_of(level, Habits(max_send_pdu=128))
    (sap,) = pair.security.clients
    config = pair.client._config
    challenge = CTOS if level is Level.HLS5_GMAC else b""
    pair.client = ClientAssociation(config, count(12345).__next__, challenge, BareFraming(1, sap))
    pair.meter = MeterAssociation(
        pair.application, pair.security, Habits(max_send_pdu=128), framing=BareFraming(sap, 1)
    )
    return pair


@pytest.mark.parametrize("level", [Level.NONE, Level.LLS, Level.HLS5_GMAC])
def test_every_service_without_any_frame(pair_of: Pairs, level: Level) -> None:
    pair = bare_pair(pair_of, level)
    client, objects = pair.client, pair.application
    objects.action_results[RESET] = ActionResult.SUCCESS, unsigned(7)
    assert pair.exchange(client.associate()) == Associated()
    assert pair.exchange(client.get(CLOCK)) == GetAnswer(objects.values[CLOCK])
    assert pair.exchange(client.get(PROFILE)) == GetAnswer(objects.values[PROFILE])
    assert pair.exchange(client.set(CLOCK, octet_string(bytes(12)))) == SetAnswer(DataAccessResult.SUCCESS)
    assert pair.exchange(client.action(RESET, unsigned(0))) == ActionAnswer(ActionResult.SUCCESS, unsigned(7))
    assert pair.exchange(client.release()) == Released()
    assert pair.frames[0][0] == tags.AARQ
    assert [frame[0] for frame in pair.frames[-2:]] == [tags.RLRQ, tags.RLRE]


def test_an_address_that_is_not_served_has_no_answer(pair_of: Pairs) -> None:
    pair = pair_of(Level.NONE)
    meter = MeterAssociation(pair.application, pair.security, framing=BareFraming(77, 1))
    assert meter.receive(ClientAssociation(pair.client._config, count().__next__).associate()[8:]) == b""
    assert not meter.closed


def test_the_password_is_blanked_without_a_header_too() -> None:
    keys = SecurityKeys(bytes(16), bytes(range(16)))
    config = AssociationConfig(Level.LLS, client_title=b"TITLE..8", keys=keys, password=b"topsecret")
    client = ClientAssociation(config, count(1).__next__, framing=BareFraming(1, 1))
    apdu = client.associate()
    assert b"topsecret" in apdu
    assert client.traceable(apdu) == apdu.replace(b"topsecret", b"*" * 9)


@pytest.mark.parametrize("framing", [BareFraming(3, 4), WrapperReader()])
def test_a_framing_gives_back_what_it_wrapped(framing: Framing) -> None:
    assert framing.next_frame() is None
    framing.feed(framing.wrap(3, 4, b"\xc0\x01"))
    assert framing.waiting == framing.header + 2
    assert framing.next_frame() == Frame(3, 4, b"\xc0\x01")
    assert framing.waiting == 0


def test_bounds_of_the_bare_line() -> None:
    framing = BareFraming(1, 1, max_apdu=4)
    with pytest.raises(PduTooLarge):
        framing.wrap(1, 1, bytes(5))
    with pytest.raises(LimitExceeded):
        framing.feed(bytes(5))
    framing.feed(bytes(4))
    with pytest.raises(LimitExceeded, match="before"):
        framing.feed(b"\x00")
    assert framing.next_frame() == Frame(1, 1, bytes(4))
    framing.feed(b"")
    assert framing.next_frame() is None


def test_an_apdu_that_is_too_long_ends_the_session(pair_of: Pairs) -> None:
    client = ClientAssociation(pair_of(Level.NONE).client._config, count().__next__, framing=BareFraming(1, 16))
    client.associate()
    with pytest.raises(LimitExceeded):
        client.receive(bytes(0x10000))
    assert client.phase is Phase.FAILED
