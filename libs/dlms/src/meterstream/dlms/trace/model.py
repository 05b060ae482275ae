"""What goes into a trace and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Final, NamedTuple

from meterstream.dlms.data import AttributeRef, MethodRef
from meterstream.dlms.errors import DecodeError

Ref = AttributeRef | MethodRef


class Service(Enum):
    """Services whose answers do not say what they answer."""

    GET = "get"
    SET = "set"
    ACTION = "action"
    ACCESS = "access"


@dataclass(frozen=True, slots=True)
class TraceLimits:
    """Bounds on a trace.

    Attributes:
        lines: lines of text, those about errors and omissions included; at least 3.
        width: characters of a line; at least 40.
        shown_octets: octets of one string that are shown; its length is always told.
        input_octets: octets that are read; more than these are an error.
    Raises: ValueError for a bound below its minimum.
    """

    lines: int = 400
    width: int = 160
    shown_octets: int = 32
    input_octets: int = 4 * 0x10007

    def __post_init__(self) -> None:
        if self.lines < 3 or self.width < 40 or self.shown_octets < 1 or self.input_octets < 1:
            raise ValueError("a trace needs 3 lines, 40 characters and 1 octet at least")


DEFAULT_TRACE_LIMITS: Final = TraceLimits()


class Asked(NamedTuple):
    """The request whose answer is to come: service, invoke id (0..15), what it is about in order."""

    service: Service
    invoke_id: int
    refs: tuple[Ref, ...]


@dataclass(frozen=True, slots=True)
class TraceContext:
    """What earlier octets of the same session tell about later ones; its repr shows no secret.

    Attributes:
        client_title: system title of the client, 8 octets, from the AARQ; needed to open what the client ciphered.
        server_title: the same of the meter, from the AARE.
        asked: the request that waits for an answer; without it strings in an answer are masked.
        dedicated_key: of an initiate-request that was opened with given keys; None otherwise.
    """

    client_title: bytes | None = None
    server_title: bytes | None = None
    asked: Asked | None = None
    dedicated_key: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Fault:
    """The first rule that the octets break.

    Attributes:
        offset: octets before the place, counted from the start of what was described or, when `opened`, of the
            APDU that was deciphered.
        rule: a sentence; never octets of a masked value.
        code: of the error tree.
    """

    offset: int
    rule: str
    code: str
    opened: bool = False

    def __str__(self) -> str:
        inside = " of the opened APDU" if self.opened else ""
        return f"error at offset {self.offset}{inside}: {self.rule} [{self.code}]"


@dataclass(frozen=True, slots=True)
class Trace:
    """A description.

    Attributes:
        lines: printable text, bounded by the limits.
        error: the first fault, which the lines tell too; None when every rule holds.
        context: what to pass along with the next octets of the same session.
    """

    lines: tuple[str, ...]
    error: Fault | None
    context: TraceContext

    @property
    def text(self) -> str:
        """The lines, joined by line feeds."""
        return "\n".join(self.lines)


class Broken(DecodeError):
    """A fault on its way to the trace; never leaves this package."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault
