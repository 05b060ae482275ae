"""A session through gurux-dlms: the port of `meterstream.dlms.asyncio.MeterSession`, the work in another process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final, NoReturn, Self

from meterstream.dlms.apdu import ActionResult, Conformance, DataAccessResult, Selection
from meterstream.dlms.asyncio import MeterClient
from meterstream.dlms.asyncio.connect import connect
from meterstream.dlms.data import AttributeRef, Data, MethodRef, decode, encode
from meterstream.dlms.errors import (
    AccessError,
    AssociationRejected,
    AssociationStateError,
    ConfirmedServiceError,
    DecodeError,
    DlmsError,
    ExceptionResponse,
    LimitExceeded,
    ResponseTimeout,
)
from meterstream.dlms.framing.hdlc import HdlcAddress
from meterstream.engine_gurux.config import GuruxConfig
from meterstream.engine_gurux.line import FrameLine, HdlcFeed, WrapperFeed
from meterstream.engine_gurux.names import (
    ASSOCIATION,
    METHOD_OFFSETS,
    OBJECT_LIST,
    access_result,
    base_names,
    method_name,
    value_of_blocks,
)
from meterstream.engine_gurux.workers import GuruxWorker, GuruxWorkers

CLOSE_TIMEOUT_S: Final = 5.0
_ASSOCIATION_CLASS: Final = 12
_CONFORMANCE_BITS: Final = 24
_GOES_ON: Final = frozenset({"exception", "confirmed"})
"""Refusals of one request; after any other error nobody knows where library and meter stand."""


async def open_session(
    address: tuple[str, int],
    config: GuruxConfig,
    workers: GuruxWorkers,
    *,
    connect_timeout_s: float,
    response_timeout_s: float,
) -> GuruxSession:
    """Connects and associates.

    Args:
        address: host (name or IP address) and port.
        workers: where gurux-dlms runs; one process is taken until the session is closed.
        response_timeout_s: for each frame of the meter, seconds.
    Raises: ConnectFailed, AssociationRejected, ExceptionResponse, ConfirmedServiceError, PeerError, LinkError; the
    connection is closed then.
    """
    worker = await workers.take()
    line = FrameLine(_feed_of(config))
    session = GuruxSession(config, workers, worker, line, response_timeout_s)
    try:
        await connect(line, *address, connect_timeout_s)
        await session._open()
    except BaseException:
        line.abort()
        await session._let_go()
        raise
    return session


class GuruxSession:
    """An open association; `async with` releases it. One request at a time.

    Attributes:
        server_title, last_received_counter: None, for nothing is ciphered.
        negotiated: services that the meter granted.
        server_max_pdu: largest APDU the meter takes, in octets.
        sent_apdus: frames sent so far.
    """

    server_title: Final[bytes | None] = None
    last_received_counter: Final[int | None] = None

    def __init__(
        self,
        config: GuruxConfig,
        workers: GuruxWorkers,
        worker: GuruxWorker,
        line: FrameLine,
        response_timeout_s: float,
    ) -> None:
        self._config = config
        self._workers = workers
        self._worker: GuruxWorker | None = worker
        self._line = line
        self._response_timeout_s = response_timeout_s
        self._names = dict(config.base_names)
        self._listed = False
        self._busy = False
        self._failed = False
        self._under_way = False
        self.negotiated = Conformance(0)
        self.server_max_pdu = 0
        self.sent_apdus = 0

    @property
    def usable(self) -> bool:
        """Whether another request is possible."""
        return self._worker is not None and not self._failed and self._line.open

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def get(self, ref: AttributeRef, selection: Selection | None = None) -> Data:
        """Value of one attribute.

        Raises: AccessError (the meter's result; also where its object list does not have the object),
        ExceptionResponse, PeerError, LinkError, LocalError.
        """
        name = await self._name(ref.class_id, ref.logical_name)
        return await self._read(name, ref.class_id, ref.attribute, selection)

    async def get_list(self, refs: Sequence[AttributeRef]) -> list[Data | DataAccessResult]:
        """Value or result for each attribute, in order; asked one by one. Raises: as get, but AccessError."""
        results: list[Data | DataAccessResult] = []
        for ref in refs:
            try:
                results.append(await self.get(ref))
            except AccessError as error:
                results.append(DataAccessResult(int(error.result)))
        return results

    async def set(self, ref: AttributeRef, data: Data, selection: Selection | None = None) -> None:
        """Raises: as get; AccessError for a selection, which gurux-dlms does not write."""
        if selection is not None:
            raise AccessError(DataAccessResult.OTHER_REASON)
        name = await self._name(ref.class_id, ref.logical_name)
        request = {"op": "write", "class": ref.class_id, "name": name, "attribute": ref.attribute}
        outcome = await self._run(request | {"data": encode(data).hex()})
        if "access" in outcome:
            raise AccessError(access_result(outcome["access"]))

    async def set_list(self, items: Sequence[tuple[AttributeRef, Data]]) -> list[DataAccessResult]:
        """Result for each attribute, in order; asked one by one. Raises: as get, but AccessError."""
        results: list[DataAccessResult] = []
        for ref, data in items:
            try:
                await self.set(ref, data)
            except AccessError as error:
                results.append(DataAccessResult(int(error.result)))
            else:
                results.append(DataAccessResult.SUCCESS)
        return results

    async def action(self, ref: MethodRef, data: Data | None = None) -> Data | None:
        """What the method returned, if anything; nothing ever with short names, where a method is written to.

        Raises: as get.
        """
        name: int | str = await self._name(ref.class_id, ref.logical_name)
        if isinstance(name, int):
            offsets = {**METHOD_OFFSETS, **self._config.method_offsets}
            if ref.class_id not in offsets:
                raise AccessError(ActionResult.OBJECT_UNDEFINED)
            name = method_name(name, offsets[ref.class_id], ref.method)
        request = {"op": "invoke", "class": ref.class_id, "name": name, "method": ref.method}
        outcome = await self._run(request | {"data": "" if data is None else encode(data).hex()})
        if "access" in outcome:
            raise AccessError(_action_result(outcome["access"]))
        raw = bytes.fromhex(outcome["raw"])
        return decode(raw, self._config.limits.data) if raw and not self._config.short_names else None

    async def close(self) -> None:
        """Releases the association if it still stands, says DISC with HDLC, and closes the connection; idempotent.

        A meter that does not answer, or answers nonsense, changes nothing: at most twice CLOSE_TIMEOUT_S.
        """
        try:
            if self.usable:
                timeout_s = min(CLOSE_TIMEOUT_S, self._response_timeout_s)
                for operation in ("release", "disconnect"):
                    with contextlib.suppress(DlmsError):
                        await self._converse({"op": operation}, timeout_s)
        finally:
            self._line.close()
            await self._let_go()

    def abort(self) -> None:
        """Closes the connection at once and sends nothing more; idempotent. `close` gives the process back."""
        self._failed = True
        self._line.abort()
        if self._worker is not None:
            self._worker.kill()

    # What the worker does

    async def _open(self) -> None:
        outcome = await self._run({"op": "open", "settings": _settings(self._config, self._response_timeout_s)})
        self.negotiated = _conformance(outcome["conformance"])
        self.server_max_pdu = outcome["max_pdu"]

    async def _name(self, class_id: int, logical_name: bytes) -> int | str:
        """Base name, or logical name in hex. Raises: AccessError when the meter has no such object."""
        if not self._config.short_names:
            return bytes(logical_name).hex()
        key = class_id, bytes(logical_name)
        if key not in self._names and not self._listed:
            objects = await self._read(ASSOCIATION, _ASSOCIATION_CLASS, OBJECT_LIST, None)
            self._names = base_names(objects) | self._names
            self._listed = True
        if key not in self._names:
            raise AccessError(DataAccessResult.OBJECT_UNDEFINED)
        return self._names[key]

    async def _read(self, name: int | str, class_id: int, attribute: int, selection: Selection | None) -> Data:
        request: dict[str, Any] = {"op": "read", "class": class_id, "name": name, "attribute": attribute}
        selected = "" if selection is None else _selection(selection)
        outcome = await self._run(request | {"selection": selected})
        if "access" in outcome:
            raise AccessError(access_result(outcome["access"]))
        raw = bytes.fromhex(outcome["raw"])
        try:
            if self._config.short_names and outcome["blocks"]:
                return value_of_blocks(raw, self._config.limits.data)
            return decode(raw, self._config.limits.data)
        except AccessError:
            raise
        except DlmsError:
            self._give_up()
            raise

    async def _run(self, request: dict[str, Any]) -> dict[str, Any]:
        """Raises: AssociationStateError, and what the operation raises."""
        if not self.usable:
            raise AssociationStateError("the session is over")
        if self._busy:
            raise AssociationStateError("one exchange at a time")
        self._busy = True
        try:
            return await self._converse(request, self._response_timeout_s)
        except (ExceptionResponse, ConfirmedServiceError):
            raise
        except BaseException:
            self._give_up()
            raise
        finally:
            self._busy = False

    def _give_up(self) -> None:
        self._failed = True
        self._line.abort()

    async def _converse(self, request: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        worker, line = self._worker, self._line
        if worker is None:
            raise AssociationStateError("the session is over")
        work_s = self._config.work_timeout_s
        now = asyncio.get_running_loop().time
        end = now() + self._config.exchange_timeout_s
        failure: DlmsError | None = None
        self._under_way = True
        worker.say(request)
        while True:
            said = await worker.hear(work_s)
            self._under_way = "result" not in said and "error" not in said
            if "result" in said:
                result: dict[str, Any] = said["result"]
                return result
            if "error" in said:
                _raise(said["error"], failure)
            try:
                if "send" in said:
                    line.send(bytes.fromhex(said["send"]))
                    self.sent_apdus += 1
                if now() > end:
                    raise ResponseTimeout("the meter goes on and on")
                frame = await line.next_frame(min(timeout_s, end - now()))
            except DlmsError as error:
                failure = error
                worker.say({"timeout": True})
            else:
                worker.say({"received": frame.hex()})

    async def _let_go(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            await self._workers.give_back(worker, healthy=not self._under_way)


def _conforms(session: GuruxSession) -> MeterClient:
    """Checked by the type checker only."""
    return session


def _feed_of(config: GuruxConfig) -> WrapperFeed | HdlcFeed:
    if config.hdlc is None:
        return WrapperFeed(config.client_sap, config.server_sap)
    server = HdlcAddress(config.server_sap, config.hdlc.lower, config.hdlc.wide)
    return HdlcFeed(HdlcAddress(config.client_sap), server)


def _settings(config: GuruxConfig, patience_s: float) -> dict[str, Any]:
    hdlc = config.hdlc
    return {
        "short_names": config.short_names,
        "client": config.client_sap,
        "server": config.server_sap,
        "password": None if config.password is None else config.password.hex(),
        "max_pdu": config.max_pdu,
        "patience_s": patience_s,
        "max_blocks": config.limits.max_blocks,
        "max_octets": config.limits.max_bytes,
        "hdlc": None
        if hdlc is None
        else {"lower": hdlc.lower, "octets": 4 if hdlc.wide else 2, "information": hdlc.information},
    }


def _conformance(bits: int) -> Conformance:
    """The library counts bits from the other end."""
    return Conformance(sum(1 << (_CONFORMANCE_BITS - 1 - n) for n in range(_CONFORMANCE_BITS) if bits >> n & 1))


def _selection(selection: Selection) -> str:
    return (bytes((selection.selector,)) + encode(selection.parameters)).hex()


def _action_result(number: int) -> ActionResult:
    return ActionResult(number) if number in set(ActionResult) else ActionResult.OTHER_REASON


def _raise(error: dict[str, Any], failure: DlmsError | None) -> NoReturn:
    match error:
        case {"kind": "timeout"}:
            raise failure or ResponseTimeout("no answer from the meter in time")
        case {"kind": "limit"}:
            raise LimitExceeded("more blocks, frames or octets than one answer may have")
        case {"kind": "exception", "state": state, "service": service}:
            raise ExceptionResponse(state, service, None, ciphered=False)
        case {"kind": "confirmed", "service": service, "error": choice, "value": value}:
            raise ConfirmedServiceError(service, choice, value)
        case {"kind": "rejected", "result": result, "diagnostic": diagnostic}:
            raise AssociationRejected(result, "user", diagnostic)
        case _:
            raise DecodeError(f"gurux-dlms cannot read the answer: {error.get('type', 'unknown')}")
