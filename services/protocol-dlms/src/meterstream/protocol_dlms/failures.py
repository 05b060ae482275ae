"""Failures of the DLMS core in the words of the platform's error tree, as operators know them."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path
from typing import Final

from meterstream.contracts.errors import PlatformError, error
from meterstream.dlms import errors as dlms
from meterstream.dlms.data import AttributeRef, MethodRef
from meterstream.dlms.objects import ChannelError, UnknownObjectError, UnknownProfileError
from meterstream.protocol_dlms.executor import AccessRefused

log = logging.getLogger(__name__)

COMPONENT: Final = "PROTOCOL_DLMS"

_CODES: Final[dict[type[dlms.DlmsError], str]] = {
    dlms.ChallengeLengthError: "CHALLENGE_LENGTH_OUT_OF_RANGE",
    dlms.ConfigurationError: "UNSUPPORTED_COMMUNICATION_SETTING",
    dlms.CountersExhausted: "COUNTERS_EXHAUSTED",
    dlms.PduTooLarge: "MESSAGE_TOO_LARGE",
    dlms.FrameError: "WRAPPER_HEADER_INVALID",
    dlms.LimitExceeded: "LIMIT_EXCEEDED",
    dlms.PeerError: "ILLEGAL_RESPONSE",
    dlms.DecipherError: "UNABLE_TO_DECYPHER",
    dlms.ReplayError: "REPLAYED_COUNTER",
    dlms.SecurityError: "AUTHENTICATION_ERROR",
    dlms.LinkClosed: "SOCKET_CLOSED_BY_REMOTE",
    dlms.LinkReset: "CONNECTION_RESET",
    dlms.ResponseTimeout: "RESPONSE_TIMEOUT",
    dlms.LinkError: "CONNECTION_ERROR",
    UnknownProfileError: "UNKNOWN_PROTOCOL_NAME_OR_VERSION_OR_VARIANT",
    UnknownObjectError: "OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL",
    ChannelError: "GATEWAY_CHANGED",
    dlms.DlmsError: "TECHNICAL_ERROR",
}

_CONNECT_CODES: Final = {
    dlms.ConnectFailure.REFUSED: "CONNECTION_REFUSED",
    dlms.ConnectFailure.TIMED_OUT: "CONNECTION_TIMED_OUT",
    dlms.ConnectFailure.UNREACHABLE: "CONNECTION_ESTABLISH_ERROR",
    dlms.ConnectFailure.UNKNOWN_HOST: "TECHNICAL_ERROR",  # as clients know it: no connection error
}

# Associate-source-diagnostic of the service user (IEC 62056-5-3): 11 mechanism not recognised, 12 mechanism required,
# 13 authentication failure, 14 authentication required.
_USER_DIAGNOSTICS: Final = {
    11: "AUTHENTICATION_ERROR",
    12: "AUTHENTICATION_ERROR",
    13: "AUTHENTICATION_ERROR",
    14: "AUTHENTICATION_REQUIRED",
}


def translate(failure: dlms.DlmsError, target: AttributeRef | MethodRef | None = None) -> PlatformError:
    """The same failure as a PlatformError; `target` is what was asked for."""
    match failure:
        case dlms.AccessError() if target is not None:
            return AccessRefused(failure.result, target)
        case dlms.ConnectFailed():
            return error(_CONNECT_CODES[failure.subcode], str(failure), phase="connect")
        case dlms.AssociationRejected():
            return _rejected(failure)
        case dlms.ExceptionResponse() | dlms.ConfirmedServiceError():
            return error("EXCEPTION_RESPONSE", str(failure), **_facts(failure, target))
    code = next(_CODES[kind] for kind in type(failure).__mro__ if kind in _CODES)
    return error(code, str(failure) or failure.code, **_facts(failure, target))


def as_platform_error(raised: Exception) -> PlatformError:
    """The failure itself, or technical trouble for a mistake of ours.

    That is named by its kind and place alone, in the log too: its text may hold what the meter or the request said.
    """
    if isinstance(raised, PlatformError):
        return raised
    frames = traceback.extract_tb(raised.__traceback__)[-3:]
    places = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    log.error("unexpected %s", type(raised).__name__, extra={"places": places})
    return error("TECHNICAL_ERROR", f"unexpected {type(raised).__name__}", cause=type(raised).__name__)


def _facts(failure: dlms.DlmsError, target: AttributeRef | MethodRef | None) -> dict[str, str]:
    facts = {"cause": failure.code}
    if target is not None:
        facts["target"] = str(target)
    return facts


def _rejected(failure: dlms.AssociationRejected) -> PlatformError:
    facts = {"result": failure.result, "source": failure.source, "diagnostic": failure.diagnostic}
    if failure.result not in (1, 2):
        code = "UNKNOWN_ASSOCIATION_RESULT"
    elif failure.source == "user":
        code = _USER_DIAGNOSTICS.get(failure.diagnostic, "CONNECTION_ERROR")
    else:
        code = "CONNECTION_ERROR"
    return error(code, str(failure), phase="association", **facts)
