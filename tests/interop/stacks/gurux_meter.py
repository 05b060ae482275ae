"""A meter put together from gurux-dlms (GPL-2.0, tests only), because its own server class cannot serve.

Of gurux-dlms: the AARQ parser, ciphering, GMAC and hashes, A-XDR both ways, the objects and their attributes, and the
writer of answers with its blocks. Written here, where 1.0.203 fails on missing or misspelt members: the dispatch of
requests and blocks, the AARE, the deciphering of requests (its parameters are shifted by one), rows of a profile by
range and by entry. gurux-dlms looks at no counter and compares no tag: a wrong AK is found by its client.
"""

from __future__ import annotations

import secrets
import socket
import socketserver
import threading
from collections.abc import Callable
from typing import Any, Final

from gurux_dlms import GXByteBuffer, GXDateTime, GXReplyData, ValueEventArgs
from gurux_dlms._GXAPDU import _GXAPDU
from gurux_dlms.AesGcmParameter import AesGcmParameter
from gurux_dlms.ConnectionState import ConnectionState
from gurux_dlms.ecdsa import GXEcdsa
from gurux_dlms.enums import Authentication, Command, Conformance, DataType, InterfaceType, Security, Unit
from gurux_dlms.GXCiphering import GXCiphering
from gurux_dlms.GXDLMS import GXDLMS
from gurux_dlms.GXDLMSLNParameters import GXDLMSLNParameters
from gurux_dlms.GXDLMSSettings import GXDLMSSettings
from gurux_dlms.GXSecure import GXSecure
from gurux_dlms.internal._GXCommon import _GXCommon
from gurux_dlms.internal._GXDataInfo import _GXDataInfo
from gurux_dlms.objects import (
    GXDLMSAssociationLogicalName,
    GXDLMSClock,
    GXDLMSData,
    GXDLMSDisconnectControl,
    GXDLMSObjectCollection,
    GXDLMSProfileGeneric,
    GXDLMSRegister,
    GXDLMSSecuritySetup,
)
from gurux_dlms.objects.enums import SecuritySuite

from meterstream.dlms.apdu import ActionResult, DataAccessResult
from meterstream.dlms.framing.hdlc import decode_frame
from stacks import world
from stacks.gurux_client import AUTHENTICATION, SUITES, signing_pair
from stacks.port import (
    CLIENT_SAPS,
    CLIENT_SIGNING_KEY,
    METER_SIGNING_KEY,
    METER_TITLE,
    TAGS,
    TIMEOUT_S,
    Line,
    Way,
    receive,
)

WAYS: Final = {sap: way for way, sap in CLIENT_SAPS.items() if way is not Way.HDLC}
GRANTED: Final = (
    Conformance.GET
    | Conformance.SET
    | Conformance.ACTION
    | Conformance.SELECTIVE_ACCESS
    | Conformance.MULTIPLE_REFERENCES
    | Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
    | Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE
    | Conformance.GENERAL_PROTECTION
)
WITH_CIPHERING: Final = 3
AUTHENTICATION_FAILURE: Final = 13
AUTHENTICATION_REQUIRED: Final = 14
NORMAL, NEXT_OR_FIRST_BLOCK, WITH_LIST_OR_BLOCK = 1, 2, 3
SNRM, DISC, UA = 0x93, 0x53, 0x73
SEGMENTED, FRAME_LENGTH = 0x08, 0x7FF
LLC_OF_CLIENT, LLC_OF_METER = b"\xe6\xe6\x00", b"\xe6\xe7\x00"
ANSWER_HEAD: Final = 40
READ_ONLY: Final = ("1.0.1.8.0.255", "1.0.2.8.0.255", "0.0.42.0.0.255", "1.0.99.1.0.255", "0.0.96.3.10.255")


class Close(Exception):
    """The connection ends without an answer."""


