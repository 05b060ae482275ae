"""Whose request it is that cannot be handled: its headers say so where its value cannot be read."""

from __future__ import annotations

from typing import Final, NamedTuple

from meterstream.contracts.catalogue import load_operations
from meterstream.contracts.operation import DlmsRequest, Operation
from meterstream.runtime.kafka import Message

_REQUEST_SUFFIX: Final = "DlmsRequest"


class Identity(NamedTuple):
    """One attempt, as far as its request can tell."""

    operation: Operation
    organisation: str
    correlation_uid: str
    attempt: int
    device_identification: str
    gateway: str

    @classmethod
    def of(cls, request: DlmsRequest) -> Identity:
        """Of a request that can be read."""
        header = request.header
        return cls(
            request.operation,
            header.organisation,
            header.correlation_uid,
            header.attempt,
            header.device_identification,
            header.gateway,
        )


def identity_of(message: Message) -> Identity | None:
    """Read from `ce_type` (<Operation>DlmsRequest), `ce_id` (organisation|uid|attempt) and the key (the gateway).

    The gateway also stands for a device behind it, which no header names. None where one of them is missing or
    strange; the message still goes to the dead letters.
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
    return Identity(operation, organisation, correlation_uid, int(attempt), gateway, gateway)
