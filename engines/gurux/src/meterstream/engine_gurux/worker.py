"""The program `meterstream-gurux`: gurux-dlms behind a pipe. Imports nothing of the rest of Meterstream.

Lines of JSON on standard input and output. First this process says {"protocol": number, "engine": text}. Then the
parent asks ({"op": ...}); while an operation runs, this process says
{"send": hex} or {"receive": true} and gets {"received": hex} or {"timeout": true} back; at last it says {"result": ...}
or {"error": ...}. Values stay octets: gurux-dlms takes frames and APDUs apart, but never decodes data, which some
octets make it do for ever.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
import time
from importlib.metadata import version
from typing import Any, BinaryIO, Final

from gurux_dlms import GXByteBuffer, GXDLMSConfirmedServiceError, GXDLMSException, GXDLMSExceptionResponse, GXReplyData
from gurux_dlms.enums import Authentication, Conformance, InterfaceType
from gurux_dlms.GXDLMS import GXDLMS
from gurux_dlms.GXDLMSClient import GXDLMSClient
from gurux_dlms.GXDLMSLNParameters import GXDLMSLNParameters
from gurux_dlms.GXDLMSSettings import GXDLMSSettings
from gurux_dlms.GXDLMSSNParameters import GXDLMSSNParameters

PROTOCOL: Final = 1
"""Of the lines on the pipe; another number where a parent of this release would be misunderstood."""
MEMORY: Final = 1 << 30
THINKING_S: Final = 60
"""After so long over one frame the process ends itself, should the parent have gone before it could do that."""
LINE_MAX: Final = 1 << 20
READ_REQUEST: Final = 0x05
WRITE_REQUEST: Final = 0x06
GET_REQUEST: Final = 0xC0
SET_REQUEST: Final = 0xC1
METHOD_REQUEST: Final = 0xC3
NORMAL: Final = 1
DATA_BLOCK_RESULT: Final = 2
RECEIVER_READY: Final = 0x01
POLL_INTERVAL_S: Final = 0.1
VARIABLE_NAME: Final = 2
PARAMETERISED_ACCESS: Final = 4
LOGICAL_CONFORMANCE: Final = (
    Conformance.GET
    | Conformance.SET
    | Conformance.ACTION
    | Conformance.SELECTIVE_ACCESS
    | Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
    | Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE
    | Conformance.BLOCK_TRANSFER_WITH_ACTION
)


class NoAnswerError(Exception):
    """The parent waited long enough."""


class TooMuchError(Exception):
    """More blocks or octets than the parent allows."""


class Pipe:
    """Lines of JSON to and from the parent."""

    def __init__(self, source: BinaryIO, target: BinaryIO) -> None:
        self._source, self._target = source, target

    def say(self, message: dict[str, Any]) -> None:
        self._target.write(json.dumps(message).encode() + b"\n")
        self._target.flush()

    def hear(self) -> dict[str, Any]:
        signal.alarm(0)
        line = self._source.readline(LINE_MAX)
        signal.alarm(THINKING_S)
        if not line:
            raise EOFError
        message: dict[str, Any] = json.loads(line)
        return message

    def ask(self, frame: bytes | None) -> bytes:
        """The meter's next frame, after `frame` is sent."""
        self.say({"receive": True} if frame is None else {"send": frame.hex()})
        answer = self.hear()
        if "received" not in answer:
            raise NoAnswerError
        return bytes.fromhex(answer["received"])


