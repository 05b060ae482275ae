"""The one tree of failures that may cross a service boundary.

PlatformError
├── RequestRejected      the caller must change the request
│   ├── InvalidRequest       a value breaks a rule; details name field and rule
│   ├── UnknownEntity        no such organisation, device, operation, result
│   ├── NotAuthorised        this organisation may not
│   └── Conflict             contradicts what is already there
├── DeviceRefused        the meter said no; carries its data-access-result or action-result
├── LinkFailed           the meter could not be reached or went silent; later may help
├── ProtocolViolation    the meter's bytes break the protocol; the session ended
├── SecurityFailure      keys, counters or tags do not fit; never retried in haste
├── NotDone              the platform could not carry it out in time or at all
└── PlatformTrouble      our own trouble

Every concrete failure is an `ErrorCode`: a stable name, the number that SOAP clients know, a class of the tree, and
whether trying again may help. An `ErrorRecord` is what travels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import Field, ValidationError

from meterstream.contracts.base import Record


class ErrorRecord(Record):
    """A failure as it travels between services and to clients.

    `code` is stable; `number` is the functional code of the SOAP contract, None for technical failures.
    `details` are facts for the operator (field, rule, phase, attribute); never key material.
    """

    code: str
    number: int | None = None
    message: str
    component: str
    details: dict[str, str] = Field(default_factory=dict)


class PlatformError(Exception):
    """Root of every failure that may cross a service boundary."""

    component: ClassVar[str] = "UNKNOWN"

    def __init__(self, code: ErrorCode, message: str = "", **details: object) -> None:
        super().__init__(message or code.name)
        self.code = code
        self.message = message or code.name
        self.details = {name: str(value) for name, value in details.items()}

    @property
    def retryable(self) -> bool:
        """Whether trying again later may help, as far as the failure alone can tell."""
        return self.code.retryable

    def to_record(self, component: str | None = None) -> ErrorRecord:
        """The failure as a value; `component` is the part of the platform that reports it."""
        return ErrorRecord(
            code=self.code.name,
            number=self.code.number,
            message=self.message,
            component=component or self.component,
            details=self.details,
        )


class RequestRejected(PlatformError):
    """The caller must change the request."""


class InvalidRequest(RequestRejected):
    """A value breaks a rule; `details` name field and rule."""

    @classmethod
    def from_validation(cls, error: ValidationError, prefix: str = "") -> InvalidRequest:
        """Name the first field that breaks a rule, and count the others."""
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        first = problems[0]
        field = ".".join(str(part) for part in first["loc"])
        field = f"{prefix}.{field}" if prefix and field else prefix or field or "request"
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        return cls(VALIDATION_ERROR, f"{field}: {first['msg']}{more}", field=field, rule=first["msg"])


class UnknownEntity(RequestRejected):
    """No such organisation, device, operation or result."""


class NotAuthorised(RequestRejected):
    """This organisation may not do this."""


class Conflict(RequestRejected):
    """The request contradicts what is already there."""


class DeviceRefused(PlatformError):
    """The meter said no; `details` carry its data-access-result or action-result."""


class LinkFailed(PlatformError):
    """The meter could not be reached or went silent."""


class ProtocolViolation(PlatformError):
    """The meter's bytes break the protocol; the session ended."""


class SecurityFailure(PlatformError):
    """Keys, counters or tags do not fit."""


class NotDone(PlatformError):
    """The platform could not carry it out in time or at all."""


class PlatformTrouble(PlatformError):
    """Trouble of our own."""


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """A stable code; calling it makes the error: `UNKNOWN_DEVICE("no device E…", device=…)`."""

    name: str
    number: int | None
    kind: type[PlatformError]
    retryable: bool = False

    def __call__(self, message: str = "", **details: object) -> PlatformError:
        return self.kind(self, message, **details)


def _codes(kind: type[PlatformError], *, retryable: bool = False, **names: int | None) -> dict[str, ErrorCode]:
    return {name: ErrorCode(name, number, kind, retryable) for name, number in names.items()}


