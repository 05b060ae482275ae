"""Meterstream's own client and meter role behind the port of these tests."""

from __future__ import annotations

import asyncio
import secrets
import socket
import socketserver
import threading
from collections.abc import Coroutine
from datetime import datetime
from typing import Any, Final, TypeVar

from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.asyncio import InMemoryCounters, MeterSession, open_session
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
from meterstream.dlms.meter import ClientAccess, Habits, MeterAssociation, MeterPhase, MeterSecurity
from stacks.port import CLIENT_SAPS, CLIENT_TITLE, COUNTERS, METER_TITLE, SMALL_PDU, TIMEOUT_S, Line, Refused, Way
from stacks.world import Plain, World, plain

LEVELS: Final = {Way.NONE: Level.NONE, Way.LLS: Level.LLS, Way.HLS5: Level.HLS5_GMAC}
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
        counters = InMemoryCounters(COUNTERS.next()) if config.level.ciphered else None
        self._session = self._run(
            open_session(
                (line.host, line.port),
                config,
                counters,
                connect_timeout_s=TIMEOUT_S,
                response_timeout_s=TIMEOUT_S,
            )
        )

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
    level = LEVELS[line.way]
    return AssociationConfig(
        level,
        client_sap=line.sap,
        client_title=CLIENT_TITLE if level.ciphered else None,
        keys=SecurityKeys(line.encryption_key, line.authentication_key) if level.ciphered else None,
        password=line.password if level is Level.LLS else None,
        challenge_length=16,
        max_pdu=line.max_pdu,
        with_list_max=LIST_MAX,
    )


class OurMeter:
    """The meter role on a TCP port of this process: one thread per connection, all with one world and its counters."""

    def __init__(self, habits: Habits) -> None:
        self.world = World()
        self.habits = habits
        self.opened = 0
        access = {CLIENT_SAPS[way]: access_of(Line.at(0, way)) for way in LEVELS}
        self.security = MeterSecurity(METER_TITLE, access, secrets.token_bytes)
        meter = self

        class Connection(socketserver.BaseRequestHandler):
            request: socket.socket

            def handle(self) -> None:
                self.request.settimeout(TIMEOUT_S)
                association = MeterAssociation(meter.world, meter.security, meter.habits)
                try:
                    while not association.closed and (octets := self.request.recv(4096)):
                        before = association.phase
                        answer = association.receive(octets)
                        if association.phase is MeterPhase.ASSOCIATED is not before:
                            meter.opened += 1
                        self.request.sendall(answer)
                except (OSError, TimeoutError):
                    return  # the client went away, or says nothing more

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Connection)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(TIMEOUT_S)


def access_of(line: Line) -> ClientAccess:
    level = LEVELS[line.way]
    return ClientAccess(
        level,
        SecurityKeys(line.encryption_key, line.authentication_key) if level.ciphered else None,
        line.password if level is Level.LLS else None,
    )
