"""The client of dlms-cosem (tests and benchmarks only) on its own transport."""

from __future__ import annotations

import logging
import re
from datetime import datetime
from typing import Any, Final

import structlog
from dlms_cosem import cosem, enumerations, utils
from dlms_cosem.client import ActionError, DataResultError, DlmsClient
from dlms_cosem.cosem.capture_object import CaptureObject
from dlms_cosem.cosem.selective_access import EntryDescriptor, RangeDescriptor
from dlms_cosem.io import BlockingTcpIO, HdlcTransport, TcpTransport
from dlms_cosem.security import (
    HighLevelSecurityGmacAuthentication,
    LowLevelSecurityAuthentication,
    NoSecurityAuthentication,
)

from meterstream.dlms.apdu import ActionResult
from meterstream.dlms.data import AttributeRef, Data, MethodRef, encode
from stacks.port import CLIENT_TITLE, COUNTERS, TIMEOUT_S, Line, NotOffered, Refused, Way, receive
from stacks.world import CLOCK, Plain

CHALLENGE_OCTETS: Final = 16
_RESULT: Final = re.compile(r"DataAccessResult\.\w+: (\d+)")

# It logs every APDU, which nobody reads here.
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


class ClosingTcpIO(BlockingTcpIO):
    """Its own reads for ever, and busily, from a connection that the meter has closed."""

    def recv(self, amount: int = 1) -> bytes:
        return receive(self.tcp_socket, amount)


class CosemClient:
    """One association of dlms-cosem as a client; ciphered ones use general-glo-ciphering, it has no other."""

    def __init__(self, line: Line) -> None:
        if line.way in (Way.DEDICATED, Way.GENERAL, Way.BLOCKS):
            raise NotOffered(f"the client does not do {line.way.value}")
        io = ClosingTcpIO(line.host, line.port, timeout=TIMEOUT_S)
        suites = {Way.SUITE_1: 1, Way.SUITE_2: 2}
        self._client = DlmsClient(
            transport=(HdlcTransport if line.way is Way.HDLC else TcpTransport)(line.sap, 1, io, timeout=TIMEOUT_S),
            authentication=authentication_of(line),
            encryption_key=line.encryption_key if line.ciphered else None,
            authentication_key=line.authentication_key if line.ciphered else None,
            security_suite=suites.get(line.way, 0),
            max_pdu_size=line.max_pdu,
            client_system_title=CLIENT_TITLE,
            client_initial_invocation_counter=COUNTERS.next(),
            timeout=TIMEOUT_S,
        )
        self._connected = False

    def associate(self) -> None:
        self._client.connect()
        self._connected = True
        try:
            self._client.associate()
        except TypeError as error:
            raise ConnectionError("an HDLC frame without an AARE") from error

    def get(self, ref: AttributeRef) -> Plain:
        return self._get(ref)

    def _get(self, ref: AttributeRef, selection: Any = None) -> Plain:
        try:
            return plain(utils.parse_as_dlms_data(self._client.get(attribute_of(ref), selection)))
        except DataResultError as error:
            raise refusal(error) from error

    def get_list(self, refs: list[AttributeRef]) -> list[Plain | Refused]:
        items = [cosem.CosemAttributeWithSelection(attribute_of(ref), None) for ref in refs]
        results = self._client.get_many(items).response_data
        return [
            Refused(int(item)) if isinstance(item, enumerations.DataAccessResult) else plain(item.to_python())
            for item in results
        ]

    def rows_by_range(self, profile: AttributeRef, first: datetime, last: datetime) -> Plain:
        return self._get(profile, RangeDescriptor(CaptureObject(attribute_of(CLOCK), 0), first, last))

    def rows_by_entry(self, profile: AttributeRef, first: int, last: int) -> Plain:
        return self._get(profile, EntryDescriptor(first, last))

    def set(self, ref: AttributeRef, data: Data) -> None:
        answer = self._client.set(attribute_of(ref), encode(data))
        if answer.result is not enumerations.DataAccessResult.SUCCESS:
            raise Refused(int(answer.result))

    def set_list(self, items: list[tuple[AttributeRef, Data]]) -> list[int]:
        raise NotOffered("the client has no call for SET with-list")

    def action(self, ref: MethodRef, data: Data) -> None:
        method = cosem.CosemMethod(
            enumerations.CosemInterface(ref.class_id), cosem.Obis.from_bytes(ref.logical_name), ref.method
        )
        try:
            self._client.action(method, encode(data))
        except ActionError as error:
            raise Refused(int(ActionResult[str(error).rpartition(" ")[2]])) from error

    def release(self) -> None:
        self._client.release_association()
        self.close()

    def close(self) -> None:
        if self._connected:
            self._connected = False
            self._client.transport.io.tcp_socket.close()


def authentication_of(line: Line) -> Any:
    if line.way is Way.NONE:
        return NoSecurityAuthentication()
    if line.way in (Way.LLS, Way.LLS_PLAIN):
        return LowLevelSecurityAuthentication(secret=line.password)
    if line.ciphered:
        return HighLevelSecurityGmacAuthentication(challenge_length=CHALLENGE_OCTETS)
    raise NotOffered(f"the client has no mechanism for {line.way.value}")


def attribute_of(ref: AttributeRef) -> Any:
    interface = enumerations.CosemInterface(ref.class_id)
    return cosem.CosemAttribute(interface, cosem.Obis.from_bytes(ref.logical_name), ref.attribute)


def refusal(error: Exception) -> Refused | Exception:
    found = _RESULT.search(str(error))
    return Refused(int(found[1])) if found else error


def plain(value: Any) -> Plain:
    if isinstance(value, bytearray):
        return bytes(value)
    return [plain(item) for item in value] if isinstance(value, list) else value