def objects() -> Any:
    """The world of these tests in the objects of gurux-dlms."""
    found = GXDLMSObjectCollection()
    clock = GXDLMSClock("0.0.1.0.0.255")
    clock.time = GXDateTime(world.NOW)
    name, threshold, message = (GXDLMSData(obis) for obis in ("0.0.42.0.0.255", "0.0.97.98.10.255", "0.0.96.13.0.255"))
    name.value, threshold.value, message.value = bytearray(world.NAME), 0, bytearray(world.LONG_TEXT)
    for item, kind in ((name, DataType.OCTET_STRING), (threshold, DataType.UINT32), (message, DataType.OCTET_STRING)):
        item.setDataType(2, kind)
    energy = register("1.0.1.8.0.255", world.ENERGY_WH)
    profile = GXDLMSProfileGeneric("1.0.99.1.0.255")
    profile.addCaptureObject(clock, 2, 0)
    profile.addCaptureObject(energy, 2, 0)
    profile.buffer = [[GXDateTime(world.moment(row)), world.energy(row)] for row in range(world.ROWS)]
    disconnector = GXDLMSDisconnectControl("0.0.96.3.10.255")
    disconnector.outputState, disconnector.controlState = True, world.CONNECTED
    association = GXDLMSAssociationLogicalName("0.0.40.0.0.255")
    back = register("1.0.2.8.0.255", world.ENERGY_BACK_WH)
    security = GXDLMSSecuritySetup("0.0.43.0.0.255")
    for item in (clock, name, threshold, message, energy, back, profile, disconnector, security, association):
        found.append(item)
    for item in found:
        association.objectList.append(item)
    return found


def register(obis: str, watt_hours: int) -> Any:
    item = GXDLMSRegister(obis)
    item.value, item.scaler, item.unit = watt_hours, 1, Unit.ACTIVE_ENERGY
    item.setDataType(2, DataType.UINT32)
    return item


