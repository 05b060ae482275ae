"""Ports in memory: what executors are written and tried against, held to the same contracts as the real ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256

from meterstream.contracts.errors import error
from meterstream.contracts.records import FirmwareImage
from meterstream.dlms.apdu import ActionResult, DataAccessResult
from meterstream.dlms.data import AttributeRef, Data, MethodRef, Selection
from meterstream.dlms.objects import MeterProfile
from meterstream.protocol_dlms.executor import AccessRefused, MethodTarget, Target
from meterstream.protocol_dlms.meter import attribute_ref, method_ref

Value = Data | DataAccessResult | Callable[[Selection | None], Data | DataAccessResult]


class MemoryImages:
    """The Images port in memory.

    Attributes:
        files: octets by SHA-256 digest.
        noted: every digest that was noted, in order.
    """

    def __init__(self, *files: bytes) -> None:
        self.files = {sha256(file).digest(): file for file in files}
        self.noted: list[bytes | None] = []

    async def fetch(self, image: FirmwareImage) -> bytes:
        """See Images."""
        file = self.files.get(image.sha256)
        if file is None or len(file) != image.size:
            raise error("IMAGE_UNAVAILABLE", f"there is no file {image.firmware_identification}")
        return file

    def begun(self) -> bytes | None:
        """See Images."""
        return self.noted[-1] if self.noted else None

    async def note(self, digest: bytes | None) -> None:
        """See Images."""
        self.noted.append(digest)


class MemoryMeter:
    """Attributes in a dictionary; writes change it, methods answer with success unless told otherwise.

    Attributes:
        values: by reference; a function gets the selection. What is not there is object-undefined.
        methods: results by reference.
        asked: every request in order, as ("get" | "set" | "action", reference, selection or data).
        exchanges: requests that a meter which takes lists would have got.
        drop_after: the association ends after so many requests; None: never.
    """

    def __init__(self, profile: MeterProfile, values: Mapping[AttributeRef, Value] | None = None) -> None:
        self._profile = profile
        self.values: dict[AttributeRef, Value] = dict(values or {})
        self.methods: dict[MethodRef, ActionResult | Data] = {}
        self.asked: list[tuple[str, AttributeRef | MethodRef, Selection | Data | None]] = []
        self.exchanges = 0
        self.drop_after: int | None = None

    @property
    def profile(self) -> MeterProfile:
        """The objects of the meter's protocol version."""
        return self._profile

    @property
    def alive(self) -> bool:
        """Whether the association still stands."""
        return self.drop_after is None or len(self.asked) < self.drop_after

    def put(self, target: Target, value: Value) -> None:
        """Lay a value down by role."""
        self.values[attribute_ref(self._profile, target)] = value

    async def ready(self) -> None:
        """Nothing to wait for."""

    async def get(self, target: Target, selection: Selection | None = None) -> Data:
        """See Meter."""
        ref = attribute_ref(self._profile, target)
        self.exchanges += 1
        value = self._value(ref, selection)
        if isinstance(value, DataAccessResult):
            raise AccessRefused(value, ref)
        return value

    async def get_list(self, targets: Sequence[Target]) -> list[Data | DataAccessResult]:
        """See Meter."""
        refs = [attribute_ref(self._profile, target) for target in targets]
        self.exchanges += bool(refs)
        return [self._value(ref, None) for ref in refs]

    async def set(self, target: Target, data: Data, selection: Selection | None = None) -> None:  # noqa: ARG002  # the port's signature
        """See Meter."""
        ref = attribute_ref(self._profile, target)
        self.exchanges += 1
        result = self._write(ref, data)
        if result is not DataAccessResult.SUCCESS:
            raise AccessRefused(result, ref)

    async def set_list(self, items: Sequence[tuple[Target, Data]]) -> list[DataAccessResult]:
        """See Meter."""
        refs = [(attribute_ref(self._profile, target), data) for target, data in items]
        self.exchanges += bool(refs)
        return [self._write(ref, data) for ref, data in refs]

    async def action(self, target: MethodTarget, data: Data | None = None) -> Data | None:
        """See Meter."""
        ref = method_ref(self._profile, target)
        self.exchanges += 1
        self._note("action", ref, data)
        result = self.methods.get(ref, ActionResult.SUCCESS)
        if isinstance(result, Data):
            return result
        if result is not ActionResult.SUCCESS:
            raise AccessRefused(result, ref)
        return None

    def _value(self, ref: AttributeRef, selection: Selection | None) -> Data | DataAccessResult:
        self._note("get", ref, selection)
        value = self.values.get(ref, DataAccessResult.OBJECT_UNDEFINED)
        return value(selection) if callable(value) else value

    def _write(self, ref: AttributeRef, data: Data) -> DataAccessResult:
        self._note("set", ref, data)
        present = self.values.get(ref, DataAccessResult.OBJECT_UNDEFINED)
        if isinstance(present, DataAccessResult):
            return present
        self.values[ref] = data
        return DataAccessResult.SUCCESS

    def _note(self, kind: str, ref: AttributeRef | MethodRef, what: Selection | Data | None) -> None:
        if not self.alive:
            raise error("SOCKET_CLOSED_BY_REMOTE", "the association is over")
        self.asked.append((kind, ref, what))
        if not self.alive:
            raise error("SOCKET_CLOSED_BY_REMOTE", "the meter closed the connection")
