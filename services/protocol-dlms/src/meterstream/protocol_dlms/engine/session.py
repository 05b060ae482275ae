"""A session that the engine speaks for: the port of `meterstream.dlms.asyncio.MeterSession`, the work elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final, NoReturn, Self

from meterstream.dlms.apdu import ActionResult, Conformance, DataAccessResult, Selection
from meterstream.dlms.asyncio import MeterClient, Trace
from meterstream.dlms.asyncio.connect import connect
from meterstream.dlms.data import AttributeRef, Data, MethodRef, decode, encode
from meterstream.dlms.errors import (
    AccessError,
    AssociationStateError,
    ConfigurationError,
    ConfirmedServiceError,
    DlmsError,
    ExceptionResponse,
    ResponseTimeout,
)
from meterstream.dlms.framing.hdlc import HdlcAddress
from meterstream.dlms.security import SecurityKeys
from meterstream.protocol_dlms.engine.base_names import BaseNames
from meterstream.protocol_dlms.engine.config import EngineConfig
from meterstream.protocol_dlms.engine.line import FrameLine, HdlcFeed, WrapperFeed
from meterstream.protocol_dlms.engine.listings import Listings
from meterstream.protocol_dlms.engine.names import (
    METHOD_OFFSETS,
    access_result,
    action_result,
    method_name,
    value_of_blocks,
)
from meterstream.protocol_dlms.engine.processes import EngineProcess, EngineProcesses
from meterstream.protocol_dlms.engine.sayings import (
    NO_FRAME,
    Failure,
    Frame,
    Outcome,
    frame_came,
    heard,
    opening,
    told_selection,
)

CLOSE_TIMEOUT_S: Final = 5.0
_NO_KEYS: Final = "sessions with short names have no keys, only a password"


async def open_session(
    address: tuple[str, int],
    config: EngineConfig,
    processes: EngineProcesses,
    *,
    connect_timeout_s: float,
    response_timeout_s: float,
    listings: Listings | None = None,
    gateway: str = "",
) -> EngineSession:
    """Takes a process, connects and associates; see EngineSession. Raises: EngineBusy, EngineUnusable; as `open`."""
    process = await processes.take()
    session = EngineSession(
        config, processes, process, response_timeout_s=response_timeout_s, listings=listings, gateway=gateway
    )
    await session.open(address, connect_timeout_s)
    return session


class EngineSession:
    """An association that the engine speaks for; `open` it, then `async with` releases it. One request at a time.

    Args:
        processes: gets `process` back when the session is closed or could not be opened.
        response_timeout_s: for each frame of the meter, seconds.
        listings: keeps the object list of `gateway` over sessions.
        trace: gets every frame sent and received.
    Attributes:
        server_title, last_received_counter: None, for nothing is ciphered.
        lists_refused: never, for lists are asked one by one.
        negotiated: services that the meter granted.
        server_max_pdu: largest APDU the meter takes, in octets.
        sent_apdus: frames sent so far.
    """

    server_title: Final[bytes | None] = None
    last_received_counter: Final[int | None] = None
    lists_refused: Final = False

    def __init__(
        self,
        config: EngineConfig,
        processes: EngineProcesses,
        process: EngineProcess,
        *,
        response_timeout_s: float,
        listings: Listings | None = None,
        gateway: str = "",
        trace: Trace | None = None,
    ) -> None:
        self._config = config
        self._processes = processes
        self._process: EngineProcess | None = process
        self._line = FrameLine(_feed_of(config), trace)
        self._response_timeout_s = response_timeout_s
        self._names = BaseNames(config.base_names, gateway, listings, self._read_at)
        self._busy = False
        self._failed = False
        self._under_way = False
        self.negotiated = Conformance(0)
        self.server_max_pdu = 0
        self.sent_apdus = 0

    async def open(self, address: tuple[str, int], connect_timeout_s: float) -> None:
        """Connect and associate; once.

        Args:
            address: host (name or IP address) and port.
        Raises: ConnectFailed, AssociationRejected, ExceptionResponse, ConfirmedServiceError, PeerError, LinkError,
            EngineDied; the connection is closed then, and the process given back.
        """
        try:
            await connect(self._line, *address, connect_timeout_s)
            outcome = await self._run(opening(self._config, self._response_timeout_s))
            self.negotiated, self.server_max_pdu = outcome.conformance, outcome.max_pdu
        except BaseException:
            self._line.abort()
            await self._let_go()
            raise

    @property
    def usable(self) -> bool:
        """Whether another request is possible."""
        return self._process is not None and not self._failed and self._line.open

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
        if outcome.access is not None:
            raise AccessError(access_result(outcome.access))

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
        if outcome.access is not None:
            raise AccessError(action_result(outcome.access))
        returned = bool(outcome.raw) and not self._config.short_names
        return decode(outcome.raw, self._config.limits.data) if returned else None

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
        """Closes the connection at once, sends nothing more and ends the process; idempotent."""
        self._failed = True
        self._line.abort()
        process, self._process = self._process, None
        if process is not None:
            self._processes.drop(process)

    def offer_keys(self, keys: SecurityKeys) -> NoReturn:  # noqa: ARG002  # the port's signature
        """Raises: ConfigurationError."""
        raise ConfigurationError(_NO_KEYS)

    def use_keys(self, keys: SecurityKeys) -> NoReturn:  # noqa: ARG002  # the port's signature
        """Raises: ConfigurationError."""
        raise ConfigurationError(_NO_KEYS)

    # What the engine does

    async def _name(self, class_id: int, logical_name: bytes) -> int | str:
        """Base name, or logical name in hex. Raises: AccessError when the meter has no such object."""
        if not self._config.short_names:
            return bytes(logical_name).hex()
        return await self._names.of(class_id, logical_name)

    async def _read_at(self, base: int, class_id: int, attribute: int) -> Data:
        return await self._read(base, class_id, attribute, None)

    async def _read(self, name: int | str, class_id: int, attribute: int, selection: Selection | None) -> Data:
        request: dict[str, Any] = {"op": "read", "class": class_id, "name": name, "attribute": attribute}
        outcome = await self._run(request | {"selection": "" if selection is None else told_selection(selection)})
        if outcome.access is not None:
            raise AccessError(access_result(outcome.access))
        try:
            if self._config.short_names and outcome.blocks:
                return value_of_blocks(outcome.raw, self._config.limits.data)
            return decode(outcome.raw, self._config.limits.data)
        except AccessError:
            raise
        except DlmsError:
            self._give_up()
            raise

    async def _run(self, request: dict[str, Any]) -> Outcome:
        """Raises: AssociationStateError, and what the operation raises."""
        if not self.usable:
            raise AssociationStateError("the session is over")
        if self._busy:
            raise AssociationStateError("one exchange at a time")
        self._busy = True
        try:
            return await self._converse(request, self._response_timeout_s)
        except (ExceptionResponse, ConfirmedServiceError):
            raise  # refusals of one request; after any other error nobody knows where engine and meter stand
        except BaseException:
            self._give_up()
            raise
        finally:
            self._busy = False

    def _give_up(self) -> None:
        self._failed = True
        self._line.abort()

    async def _converse(self, request: dict[str, Any], timeout_s: float) -> Outcome:
        process = self._process
        if process is None:
            raise AssociationStateError("the session is over")
        now = asyncio.get_running_loop().time
        end = now() + self._config.exchange_timeout_s
        failure: DlmsError | None = None
        self._under_way = True
        process.say(request)
        while True:
            said = heard(await process.hear(self._config.work_timeout_s))
            match said:
                case Outcome():
                    self._under_way = False
                    return said
                case Failure():
                    self._under_way = False
                    raise said.error(failure)
                case Frame():
                    try:
                        received = await self._exchange(said.octets, min(timeout_s, end - now()))
                    except DlmsError as lost:
                        failure = lost
                        process.say(NO_FRAME)
                    else:
                        process.say(frame_came(received))

    async def _exchange(self, frame: bytes, timeout_s: float) -> bytes:
        """The next frame of the meter, after one to it unless it is empty. Raises: as FrameLine."""
        if frame:
            self._line.send(frame)
            self.sent_apdus += 1
        if timeout_s <= 0:
            raise ResponseTimeout("the meter goes on and on")
        return await self._line.next_frame(timeout_s)

    async def _let_go(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            await self._processes.give_back(process, healthy=not self._under_way)


def _conforms(session: EngineSession) -> MeterClient:
    """Checked by the type checker only."""
    return session


def _feed_of(config: EngineConfig) -> WrapperFeed | HdlcFeed:
    if config.hdlc is None:
        return WrapperFeed(config.client_sap, config.server_sap)
    server = HdlcAddress(config.server_sap, config.hdlc.lower, config.hdlc.wide)
    return HdlcFeed(HdlcAddress(config.client_sap), server)
