"""Typed model of a loaded profile: what a meter of one companion-standard version offers, and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, Flag, StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from meterstream.dlms.data import AttributeRef, CaptureObject, DataType, MethodRef, Unit
from meterstream.dlms.objects.errors import UnknownObjectError
from meterstream.dlms.objects.obis import CHANNELS, ObisTemplate

PROFILE_GENERIC: Final = 7
_CAPTURE_PERIOD: Final = 4
_PROFILE_ENTRIES: Final = 8
_SECURITY_SUITE: Final = 3

Value: TypeAlias = int | bool | bytes


class AttributeType(StrEnum):
    """Type of an attribute as packs spell it: a COSEM data type, or a composed one of the Blue Book."""

    ARRAY = "array"
    BCD = "bcd"
    BIT_STRING = "bit-string"
    BOOLEAN = "boolean"
    COMPACT_ARRAY = "compact-array"
    DATE = "date"
    DATE_TIME = "date-time"
    DOUBLE_LONG = "double-long"
    DOUBLE_LONG_UNSIGNED = "double-long-unsigned"
    ENUM = "enum"
    FLOAT32 = "float32"
    FLOAT64 = "float64"
    INTEGER = "integer"
    LONG = "long"
    LONG64 = "long64"
    LONG64_UNSIGNED = "long64-unsigned"
    LONG_UNSIGNED = "long-unsigned"
    OCTET_STRING = "octet-string"
    STRUCTURE = "structure"
    TIME = "time"
    UNSIGNED = "unsigned"
    UTF8_STRING = "utf8-string"
    VISIBLE_STRING = "visible-string"

    ASSOCIATED_PARTNERS = "associated-partners"
    CELL_INFO = "cell-info"
    CONTEXT_NAME = "context-name"
    MECHANISM_NAME = "mechanism-name"
    OBJECT_DEFINITION = "object-definition"
    OBJECT_LIST = "object-list"
    SCALER_UNIT = "scaler-unit"
    SCRIPT = "script"
    XDLMS_CONTEXT = "xdlms-context"

    @property
    def data_type(self) -> DataType:
        """The tag of the value on the wire."""
        if self is AttributeType.OBJECT_LIST:
            return DataType.ARRAY
        return DataType.__members__.get(self.name, DataType.STRUCTURE)


INTEGER_RANGES: Final[Mapping[AttributeType, range]] = MappingProxyType(
    {
        AttributeType.DOUBLE_LONG: range(-(1 << 31), 1 << 31),
        AttributeType.DOUBLE_LONG_UNSIGNED: range(1 << 32),
        AttributeType.ENUM: range(1 << 8),
        AttributeType.INTEGER: range(-(1 << 7), 1 << 7),
        AttributeType.LONG: range(-(1 << 15), 1 << 15),
        AttributeType.LONG64: range(-(1 << 63), 1 << 63),
        AttributeType.LONG64_UNSIGNED: range(1 << 64),
        AttributeType.LONG_UNSIGNED: range(1 << 16),
        AttributeType.UNSIGNED: range(1 << 8),
    }
)


class Access(Flag):
    """What the management client may do with an attribute."""

    READ = 1
    WRITE = 2


class Source(Enum):
    """Where an attribute's value comes from, and so whether and when it has to be read."""

    CONSTANT = "constant"
    METER = "meter"
    DYNAMIC = "dynamic"
    CLIENT = "client"
    MODEL = "model"


class Medium(Enum):
    ABSTRACT = "abstract"
    ELECTRICITY = "electricity"
    GAS = "gas"
    MBUS = "mbus"


class Phases(Flag):
    """Which meters offer an object: single phase, poly phase."""

    SP = 1
    PP = 2


class ScalerUnit(NamedTuple):
    """Value = raw x 10**scaler, in `unit`; None: undefined, unit code 0."""

    scaler: int
    unit: Unit | None


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of an object.

    `value` is the constant (source CONSTANT) or the documented default; octets of a logical name where the
    type is octet-string. `scaler_unit` is set where the type is scaler-unit and the standard gives it.
    """

    number: int
    name: str
    type: AttributeType
    access: Access
    source: Source
    value: Value | None = None
    scaler_unit: ScalerUnit | None = None

    @property
    def scaler(self) -> int | None:
        return None if self.scaler_unit is None else self.scaler_unit.scaler

    @property
    def unit(self) -> Unit | None:
        return None if self.scaler_unit is None else self.scaler_unit.unit


class Column(NamedTuple):
    """One column of a profile on one channel: role, attribute number and channel of the captured object."""

    role: str
    attribute: int
    channel: int | None
    ref: AttributeRef

    def capture_object(self) -> CaptureObject:
        """The column as range descriptors and capture object lists carry it (data index 0: the whole value)."""
        return CaptureObject(self.ref.class_id, self.ref.logical_name, self.ref.attribute, 0)


class CaptureSpec(NamedTuple):
    """A column as a pack writes it; `channel` None: none, the profile's own, or all four."""

    role: str
    attribute: int
    channel: int | None


@dataclass(frozen=True, slots=True)
class PowerQuality:
    """The data set ("private", "public") an object belongs to, and the requests that read it."""

    profile: str
    requests: frozenset[str]


