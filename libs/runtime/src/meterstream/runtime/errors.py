"""Failures of the runtime itself; what decides is whether the message or the surroundings are at fault."""

from __future__ import annotations


class Outage(Exception):
    """Trouble of the broker or the database: hold what there is, report not ready, try again. Never poison."""


class BrokerOutage(Outage):
    """Kafka did not take or give a message."""


class DatabaseOutage(Outage):
    """PostgreSQL was not reachable or ended the connection."""


class RegistryOutage(Outage):
    """The schema registry did not answer, or not as a registry does."""


class PoisonMessage(Exception):
    """This message can never be handled.

    Attributes:
        code: stable code of `meterstream.contracts.errors`.
        reason: one sentence for the operator; never the message's content.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason


class UnreadableMessage(PoisonMessage):
    """The bytes are no message of the contract, or break one of its rules."""

    def __init__(self, reason: str) -> None:
        super().__init__("UNREADABLE_MESSAGE", reason)


class UnknownSchema(PoisonMessage):
    """Nobody here knows the schema's fingerprint; a newer release may."""

    def __init__(self, fingerprint: bytes) -> None:
        super().__init__("UNKNOWN_SCHEMA", f"no released schema has the fingerprint {fingerprint.hex()}")
        self.fingerprint = fingerprint


class UnknownSchemaId(UnknownSchema):
    """Nobody here knows the schema's id in the registry; `fingerprint` is the id, as it was sent."""

    def __init__(self, mark: bytes) -> None:
        super().__init__(mark)
        self.reason = f"no schema with the id {int.from_bytes(mark, 'big')} is known from a registry"
        self.args = (f"{self.code}: {self.reason}",)


class MessageTooLarge(PoisonMessage):
    """The broker refuses a message of this size."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__("MESSAGE_TOO_LARGE", f"{size} bytes, the limit is {limit}")


class ConfigurationError(Exception):
    """The service cannot start like this; the message says which setting is wrong and what it must be."""


class RegistryRefused(ConfigurationError):
    """The schema registry said no: not authorised, no such schema, not compatible.

    Attributes:
        status: HTTP status.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"refused with {status}: {reason}")
        self.status = status
