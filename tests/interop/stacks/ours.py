"""Meterstream's own client and meter role behind the port of these tests."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from meterstream.dlms.apdu import DEFAULT_CONFORMANCE, Conformance, DataAccessResult, tags
from meterstream.dlms.asyncio import (
    HdlcOverTcp,
    InMemoryCounters,
    Listener,
    MeterSession,
    SessionFraming,
    WrapperOverTcp,
    open_session,
    serve_meter,
)
from meterstream.dlms.client import AssociationConfig, Level, SecurityKeys
from meterstream.dlms.data import (
    AttributeRef,
    CosemDateTime,
    Data,
    MethodRef,
    Selection,
    encode,
    entry_descriptor,
    range_descriptor,
)
from meterstream.dlms.errors import AccessError
from meterstream.dlms.framing import HEADER
from meterstream.dlms.framing.hdlc import HdlcParameters
from meterstream.dlms.meter import ClientAccess, Habits, MeterAssociation, MeterPhase, MeterSecurity
from meterstream.dlms.security import AsymmetricKeys, Ciphering, PrivateKey, SecurityPolicy, SecuritySuite
from stacks.port import (
    CLIENT_SAPS,
    CLIENT_SIGNING_KEY,
    CLIENT_TITLE,
    COUNTERS,
    METER_SIGNING_KEY,
    METER_TITLE,
    SMALL_PDU,
    TAGS,
    TIMEOUT_S,
    Line,
    Refused,
    Way,
)
from stacks.world import Plain, World, plain

LEVELS: Final = {
    Way.NONE: Level.NONE,
    Way.LLS: Level.LLS,
    Way.LLS_PLAIN: Level.LLS,
    Way.HLS3: Level.HLS3_MD5,
    Way.HLS4: Level.HLS4_SHA1,
    Way.HLS5: Level.HLS5_GMAC,
    Way.HLS6: Level.HLS6_SHA256,
    Way.HLS7: Level.HLS7_ECDSA,
    Way.DEDICATED: Level.HLS5_GMAC,
    Way.GENERAL_GLOBAL: Level.HLS5_GMAC,
    Way.GENERAL: Level.HLS5_GMAC,
    Way.BLOCKS: Level.HLS5_GMAC,
    Way.SUITE_1: Level.HLS5_GMAC,
    Way.SUITE_2: Level.HLS5_GMAC,
    Way.HDLC: Level.HLS5_GMAC,
}
SUITES: Final = {Way.SUITE_1: SecuritySuite.SUITE_1, Way.SUITE_2: SecuritySuite.SUITE_2}
CIPHERING: Final = {
    Way.DEDICATED: Ciphering.DEDICATED,
    Way.GENERAL_GLOBAL: Ciphering.GENERAL_GLOBAL,
    Way.GENERAL: Ciphering.GENERAL,
}
OVER_HDLC: Final = HdlcOverTcp(parameters=HdlcParameters(512, 512, 1, 1))  # jDLMS cannot read a SNRM without parameters
WITH_GENERAL_PROTECTION: Final = DEFAULT_CONFORMANCE | Conformance.GENERAL_PROTECTION
SERVICE_BLOCKS: Final = (
    Conformance.BLOCK_TRANSFER_GET | Conformance.BLOCK_TRANSFER_SET | Conformance.BLOCK_TRANSFER_ACTION
)
WITH_GENERAL_BLOCKS: Final = DEFAULT_CONFORMANCE & ~SERVICE_BLOCKS | Conformance.GENERAL_BLOCK_TRANSFER
WAYS: Final = {sap: way for way, sap in CLIENT_SAPS.items()}
LIST_MAX: Final = 16

_T = TypeVar("_T")


class OurClient:
    """The asyncio adapter, driven from outside of a loop."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._runner = asyncio.Runner()
        self._session: MeterSession | None = None

    def _run(self, work: Coroutine[Any, Any, _T]) -> _T:
        try:
            return self._runner.run(work)
        except AccessError as error:
            raise Refused(int(error.result)) from error

    @property
    def session(self) -> MeterSession:
        assert self._session is not None
        return self._session

    def associate(self) -> None:
        line = self._line
        config = config_of(line)
        counters = InMemoryCounters(COUNTERS.next()) if config.level is not Level.NONE else None
        self._session = self._run(
            open_session(
                (line.host, line.port),
                config,
                counters,
                connect_timeout_s=TIMEOUT_S,
                response_timeout_s=TIMEOUT_S,
                framing=OVER_HDLC if line.way is Way.HDLC else WrapperOverTcp(),
            )
        )

        if line.way is Way.BLOCKS:
            assert self.session.negotiated & Conformance.GENERAL_BLOCK_TRANSFER, "not granted"

    def get(self, ref: AttributeRef) -> Plain:
        sent = self.session.sent_apdus
        value = self._run(self.session.get(ref))
        self._expect_blocks(sent, value)
        return plain(value)

    def get_list(self, refs: list[AttributeRef]) -> list[Plain | Refused]:
        sent = self.session.sent_apdus
        results = self._run(self.session.get_list(refs))
        assert self.session.sent_apdus == sent + 1 or self._line.max_pdu == SMALL_PDU, "not one with-list"
        return [Refused(int(item)) if isinstance(item, DataAccessResult) else plain(item) for item in results]

    def rows_by_range(self, profile: AttributeRef, first: datetime, last: datetime) -> Plain:
        parameters = range_descriptor(CosemDateTime.from_datetime(first), CosemDateTime.from_datetime(last))
        return plain(self._run(self.session.get(profile, Selection(1, parameters))))

    def rows_by_entry(self, profile: AttributeRef, first: int, last: int) -> Plain:
        return plain(self._run(self.session.get(profile, Selection(2, entry_descriptor(first, last)))))

    def set(self, ref: AttributeRef, data: Data) -> None:
        sent = self.session.sent_apdus
        self._run(self.session.set(ref, data))
        self._expect_blocks(sent, data)

    def _expect_blocks(self, sent: int, data: Data) -> None:
        """More than one APDU where the value does not fit into one."""
        if len(encode(data)) > self._line.max_pdu:
            assert self.session.sent_apdus > sent + 1, "not in blocks"

    def set_list(self, items: list[tuple[AttributeRef, Data]]) -> list[int]:
        return [int(result) for result in self._run(self.session.set_list(items))]

    def action(self, ref: MethodRef, data: Data) -> None:
        self._run(self.session.action(ref, data))

    def release(self) -> None:
        self._run(self.session.close())

    def close(self) -> None:
        if self._session is not None:
            self._session.abort()
        self._runner.close()