CODES: dict[str, ErrorCode] = {
    **_codes(
        UnknownEntity,
        UNKNOWN_ORGANISATION=101,
        UNKNOWN_DEVICE=201,
        UNKNOWN_CORRELATION_UID=405,
        UNKNOWN_OPERATION=None,
        UNKNOWN_PROTOCOL_NAME_OR_VERSION_OR_VARIANT=206,
        UNKNOWN_MANUFACTURER=501,
        UNKNOWN_DEVICEMODEL=601,
        UNKNOWN_FIRMWARE=701,
    ),
    **_codes(NotAuthorised, DISABLED_ORGANISATION=104, UNAUTHORIZED=301),
    **_codes(
        Conflict,
        EXISTING_ORGANISATION=102,
        EXISTING_DEVICE=204,
        INACTIVE_DEVICE=207,
        NO_MBUS_DEVICE_CHANNEL_FOUND=215,
        GIVEN_MBUS_DEVICE_ALREADY_COUPLED=216,
        ALL_MBUS_CHANNELS_OCCUPIED=217,
        NO_MATCHING_MBUS_DEVICE_FOUND=218,
        NO_DEVICE_FOUND_ON_CHANNEL=219,
        GATEWAY_DEVICE_NOT_SET_FOR_MBUS_DEVICE=220,
        GATEWAY_DEVICE_INVALID_FOR_MBUS_DEVICE=221,
        MBUS_DEVICE_NOT_MOVED_TO_ANOTHER_EMETER=222,
        EXISTING_DEVICE_AUTHORIZATIONS=302,
        EXISTING_MANUFACTURER=502,
        EXISTING_DEVICEMODEL_MANUFACTURER=503,
        EXISTING_DEVICEMODEL=602,
        EXISTING_DEVICE_DEVICEMODEL=603,
        EXISTING_DEVICEMODEL_FIRMWARE=604,
        EXISTING_FIRMWARE=702,
        EXISTING_FIRMWARE_DEVICEFIRMWARE=703,
        FIRMWARE_DOES_NOT_SUPPORT_DEVICE_MODEL=704,
        CORRELATION_UID_REUSED=None,
        TOO_LATE=None,
    ),
    **_codes(
        InvalidRequest,
        VALIDATION_ERROR=401,
        UNSUPPORTED_DEVICE_ACTION=407,
        INVALID_IP_ADDRESS=212,
        CHALLENGE_LENGTH_OUT_OF_RANGE=213,
        GATEWAY_DEVICE_NOT_SET_FOR_MBUS_DEVICE=220,
        GATEWAY_DEVICE_INVALID_FOR_MBUS_DEVICE=221,
        UNSUPPORTED_COMMUNICATION_SETTING=413,
        MESSAGE_TOO_LARGE=None,
        UNREADABLE_MESSAGE=None,
        UNKNOWN_SCHEMA=None,
        STALE=None,
    ),
    **_codes(
        LinkFailed,
        retryable=True,
        CONNECTION_ERROR=211,
        CONNECTION_REFUSED=225,
        CONNECTION_RESET=226,
        CONNECTION_TIMED_OUT=227,
        CONNECTION_ESTABLISH_ERROR=228,
        SOCKET_CLOSED_BY_REMOTE=229,
        RESPONSE_TIMEOUT=233,
        SESSION_PROVIDER_ERROR=419,
    ),
    **_codes(
        ProtocolViolation,
        retryable=True,
        WRAPPER_HEADER_INVALID=231,
        ILLEGAL_RESPONSE=232,
        UNKNOWN_ASSOCIATION_RESULT=234,
        LIMIT_EXCEEDED=None,
    ),
    **_codes(
        SecurityFailure,
        retryable=True,
        AUTHENTICATION_ERROR=223,
        AUTHENTICATION_REQUIRED=224,
        UNABLE_TO_DECYPHER=230,
        REPLAYED_COUNTER=None,
    ),
    **_codes(
        SecurityFailure,
        ATTEMPT_TO_LOWER_INVOCATION_COUNTER=808,
        INVALID_DLMS_KEY_FORMAT=802,
        DECRYPTION_EXCEPTION=804,
        KEY_NOT_PRESENT=806,
    ),
    **_codes(DeviceRefused, retryable=True, DEVICE_REFUSED=None, EXCEPTION_RESPONSE=None, IMAGE_NOT_TAKEN=None),
    **_codes(DeviceRefused, ERROR_RETRIEVING_ATTRIBUTE_VALUE=412, IMAGE_NOT_VERIFIED=None, IMAGE_NOT_ACTIVATED=None),
    **_codes(
        NotDone,
        OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL=416,
        UNSUPPORTED_OPERATION=None,
        MAX_SCHEDULE_TIME_EXCEEDED=417,
        OUTCOME_UNKNOWN=None,
        NO_ANSWER=None,
        CANCELLED=None,
        RESULT_TOO_LARGE=None,
        DEVICE_REMOVED=None,
        DELIVERY_FAILED=None,
        IMAGE_UNUSABLE=None,
    ),
    **_codes(
        NotDone,
        retryable=True,
        DEVICE_RECORD_BEHIND=None,
        GATEWAY_CHANGED=None,
        COUNTERS_EXHAUSTED=None,
        KEYS_UNDECIDED=None,
        IMAGE_UNAVAILABLE=None,
    ),
    **_codes(PlatformTrouble, retryable=True, NOT_READY=None, TECHNICAL_ERROR=None, TOO_MANY_REQUESTS=None),
}
"""Every code that a client can meet, by its stable name. Renaming one changes the contract."""

VALIDATION_ERROR = CODES["VALIDATION_ERROR"]


def error(name: str, message: str = "", **details: object) -> PlatformError:
    """The error of a stable code: `raise error("UNKNOWN_DEVICE", "no device E…", device="E…")`."""
    return CODES[name](message, **details)


def from_record(record: ErrorRecord) -> PlatformError:
    """The error that a record tells of; a code of a newer release stays readable as technical trouble."""
    code = CODES.get(record.code) or ErrorCode(record.code, record.number, PlatformTrouble)
    return code(record.message, **dict[str, Any](record.details))
