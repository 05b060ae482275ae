"""Release of an association with user-information: both sides prove that they hold its keys (IEC 62056-5-3, 6.4)."""

from __future__ import annotations

from meterstream.dlms.apdu import InitiateRequest, InitiateResponse, Rlre, Rlrq, decode_initiate_response
from meterstream.dlms.client.channel import Channel, refusal
from meterstream.dlms.client.config import AssociationConfig
from meterstream.dlms.errors import UnexpectedAnswer


def checked_rlrq(config: AssociationConfig, channel: Channel) -> bytes:
    """RLRQ with an initiate-request, ciphered where the association is. Raises: CountersExhausted."""
    information = InitiateRequest(config.conformance, config.max_pdu).encode()
    return Rlrq(user_information=channel.seal_initiate(information) if config.ciphered else information).encode()


def check_rlre(config: AssociationConfig, channel: Channel, rlre: Rlre) -> InitiateResponse:
    """The initiate-response of an RLRE, genuine where the association is ciphered.

    Raises: UnexpectedAnswer (none there, or not ciphered), DecipherError, ReplayError, DecodeError.
    """
    information = rlre.user_information
    if not information:
        raise UnexpectedAnswer("RLRE has no user-information")
    if error := refusal(information):
        raise error
    return decode_initiate_response(channel.open_initiate(information) if config.ciphered else information)
