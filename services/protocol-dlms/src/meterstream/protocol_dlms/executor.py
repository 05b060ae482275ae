"""What an executor is, and what it sees of a meter: roles and values, never a socket, a key or an APDU."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType, ModuleType
from typing import Any, Generic, NamedTuple, Protocol, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

from meterstream.contracts.errors import CODES, DeviceRefused
from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.records import FirmwareImage, MbusDevice, ReadingRow
from meterstream.dlms.apdu import ActionResult, DataAccessResult
from meterstream.dlms.data import AttributeRef, Data, MethodRef, Selection
from meterstream.dlms.objects import MeterProfile
from meterstream.protocol_dlms.images import NO_IMAGES, Images
from meterstream.protocol_dlms.keys import NO_KEYS, Keys
from meterstream.protocol_dlms.unfinished import NOTHING_UNFINISHED, Unfinished

VALUE = 2
"""The attribute that holds the value of data, registers and clocks, and the buffer of profiles."""
SCALER_UNIT = 3


class At(NamedTuple):
    """An attribute by the role of its object in the meter's profile: At("clock"), At("active_energy_import", 3)."""

    role: str
    attribute: int = VALUE
    channel: int | None = None


class Call(NamedTuple):
    """A method by the role of its object in the meter's profile."""

    role: str
    method: int
    channel: int | None = None


Target: TypeAlias = At | AttributeRef
MethodTarget: TypeAlias = Call | MethodRef


class AccessRefused(DeviceRefused):
    """The meter served the request and said no; `result` tells why. The association stands.

    Attributes:
        in_bundle: what a bundle tells instead of the message, where clients know it by other words.
    """

    def __init__(
        self,
        result: DataAccessResult | ActionResult,
        target: AttributeRef | MethodRef,
        words: str = "",
        *,
        only_alone: bool = False,
    ) -> None:
        """Args: words, before the name of the result; `only_alone`: a bundle tells the result alone."""
        kind = "MethodResultCode" if isinstance(result, ActionResult) else "AccessResultCode"
        plain = f"{kind}: {result.name}"
        super().__init__(CODES["DEVICE_REFUSED"], f"{words}{result.name}" if words else plain)
        self.details = {"result": result.name, "result_code": str(int(result)), "target": str(target)}
        self.result = result
        self.target = target
        self.in_bundle = plain if only_alone else None


class Meter(Protocol):
    """One association with a meter.

    Every method raises a PlatformError: AccessRefused when the meter says no; another DeviceRefused, LinkFailed,
    ProtocolViolation or SecurityFailure when the association is over; NotDone when the profile lacks the object.
    """

    @property
    def profile(self) -> MeterProfile:
        """The objects of the meter's protocol version."""

    @property
    def alive(self) -> bool:
        """Whether the association still stands."""

    async def ready(self) -> None:
        """Return when the next request can leave at once."""

    async def get(self, target: Target, selection: Selection | None = None) -> Data:
        """The value of one attribute."""

    async def get_list(self, targets: Sequence[Target]) -> list[Data | DataAccessResult]:
        """Values in the order of `targets`, for each that the meter refuses its result; cut to the meter's limits."""

    async def set(self, target: Target, data: Data, selection: Selection | None = None) -> None:
        """Write one attribute."""

    async def set_list(self, items: Sequence[tuple[Target, Data]]) -> list[DataAccessResult]:
        """Write several attributes, in order; a result for each, cut to the meter's limits."""

    async def action(self, target: MethodTarget, data: Data | None = None) -> Data | None:
        """Call a method; what it returns."""


@dataclass(frozen=True, slots=True)
class Device:
    """What executors need to know of the device that an attempt is for.

    Attributes:
        zone: where the meter keeps time; None: not known, count in UTC.
        communication_method: as the registry has it, for example CDMA, GPRS, LTE.
        channel: of an M-Bus device that the step is for.
        mbus_devices: by identification, those that the request names, or that it is for.
        images: by identification, the firmware files that the request names.
    """

    identification: str
    zone: ZoneInfo | None = None
    selective_access: bool = True
    selective_access_periodic_reads: bool = True
    polyphase: bool = False
    channel: int | None = None
    mbus_identity: str | None = None
    communication_method: str | None = None
    mbus_devices: Mapping[str, MbusDevice] = field(default_factory=dict)
    images: Mapping[str, FirmwareImage] = field(default_factory=dict)

    @property
    def mbus(self) -> MbusDevice | None:
        """The M-Bus device that the step is for."""
        return self.mbus_devices.get(self.identification)


