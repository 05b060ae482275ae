"""The Meter port over a session: roles become references, failures of the core become those of the platform."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple, TypeVar

from meterstream.contracts.errors import error
from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.client import Level
from meterstream.dlms.data import AttributeRef, Data, MethodRef, Selection
from meterstream.dlms.errors import DlmsError
from meterstream.dlms.objects import MeterProfile, UnknownObjectError
from meterstream.dlms.security import SecurityKeys
from meterstream.protocol_dlms.counters import SessionCounters
from meterstream.protocol_dlms.executor import At, Call, MethodTarget, Target
from meterstream.protocol_dlms.failures import translate
from meterstream.protocol_dlms.model.laid_down import LaidDownScalers
from meterstream.protocol_dlms.session import Session

T = TypeVar("T")

_NO_OBJECT: Final = {"administrative_in_out": "No object found of type"}
"""What precedes the name of a missing object, where clients know it by other words."""

_IMAGE_ACTIVATE: Final = (18, 4)
"""Class and method of image transfer."""


class Identity(NamedTuple):
    """Whose association it is, at which level, and the ids of the keys that it proves."""

    gateway: str
    level: Level
    key_ids: tuple[str, ...]


class LiveMeter:
    """An association with a meter (see executor.Meter).

    Attributes:
        meter_s: seconds spent waiting for the meter.
        in_doubt: other keys were possible.
        firmware_changed: the meter was told to activate an image.
    """

    def __init__(
        self,
        session: Session,
        profile: MeterProfile,
        counters: SessionCounters | None,
        identity: Identity,
        now: Callable[[], float],
        *,
        scalers_verified: bool = False,
    ) -> None:
        self._session = session
        self._profile = profile
        self._scalers = LaidDownScalers(profile, verified=scalers_verified)
        self._counters = counters
        self._now = now
        self.gateway, self.level, self.key_ids = identity
        self.in_doubt = False
        self.firmware_changed = False
        self.meter_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._deadline = 0.0
        self._expired = False

    @property
    def profile(self) -> MeterProfile:
        """The objects of the meter's protocol version."""
        return self._profile

    @property
    def alive(self) -> bool:
        """Whether the association still stands."""
        return self._session.usable

    @property
    def scalers_verified(self) -> bool:
        """Whether the meter has scalers and units as its type lays them down."""
        return self._scalers.verified

    @property
    def lists_refused(self) -> bool:
        """Whether the meter has refused a list as a whole in this association."""
        return self._session.lists_refused

    @property
    def title(self) -> bytes | None:
        """The meter's system title, where the association is ciphered."""
        return self._session.server_title

    @property
    def last_received(self) -> int | None:
        """The highest counter that was accepted of the meter."""
        return self._session.last_received_counter

    async def ready(self) -> None:
        """Have counters at hand for the next request."""
        if self._counters is not None:
            await self._counters.ensure(2)

    async def get(self, target: Target, selection: Selection | None = None) -> Data:
        """See Meter."""
        ref = attribute_ref(self._profile, target)
        known = self._scalers.known(target)
        return await self._ask(self._session.get(ref, selection), ref) if known is None else known

    async def get_list(self, targets: Sequence[Target]) -> list[Data | DataAccessResult]:
        """See Meter."""
        refs = [attribute_ref(self._profile, target) for target in targets]
        known = [self._scalers.known(target) for target in targets]
        asked = [ref for ref, value in zip(refs, known, strict=True) if value is None]
        if not asked:
            return [value for value in known if value is not None]
        together = [*asked, *self._scalers.along(asked)]
        answers = await self._ask(self._session.get_list(together), asked[0])
        self._scalers.note(dict(zip(together, answers, strict=True)))
        fresh = iter(answers)
        return [next(fresh) if value is None else value for value in known]

    async def set(self, target: Target, data: Data, selection: Selection | None = None) -> None:
        """See Meter."""
        ref = attribute_ref(self._profile, target)
        await self._ask(self._session.set(ref, data, selection), ref)

    async def set_list(self, items: Sequence[tuple[Target, Data]]) -> list[DataAccessResult]:
        """See Meter."""
        refs = [(attribute_ref(self._profile, target), data) for target, data in items]
        if not refs:
            return []
        could = not self._session.lists_refused
        results = await self._ask(self._session.set_list(refs), refs[0][0])
        if could and self._session.lists_refused:  # as a whole: written one by one now, each the same value
            results = await self._ask(self._session.set_list(refs), refs[0][0])
        return results

    async def action(self, target: MethodTarget, data: Data | None = None) -> Data | None:
        """See Meter."""
        ref = method_ref(self._profile, target)
        self.firmware_changed |= (ref.class_id, ref.method) == _IMAGE_ACTIVATE
        return await self._ask(self._session.action(ref, data), ref)

    def offer_keys(self, keys: SecurityKeys) -> None:
        """The next request hands `keys` over: its answer may come under them.

        Raises: UNSUPPORTED_COMMUNICATION_SETTING.
        """
        try:
            self._session.offer_keys(keys)
        except DlmsError as failure:
            raise translate(failure) from failure

    def use_keys(self, keys: SecurityKeys) -> None:
        """Keys of both ways from the next request on; counters go on, so the encryption key must be the same, or
        nothing more be asked.

        Raises: UNSUPPORTED_COMMUNICATION_SETTING; TECHNICAL_ERROR while an answer is awaited.
        """
        try:
            self._session.use_keys(keys)
        except DlmsError as failure:
            raise translate(failure) from failure

    def renew(self, other: LiveMeter) -> None:
        """Go on with the association of `other`, which is no one else's; its own is over, its time accounted for."""
        self._session, self._counters = other._session, other._counters
        self.key_ids, self.in_doubt = other.key_ids, other.in_doubt
        self.meter_s, self._expired = other.meter_s, False

    def limit(self, seconds: float) -> None:
        """Allow so much time from now on for all exchanges together: a meter may be slow, but not for ever."""
        self._deadline = self._now() + seconds
        # A timer that is already running is left alone: it looks at the deadline when it goes off.
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_at(self._deadline, self._look_at_deadline)

    async def close(self) -> None:
        """Release the association and close the connection; bounded, never fails."""
        self._unlimit()
        await self._session.close()

    def abort(self) -> None:
        """Close the connection at once; nothing more is sent."""
        self._unlimit()
        self._session.abort()

    def _unlimit(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look_at_deadline(self) -> None:
        self._timer = None
        if self._now() < self._deadline:
            self.limit(self._deadline - self._now())
        else:
            self._expired = True
            self._session.abort()

    async def _ask(self, exchange: Awaitable[T], target: AttributeRef | MethodRef) -> T:
        began = self._now() - (self._counters.waited_s if self._counters is not None else 0.0)
        try:
            return await exchange
        except DlmsError as failure:
            if self._expired:
                raise error("RESPONSE_TIMEOUT", "the attempt took too long", target=target) from failure
            raise translate(failure, target) from failure
        finally:
            waited = self._counters.waited_s if self._counters is not None else 0.0
            self.meter_s += self._now() - waited - began


def attribute_ref(profile: MeterProfile, target: Target) -> AttributeRef:
    """The attribute on the wire.

    Raises: OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL, GATEWAY_CHANGED for an M-Bus channel outside 1 to 4.
    """
    if not isinstance(target, At):
        return target
    try:
        return profile.ref(*target)
    except UnknownObjectError as missing:
        raise _unsupported(profile, target.role, "Attribute", target.attribute) from missing
    except DlmsError as failure:
        raise translate(failure) from failure


def method_ref(profile: MeterProfile, target: MethodTarget) -> MethodRef:
    """The method on the wire; raises as attribute_ref."""
    if not isinstance(target, Call):
        return target
    try:
        return profile.object(target.role).method(target.method, target.channel)
    except UnknownObjectError as missing:
        raise _unsupported(profile, target.role, "Method", target.method) from missing
    except DlmsError as failure:
        raise translate(failure) from failure


def _unsupported(profile: MeterProfile, role: str, kind: str, number: int) -> Exception:
    if role in profile.objects:
        message = f"{kind} with id {number} is not found for {role.upper()} in protocol {profile}"
    else:
        message = f"{_NO_OBJECT.get(role, 'No address found for')} {role.upper()} in protocol {profile}"
    return error("OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL", message, role=role)
