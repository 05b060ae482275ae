"""Confluent's wire format: 00, the schema's id in the registry (4 octets, big-endian), the Avro body.

The body is that of the single-object encoding, so one becomes the other by its first octets. Translation is done where
messages enter and leave: what is decoded, stored or carried inside another message is single-object encoding always,
and a database can be read without the registry.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import cache
from typing import Final

FRAME: Final = b"\0"
FRAME_BYTES: Final = 5
SINGLE_OBJECT: Final = b"\xc3\x01"
SINGLE_OBJECT_BYTES: Final = 10
LARGEST_ID: Final = 2**31 - 1


class SchemaIds:
    """Which id of the registry stands for which fingerprint (CRC-64-AVRO, 8 octets).

    Ids of released schemas are kept for good. Those that strangers' messages brought up are bounded by `bound`: the
    one that was not used for longest goes first.
    """

    def __init__(self, bound: int = 1000) -> None:
        self._bound = bound
        self._ids: dict[bytes, int] = {}
        self._released: dict[int, bytes] = {}
        self._learnt: OrderedDict[int, bytes] = OrderedDict()

    def __len__(self) -> int:
        return len(self._released) + len(self._learnt)

    def release(self, schema_id: int, fingerprint: bytes) -> None:
        """A released schema has this id; it is written with it from now on."""
        self._ids[fingerprint] = schema_id
        self._released[schema_id] = fingerprint

    def learn(self, schema_id: int, fingerprint: bytes) -> None:
        """Some schema of the registry has this id."""
        self._learnt[schema_id] = fingerprint
        self._learnt.move_to_end(schema_id)
        while len(self._learnt) > self._bound:
            self._learnt.popitem(last=False)

    def fingerprint(self, schema_id: int) -> bytes | None:
        """The fingerprint of an id, None where nobody has told it."""
        found = self._released.get(schema_id)
        if found is None and (found := self._learnt.get(schema_id)) is not None:
            self._learnt.move_to_end(schema_id)
        return found

    def unknown(self, value: bytes | None) -> int | None:
        """The id in a framed value, where its fingerprint is not known; else None."""
        schema_id = id_in(value)
        return None if schema_id is None or self.fingerprint(schema_id) is not None else schema_id

    def single_object(self, value: bytes) -> bytes:
        """The value in single-object encoding; as it is where it has no frame, or one of an unknown id."""
        schema_id = id_in(value)
        fingerprint = None if schema_id is None else self.fingerprint(schema_id)
        return value if fingerprint is None else SINGLE_OBJECT + fingerprint + value[FRAME_BYTES:]

    def framed(self, value: bytes) -> bytes:
        """The value in Confluent's wire format; as it is where it is no single object of a released schema."""
        if value[:2] != SINGLE_OBJECT:
            return value
        schema_id = self._ids.get(value[2:SINGLE_OBJECT_BYTES])
        return value if schema_id is None else FRAME + schema_id.to_bytes(4, "big") + value[SINGLE_OBJECT_BYTES:]


def id_in(value: bytes | None) -> int | None:
    """The id in a value of Confluent's wire format; None in any other value."""
    if value is None or len(value) < FRAME_BYTES or value[:1] != FRAME:
        return None
    return int.from_bytes(value[1:FRAME_BYTES], "big")


@cache
def shared_ids() -> SchemaIds:
    """The ids of this process; filled when a service compares topics and schemas at start."""
    return SchemaIds()


def schema_mark(value: bytes) -> bytes:
    """The octets that name a value's schema: the registry's id, or the fingerprint."""
    return value[1:FRAME_BYTES] if value[:1] == FRAME else value[2:SINGLE_OBJECT_BYTES]