class Actions(Protocol):
    """Runs the actions of a bundle, each as a step of the attempt."""

    def read(self, operation: str, request: bytes) -> tuple[Executor[Any, Any], OperationRequest]:
        """The executor and decoded request of an action.

        Raises: PlatformError when the operation is unknown, not allowed in a bundle, or its request unreadable.
        """

    async def run(self, step: int, executor: Executor[Any, Any], request: OperationRequest) -> OperationResponse:
        """Carry one action out; `step` is its place in the bundle.

        Raises: PlatformError.
        """

    def foresee(self, actions: Sequence[tuple[Executor[Any, Any], OperationRequest]]) -> None:
        """Actions that run next, for their reads to be merged up to and with the first one that writes."""

    def encode(self, response: OperationResponse) -> bytes:
        """The response as it travels in a bundle's answer."""


def _go_on() -> None:
    """Nothing is in the way."""


def _nobody_asks(done: int, total: int) -> None:
    """How far it is concerns nobody."""


async def _no_clock(seconds: float) -> None:
    raise CODES["TECHNICAL_ERROR"](f"nobody lets {seconds:g} s pass here")


@dataclass(frozen=True, slots=True)
class Context:
    """Everything an executor may use.

    Attributes:
        actions: set for composite executors alone.
        boundary: to be called between pieces of work that another worker can resume; raises Leaving, Lost where the
            meter's partition goes. Work that takes long may go on for the time of another attempt then.
        wait: lets so many seconds pass.
        unfinished: what attempts before broke off, and what this one leaves to the next.
        report: takes how much of how much is done, in octets; to be called as often as there is something to tell.
    """

    meter: Meter
    device: Device
    now: Callable[[], datetime]
    actions: Actions | None = None
    keys: Keys = NO_KEYS
    images: Images = NO_IMAGES
    boundary: Callable[[], None] = _go_on
    wait: Callable[[float], Awaitable[None]] = _no_clock
    unfinished: Unfinished = NOTHING_UNFINISHED
    report: Callable[[int, int], None] = _nobody_asks


Req = TypeVar("Req", bound=OperationRequest)
Resp = TypeVar("Resp", bound=OperationResponse)


@dataclass(frozen=True, eq=False)
class Executor(Generic[Req, Resp]):
    """Carries one operation out on a meter.

    Attributes:
        execute: does it; raises PlatformError.
        readings: rows for analytics out of a response of the step's device; pure.
        verify: for operations that are not safe to repeat: tells by reading whether an attempt whose answer was lost
            took effect; the response if it did, None if it cannot be told or did not.
        composite: consists of steps that have marks of their own.
        leaves_work: whether a response leaves something for another attempt.
        foresees: attributes that it will read whatever they hold, so that a bundle can read them together with those
            of its neighbours; pure. What the profile lacks is left out.
        writes: whether it changes the meter; reads of a bundle never move across it.
    """

    operation: Operation
    execute: Callable[[Req, Context], Awaitable[Resp]]
    readings: Callable[[Resp, MeterProfile, Device], list[ReadingRow]] | None = None
    verify: Callable[[Req, Context], Awaitable[Resp | None]] | None = None
    composite: bool = False
    leaves_work: Callable[[Resp], bool] | None = None
    foresees: Callable[[Req, Device, MeterProfile], Sequence[Target]] | None = None
    writes: bool = False

    @property
    def needs_mark(self) -> bool:
        """Whether a crash may not repeat it without a look at its mark."""
        return not (self.operation.repeatable or self.composite)


Executors: TypeAlias = Mapping[str, Executor[Any, Any]]


class DuplicateOperation(ValueError):
    """Two modules execute the same operation."""


def load_executors(package: ModuleType) -> Executors:
    """EXECUTOR of every public module of `package` by operation, collected once at start-up."""
    found: dict[str, Executor[Any, Any]] = {}
    for name in sorted(module.name for module in iter_modules(package.__path__) if not module.name.startswith("_")):
        executor: Executor[Any, Any] = import_module(f"{package.__name__}.{name}").EXECUTOR
        if found.setdefault(executor.operation.name, executor) is not executor:
            raise DuplicateOperation(executor.operation.name)
    return MappingProxyType(found)
