"""What a meter makes of an AARQ: its verdict, and the AARE that tells it. No state but the counters it moves."""

from __future__ import annotations

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
    Mechanism,
    UserDiagnostic,
    decode_initiate_request,
    tags,
)
from meterstream.dlms.errors import DecipherError, ReplayError
from meterstream.dlms.meter.policy import ClientAccess, Habits, MeterSecurity
from meterstream.dlms.security import TITLE_OCTETS, Level, Suite0, protected_counter

MIN_CHALLENGE: Final = 8


def fault_of(aarq: Aarq, access: ClientAccess, security: MeterSecurity, habits: Habits) -> UserDiagnostic | None:
    """Why the AARQ must be rejected, from what it says in clear; None when nothing is wrong."""
    level = access.level
    expected = ApplicationContext.LOGICAL_NAMES_CIPHERED if level.ciphered else ApplicationContext.LOGICAL_NAMES
    if aarq.context != expected:
        return UserDiagnostic.CONTEXT_NAME_NOT_SUPPORTED
    if level is Level.NONE:
        return None if not aarq.mechanism else UserDiagnostic.MECHANISM_NAME_NOT_RECOGNISED
    if aarq.mechanism is None:
        return UserDiagnostic.MECHANISM_NAME_REQUIRED
    if aarq.mechanism != (Mechanism.LLS if level is Level.LLS else Mechanism.HLS_GMAC):
        return UserDiagnostic.MECHANISM_NAME_NOT_RECOGNISED
    value = aarq.authentication_value or b""
    if level is Level.LLS:
        fits = access.password is not None and compare_digest(value, access.password)
    else:
        fits = MIN_CHALLENGE <= len(value) <= habits.max_challenge
    title = aarq.calling_title
    # With the meter's own title its own APDUs, sent back, would pass for those of a client.
    if not fits or title is None or len(title) != TITLE_OCTETS or title == security.system_title:
        return UserDiagnostic.AUTHENTICATION_FAILURE
    return None


def open_request(aarq: Aarq, access: ClientAccess, cipher: Suite0 | None) -> tuple[InitiateRequest, int]:
    """The initiate-request and the counter that protected it, -1 where it is plain (no security, LLS).

    Raises: DecipherError, ReplayError, DecodeError.
    """
    information = aarq.user_information
    if cipher is None or (access.level is Level.LLS and information[:1] == bytes((tags.INITIATE_REQUEST,))):
        return decode_initiate_request(information), -1
    if information[:1] != bytes((tags.GLO_INITIATE_REQUEST,)):
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
    cipher: Suite0 | None,
    granted: Conformance,
    server_challenge: bytes,
) -> bytes:
    information = initiate_response(security, habits, cipher, granted)
    if cipher is None:
        return Aare(
            ApplicationContext.LOGICAL_NAMES,
            AssociationResult.ACCEPTED,
            UserDiagnostic.NULL,
            user_information=information,
            protocol_version=habits.protocol_version_in_aare,
        ).encode()
    hls = access.level is Level.HLS5_GMAC
    mechanism = Mechanism.HLS_GMAC if hls else Mechanism.LLS
    return Aare(
        ApplicationContext.LOGICAL_NAMES_CIPHERED,
        AssociationResult.ACCEPTED,
        habits.hls_diagnostic if hls else UserDiagnostic.NULL,
        responding_title=security.system_title,
        mechanism=mechanism if habits.mechanism_in_aare else None,
        authentication_value=server_challenge if hls else None,
        user_information=information,
        protocol_version=habits.protocol_version_in_aare,
    ).encode()


def rejecting_aare(
    diagnostic: UserDiagnostic, security: MeterSecurity, habits: Habits, cipher: Suite0 | None, context: int
) -> bytes:
    information: bytes | None = None
    if habits.reject_with_information:
        context = ApplicationContext.LOGICAL_NAMES
        information = initiate_response(security, habits, cipher, habits.conformance)
    return Aare(
        context,
        AssociationResult.REJECTED_PERMANENT,
        diagnostic,
        user_information=information,
        protocol_version=habits.protocol_version_in_aare,
    ).encode()


def initiate_response(
    security: MeterSecurity, habits: Habits, cipher: Suite0 | None, conformance: Conformance
) -> bytes:
    """Plain, or glo-ciphered where there are keys."""
    plaintext = InitiateResponse(conformance, habits.max_receive_pdu).encode()
    if cipher is None:
        return plaintext
    return cipher.seal(tags.GLO_INITIATE_RESPONSE, security.system_title, security.take_counter(), plaintext)
