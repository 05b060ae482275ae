"""Opening of an association: AARQ, what an AARE must be, HLS pass 3 and 4. No state."""

from __future__ import annotations

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
    DiagnosticSource,
    InitiateRequest,
    InitiateResponse,
    Mechanism,
    decode_aarq,
    decode_initiate_response,
    tags,
)
from meterstream.dlms.client.channel import Channel, refusal
from meterstream.dlms.client.config import MAX_CHALLENGE, MIN_CHALLENGE, AssociationConfig, ReceivedCounterPolicy
from meterstream.dlms.data import DataType, LogicalName, MethodRef, octet_string
from meterstream.dlms.errors import AssociationRejected, AuthenticationError, DecodeError, UnexpectedAnswer
from meterstream.dlms.security import TITLE_OCTETS, Level

REPLY_TO_HLS: Final = MethodRef(15, LogicalName.parse("0.0.40.0.0.255"), 1)

_MECHANISMS: Final = {Level.NONE: None, Level.LLS: Mechanism.LLS, Level.HLS5_GMAC: Mechanism.HLS_GMAC}


class Opened(NamedTuple):
    """What an accepted AARE brought; `server_challenge` is StoC, empty unless HLS."""

    initiate: InitiateResponse
    server_challenge: bytes


def build_aarq(config: AssociationConfig, channel: Channel, challenge: bytes) -> bytes:
    """The AARQ of `config`; uses up one counter with HLS. Raises: CountersExhausted."""
    information = InitiateRequest(config.conformance, config.max_pdu).encode()
    if config.level is Level.NONE:
        return Aarq(ApplicationContext.LOGICAL_NAMES, information).encode()
    authentication = config.password
    if config.level is Level.HLS5_GMAC:
        # With LLS the initiate-request stays plain although the context says ciphered: meters of that kind expect it.
        information = channel.seal(tags.GLO_INITIATE_REQUEST, information)
        authentication = challenge
    mechanism = _MECHANISMS[config.level]
    context = ApplicationContext.LOGICAL_NAMES_CIPHERED
    return Aarq(context, information, config.client_title, mechanism, authentication).encode()


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
    ciphered = config.level.ciphered
    expected = ApplicationContext.LOGICAL_NAMES_CIPHERED if ciphered else ApplicationContext.LOGICAL_NAMES
    if aare.context != expected:
        raise UnexpectedAnswer(f"application context {aare.context} instead of {expected}")
    information = aare.user_information
    if not information:
        raise DecodeError("AARE has no user-information")
    if error := refusal(information):
        raise error
    if ciphered:
        _learn_title(config, channel, aare.responding_title)
        if information[0] != tags.GLO_INITIATE_RESPONSE:
            raise UnexpectedAnswer("initiate-response is not ciphered")
        information = channel.unseal(information)
    server_challenge = b""
    if config.level is Level.HLS5_GMAC:
        server_challenge = aare.authentication_value or b""
        if not MIN_CHALLENGE <= len(server_challenge) <= MAX_CHALLENGE:
            raise UnexpectedAnswer(f"challenge StoC of {len(server_challenge)} bytes")
        if server_challenge == challenge:
            raise AuthenticationError("the meter sent our own challenge back")
    return Opened(decode_initiate_response(information), server_challenge)


def _learn_title(config: AssociationConfig, channel: Channel, title: bytes | None) -> None:
    if title is None or len(title) != TITLE_OCTETS:
        raise UnexpectedAnswer("AARE has no system title of 8 bytes")
    if title == config.client_title:
        # Our own APDUs and tokens, sent back, would pass for those of a meter.
        raise AuthenticationError("the meter claims the system title of the client")
    channel.server_title = title
    if config.received_counter_policy is ReceivedCounterPolicy.RISING:
        channel.last_received = config.last_received_counters.get(title, -1)


def pass_3(channel: Channel, invoke: int, server_challenge: bytes) -> bytes:
    """Frame of the ACTION that answers StoC; uses up two counters. Raises: CountersExhausted."""
    token = channel.token(server_challenge)
    return channel.request(ActionRequestNormal(invoke, REPLY_TO_HLS, octet_string(token)).encode())


def check_pass_4(channel: Channel, answer: ActionResponseNormal, challenge: bytes, counter_before: int) -> None:
    """Verifies f(CtoS); its counter may equal that of its APDU, but must be above `counter_before`, the AARE's.

    Raises: AuthenticationError.
    """
    if answer.result is not ActionResult.SUCCESS:
        raise AuthenticationError(f"the meter refused HLS pass 3: {answer.result.name}")
    data = answer.data
    if channel.cipher is None or data is None or not isinstance(data, tuple):
        raise AuthenticationError("HLS pass 4 has no token")
    if data.type is not DataType.OCTET_STRING or not isinstance(data.value, bytes):
        raise AuthenticationError(f"HLS pass 4 is {data.type.name} instead of an octet-string")
    counter = channel.cipher.verify_token(data.value, channel.server_title, challenge)
    if counter <= counter_before:
        raise AuthenticationError(f"counter {counter} of HLS pass 4 is not above {counter_before}")
    channel.last_received = max(channel.last_received, counter)


def without_password(aarq: bytes) -> bytes:
    """An AARQ of the same length with its calling-authentication-value blanked; fit for a trace."""
    request = decode_aarq(aarq)
    blank = b"*" * len(request.authentication_value or b"")
    return replace(request, authentication_value=blank).encode()
