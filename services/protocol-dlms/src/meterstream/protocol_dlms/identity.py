"""Whose request it is that cannot be read: its headers say so where its value does not."""

from __future__ import annotations

from typing import Final, NamedTuple

from meterstream.contracts.catalogue import load_operations
from meterstream.contracts.operation import Operation
from meterstream.runtime.kafka import Message

_REQUEST_SUFFIX: Final = "DlmsRequest"


class Identity(NamedTuple):
    """One attempt, as far as the headers of its request tell."""

    operation: Operation
    organisation: str
    correlation_uid: str
    attempt: int
    gateway: str


def identity_of(message: Message) -> Identity | None:
    """Read from `ce_type` (<Operation>DlmsRequest), `ce_id` (organisation|uid|attempt) and the key (the gateway).

    None where one of them is missing or strange; the message still goes to the dead letters.
    """
    try:
        kind = (message.header("ce_type") or b"").decode()
        ce_id = (message.header("ce_id") or b"").decode()
        gateway = (message.key or b"").decode()
    except UnicodeDecodeError:
        return None
    operation = load_operations().get(kind.removesuffix(_REQUEST_SUFFIX)) if kind.endswith(_REQUEST_SUFFIX) else None
    command, _, attempt = ce_id.rpartition("|")
    organisation, _, correlation_uid = command.partition("|")
    if operation is None or not (organisation and correlation_uid and gateway and attempt.isdecimal()):
        return None
    return Identity(operation, organisation, correlation_uid, int(attempt), gateway)
