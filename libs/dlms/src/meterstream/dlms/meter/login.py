"""HLS of one association at the meter: what passes 1 and 2 exchanged, and the proofs of passes 3 and 4.

Source: Green Book (DLMS UA 1000-2) 9.2.2.2.2.4, IEC 62056-5-3.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from meterstream.dlms.errors import AuthenticationError, ReplayError
from meterstream.dlms.meter.policy import ClientAccess, CounterPolicy, MeterSecurity
from meterstream.dlms.security import Cipher, Level, Proof, Suite0, make_cipher


@dataclass(frozen=True, slots=True)
class Login:
    """An association that waits for pass 3.

    Attributes:
        client_challenge, server_challenge: CtoS and StoC.
        aarq_counter: counter that protected the AARQ, -1 where it was plain.
    """

    client_title: bytes
    client_challenge: bytes = field(repr=False)
    server_challenge: bytes = field(repr=False)
    aarq_counter: int

    def prove(
        self,
        token: bytes,
        access: ClientAccess,
        security: MeterSecurity,
        cipher: Suite0 | None,
        *,
        shares_counter: bool,
    ) -> bytes:
        """f(CtoS) for a right f(StoC).

        Args:
            cipher: of the association, where it has one.
            shares_counter: f(CtoS) has the counter of the APDU around it (HLS 5).
        Raises: AuthenticationError, ReplayError.
        """
        if access.level is Level.HLS5_GMAC:
            counter, made_with = self._check_gmac(token, access, cipher)
            access.advance(counter)
            own = security.shared_counter() if shares_counter and access.ciphered else security.take_counter()
            return made_with.token(security.system_title, own, self.client_challenge)
        proof = Proof(access.level, access.password, access.asymmetric)
        own_title = security.system_title
        proof.check(token, self.server_challenge, self.client_challenge, own_title, self.client_title)
        return proof.make(self.client_challenge, self.server_challenge, own_title, self.client_title)

    def _check_gmac(self, token: bytes, access: ClientAccess, sealing: Suite0 | None) -> tuple[int, Cipher]:
        """The counter of a right f(StoC), and the cipher that it was checked with."""
        cipher = sealing or (None if access.keys is None else make_cipher(access.keys))
        if cipher is None:
            raise AuthenticationError("no keys to check a token with")
        counter = cipher.verify_token(token, self.client_title, self.server_challenge)
        if access.counter_policy is CounterPolicy.STRICT and counter <= self.aarq_counter:
            raise ReplayError("counter of HLS pass 3 is not above that of the AARQ")
        if sealing is None and not access.ciphered and not access.accepts(counter):
            raise ReplayError("counter of HLS pass 3 does not rise")
        return counter, cipher