class Association:
    """One connection: frames in, frames out."""

    def __init__(self, items: Any, max_pdu: int) -> None:
        self._max_pdu = max_pdu
        self._line = Line.at(0, Way.NONE)
        settings = GXDLMSSettings(True, None)
        settings.interfaceType = InterfaceType.WRAPPER
        settings.objects = items
        settings.proposedConformance = GRANTED
        settings.allowAnonymousAccess = True
        settings.cipher = GXCiphering(METER_TITLE)
        self._settings = settings
        self.settings = settings
        self._pending = GXByteBuffer()
        self._written: tuple[Any, int] | None = None

    def answer(self, source: int, apdu: bytes) -> bytes:
        """The answer to one APDU; Close, or any error of gurux-dlms, ends the connection."""
        tag = apdu[0]
        if len(apdu) > self._max_pdu:
            raise Close
        if tag == Command.AARQ:
            return self._associate(source, apdu)
        if tag == Command.RELEASE_REQUEST:
            return bytes((Command.RELEASE_RESPONSE, 3, 0x80, 1, 0))
        wanted = TAGS.get(self._line.way)
        if wanted and tag not in wanted and self._settings.connected == ConnectionState.DLMS:
            raise Close
        request = GXByteBuffer(self._opened(apdu))
        command = request.getUInt8()
        handlers = {
            Command.GET_REQUEST: self._get,
            Command.SET_REQUEST: self._set,
            Command.METHOD_REQUEST: self._act,
        }
        return handlers[command](request.getUInt8(), request.getUInt8(), request)

    # Association

    def _associate(self, source: int, aarq: bytes) -> bytes:
        settings, way = self._settings, WAYS[source]
        self._line = line = Line.at(0, way)
        cipher = settings.cipher
        cipher.securitySuite = SUITES.get(way, SecuritySuite.SUITE_0)
        if way is Way.HLS7:
            cipher.signingKeyPair = signing_pair(METER_SIGNING_KEY, CLIENT_SIGNING_KEY)
        cipher.blockCipherKey, cipher.authenticationKey = line.encryption_key, line.authentication_key
        _GXAPDU.parsePDU(settings, cipher, GXByteBuffer(aarq), None)
        # It takes the protection from the initiate-request, which may be plain with LLS.
        cipher.security = Security.AUTHENTICATION_ENCRYPTION if line.ciphered else Security.NONE
        settings.negotiatedConformance &= GRANTED
        settings.maxPduSize = min(settings.maxPduSize, self._max_pdu)
        wanted = AUTHENTICATION.get(way, Authentication.HIGH_GMAC)
        if settings.authentication != wanted:
            return self._aare(1, AUTHENTICATION_FAILURE)
        if wanted == Authentication.LOW and bytes(settings.password) != line.password:
            return self._aare(1, AUTHENTICATION_FAILURE)
        if wanted <= Authentication.LOW:
            settings.connected = ConnectionState.DLMS
            return self._aare(0, 0)
        settings.stoCChallenge = bytearray(secrets.token_bytes(32 if way is Way.HLS7 else 16))
        return self._aare(0, AUTHENTICATION_REQUIRED)

    def _aare(self, result: int, diagnostic: int) -> bytes:
        settings, cipher = self._settings, self._settings.cipher
        parts = GXByteBuffer()
        _GXAPDU.generateApplicationContextName(settings, parts, cipher)
        body = parts.array() + bytes((0xA2, 3, 2, 1, result, 0xA3, 5, 0xA1, 3, 2, 1, diagnostic))
        if self._line.ciphered or settings.authentication in (Authentication.HIGH_SHA256, Authentication.HIGH_ECDSA):
            body += bytes((0xA4, 10, 4, 8)) + METER_TITLE
        if settings.authentication > Authentication.LOW and result == 0:
            challenge = bytes(settings.stoCChallenge)
            body += bytes.fromhex("880207808907608574050802") + bytes((settings.authentication,))
            body += bytes((0xAA, len(challenge) + 2, 0x80, len(challenge))) + challenge
        plain_cipher = None  # the suite is not passed on where it ciphers by itself
        information = bytes(_GXAPDU.getUserInformation(settings, plain_cipher))
        if self._line.ciphered:
            information = self._sealed(Command.GLO_INITIATE_RESPONSE, information)
        body += bytes((0xBE, len(information) + 2, 4, len(information))) + information
        return bytes((Command.AARE, len(body))) + body

    # Protection

    def _sealed(self, command: int, plain: bytes) -> bytes:
        cipher = self._settings.cipher
        parameters = AesGcmParameter(command, cipher.systemTitle, cipher.blockCipherKey, cipher.authenticationKey)
        parameters.security, parameters.securitySuite = cipher.security, cipher.securitySuite
        parameters.invocationCounter = cipher.invocationCounter
        cipher.invocationCounter += 1
        return bytes(GXCiphering.encrypt(parameters, plain))

    def _opened(self, apdu: bytes) -> bytes:
        settings = self._settings
        if not self._line.ciphered:
            return apdu
        key = settings.cipher.blockCipherKey
        if apdu[0] in (Command.DED_GET_REQUEST, Command.DED_SET_REQUEST, Command.DED_METHOD_REQUEST):
            key = settings.cipher.dedicatedKey
        parameters = AesGcmParameter(0, settings.sourceSystemTitle, key, settings.cipher.authenticationKey)
        return bytes(GXCiphering.decrypt(settings, parameters, GXByteBuffer(apdu)))

    # Services

    def _get(self, kind: int, invoke: int, request: Any) -> bytes:
        if kind == NEXT_OR_FIRST_BLOCK:
            if request.getUInt32() != self._settings.blockIndex:
                raise Close
            self._settings.increaseBlockIndex()
            return self._get_answer(2, invoke, 0, blocks=True)
        self._settings.resetBlockIndex()
        self._settings.count = self._settings.index = 0
        self._pending = GXByteBuffer()
        if kind == NORMAL:
            status = self._read(request, self._pending)
            return self._get_answer(1, invoke, status)
        number = _GXCommon.getObjectCount(request)
        _GXCommon.setObjectCount(number, self._pending)
        for _ in range(number):
            value = GXByteBuffer()
            status = self._read(request, value)
            self._pending.setUInt8(1 if status else 0)
            self._pending.setUInt8(status) if status else self._pending.set(value)
        if len(self._pending) + ANSWER_HEAD > self._settings.maxPduSize:  # the writer does not turn a list into blocks
            return self._get_answer(2, invoke, 0, blocks=True)
        return self._get_answer(3, invoke, 0xFF)

    def _read(self, request: Any, into: Any) -> int:
        """Writes the value of the attribute that comes next; the result."""
        item, attribute = self._target(request)
        selection = _selection(self._settings, request)
        if item is None:
            return DataAccessResult.OBJECT_UNDEFINED
        if isinstance(item, GXDLMSProfileGeneric) and attribute == 2:
            into.set(
                item.getData(self._settings, ValueEventArgs(self._settings, item, 2), _rows(item, selection), None)
            )
            return 0
        event = ValueEventArgs(self._settings, item, attribute)
        value = item.getValue(self._settings, event)
        if isinstance(value, bytearray | bytes | GXByteBuffer) and item.getDataType(attribute) != DataType.OCTET_STRING:
            into.set(value)
        else:
            GXDLMS.appendData(self._settings, item, attribute, into, value)
        return int(event.error)

    def _get_answer(self, kind: int, invoke: int, status: int, *, blocks: bool = False) -> bytes:
        return self._written_answer(Command.GET_RESPONSE, kind, invoke, self._pending, status, blocks=blocks)

    def _written_answer(
        self, command: int, kind: int, invoke: int, content: Any, status: int, *, blocks: bool = False
    ) -> bytes:
        parameters = GXDLMSLNParameters(self._settings, invoke, command, kind, None, content, status)
        parameters.multipleBlocks = blocks
        answer = GXByteBuffer()
        GXDLMS.getLNPdu(parameters, answer)
        return bytes(answer.array())

    def _set(self, kind: int, invoke: int, request: Any) -> bytes:
        if kind == WITH_LIST_OR_BLOCK:
            return self._set_block(invoke, request)
        if kind == 4:
            targets = []
            for _ in range(_GXCommon.getObjectCount(request)):
                targets.append(self._target(request))
                _selection(self._settings, request)
            number = _GXCommon.getObjectCount(request)
            results = bytes(self._write(*targets[index], request) for index in range(number))
            return self._plain_answer(Command.SET_RESPONSE, bytes((5, invoke, number)) + results)
        self._settings.resetBlockIndex()
        item, attribute = self._target(request)
        _selection(self._settings, request)
        if kind == NORMAL:
            return self._plain_answer(Command.SET_RESPONSE, bytes((1, invoke, self._write(item, attribute, request))))
        self._written, self._pending = (item, attribute), GXByteBuffer()
        return self._set_block(invoke, request)

    def _set_block(self, invoke: int, request: Any) -> bytes:
        last, number = request.getUInt8(), request.getUInt32()
        _GXCommon.getObjectCount(request)
        self._pending.set(request.remaining())
        if self._written is None:
            raise Close
        if not last:
            return self._plain_answer(Command.SET_RESPONSE, bytes((2, invoke)) + number.to_bytes(4, "big"))
        result = self._write(*self._written, self._pending)
        self._written = None
        return self._plain_answer(Command.SET_RESPONSE, bytes((3, invoke, result)) + number.to_bytes(4, "big"))

    def _write(self, item: Any, attribute: int, request: Any) -> int:
        value = _GXCommon.getData(self._settings, request, _GXDataInfo())
        if item is None:
            return DataAccessResult.OBJECT_UNDEFINED
        if item.logicalName in READ_ONLY:
            return DataAccessResult.READ_WRITE_DENIED
        event = ValueEventArgs(self._settings, item, attribute)
        event.value = value
        item.setValue(self._settings, event)
        return int(event.error)

    def _act(self, kind: int, invoke: int, request: Any) -> bytes:
        item, number = self._target(request)
        has_parameter = request.getUInt8()
        parameter = _GXCommon.getData(self._settings, request, _GXDataInfo()) if has_parameter else None
        if isinstance(item, GXDLMSAssociationLogicalName) and number == 1:
            return self._reply_to_hls(invoke, bytes(parameter))
        if item is None:
            return self._plain_answer(Command.METHOD_RESPONSE, bytes((1, invoke, ActionResult.OBJECT_UNDEFINED, 0)))
        if not isinstance(item, GXDLMSDisconnectControl):
            raise Close
        item.controlState = world.DISCONNECTED if number == 1 else world.CONNECTED
        return self._plain_answer(Command.METHOD_RESPONSE, bytes((1, invoke, ActionResult.SUCCESS, 0)))

    def _reply_to_hls(self, invoke: int, token: bytes) -> bytes:
        settings = self._settings
        counter = int.from_bytes(token[1:5], "big")
        if settings.authentication == Authentication.HIGH_ECDSA:
            signed = bytes(settings.sourceSystemTitle) + METER_TITLE
            signed += bytes(settings.stoCChallenge) + bytes(settings.ctoSChallenge)
            proven = GXEcdsa(settings.cipher.signingKeyPair[0]).verify(bytearray(token), bytearray(signed))
        else:
            proven = self._token(settings.stoCChallenge, settings.ctoSChallenge, counter, own=False) == token
        if not proven:
            raise Close
        ours = self._token(settings.ctoSChallenge, settings.stoCChallenge, settings.cipher.invocationCounter, own=True)
        settings.cipher.invocationCounter += 1
        answer = GXByteBuffer()
        _GXCommon.setData(settings, answer, DataType.OCTET_STRING, bytearray(ours))
        sealed = self._plain_answer(
            Command.METHOD_RESPONSE, bytes((1, invoke, ActionResult.SUCCESS, 1, 0)) + bytes(answer.array())
        )
        settings.connected = ConnectionState.DLMS
        return sealed

    def _token(self, challenge: Any, other: Any, counter: int, *, own: bool) -> bytes:
        """f(challenge) of the meter, or of the client; GXSecure computes it."""
        settings, password = self._settings, self._line.password
        titles = bytes(settings.sourceSystemTitle or b""), METER_TITLE
        mine, peer = titles[::-1] if own else titles
        secret: bytes = password
        if settings.authentication == Authentication.HIGH_GMAC:
            secret = mine
        elif settings.authentication == Authentication.HIGH_SHA256:
            secret = password + mine + peer + bytes(challenge) + bytes(other)
        elif settings.authentication == Authentication.HIGH_ECDSA:
            secret = mine + peer + bytes(challenge) + bytes(other)
        return bytes(GXSecure.secure(settings, settings.cipher, counter, challenge, bytearray(secret)))

    def _plain_answer(self, command: int, content: bytes) -> bytes:
        """An answer whose content is known, sealed as the writer of gurux-dlms seals."""
        plain = bytes((command,)) + content
        if not self._line.ciphered:
            return plain
        parameters = GXDLMSLNParameters(self._settings, 0, command, 0, None, None, 0)
        return bytes(GXDLMS.cipher0(parameters, plain))

    def _target(self, request: Any) -> tuple[Any, int]:
        kind, name = request.getUInt16(), bytearray(6)
        request.get(name)
        number = request.getUInt8()
        return self._settings.objects.findByLN(kind, _GXCommon.toLogicalName(name)), number