class Meter:
    """One association of gurux-dlms as a client."""

    def __init__(self, pipe: Pipe, settings: dict[str, Any]) -> None:
        self._pipe = pipe
        self._short = settings["short_names"]
        self._hdlc = settings["hdlc"] is not None
        self._polls = int(settings["patience_s"] / POLL_INTERVAL_S)
        self._max_blocks, self._max_octets = settings["max_blocks"], settings["max_octets"]
        password = settings["password"]
        client = GXDLMSClient(
            not self._short,
            settings["client"],
            settings["server"],
            Authentication.NONE if password is None else Authentication.LOW,
            None if password is None else bytes.fromhex(password),
            InterfaceType.HDLC if self._hdlc else InterfaceType.WRAPPER,
        )
        client.maxReceivePDUSize = settings["max_pdu"]
        if not self._short:
            client.proposedConformance = LOGICAL_CONFORMANCE
        if self._hdlc:
            self._set_hdlc(client, settings["hdlc"])
        self.client: Any = client

    def _set_hdlc(self, client: Any, hdlc: dict[str, Any]) -> None:
        client.hdlcSettings.maxInfoTX = client.hdlcSettings.maxInfoRX = hdlc["information"]
        if hdlc["lower"] is not None:
            client.serverAddress = GXDLMSClient.getServerAddress(client.serverAddress, hdlc["lower"], hdlc["octets"])
            client.serverAddressSize = hdlc["octets"]

    def open(self) -> dict[str, Any]:
        client = self.client
        if self._hdlc:
            client.parseUAResponse(self._exchange([client.snrmRequest()]).data)
        client.parseAareResponse(self._exchange(client.aarqRequest()).data)
        return {"conformance": int(client.negotiatedConformance), "max_pdu": int(client.maxReceivePDUSize)}

    def read(self, request: dict[str, Any]) -> dict[str, Any]:
        selection = GXByteBuffer(bytes.fromhex(request["selection"])) if request["selection"] else None
        name = request["name"] if self._short else _logical_name(request["name"])
        if self._short:
            self.client.settings.command = READ_REQUEST  # it asks for the next block of this
        return self._outcome(self._exchange(self.client._read(name, request["class"], request["attribute"], selection)))

    def write(self, request: dict[str, Any]) -> dict[str, Any]:
        data = GXByteBuffer(bytes.fromhex(request["data"]))
        if self._short:
            name = request["name"] + 8 * (request["attribute"] - 1)
            return self._outcome(self._exchange(self._short_write(name, data)))
        return self._outcome(self._exchange(self._logical(SET_REQUEST, request, request["attribute"], b"\0", data)))

    def invoke(self, request: dict[str, Any]) -> dict[str, Any]:
        data = GXByteBuffer(bytes.fromhex(request["data"] or "0F00"))  # a method of short names takes integer 0
        if self._short:
            return self._outcome(self._exchange(self._short_write(request["name"], data)))
        present = b"\1" if request["data"] else b"\0"
        body = data if request["data"] else None
        return self._outcome(self._exchange(self._logical(METHOD_REQUEST, request, request["method"], present, body)))

    def release(self) -> dict[str, Any]:
        frames = self.client.releaseRequest()
        if frames:
            self._exchange(frames)
        return {}

    def disconnect(self) -> dict[str, Any]:
        frame = self.client.disconnectRequest() if self._hdlc else None
        if frame:
            self._exchange([frame])
        return {}

    def _short_write(self, name: int, data: Any) -> Any:
        self.client.settings.resetBlockIndex()
        target = GXByteBuffer()
        target.setUInt16(name)
        target.setUInt8(1)
        return GXDLMS.getSnMessages(
            GXDLMSSNParameters(self.client.settings, WRITE_REQUEST, 1, VARIABLE_NAME, target, data)
        )

    def _logical(self, command: int, request: dict[str, Any], member: int, after: bytes, data: Any) -> Any:
        self.client.settings.resetBlockIndex()
        target = GXByteBuffer()
        target.setUInt16(request["class"])
        target.set(bytes.fromhex(request["name"]))
        target.setUInt8(member)
        target.set(after)
        return GXDLMS.getLnMessages(GXDLMSLNParameters(self.client.settings, 0, command, NORMAL, target, data, 0xFF))

    def _outcome(self, reply: Any) -> dict[str, Any]:
        if reply.error:
            return {"access": int(reply.error)}
        return {"raw": bytes(reply.data.array()).hex(), "blocks": int(reply.commandType) == DATA_BLOCK_RESULT}

    def _exchange(self, frames: Any) -> Any:
        client, reply = self.client, GXReplyData()
        rounds = 0
        frames = list(frames)
        for place, frame in enumerate(frames):
            reply.clear()
            self._converse(bytes(frame), reply)
            if place == len(frames) - 1:
                self._poll(reply)
            while reply.isMoreData():
                rounds += 1
                if rounds > self._max_blocks or len(reply.data) > self._max_octets:
                    raise TooMuchError
                client.settings.blockNumber = client.settings.blockIndex  # or general block transfer stands still
                self._converse(bytes(client.receiverReady(reply)), reply)
            if reply.error:
                break
        return reply

    def _poll(self, reply: Any) -> None:
        """A server that answers RR to a whole request has nothing to say yet; the library takes that for an answer."""
        polls, settings = 0, self.client.settings
        expected = settings.receiverFrame
        while self._hdlc and reply.frameId & 0x0F == RECEIVER_READY and not reply.isMoreData():
            if polls >= self._polls:
                raise NoAnswerError
            polls += 1
            time.sleep(POLL_INTERVAL_S)
            reply.clear()
            settings.receiverFrame = expected  # it counts every RR as if that acknowledged something
            self._converse(bytes(GXDLMS.getHdlcFrame(settings, settings.getKeepAlive(), None)), reply)

    def _converse(self, frame: bytes, reply: Any) -> None:
        answer = self._pipe.ask(frame)
        for _ in range(self._max_blocks):
            if self.client.getData(bytearray(answer), reply):
                return
            answer = self._pipe.ask(None)
        raise TooMuchError