@dataclass(frozen=True, slots=True)
class CosemObject:
    """One object, or one per M-Bus channel where `obis` has a channel."""

    role: str
    class_id: int
    version: int
    obis: ObisTemplate
    medium: Medium
    phases: Phases
    public: bool
    attributes: Mapping[int, Attribute]
    methods: Mapping[int, str]
    captures: tuple[CaptureSpec, ...] = ()
    selectable: tuple[str, ...] = ()
    power_quality: PowerQuality | None = None
    scaler_of_event: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))

    def ref(self, attribute: int, channel: int | None = None) -> AttributeRef:
        """Name an attribute on the wire.

        Raises:
            UnknownObjectError: no attribute of that number.
            ChannelError: a channel is missing, superfluous or outside 1 to 4.
        """
        if attribute != 1 and attribute not in self.attributes:
            raise UnknownObjectError(self.role, f"attribute {attribute}")
        return AttributeRef(self.class_id, self.obis.logical_name(channel), attribute)

    def method(self, number: int, channel: int | None = None) -> MethodRef:
        """Name a method on the wire.

        Raises:
            UnknownObjectError: no method of that number.
            ChannelError: a channel is missing, superfluous or outside 1 to 4.
        """
        if number not in self.methods:
            raise UnknownObjectError(self.role, f"method {number}")
        return MethodRef(self.class_id, self.obis.logical_name(channel), number)

    @property
    def capture_period_s(self) -> int | None:
        """Seconds between rows; 0: monthly, or on an event; None: no profile, or not laid down."""
        return self._count(_CAPTURE_PERIOD)

    @property
    def entries(self) -> int | None:
        """Number of rows the buffer holds; None: no profile, or not laid down."""
        return self._count(_PROFILE_ENTRIES)

    def laid_down(self, attribute: int) -> int | None:
        """The number that the pack gives an attribute; None: it gives none."""
        found = self.attributes.get(attribute)
        return found.value if found is not None and isinstance(found.value, int) else None

    def _count(self, attribute: int) -> int | None:
        return self.laid_down(attribute) if self.class_id == PROFILE_GENERIC else None


class GasMeterRule(NamedTuple):
    """Texts in the model code of a gas meter -> its scaler and unit, or None: read attribute 3."""

    contains: tuple[str, ...]
    scaler_unit: ScalerUnit | None


class MeterProfile:
    """All objects of one protocol name and version, inheritance resolved; immutable and shared.

    `security_suite` is the one that its security setup is laid down with; 0 where it has none.
    """

    __slots__ = ("_by_name", "gas_meters", "name", "objects", "security_suite", "version")

    def __init__(
        self, name: str, version: str, objects: Mapping[str, CosemObject], gas_meters: tuple[GasMeterRule, ...] = ()
    ) -> None:
        self.name = name
        self.version = version
        self.objects = MappingProxyType(dict(objects))
        self.gas_meters = gas_meters
        setup = self.objects.get("security_setup")
        self.security_suite = 0 if setup is None else setup.laid_down(_SECURITY_SUITE) or 0
        self._by_name: dict[tuple[int, bytes], tuple[CosemObject, int | None]] = {
            (item.class_id, item.obis.logical_name(channel)): (item, channel)
            for item in self.objects.values()
            for channel in item.obis.channels()
        }

    def __repr__(self) -> str:
        return f"MeterProfile({self})"

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    def object(self, role: str) -> CosemObject:
        """Look an object up by its role.

        Raises:
            UnknownObjectError: the protocol version has no such object.
        """
        try:
            return self.objects[role]
        except KeyError:
            raise UnknownObjectError(str(self), f"object {role}") from None

    def ref(self, role: str, attribute: int, channel: int | None = None) -> AttributeRef:
        """Name an attribute by role.

        Raises:
            UnknownObjectError: no such object or attribute.
            ChannelError: a channel is missing, superfluous or outside 1 to 4.
        """
        return self.object(role).ref(attribute, channel)

    def find(self, class_id: int, logical_name: bytes) -> tuple[CosemObject, int | None] | None:
        """Tell which object, on which channel, a class and logical name stand for; None: none of this profile."""
        return self._by_name.get((class_id, logical_name))

    def columns(self, role: str, channel: int | None = None) -> tuple[Column, ...]:
        """List the fixed columns of a profile in wire order; empty when the client chooses them.

        Raises:
            UnknownObjectError: no such object.
            ChannelError: a channel is missing, superfluous or outside 1 to 4.
        """
        owner = self.object(role)
        owner.obis.logical_name(channel)
        plain: list[Column] = []
        per_channel: dict[int, list[Column]] = {number: [] for number in CHANNELS}
        for spec in owner.captures:
            captured = self.object(spec.role)
            if not captured.obis.has_channel:
                plain.append(_column(captured, spec.attribute, None))
            elif (fixed := spec.channel or channel) is not None:
                plain.append(_column(captured, spec.attribute, fixed))
            else:
                for number in CHANNELS:
                    per_channel[number].append(_column(captured, spec.attribute, number))
        return (*plain, *(column for number in CHANNELS for column in per_channel[number]))

    def gas_scaler(self, model_codes: str) -> ScalerUnit | None:
        """Scaler and unit of a gas meter by its model code; None: read attribute 3 of the M-Bus master value."""
        found: ScalerUnit | None = None
        for rule in self.gas_meters:
            if any(text in model_codes for text in rule.contains):
                found = rule.scaler_unit
        return found


def _column(captured: CosemObject, attribute: int, channel: int | None) -> Column:
    return Column(captured.role, attribute, channel, captured.ref(attribute, channel))