def _selection(settings: Any, request: Any) -> tuple[int, Any] | None:
    if not request.getUInt8():
        return None
    return request.getUInt8(), _GXCommon.getData(settings, request, _GXDataInfo())


def _rows(profile: Any, selection: tuple[int, Any] | None) -> list[Any]:
    """Rows by range or by entry; its own selection fails on missing members."""
    if selection is None:
        return list(profile.buffer)
    selector, parameters = selection
    if selector == 2:
        first, last = parameters[:2]
        return list(profile.buffer[first - 1 : last or None])
    settings = GXDLMSSettings(True, None)
    first, last = (
        _GXCommon.changeType(settings, bytearray(parameters[index]), DataType.DATETIME).value for index in (1, 2)
    )
    return [row for row in profile.buffer if first <= row[0].value <= last]


def over_wrapper(connection: socket.socket, association: Association) -> None:
    """Serves until the connection ends."""
    while True:
        head = receive(connection, 8)
        apdu = receive(connection, int.from_bytes(head[6:8], "big"))
        answer = association.answer(int.from_bytes(head[2:4], "big"), apdu)
        connection.sendall(head[:2] + head[4:6] + head[2:4] + len(answer).to_bytes(2, "big") + answer)


def over_hdlc(connection: socket.socket, association: Association) -> None:
    """Serves until the connection ends. Frames and sequence numbers are those of gurux-dlms."""
    settings = association.settings
    settings.interfaceType = InterfaceType.HDLC
    request, answer = b"", GXByteBuffer()
    while True:
        head = receive(connection, 3)
        frame = head + receive(connection, (int.from_bytes(head[1:3], "big") & FRAME_LENGTH) - 1)
        info = GXReplyData()
        buffer = GXByteBuffer(frame)
        control = GXDLMS.getHdlcData(True, settings, buffer, info, None)
        if control in (SNRM, DISC):
            settings.resetFrameSequence()
            connection.sendall(bytes(GXDLMS.getHdlcFrame(settings, UA, None)))
        elif control & 1:  # RR: the next part of the answer
            connection.sendall(bytes(GXDLMS.getHdlcFrame(settings, settings.getNextSend(False), answer)))
        else:
            request += decode_frame(frame).information
            if head[1] & SEGMENTED:
                connection.sendall(bytes(GXDLMS.getHdlcFrame(settings, settings.getReceiverReady(), None)))
                continue
            apdu = association.answer(settings.clientAddress, request[len(LLC_OF_CLIENT) :])
            # The writer of GET responses has put the LLC header before them.
            request, answer = b"", GXByteBuffer(LLC_OF_METER + apdu.removeprefix(LLC_OF_METER))
            connection.sendall(bytes(GXDLMS.getHdlcFrame(settings, 0, answer)))


class GuruxMeter:
    """The meter on TCP ports of this process, one thread per connection."""

    def __init__(self, max_pdu: int) -> None:
        self.failures: list[Exception] = []
        self._servers = []
        items = objects()
        self.port = self._listen(over_wrapper, items, max_pdu)
        self.hdlc_port = self._listen(over_hdlc, items, max_pdu)

    def _listen(self, serve: Callable[[socket.socket, Association], None], items: Any, max_pdu: int) -> int:
        failures = self.failures

        class Connection(socketserver.BaseRequestHandler):
            request: socket.socket

            def handle(self) -> None:
                self.request.settimeout(TIMEOUT_S)
                try:
                    serve(self.request, Association(items, max_pdu))
                except Exception as error:  # gurux-dlms raises anything; the connection ends with it
                    failures.append(error)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        server = Server(("127.0.0.1", 0), Connection)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        self._servers.append((server, thread))
        port: int = server.server_address[1]
        return port

    def close(self) -> None:
        for server, thread in self._servers:
            server.shutdown()
            server.server_close()
            thread.join(TIMEOUT_S)