def _logical_name(name: str) -> str:
    return ".".join(str(part) for part in bytes.fromhex(name))


def _told(error: Exception) -> dict[str, Any]:
    """What the parent may know of an error: never the text of the library, which may hold what it read."""
    match error:
        case NoAnswerError():
            return {"kind": "timeout"}
        case TooMuchError():
            return {"kind": "limit"}
        case GXDLMSExceptionResponse():
            return {
                "kind": "exception",
                "state": int(error.exceptionStateError or 0),
                "service": int(error.exceptionServiceError or 0),
            }
        case GXDLMSConfirmedServiceError():
            return {
                "kind": "confirmed",
                "service": int(error.confirmedServiceError or 0),
                "error": int(error.serviceError or 0),
                "value": int(error.serviceErrorValue or 0),
            }
        case GXDLMSException() if hasattr(error, "result"):
            return {"kind": "rejected", "result": int(error.result), "diagnostic": int(error.diagnostic or 0)}
        case _:
            return {"kind": "malformed", "type": type(error).__name__}


def _prepare_library() -> None:
    """No decoding of data, no prints (it prints what it does not know), and three members that it calls and lacks."""
    GXDLMS.getValueFromData = classmethod(lambda *_: None)
    GXReplyData.getMoreData = lambda self: self.moreData
    GXReplyData.setTotalCount = lambda self, count: setattr(self, "totalCount", count)
    GXDLMSSettings.setBlockIndex = lambda self, number: setattr(self, "blockIndex", number)
    for name, module in list(sys.modules.items()):
        if name.startswith("gurux_dlms") and module is not None:
            module.__dict__["print"] = lambda *_, **__: None


def serve(pipe: Pipe) -> None:
    """Until the parent closes the pipe."""
    meter: Meter | None = None
    while True:
        try:
            request = pipe.hear()
        except EOFError:
            return
        try:
            if request["op"] == "open":
                meter = Meter(pipe, request["settings"])
                result = meter.open()
            else:
                result = _operate(meter, request)
        except EOFError:
            return
        except Exception as error:  # the library raises whatever its depths raise
            pipe.say({"error": _told(error)})
        else:
            pipe.say({"result": result})


def _operate(meter: Meter | None, request: dict[str, Any]) -> dict[str, Any]:
    if meter is None:
        raise ValueError("no session")
    match request["op"]:
        case "read":
            return meter.read(request)
        case "write":
            return meter.write(request)
        case "invoke":
            return meter.invoke(request)
        case "release":
            return meter.release()
        case "disconnect":
            return meter.disconnect()
        case _:
            raise ValueError("no such operation")


def main() -> None:
    """Serve one parent until it closes the pipe: within a gigabyte, without files, without a core dump."""
    for limit, amount in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(limit, (amount, amount))
    _prepare_library()
    pipe = Pipe(sys.stdin.buffer, sys.stdout.buffer)
    pipe.say({"protocol": PROTOCOL, "engine": f"gurux-dlms {version('gurux-dlms')}"})
    serve(pipe)


if __name__ == "__main__":
    main()
