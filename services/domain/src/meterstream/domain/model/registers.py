"""Registers: rows that registry operations change by key, beside devices, keys and commands.

A register's rows are loaded by `load_<name>` and written by `insert_<name>`, `update_<name>`, `delete_<name>`, as far
as it has them, in `administration.sql`; a new register is a model and its statements.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, TypeVar

from pydantic import Field

from meterstream.contracts.base import Moment, Record
from meterstream.contracts.operations.add_device import NewDevice
from meterstream.contracts.shared.lifecycle import DeviceLifecycleStatus
from meterstream.contracts.shared.registry import Address, Authorisation, Ean
from meterstream.domain.model.firmware import CONTENTS, FIRMWARES, INSTALLED, MODEL_OF, OFFERED
from meterstream.domain.model.register import Register
from meterstream.domain.model.stored import Identity

R = TypeVar("R", bound=Record)


class ManufacturerRow(Record):
    """A manufacturer, and whether models of it are known."""

    code: str
    number: int = 0
    name: str
    use_prefix: bool
    has_models: bool = False


class ModelRow(Record):
    """A device model, and whether devices of it and firmware for it are known."""

    manufacturer: str
    model_code: str
    description: str | None = None
    has_devices: bool = False
    has_firmware: bool = False


class OrganisationRow(Record):
    """An organisation, and whether it holds authorisations for devices."""

    organisation: str
    name: str
    prefix: str = ""
    admin: bool = False
    enabled: bool = True
    domains: list[str]
    has_authorisations: bool = False


class Upkeep(Record):
    """What people keep of a device; `lifecycle_at` is when the status was noted last."""

    device_identification: str
    lifecycle_status: DeviceLifecycleStatus = DeviceLifecycleStatus.NEW_IN_INVENTORY
    lifecycle_at: Moment | None = None
    in_maintenance: bool = False
    activated: bool = True
    alias: str | None = None
    address: Address | None = None
    latitude: str | None = None
    longitude: str | None = None
    eans: list[Ean] | None = None
    technical_installation_date: Moment | None = None
    mast_segment: str | None = None
    batch_number: int | None = None


class Description(Record):
    """What AddDevice said of a device, without keys."""

    device_identification: str
    description: NewDevice


class Grants(Record):
    """Who may do what with a device."""

    device_identification: str
    grants: list[Authorisation] = Field(default_factory=list)


class ApplicationKey(Record):
    """For which public key an application gets device keys: DER SubjectPublicKeyInfo, hexadecimal."""

    organisation: str
    application: str
    public_key: str


class LoggedFrame(Record):
    """A line of the message log."""

    device_identification: str
    logged_at: Moment
    session: str
    number: int
    log_id: str
    organisation: str
    incoming: bool
    valid: bool
    decoded: str
    encoded: str


class MessageLogPage(Record):
    """A page of a device's message log, newest first, and how many lines there are; `key` is `page_key`'s."""

    key: str
    total: int
    entries: list[LoggedFrame]


def model_key(manufacturer: str, model_code: str) -> str:
    """Names a device model: codes of manufacturers have no blanks."""
    return f"{manufacturer} {model_code}"


def application_key(organisation: str, application: str) -> str:
    """Names an application: identifications of organisations have no blanks."""
    return f"{organisation} {application}"


def page_key(device: str, page: int, size: int) -> str:
    """Names a page, the first is 0, of `size` lines."""
    return f"{device} {page} {size}"


MANUFACTURERS: Final = Register("manufacturers", ManufacturerRow, lambda row: row.code)
MODELS: Final = Register("device_models", ModelRow, lambda row: model_key(row.manufacturer, row.model_code))
ORGANISATIONS: Final = Register("organisation_entries", OrganisationRow, lambda row: row.organisation)
UPKEEP: Final = Register("upkeep", Upkeep, lambda row: row.device_identification)
DESCRIPTIONS: Final = Register("descriptions", Description, lambda row: row.device_identification)
GRANTS: Final = Register("grants", Grants, lambda row: row.device_identification)
APPLICATION_KEYS: Final = Register(
    "application_keys", ApplicationKey, lambda row: application_key(row.organisation, row.application)
)
MESSAGE_LOG_PAGES: Final = Register("message_log_pages", MessageLogPage, lambda row: row.key)

REGISTERS: Final[tuple[Register[Record], ...]] = (  # type: ignore[assignment]  # read through the rows' common base
    MANUFACTURERS,
    MODELS,
    ORGANISATIONS,
    UPKEEP,
    DESCRIPTIONS,
    GRANTS,
    CONTENTS,
    FIRMWARES,
    INSTALLED,
    OFFERED,
    MODEL_OF,
    APPLICATION_KEYS,
    MESSAGE_LOG_PAGES,
)
"""Every register, in the order in which their rows are locked and written: what is referred to comes first."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a registry operation looks at beside organisation and device of its command.

    Attributes:
        rows: (register, key) pairs.
        organisations: further organisations that it names.
        commands: further commands that it may move.
        devices: further devices that it names.
        kin: devices whose gateways, and whose M-Bus devices with what people keep of them, it looks at too.
        mbus_names: M-Bus devices by the names that meters give them, with their kin.
        changes: what is kin may change, keys and all, before a request leaves for its meter.
    """

    rows: tuple[tuple[Register[Record], str], ...] = ()
    organisations: frozenset[str] = frozenset()
    commands: frozenset[Identity] = frozenset()
    devices: frozenset[str] = frozenset()
    kin: frozenset[str] = frozenset()
    mbus_names: frozenset[str] = frozenset()
    changes: bool = False


def rows(register: Register[R], *keys: str | None) -> Needs:
    """The need for rows of one register."""
    return Needs(rows=tuple((register, key) for key in keys if key is not None))  # type: ignore[misc]  # invariant


@dataclass(slots=True)
class Shelf:
    """The rows of one register that a batch is about; `names` are further keys of rows that are stored."""

    stored: dict[str, Record] = field(default_factory=dict)
    now: dict[str, Record | None] = field(default_factory=dict)
    keys: frozenset[str] = frozenset()
    names: dict[str, str] = field(default_factory=dict)

    def find(self, key: str) -> Record | None:
        """The row as earlier decisions left it.

        Raises: LookupError for a row that the operation did not say it needs.
        """
        if key not in self.keys:
            raise LookupError(key)
        key = self.names.get(key, key)
        return self.now[key] if key in self.now else self.stored.get(key)

    def changes(self) -> dict[str, Iterable[Record | str]]:
        """What to write: rows to insert and to update, keys to delete, each sorted."""
        touched = sorted(self.now.items())
        return {
            "delete": [key for key, row in touched if row is None and key in self.stored],
            "insert": [row for key, row in touched if row is not None and key not in self.stored],
            "update": [row for key, row in touched if row is not None and key in self.stored],
        }
