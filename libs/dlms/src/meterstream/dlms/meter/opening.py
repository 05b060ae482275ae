"""What a meter makes of an AARQ: its verdict, and the AARE that tells it. No state but the counters it moves."""

from __future__ import annotations

from collections.abc import Callable
from hmac import compare_digest
from typing import Final

from meterstream.dlms.apdu import (
    Aare,
    Aarq,
    ApplicationContext,
    AssociationResult,
    Conformance,
    InitiateRequest,
    InitiateResponse,
    UserDiagnostic,
    decode_initiate_request,
    tags,
)
from meterstream.dlms.errors import DecipherError, ReplayError
from meterstream.dlms.meter.policy import ClientAccess, Habits, MeterSecurity
from meterstream.dlms.meter.protection import SpecialProtection
from meterstream.dlms.security import TITLE_OCTETS, Level, Protection, Suite0, challenge_bounds, protected_counter

_PLAIN_INITIATE: Final = bytes((tags.INITIATE_REQUEST,))
_MAX_DRAWS: Final = 3


def fault_of(aarq: Aarq, access: ClientAccess, security: MeterSecurity, habits: Habits) -> UserDiagnostic | None:
    """Why the AARQ must be rejected, from what it says in clear; None when nothing is wrong."""
    level = access.level
    expected = ApplicationContext.LOGICAL_NAMES_CIPHERED if access.ciphered else ApplicationContext.LOGICAL_NAMES
    if aarq.context != expected:
        return UserDiagnostic.CONTEXT_NAME_NOT_SUPPORTED
    if level is Level.NONE:
        return None if not aarq.mechanism else UserDiagnostic.MECHANISM_NAME_NOT_RECOGNISED
    if aarq.mechanism is None:
        return UserDiagnostic.MECHANISM_NAME_REQUIRED
    if aarq.mechanism != level.mechanism:
        return UserDiagnostic.MECHANISM_NAME_NOT_RECOGNISED
    value = aarq.authentication_value or b""
    if level is Level.LLS:
        fits = access.password is not None and compare_digest(value, access.password)
    else:
        bounds = challenge_bounds(level)
        fits = len(value) in bounds and len(value) <= max(habits.max_challenge, bounds[0])
    title = aarq.calling_title
    if title is None and not access.ciphered and not level.needs_titles:
        return None if fits else UserDiagnostic.AUTHENTICATION_FAILURE
    # With the meter's own title its own APDUs, sent back, would pass for those of a client.
    if not fits or title is None or len(title) != TITLE_OCTETS or title == security.system_title:
        return UserDiagnostic.AUTHENTICATION_FAILURE
    return None


def draw_challenge(security: MeterSecurity, client_challenge: bytes) -> bytes:
    """StoC, as long as CtoS and never the same: its answer would be known. Raises: DecipherError (no randomness)."""
    for _ in range(_MAX_DRAWS):
        challenge = security.challenge(len(client_challenge))
        if challenge != client_challenge:
            return challenge
    raise DecipherError("the challenge StoC is that of the client, again and again")


def open_request(
    aarq: Aarq, access: ClientAccess, cipher: Suite0 | None, special: SpecialProtection | None
) -> tuple[InitiateRequest, int]:
    """The initiate-request and the counter that protected it, -1 where it is plain (no security, LLS).

    A dedicated key in it is in use afterwards; `special` has to be given for that.
    Raises: DecipherError, ReplayError, DecodeError.
    """
    information = aarq.user_information
    plain = information[:1] == _PLAIN_INITIATE
    if (cipher is None and special is None) or (plain and (access.level is Level.LLS or not access.policy.request)):
        initiate = decode_initiate_request(information)
        if initiate.dedicated_key is not None and access.ciphered:
            raise DecipherError("dedicated key in clear")
        return initiate, -1
    if special is not None:
        if not information:
            raise DecipherError("initiate-request is not ciphered")
        opened = special.open_initiate(information)
        initiate = decode_initiate_request(opened.plaintext)
        if initiate.dedicated_key is not None:
            if not opened.form.protection & Protection.ENCRYPTED:
                raise DecipherError("dedicated key in clear")
            special.use_dedicated_key(initiate.dedicated_key)
        return initiate, -1 if opened.counter is None else opened.counter
    if cipher is None or information[:1] != bytes((tags.GLO_INITIATE_REQUEST,)):
        raise DecipherError("initiate-request is not ciphered")
    counter, plaintext = unseal(access, cipher, aarq.calling_title or b"", information)
    return decode_initiate_request(plaintext), counter


def unseal(access: ClientAccess, cipher: Suite0, title: bytes, apdu: bytes) -> tuple[int, bytes]:
    """(counter, plaintext) of a protected APDU of the client; its counter is remembered.

    Raises: ReplayError, DecipherError.
    """
    counter = protected_counter(apdu)
    if not access.accepts(counter):
        raise ReplayError(f"counter {counter} of the client is not above {access.last_client_counter}")
    opened = cipher.unseal(apdu, title)
    access.advance(counter)
    return opened


def accepting_aare(
    access: ClientAccess,
    security: MeterSecurity,
    habits: Habits,
    seal: Callable[[bytes], bytes],
    granted: Conformance,
    server_challenge: bytes,
) -> bytes:
    """AARE with result accepted; `seal` protects the initiate-response where that is to be."""
    information = initiate_response(habits, seal, granted)
    level = access.level
    if level is Level.NONE:
        return Aare(
            ApplicationContext.LOGICAL_NAMES,
            AssociationResult.ACCEPTED,
            UserDiagnostic.NULL,
            user_information=information,
            protocol_version=habits.protocol_version_in_aare,
        ).encode()
    ciphered, hls = access.ciphered, level is not Level.LLS
    return Aare(
        ApplicationContext.LOGICAL_NAMES_CIPHERED if ciphered else ApplicationContext.LOGICAL_NAMES,
        AssociationResult.ACCEPTED,
        habits.hls_diagnostic if hls else UserDiagnostic.NULL,
        responding_title=security.system_title,
        mechanism=level.mechanism if habits.mechanism_in_aare else None,
        authentication_value=server_challenge if hls else None,
        user_information=information,
        protocol_version=habits.protocol_version_in_aare,
    ).encode()


def rejecting_aare(diagnostic: UserDiagnostic, habits: Habits, seal: Callable[[bytes], bytes], context: int) -> bytes:
    information: bytes | None = None
    if habits.reject_with_information:
        context = ApplicationContext.LOGICAL_NAMES
        information = initiate_response(habits, seal, habits.conformance)
    return Aare(
        context,
        AssociationResult.REJECTED_PERMANENT,
        diagnostic,
        user_information=information,
        protocol_version=habits.protocol_version_in_aare,
    ).encode()


def initiate_response(habits: Habits, seal: Callable[[bytes], bytes], conformance: Conformance) -> bytes:
    """As `seal` makes it of the plain one."""
    return seal(InitiateResponse(conformance, habits.max_receive_pdu).encode())
