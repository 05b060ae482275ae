"""ACCESS, general blocks and notifications in associations with general protection and dedicated keys."""

from __future__ import annotations

from itertools import count

import pytest

from meterstream.dlms.apdu import (
    DEFAULT_CONFORMANCE,
    AccessAction,
    AccessGet,
    AccessSet,
    ActionResult,
    Conformance,
    DataAccessResult,
    DataNotification,
    EventNotificationRequest,
)
from meterstream.dlms.client import (
    AccessAnswer,
    AccessOutcome,
    ActionAnswer,
    AnswerLimits,
    AssociationConfig,
    ClientAssociation,
    Continue,
    Event,
    GetAnswer,
    Level,
    Notification,
    Phase,
    Released,
    SecurityKeys,
    SetAnswer,
)
from meterstream.dlms.data import AttributeRef, Data, LogicalName, MethodRef, array, octet_string, unsigned
from meterstream.dlms.meter import ClientAccess, Habits, MeterAssociation, MeterSecurity
from meterstream.dlms.security import Ciphering
from meterstream.dlms.transfer import GeneralLimits

KEYS = SecurityKeys(bytes(range(16)), bytes(range(16, 32)))
CLOCK = AttributeRef(8, LogicalName.parse("0.0.1.0.0.255"), 2)
CALLED = MethodRef(3, LogicalName.parse("1.0.1.8.0.255"), 1)
LONG = array(unsigned(number & 0xFF) for number in range(300))
RETURNED = octet_string(bytes(range(200)))
OWN_BLOCKS = Conformance.BLOCK_TRANSFER_GET | Conformance.BLOCK_TRANSFER_SET | Conformance.BLOCK_TRANSFER_ACTION
GENERAL = Conformance.GENERAL_PROTECTION | Conformance.GENERAL_BLOCK_TRANSFER | Conformance.ACCESS
CIPHERINGS = list(Ciphering)


class Objects:
    def __init__(self) -> None:
        self.value: Data = LONG

    def get(self, client_sap: int, ref: AttributeRef, selection: object) -> Data:
        return self.value

    def set(self, client_sap: int, ref: AttributeRef, selection: object, data: Data) -> DataAccessResult:
        self.value = data
        return DataAccessResult.SUCCESS

    def action(self, client_sap: int, ref: MethodRef, data: Data | None) -> tuple[ActionResult, Data | None]:
        return ActionResult.SUCCESS, RETURNED


class Pair:
    def __init__(self, ciphering: Ciphering, conformance: Conformance) -> None:
        habits = Habits(max_receive_pdu=200, max_send_pdu=200, conformance=conformance)
        security = MeterSecurity(b"MMM45678", {1: ClientAccess(Level.HLS5_GMAC, KEYS)}, lambda size: b"s" * size)
        self.objects = Objects()
        self.meter = MeterAssociation(self.objects, security, habits)
        config = AssociationConfig(
            Level.HLS5_GMAC,
            client_title=b"CCC45678",
            keys=KEYS,
            conformance=conformance,
            ciphering=ciphering,
            limits=AnswerLimits(general=GeneralLimits(window=3)),
        )
        self.client = ClientAssociation(config, count(1).__next__, b"c" * 16, fresh=lambda size: b"f" * size)
        self.ask(self.client.associate())
        assert self.client.phase is Phase.READY

    def ask(self, frame: bytes) -> Event:
        for _ in range(500):
            event = self.client.receive(self.meter.receive(frame))
            if not isinstance(event, Continue):
                assert event is not None
                return event
            frame = event.frame
        raise AssertionError("it does not end")


@pytest.mark.parametrize("ciphering", CIPHERINGS, ids=lambda ciphering: ciphering.name)
@pytest.mark.parametrize("blocks", ["own", "general"])
def test_every_service(ciphering: Ciphering, blocks: str) -> None:
    conformance = DEFAULT_CONFORMANCE | GENERAL
    pair = Pair(ciphering, conformance & ~OWN_BLOCKS if blocks == "general" else conformance)
    client = pair.client
    assert pair.ask(client.get(CLOCK)) == GetAnswer(LONG)
    assert pair.ask(client.set(CLOCK, RETURNED)) == SetAnswer(DataAccessResult.SUCCESS)
    assert pair.ask(client.action(CALLED, LONG)) == ActionAnswer(ActionResult.SUCCESS, RETURNED)
    items = [(AccessSet(CLOCK), LONG), (AccessGet(CLOCK), None), (AccessAction(CALLED), LONG)]
    assert pair.ask(client.access(items)) == AccessAnswer(
        (
            AccessOutcome(DataAccessResult.SUCCESS),
            AccessOutcome(DataAccessResult.SUCCESS, LONG),
            AccessOutcome(ActionResult.SUCCESS, RETURNED),
        )
    )
    assert isinstance(pair.ask(client.release(checked=True)), Released)


@pytest.mark.parametrize("ciphering", CIPHERINGS, ids=lambda ciphering: ciphering.name)
def test_notifications(ciphering: Ciphering) -> None:
    pair = Pair(ciphering, DEFAULT_CONFORMANCE | GENERAL)
    push, event = DataNotification(1, unsigned(7)), EventNotificationRequest(CLOCK, unsigned(7))
    expected = (Notification(push, protected=True), Notification(event, protected=True))
    assert pair.client.receive(pair.meter.notify(push)) is None
    assert pair.client.receive(pair.meter.notify(event)) is None
    assert pair.client.take_notifications() == expected
    frame = pair.client.access([(AccessSet(CLOCK), unsigned(3))])
    octets = pair.meter.notify(push) + pair.meter.notify(event) + pair.meter.receive(frame)
    assert pair.client.receive(octets) == AccessAnswer((AccessOutcome(DataAccessResult.SUCCESS),))
    assert pair.client.take_notifications() == expected
    assert pair.ask(pair.client.get(CLOCK)) == GetAnswer(unsigned(3))
