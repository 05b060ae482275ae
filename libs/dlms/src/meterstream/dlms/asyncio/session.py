"""A session with one meter: connection, association, services, release."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Final, Protocol, Self, TypeVar

from meterstream.dlms.apdu import AccessItem, ActionResult, ActionReturn, Conformance, DataAccessResult, Selection
from meterstream.dlms.apdu.exception import PDU_TOO_LONG
from meterstream.dlms.asyncio.framing import HdlcOverTcp, SessionFraming, WrapperOverTcp, framing_of, open_link
from meterstream.dlms.asyncio.link import Link, Trace
from meterstream.dlms.client import (
    AccessAnswer,
    AccessOutcome,
    ActionAnswer,
    ActionListAnswer,
    ActionListRefused,
    Associated,
    AssociationConfig,
    ClientAssociation,
    Continue,
    Event,
    GetAnswer,
    GetListAnswer,
    ListRefused,
    Notification,
    Phase,
    SetAnswer,
    SetListAnswer,
)
from meterstream.dlms.data import AttributeRef, Data, MethodRef
from meterstream.dlms.errors import (
    AccessError,
    ConfigurationError,
    CountersExhausted,
    DlmsError,
    ExceptionResponse,
    PduTooLarge,
    UnexpectedAnswer,
)
from meterstream.dlms.security import MAX_COUNTER, SecurityKeys

RELEASE_TIMEOUT_S: Final = 5.0
EXCHANGE_TIMEOUT_S: Final = 1800.0
_WRAPPER: Final = WrapperOverTcp()
_COUNTERS_TO_ASSOCIATE: Final = 3
"""AARQ, token of HLS pass 3, and the APDU that carries it."""
_COUNTERS_TO_ASK: Final = 2
"""The request, and one for the next block, which is sealed while the answer is being read."""

_E = TypeVar("_E")


class InvocationCounters(Protocol):
    """Invocation counters of the client towards one meter, under one encryption key."""

    def take(self) -> int:
        """The next counter; never the same one twice."""
        ...

    async def ensure(self, count: int) -> None:
        """Returns when `count` calls of `take` will succeed; awaited before every exchange that may use so many."""
        ...


class InMemoryCounters:
    """Counters that live as long as the process: for tools and tests, which keep `next_counter` themselves."""

    def __init__(self, next_counter: int) -> None:
        self.next_counter = next_counter

    def take(self) -> int:
        counter = self.next_counter
        self.next_counter = counter + 1
        return counter

    async def ensure(self, count: int) -> None:
        if self.next_counter + count - 1 > MAX_COUNTER:
            raise CountersExhausted("no invocation counter left under this key")


async def open_session(
    address: tuple[str, int],
    config: AssociationConfig,
    counters: InvocationCounters | None,
    *,
    connect_timeout_s: float,
    response_timeout_s: float,
    challenge: Callable[[int], bytes] = secrets.token_bytes,
    trace: Trace | None = None,
    framing: SessionFraming = _WRAPPER,
    exchange_timeout_s: float = EXCHANGE_TIMEOUT_S,
) -> MeterSession:
    """Connects and associates.

    Args:
        address: host (name or IP address) and port; 4059 is the registered one.
        counters: None only where the level is NONE.
        response_timeout_s: for each answer, seconds.
        challenge: gives so many random bytes, for CtoS and for keys that live for one association or APDU.
        trace: gets every frame sent and received.
        framing: the wrapper over TCP unless given; HDLC over TCP has time-outs of its own in it.
        exchange_timeout_s: for all that follows the first block of a request or an answer, seconds: a meter that goes
            on sending blocks is not waited for longer.
    Raises: ConnectFailed, AssociationRejected, ExceptionResponse, ConfirmedServiceError, PeerError, SecurityError,
    LinkError, LocalError; the connection is closed then.
    """
    if counters is None and config.level.ciphered:
        raise ConfigurationError(f"{config.level.name} needs invocation counters")
    ctos = challenge(config.challenge_length) if config.level.hls else b""
    association = ClientAssociation(
        config, counters.take if counters is not None else _no_counter, ctos, framing_of(framing), challenge
    )
    if counters is not None and config.level.ciphered:
        await counters.ensure(_COUNTERS_TO_ASSOCIATE + config.counters_per_apdu - 1)
    link = await open_link(framing, address, config, association, trace, connect_timeout_s)
    closing_s = framing.disconnect_timeout_s if isinstance(framing, HdlcOverTcp) else RELEASE_TIMEOUT_S
    session = MeterSession(config, association, link, counters, response_timeout_s, closing_s, exchange_timeout_s)
    try:
        await session._associate()
    except BaseException:
        link.hang_up()
        raise
    return session


def _no_counter() -> int:
    raise CountersExhausted("a session without ciphering has no invocation counters")


class MeterSession:
    """An open association; `async with` releases it. One request at a time."""

    __slots__ = (
        "_association",
        "_config",
        "_counters",
        "_disconnect_timeout_s",
        "_exchange_timeout_s",
        "_link",
        "_lists",
        "_lists_refused",
        "_response_timeout_s",
    )

    def __init__(
        self,
        config: AssociationConfig,
        association: ClientAssociation,
        link: Link,
        counters: InvocationCounters | None,
        response_timeout_s: float,
        disconnect_timeout_s: float = RELEASE_TIMEOUT_S,
        exchange_timeout_s: float = EXCHANGE_TIMEOUT_S,
    ) -> None:
        self._config = config
        self._association = association
        self._link = link
        self._counters = counters if config.level.ciphered else None
        self._response_timeout_s = response_timeout_s
        self._disconnect_timeout_s = disconnect_timeout_s
        self._exchange_timeout_s = exchange_timeout_s
        self._lists = config.with_list_max > 1
        self._lists_refused = False

    @property
    def server_title(self) -> bytes | None:
        """System title of the meter; None without ciphering."""
        return self._association.server_title

    @property
    def negotiated(self) -> Conformance:
        return self._association.negotiated

    @property
    def server_max_pdu(self) -> int:
        """Largest APDU the meter takes, in octets."""
        return self._association.server_max_pdu

    @property
    def last_received_counter(self) -> int | None:
        """Highest counter accepted from the meter: what a RISING policy needs for the next association."""
        return self._association.last_received_counter

    @property
    def sent_apdus(self) -> int:
        return self._association.sent_apdus

    @property
    def lists_refused(self) -> bool:
        """Whether the meter has refused a list as a whole, and not for the moment only."""
        return self._lists_refused

    @property
    def usable(self) -> bool:
        """Whether another request is possible."""
        return self._association.phase is Phase.READY and self._link.open

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def get(self, ref: AttributeRef, selection: Selection | None = None) -> Data:
        """Value of one attribute.

        Raises: AccessError (the meter's result), ExceptionResponse, PeerError, SecurityError, LinkError, LocalError.
        """
        result = await self._get(ref, selection)
        if isinstance(result, DataAccessResult):
            raise AccessError(result)
        return result

    async def get_list(self, refs: Sequence[AttributeRef]) -> list[Data | DataAccessResult]:
        """Value or result for each attribute, in order; with-list in parts of `with_list_max`.

        Single requests where lists are not negotiated, do not fit, or were refused as a whole before.
        Raises: as get, but AccessError.
        """
        results: list[Data | DataAccessResult] = []
        for part in _parts(refs, self._config.with_list_max):
            listed = await self._get_part(part) if len(part) > 1 else None
            if listed is not None:
                results += listed
            else:
                results += [await self._get(ref, None) for ref in part]
        return results

    async def set(self, ref: AttributeRef, data: Data, selection: Selection | None = None) -> None:
        """Raises: as get."""
        result = await self._set(ref, data, selection)
        if result is not DataAccessResult.SUCCESS:
            raise AccessError(result)

    async def set_list(self, items: Sequence[tuple[AttributeRef, Data]]) -> list[DataAccessResult]:
        """Result for each attribute, in order; with-list in parts of `with_list_max` as get_list.

        A list that the meter refuses as a whole gives that result for each of its attributes and is not repeated;
        what follows is written one by one.
        Raises: as get, but AccessError.
        """
        results: list[DataAccessResult] = []
        for part in _parts(items, self._config.with_list_max):
            listed = await self._set_part(part) if len(part) > 1 else None
            if listed is not None:
                results += listed
            else:
                results += [await self._set(ref, data, None) for ref, data in part]
        return results

    async def action(self, ref: MethodRef, data: Data | None = None) -> Data | None:
        """What the method returned, if anything. Raises: as get."""
        answer = await self._action(ref, data)
        if answer.result is not ActionResult.SUCCESS:
            raise AccessError(answer.result)
        if isinstance(answer.data, DataAccessResult):
            if answer.data is not DataAccessResult.SUCCESS:
                raise AccessError(answer.data)
            return None
        return answer.data

    def offer_keys(self, keys: SecurityKeys) -> None:
        """Before the `action` that hands `keys` over: its answer may come under them. As ClientAssociation."""
        self._association.offer_keys(keys)

    def use_keys(self, keys: SecurityKeys) -> None:
        """Global keys from the next request on. As ClientAssociation; the counters must be those of these keys."""
        self._association.use_keys(keys)

    async def action_list(self, items: Sequence[tuple[MethodRef, Data | None]]) -> list[ActionReturn]:
        """Result for each method and what it returned, in order; with-list in parts of `with_list_max` as get_list.

        A list that the meter refuses as a whole gives that result for each of its methods and is not repeated.
        Raises: as get, but AccessError.
        """
        results: list[ActionReturn] = []
        for part in _parts(items, self._config.with_list_max):
            listed = await self._action_part(part) if len(part) > 1 else None
            if listed is not None:
                results += listed
            else:
                results += [await self._action(ref, data) for ref, data in part]
        return results

    async def access(
        self, items: Sequence[tuple[AccessItem, Data | None]], *, break_on_error: bool = False
    ) -> tuple[AccessOutcome, ...]:
        """Reads, writes and calls in one exchange: an outcome for each item, in order.

        Needs Conformance.ACCESS and, where APDUs are ciphered, general protection.
        Raises: as get, but AccessError.
        """
        await self._prepare()
        event = await self._finish(self._association.access(items, break_on_error=break_on_error))
        return _expect(event, AccessAnswer).outcomes

    def take_notifications(self) -> tuple[Notification, ...]:
        """What the meter sent unasked since the last call, in order; `missed_notifications` counts what was lost."""
        return self._association.take_notifications()

    @property
    def missed_notifications(self) -> int:
        return self._association.missed_notifications

    async def close(self) -> None:
        """Releases the association if it still stands, and closes the connection; idempotent.

        A meter that does not answer the release, or answers nonsense, changes nothing: at most RELEASE_TIMEOUT_S. HDLC
        says DISC after it, and waits for UA as its framing says.
        """
        if not self.usable:
            self._link.hang_up()
            return
        try:
            with contextlib.suppress(DlmsError):
                timeout_s = min(RELEASE_TIMEOUT_S, self._response_timeout_s)
                await self._link.ask(self._association.release(), timeout_s)
            await self._link.finish(self._disconnect_timeout_s)
        except BaseException:
            self._link.close()
            raise

    def abort(self) -> None:
        """Closes the connection at once and sends nothing more; idempotent."""
        self._link.abort()

    async def _associate(self) -> None:
        event = await self._link.ask(self._association.associate(), self._response_timeout_s)
        if isinstance(event, Continue):
            event = await self._link.ask(event.frame, self._response_timeout_s)
        _expect(event, Associated)

    async def _get(self, ref: AttributeRef, selection: Selection | None) -> Data | DataAccessResult:
        await self._prepare()
        return _expect(await self._finish(self._association.get(ref, selection)), GetAnswer).result

    async def _set(self, ref: AttributeRef, data: Data, selection: Selection | None) -> DataAccessResult:
        await self._prepare()
        return _expect(await self._finish(self._association.set(ref, data, selection)), SetAnswer).result

    async def _action(self, ref: MethodRef, data: Data | None) -> ActionReturn:
        await self._prepare()
        answer = _expect(await self._finish(self._association.action(ref, data)), ActionAnswer)
        return ActionReturn(answer.result, answer.data)

    async def _get_part(self, refs: Sequence[AttributeRef]) -> Sequence[Data | DataAccessResult] | None:
        """Results of one with-list; None where the same must be asked one by one."""
        if not self._lists or not self.negotiated & Conformance.MULTIPLE_REFERENCES:
            return None
        await self._prepare()
        try:
            event = await self._finish(self._association.get_list([(ref, None) for ref in refs]))
        except PduTooLarge:
            return None
        except ExceptionResponse as error:
            self._give_lists_up(error)
            return None
        if isinstance(event, ListRefused):
            self._give_lists_up(event)
            return None
        return _expect(event, GetListAnswer).results

    async def _set_part(self, items: Sequence[tuple[AttributeRef, Data]]) -> Sequence[DataAccessResult] | None:
        if not self._lists or not self.negotiated & Conformance.MULTIPLE_REFERENCES:
            return None
        await self._prepare()
        try:
            event = await self._finish(self._association.set_list(items))
        except PduTooLarge:
            return None
        except ExceptionResponse as error:  # nothing of it was served
            self._give_lists_up(error)
            return None
        if isinstance(event, ListRefused):
            self._give_lists_up(event)
            return [event.result] * len(items)
        return _expect(event, SetListAnswer).results

    def _give_lists_up(self, why: ExceptionResponse | ListRefused) -> None:
        """Single requests from now on. Raises: ExceptionResponse where it is not about the list."""
        if isinstance(why, ExceptionResponse) and why.service_error > PDU_TOO_LONG:
            raise why
        self._lists = False
        self._lists_refused = isinstance(why, ExceptionResponse) or why.result is not DataAccessResult.TEMPORARY_FAILURE

    async def _action_part(self, items: Sequence[tuple[MethodRef, Data | None]]) -> Sequence[ActionReturn] | None:
        if not self._lists or not self.negotiated & Conformance.MULTIPLE_REFERENCES:
            return None
        await self._prepare()
        try:
            event = await self._finish(self._association.action_list(items))
        except PduTooLarge:
            return None
        if isinstance(event, ActionListRefused):
            return [ActionReturn(event.result)] * len(items)
        return _expect(event, ActionListAnswer).results

    async def _prepare(self) -> None:
        if self._counters is not None:
            await self._counters.ensure(_COUNTERS_TO_ASK * self._config.counters_per_apdu)

    async def _finish(self, frame: bytes) -> Event:
        """Sends a request and whatever its exchange needs after it."""
        event = await self._link.ask(frame, self._response_timeout_s)
        return await self._go_on(event) if isinstance(event, Continue) else event

    async def _go_on(self, event: Event) -> Event:
        """The rest of an exchange in blocks."""
        now = asyncio.get_running_loop().time
        end = now() + self._exchange_timeout_s
        while isinstance(event, Continue):
            if self._counters is not None:
                await self._counters.ensure(self._config.counters_per_apdu)
            event = await self._link.ask(event.frame, min(self._response_timeout_s, end - now()))
        return event


def _expect(event: Event, kind: type[_E]) -> _E:
    if not isinstance(event, kind):
        raise UnexpectedAnswer(f"{type(event).__name__} instead of {kind.__name__}")
    return event


def _parts(items: Sequence[_E], size: int) -> Iterator[Sequence[_E]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
