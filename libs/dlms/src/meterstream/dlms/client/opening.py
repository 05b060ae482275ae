"""Opening of an association: AARQ, what an AARE must be, HLS pass 3 and 4. No state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, NamedTuple

from meterstream.dlms.apdu import (
    Aare,
    Aarq,
    ActionRequestNormal,
    ActionResponseNormal,
    ActionResult,
    ApplicationContext,
    AssociationResult,
    Conformance,
    DiagnosticSource,
    InitiateRequest,
    InitiateResponse,
    decode_aarq,
    decode_action_request,
    decode_get_request,
    decode_initiate_response,
    decode_set_request,
    tags,
)
from meterstream.dlms.client.channel import Channel, refusal
from meterstream.dlms.client.config import AssociationConfig
from meterstream.dlms.data import DEFAULT_LIMITS, DataLimits, DataType, LogicalName, MethodRef, octet_string
from meterstream.dlms.errors import (
    AssociationRejected,
    AuthenticationError,
    DecodeError,
    LimitExceeded,
    UnexpectedAnswer,
)
from meterstream.dlms.security import TITLE_OCTETS, Level, Proof, challenge_bounds

REPLY_TO_HLS: Final = MethodRef(15, LogicalName.parse("0.0.40.0.0.255"), 1)


_REQUESTS: Final[dict[int, Callable[[bytes, DataLimits], object]]] = {
    tags.GET_REQUEST: decode_get_request,
    tags.SET_REQUEST: decode_set_request,
    tags.ACTION_REQUEST: decode_action_request,
}


class Opened(NamedTuple):
    """What an accepted AARE brought; `server_challenge` is StoC, empty unless HLS."""

    initiate: InitiateResponse
    server_challenge: bytes


def build_aarq(config: AssociationConfig, channel: Channel, challenge: bytes) -> bytes:
    """The AARQ of `config`; uses up one counter with ciphering and HLS. Raises: CountersExhausted."""
    level, dedicated = config.level, channel.dedicated_key
    information = InitiateRequest(config.conformance, config.max_pdu, dedicated).encode()
    if level is Level.NONE:
        return Aarq(ApplicationContext.LOGICAL_NAMES, information).encode()
    authentication = config.password
    if level is not Level.LLS:
        authentication = challenge
    if config.ciphered and (level is not Level.LLS or dedicated is not None):
        # With LLS the initiate-request stays plain although the context says ciphered: meters of that kind expect it.
        information = channel.seal_initiate(information)
    context = ApplicationContext.LOGICAL_NAMES_CIPHERED if config.ciphered else ApplicationContext.LOGICAL_NAMES
    return Aarq(context, information, config.client_title, level.mechanism, authentication).encode()


def open_aare(config: AssociationConfig, channel: Channel, aare: Aare, challenge: bytes) -> Opened:
    """Checks an AARE; `channel` knows the meter's title and counter afterwards.

    The result decides first: what else a rejecting AARE says (context, ciphered information) is not looked at.
    The diagnostic of an accepted one is not either: meters say 0 and expect HLS all the same.
    Raises: AssociationRejected, ConfirmedServiceError, UnexpectedAnswer, AuthenticationError, DecodeError,
    DecipherError, ReplayError.
    """
    if aare.result != AssociationResult.ACCEPTED:
        source = "user" if aare.source == DiagnosticSource.USER else "provider"
        raise AssociationRejected(aare.result, source, aare.diagnostic)
    ciphered, level = config.ciphered, config.level
    expected = ApplicationContext.LOGICAL_NAMES_CIPHERED if ciphered else ApplicationContext.LOGICAL_NAMES
    if aare.context != expected:
        raise UnexpectedAnswer(f"application context {aare.context} instead of {expected}")
    information = aare.user_information
    if not information:
        raise DecodeError("AARE has no user-information")
    if error := refusal(information):
        raise error
    if ciphered or level.needs_titles:
        _learn_title(config, channel, aare.responding_title)
    initiate = decode_initiate_response(channel.open_initiate(information) if ciphered else information)
    if config.general and not initiate.conformance & Conformance.GENERAL_PROTECTION:
        raise UnexpectedAnswer("the meter does not grant general protection")
    if channel.protector is not None:
        channel.negotiated()
    if not level.hls:
        channel.established()
        return Opened(initiate, b"")
    server_challenge = aare.authentication_value or b""
    if len(server_challenge) not in challenge_bounds(level):
        raise UnexpectedAnswer(f"challenge StoC of {len(server_challenge)} bytes")
    if server_challenge == challenge:
        raise AuthenticationError("the meter sent our own challenge back")
    if level is Level.HLS5_GMAC and _is_request(server_challenge):
        raise AuthenticationError("the challenge StoC is a request")
    return Opened(initiate, server_challenge)


def _is_request(challenge: bytes) -> bool:
    """Whether a challenge would do as a request: f(StoC) is what protects a request that is authenticated only.

    StoC travels in clear, so anybody on the line could choose it, and send the request with our token for a tag.
    """
    decode = _REQUESTS.get(challenge[0])
    if decode is None:
        return False
    try:
        decode(challenge, DEFAULT_LIMITS)
    except (DecodeError, LimitExceeded):
        return False
    return True


def _learn_title(config: AssociationConfig, channel: Channel, title: bytes | None) -> None:
    if title is None or len(title) != TITLE_OCTETS:
        raise UnexpectedAnswer("AARE has no system title of 8 bytes")
    if title == config.client_title:
        # Our own APDUs and tokens, sent back, would pass for those of a meter.
        raise AuthenticationError("the meter claims the system title of the client")
    channel.learn_title(title)


def pass_3(
    config: AssociationConfig, channel: Channel, invoke: int, challenge: bytes, server_challenge: bytes
) -> bytes:
    """Frame of the ACTION that answers StoC; uses up a counter for the token of HLS 5, and one where it is ciphered.

    Raises: CountersExhausted.
    """
    if config.level is Level.HLS5_GMAC:
        token = channel.token(server_challenge)
    else:
        title = config.client_title or b""
        token = _proof(config).make(server_challenge, challenge, title, channel.server_title)
    return channel.request(ActionRequestNormal(invoke, REPLY_TO_HLS, octet_string(token)).encode())


def check_pass_4(
    config: AssociationConfig,
    channel: Channel,
    answer: ActionResponseNormal,
    challenge: bytes,
    server_challenge: bytes,
    counter_before: int,
) -> None:
    """Verifies f(CtoS).

    The counter in that of HLS 5 may equal that of its APDU, but must be above `counter_before`, the AARE's.
    Raises: AuthenticationError.
    """
    if answer.result is not ActionResult.SUCCESS:
        raise AuthenticationError(f"the meter refused HLS pass 3: {answer.result.name}")
    data = answer.data
    if data is None or not isinstance(data, tuple):
        raise AuthenticationError("HLS pass 4 has no token")
    if data.type is not DataType.OCTET_STRING or not isinstance(data.value, bytes):
        raise AuthenticationError(f"HLS pass 4 is {data.type.name} instead of an octet-string")
    if config.level is Level.HLS5_GMAC:
        counter = channel.verify_token(data.value, challenge)
        if counter <= counter_before:
            raise AuthenticationError(f"counter {counter} of HLS pass 4 is not above {counter_before}")
        channel.last_received = max(channel.last_received, counter)
    else:
        title = config.client_title or b""
        _proof(config).check(data.value, challenge, server_challenge, title, channel.server_title)
    channel.established()


def _proof(config: AssociationConfig) -> Proof:
    return Proof(config.level, config.password, config.asymmetric)


def without_password(aarq: bytes) -> bytes:
    """An AARQ of the same length with its calling-authentication-value blanked; fit for a trace."""
    request = decode_aarq(aarq)
    blank = b"*" * len(request.authentication_value or b"")
    return replace(request, authentication_value=blank).encode()
