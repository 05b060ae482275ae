"""Every failure this library raises: one class per decision a caller can take.

DlmsError
├── LocalError               we asked for something impossible; nothing was sent
│   ├── ConfigurationError       association settings that contradict each other
│   ├── ChallengeLengthError     CtoS outside 8..64 bytes
│   ├── CountersExhausted        no invocation counter left under this key
│   ├── EncodeError              a value does not fit its COSEM type
│   ├── PduTooLarge              request larger than the peer accepts
│   ├── AssociationStateError    request in a phase that does not allow it
│   └── HdlcStateError           the same of an HDLC link
├── PeerError                the peer broke the protocol; the session is over
│   ├── FrameError               wrapper header
│   ├── HdlcFrameError           octets that are no HDLC frame
│   ├── HdlcProtocolError        an HDLC frame that breaks a rule
│   ├── HdlcFrameRejected        the peer says so of ours (FRMR)
│   ├── HdlcRefused              DM instead of UA: no connection
│   ├── DecodeError              APDU or data that no rule of the standard produces
│   │   └── ProfileBufferError       a buffer that does not match its columns
│   ├── UnexpectedAnswer         other service, tag or invoke id than asked
│   ├── TransferAborted          a general block transfer that the peer ended, or that brings nothing new
│   └── LimitExceeded            more bytes, blocks, values or levels than allowed
├── SecurityError            stop and look: a key or a counter may be at risk; the session is over
│   ├── DecipherError            tag, security control or key wrong
│   ├── ReplayError              invocation counter of the peer did not rise
│   └── AuthenticationError      HLS pass 3 refused, or pass 4 missing or wrong
├── AssociationRejected      AARE with result 1 or 2
├── ExceptionResponse        the meter will not serve this request in its present state
├── ConfirmedServiceError    the older form of the same
├── AccessError              the meter served the request and said no
└── LinkError                no bytes; the asyncio adapter raises these, an HDLC link tells its own in an event
    ├── ConnectFailed            see ConnectFailure
    ├── LinkClosed               closed without an answer: keys, counter or client?
    ├── LinkReset
    ├── ResponseTimeout
    ├── HdlcNoAnswer             all repetitions and polls used up
    └── HdlcDisconnected         DM in the middle: the server has no connection any more
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from meterstream.dlms.apdu.results import ActionResult, DataAccessResult


class DlmsError(Exception):
    """Root of the tree; `code` is stable and goes to operators, the text may change."""

    code: ClassVar[str] = "DLMS_ERROR"


class LocalError(DlmsError):
    code = "LOCAL_ERROR"


class ConfigurationError(LocalError):
    code = "ASSOCIATION_CONFIGURATION"


class ChallengeLengthError(LocalError):
    code = "CHALLENGE_LENGTH_OUT_OF_RANGE"


class CountersExhausted(LocalError):
    code = "INVOCATION_COUNTERS_EXHAUSTED"


class EncodeError(LocalError):
    code = "VALUE_NOT_ENCODABLE"


class PduTooLarge(LocalError):
    code = "PDU_TOO_LARGE"


class AssociationStateError(LocalError):
    code = "ASSOCIATION_STATE"


class HdlcStateError(LocalError):
    code = "HDLC_LINK_STATE"


class PeerError(DlmsError):
    code = "PEER_ERROR"


class FrameError(PeerError):
    code = "WRAPPER_HEADER_INVALID"


class HdlcFrameError(PeerError):
    code = "HDLC_FRAME_INVALID"


class HdlcProtocolError(PeerError):
    """An HDLC frame with correct checks that breaks a rule.

    Attributes:
        reason: bits of a FRMR: 1 unknown control field, 2 information not allowed, 4 information too long,
            8 N(R) out of range; 0 where the rule is another one (LLC header, parameters).
    Source: ISO/IEC 13239, FRMR response.
    """

    code = "HDLC_PROTOCOL_ERROR"

    def __init__(self, message: str, reason: int = 0) -> None:
        super().__init__(message)
        self.reason = reason


class HdlcFrameRejected(PeerError):
    """A FRMR of the server; `control` is the rejected control field, `reason` as in HdlcProtocolError.

    Both are None when the FRMR does not tell.
    """

    code = "HDLC_FRAME_REJECTED"

    def __init__(self, message: str, control: int | None = None, reason: int | None = None) -> None:
        super().__init__(message)
        self.control = control
        self.reason = reason


class HdlcRefused(PeerError):
    code = "HDLC_CONNECTION_REFUSED"


class DecodeError(PeerError):
    code = "MALFORMED_APDU"


class ProfileBufferError(DecodeError):
    """The buffer of a profile is no table of its capture objects.

    Attributes:
        row, column: where, from 0; None when it is the buffer, or the row, as a whole.
    """

    code = "MALFORMED_PROFILE_BUFFER"

    def __init__(self, message: str, row: int | None = None, column: int | None = None) -> None:
        places = [f"{name} {place}" for name, place in (("row", row), ("column", column)) if place is not None]
        super().__init__(": ".join((", ".join(places) or "buffer", message)))
        self.row = row
        self.column = column


class UnexpectedAnswer(PeerError):
    code = "ILLEGAL_RESPONSE"


class TransferAborted(PeerError):
    code = "BLOCK_TRANSFER_ABORTED"


class LimitExceeded(PeerError):
    code = "LIMIT_EXCEEDED"


class SecurityError(DlmsError):
    code = "SECURITY_ERROR"


class DecipherError(SecurityError):
    code = "UNABLE_TO_DECYPHER"


class ReplayError(SecurityError):
    code = "RECEIVED_COUNTER_NOT_RISING"


class AuthenticationError(SecurityError):
    code = "AUTHENTICATION_ERROR"


class AssociationRejected(DlmsError):
    """The meter refused the AARQ.

    Attributes:
        result: 1 rejected-permanent, 2 rejected-transient.
        source: "user" (acse-service-user) or "provider".
        diagnostic: e.g. user/2 context name, user/11 mechanism not recognised, user/13 authentication failure.
    Source: ISO/IEC 8650-1, Associate-source-diagnostic; IEC 62056-5-3.
    """

    code = "ASSOCIATION_REJECTED"

    def __init__(self, result: int, source: str, diagnostic: int) -> None:
        super().__init__(f"association rejected: result {result}, {source} diagnostic {diagnostic}")
        self.result = result
        self.source = source
        self.diagnostic = diagnostic


class ExceptionResponse(DlmsError):
    """An exception-response APDU (tag D8).

    Attributes:
        state_error: 1 service not allowed, 2 service unknown.
        service_error: 1 operation not possible, 2 service not supported, 3 other reason, 4 PDU too long,
            5 deciphering error, 6 invocation counter error.
        invocation_counter: the counter the meter names with service error 6, else None.
        ciphered: False inside a ciphered association means that anybody on the line may have sent it.
    """

    code = "EXCEPTION_RESPONSE"

    def __init__(self, state_error: int, service_error: int, invocation_counter: int | None, *, ciphered: bool) -> None:
        form = "ciphered" if ciphered else "plain"
        super().__init__(f"exception-response ({form}): state error {state_error}, service error {service_error}")
        self.state_error = state_error
        self.service_error = service_error
        self.invocation_counter = invocation_counter
        self.ciphered = ciphered


class ConfirmedServiceError(DlmsError):
    """A confirmed-service-error APDU (tag 0E): service (1 initiate, 5 read, 6 write), error choice and its value."""

    code = "CONFIRMED_SERVICE_ERROR"

    def __init__(self, service: int, error: int, value: int) -> None:
        super().__init__(f"confirmed-service-error: service {service}, error {error}, value {value}")
        self.service = service
        self.error = error
        self.value = value


class AccessError(DlmsError):
    """The meter answered a single GET, SET or ACTION with a result other than success."""

    code = "ACCESS_REFUSED"

    def __init__(self, result: DataAccessResult | ActionResult) -> None:
        super().__init__(result.name)
        self.result = result


class LinkError(DlmsError):
    code = "LINK_ERROR"


class ConnectFailure(StrEnum):
    """Why a connection was never there; the values are stable like `code`."""

    REFUSED = "CONNECTION_REFUSED"
    TIMED_OUT = "CONNECTION_TIMED_OUT"
    UNREACHABLE = "CONNECTION_ESTABLISH_ERROR"
    UNKNOWN_HOST = "UNKNOWN_HOST"


class ConnectFailed(LinkError):
    code = "CONNECT_FAILED"

    def __init__(self, subcode: ConnectFailure, message: str) -> None:
        super().__init__(message)
        self.subcode = subcode


class LinkClosed(LinkError):
    code = "CLOSED_WITHOUT_ANSWER"


class LinkReset(LinkError):
    code = "CONNECTION_RESET"


class ResponseTimeout(LinkError):
    code = "RESPONSE_TIMEOUT"


class HdlcNoAnswer(LinkError):
    code = "HDLC_NO_ANSWER"


class HdlcDisconnected(LinkError):
    code = "HDLC_DISCONNECTED"
