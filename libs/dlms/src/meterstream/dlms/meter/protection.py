"""Associations of a meter that are protected in another way than service-specific, suite 0, both protections."""

from __future__ import annotations

from meterstream.dlms.apdu import tags
from meterstream.dlms.errors import ConfigurationError, DecipherError
from meterstream.dlms.meter.policy import ClientAccess, MeterSecurity
from meterstream.dlms.security import Ciphering, Form, KeyChoice, Opened, Protection, Protector, SecuritySuite
from meterstream.dlms.security.protector import overhead


class SpecialProtection:
    """Opens the requests of one association and protects each answer as its request was, or more.

    Args:
        client_title: as in the AARQ.
    """

    __slots__ = ("_access", "_form", "_protector", "_security")

    def __init__(self, access: ClientAccess, security: MeterSecurity, client_title: bytes) -> None:
        self._access, self._security = access, security
        self._protector = self._make(client_title, None)
        self._form = self._answer_to(Form(protection=access.policy.request))

    def _make(self, client_title: bytes, dedicated_key: bytes | None) -> Protector:
        access, security = self._access, self._security
        return Protector(
            access.keys,
            security.system_title,
            client_title,
            security.take_counter,
            access,
            dedicated_key=dedicated_key,
            asymmetric=access.asymmetric,
            fresh=security.challenge,
            take_broadcast=True,
        )

    def use_keys(self) -> None:
        """The present keys of the client; a dedicated key stays."""
        if self._access.keys is not None:
            self._protector.use_keys(self._access.keys, take_broadcast=True)

    def use_dedicated_key(self, key: bytes) -> None:
        """Raises: DecipherError when it is none of the suite."""
        try:
            self._protector = self._make(self._protector.peer_title, key)
        except ConfigurationError as error:
            raise DecipherError(str(error)) from error

    def open_initiate(self, information: bytes) -> Opened:
        """The initiate-request of an AARQ. Raises: SecurityError, DecodeError."""
        least = self._access.policy.request & Protection.AUTHENTICATED_ENCRYPTED
        opened = self._protector.open(information, least)
        self._form = self._answer_to(opened.form)
        return opened

    def unprotect(self, apdu: bytes) -> bytes:
        """The plain request, protected no less than the policy demands.

        Raises: SecurityError, DecodeError.
        """
        opened = self._protector.open(apdu, self._access.policy.request)
        form = self._answer_to(opened.form)
        self._protector.check_sending(form)
        self._form = form
        return opened.plaintext

    def protect(self, answer: bytes) -> bytes:
        """An answer as the last request lets it be. Raises: CountersExhausted."""
        return self._protector.protect(answer, self._form)

    def protect_initiate(self, response: bytes) -> bytes:
        """An initiate-response as its request was, but never signed. Raises: CountersExhausted."""
        return self._protector.protect(
            response, self._form._replace(protection=self._form.protection & ~Protection.SIGNED)
        )

    def _answer_to(self, form: Form) -> Form:
        access = self._access
        protection = access.policy.response | form.protection
        if access.asymmetric is None or access.asymmetric.signing is None:
            protection &= ~Protection.SIGNED
        if form.key is KeyChoice.BROADCAST:
            form = form._replace(key=KeyChoice.IDENTIFIED)
        return form._replace(protection=protection)

    def overhead(self, *, general: bool) -> int:
        """The most octets that protection adds to an answer; `general`: general protection was granted."""
        access = self._access
        suite = access.keys.suite if access.keys is not None else SecuritySuite.SUITE_0
        protection, key = Protection.AUTHENTICATED_ENCRYPTED, KeyChoice.WRAPPED
        if access.asymmetric is not None:
            suite = access.asymmetric.suite
            protection, key = protection | Protection.SIGNED, KeyChoice.ONE_PASS
        return overhead(Form(Ciphering.GENERAL, protection, key) if general else Form(), suite)


def is_general(apdu: bytes) -> bool:
    """Whether an APDU needs general protection to be negotiated."""
    return apdu[0] in tags.GENERAL_TAGS
