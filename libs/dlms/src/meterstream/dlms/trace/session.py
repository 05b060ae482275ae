"""What the parts of a trace share while it is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from meterstream.dlms.security import SecurityKeys
from meterstream.dlms.trace.cursor import Cursor
from meterstream.dlms.trace.lines import Lines
from meterstream.dlms.trace.model import Asked, Ref, Service, TraceContext

_INVOKE_ID = 0x0F
_RESERVED = 0x30
_CONFIRMED = 0x40
_HIGH_PRIORITY = 0x80


@dataclass(slots=True)
class Tracer:
    """Lines, keys and context of one description.

    Attributes:
        body: describes the APDU that a cursor holds; ciphered and nested APDUs come back to it.
    """

    lines: Lines
    keys: SecurityKeys | None
    context: TraceContext
    body: Callable[[Tracer, Cursor], None]

    def ask(self, service: Service, invoke: int, refs: tuple[Ref, ...]) -> None:
        """Remember what a request is about."""
        self.context = replace(self.context, asked=Asked(service, invoke & _INVOKE_ID, refs))

    def asked(self, service: Service, invoke: int) -> tuple[Ref, ...] | None:
        """What the request with this invoke id was about; None when it was not seen."""
        asked = self.context.asked
        if asked is None or (asked.service, asked.invoke_id) != (service, invoke & _INVOKE_ID):
            return None
        return asked.refs

    def learn_dedicated_key(self, key: bytes | None, *, opened: bool) -> None:
        """Keep the dedicated key of an initiate-request that was opened with keys, to open what follows."""
        if opened and self.keys is not None:
            self.context = replace(self.context, dedicated_key=key)

    def answered(self) -> None:
        """Forget the request: its answer is complete."""
        self.context = replace(self.context, asked=None)

    def invoke(self, cursor: Cursor) -> int:
        """Invoke-id-and-priority (IEC 62056-5-3, clause 8.3)."""
        octet = cursor.octet("invoke-id-and-priority")
        kind = "confirmed" if octet & _CONFIRMED else "unconfirmed"
        priority = "high" if octet & _HIGH_PRIORITY else "normal"
        reserved = f", reserved bits {octet & _RESERVED:02X}" if octet & _RESERVED else ""
        self.lines.add(f"invoke id {octet & _INVOKE_ID}, {kind}, {priority} priority{reserved}")
        return octet