def config_of(line: Line) -> AssociationConfig:
    level, ciphering = LEVELS[line.way], CIPHERING.get(line.way, Ciphering.GLOBAL)
    return AssociationConfig(
        level,
        client_sap=line.sap,
        client_title=CLIENT_TITLE if level is not Level.NONE else None,
        keys=keys_of(line),
        password=line.password if level.has_secret else None,
        challenge_length=32 if level is Level.HLS7_ECDSA else 16,
        conformance=conformance_of(line.way),
        max_pdu=line.max_pdu,
        with_list_max=LIST_MAX,
        policy=policy_of(line),
        ciphering=ciphering,
        asymmetric=signers().client if level is Level.HLS7_ECDSA else None,
    )


def conformance_of(way: Way) -> Conformance:
    if way is Way.BLOCKS:
        return WITH_GENERAL_BLOCKS
    return WITH_GENERAL_PROTECTION if CIPHERING.get(way, Ciphering.GLOBAL).general else DEFAULT_CONFORMANCE


def keys_of(line: Line) -> SecurityKeys | None:
    if not line.ciphered:
        return None
    suite = SUITES.get(line.way, SecuritySuite.SUITE_0)
    return SecurityKeys(line.encryption_key, line.authentication_key, suite)


def policy_of(line: Line) -> SecurityPolicy:
    return SecurityPolicy.AUTHENTICATED_ENCRYPTED if line.ciphered else SecurityPolicy.NONE


@dataclass(frozen=True)
class Signers:
    """Signature keys on P-256, of client and meter, each with the public one of the other."""

    client: AsymmetricKeys
    meter: AsymmetricKeys


def signers() -> Signers:
    client, meter = (PrivateKey(SecuritySuite.SUITE_1, key) for key in (CLIENT_SIGNING_KEY, METER_SIGNING_KEY))
    return Signers(
        AsymmetricKeys(signing=client, peer_signing=meter.public),
        AsymmetricKeys(signing=meter, peer_signing=client.public),
    )


class CountedAssociation(MeterAssociation):
    """Tells its meter when it has opened, and takes no other form of ciphering than that of its client."""

    __slots__ = ("on_open",)

    on_open: Callable[[], None]

    def receive(self, octets: bytes) -> bytes:
        before = self.phase
        wanted = TAGS.get(WAYS.get(self.client_sap or 0, Way.NONE))
        if before is MeterPhase.ASSOCIATED and wanted and octets[HEADER.size] not in (*wanted, tags.RLRQ):
            self.closed = True
            return b""
        answer = super().receive(octets)
        if self.phase is MeterPhase.ASSOCIATED is not before:
            self.on_open()
        return answer


class OurMeter:
    """The meter role on TCP ports of this process, in a loop of its own; all connections share a world and counters.

    Attributes:
        opened: associations so far.
    """

    def __init__(self, habits: Habits) -> None:
        self.world = World()
        self.habits = habits
        self.opened = 0
        access = {CLIENT_SAPS[way]: access_of(Line.at(0, way)) for way in LEVELS}
        self.security = MeterSecurity(METER_TITLE, access, secrets.token_bytes)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._wrapper = self._wait_for(self._listen(WrapperOverTcp()))
        self._hdlc = self._wait_for(self._listen(HdlcOverTcp()))
        self.port = self._wrapper.address[1]
        self.hdlc_port = self._hdlc.address[1]

    def _wait_for(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(TIMEOUT_S)

    async def _listen(self, framing: SessionFraming) -> Listener:
        return await serve_meter(self._association, ("127.0.0.1", 0), framing=framing)

    def _association(self) -> MeterAssociation:
        association = CountedAssociation(self.world, self.security, self.habits)
        association.on_open = self._on_open
        return association

    def _on_open(self) -> None:
        self.opened += 1

    def close(self) -> None:
        self._wait_for(self._wrapper.close())
        self._wait_for(self._hdlc.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(TIMEOUT_S)
        self._loop.close()


def access_of(line: Line) -> ClientAccess:
    level = LEVELS[line.way]
    return ClientAccess(
        level,
        keys_of(line),
        line.password if level.has_secret else None,
        policy=policy_of(line),
        asymmetric=signers().meter if level is Level.HLS7_ECDSA else None,
    )
