"""Security state of a meter, and the habits in which makes of meters differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from meterstream.dlms.apdu import DEFAULT_CONFORMANCE, MAX_PDU, Conformance
from meterstream.dlms.apdu.acse import UserDiagnostic
from meterstream.dlms.errors import ConfigurationError, ReplayError
from meterstream.dlms.security import (
    AsymmetricKeys,
    CounterKind,
    Level,
    SecurityKeys,
    SecurityPolicy,
    SecuritySuite,
    check_title,
)
from meterstream.dlms.security.hls import check_proof

NO_SERVICES: Final = Conformance(0)
_BOTH: Final = SecurityPolicy.AUTHENTICATED_ENCRYPTED


class CounterPolicy(Enum):
    """STRICT: a client counter must be above the last accepted one. FREE: it is not looked at (DSMR 4.2.2)."""

    STRICT = "strict"
    FREE = "free"


class Reaction(Enum):
    """What a meter does about something it will not serve."""

    SILENCE = "silence"
    CLOSE = "close"
    EXCEPTION = "exception-response"
    REJECT = "AARE rejected-permanent, no reason given"


@dataclass(slots=True)
class ClientAccess:
    """One client address a meter serves. Shared by all connections of the meter, so that its counter is too.

    Attributes:
        keys: where APDUs are ciphered, and for HLS 5.
        password: attribute `secret` of the association: LLS password, or HLS secret of mechanisms 3, 4 and 6.
        last_client_counter: last counter accepted under the encryption key.
        policy: the least protection of requests and answers; an answer has that of its request too.
        asymmetric: elliptic-curve keys for HLS 7, signatures and agreed keys.
        last_broadcast_counter: last counter accepted under the broadcast key.
        last_transaction: last transaction id accepted, as a number, where the APDU brought a key of its own or was
            signed only; it has to rise as counters do.
    Raises: ConfigurationError.
    """

    level: Level
    keys: SecurityKeys | None = None
    password: bytes | None = field(default=None, repr=False)
    last_client_counter: int = 0
    counter_policy: CounterPolicy = CounterPolicy.STRICT
    policy: SecurityPolicy = SecurityPolicy.AUTHENTICATED_ENCRYPTED
    asymmetric: AsymmetricKeys | None = None
    last_broadcast_counter: int = 0
    last_transaction: int = -1

    def __post_init__(self) -> None:
        level = self.level
        if (self.ciphered or level is Level.HLS5_GMAC) and self.keys is None:
            raise ConfigurationError(f"{level.name} needs keys")
        check_proof(level, self.password, self.asymmetric)
        if self.policy & SecurityPolicy.SIGNED and (self.asymmetric is None or self.asymmetric.signing is None):
            raise ConfigurationError("a policy with signatures needs a signature key")

    @property
    def ciphered(self) -> bool:
        """Whether the application context is one with ciphering."""
        return self.level.ciphered and (self.policy is _BOTH or self.policy.ciphers)

    @property
    def standard(self) -> bool:
        """Suite 0, authenticated and encrypted both ways, no broadcast key: what most meters want."""
        keys = self.keys
        return (
            keys is not None
            and keys.suite is SecuritySuite.SUITE_0
            and keys.broadcast_key is None
            and self.policy is _BOTH
            and self.level.ciphered
        )

    def accepts(self, counter: int) -> bool:
        return self.counter_policy is CounterPolicy.FREE or counter > self.last_client_counter

    def advance(self, counter: int) -> None:
        """Remembers an accepted counter; never goes back."""
        if counter > self.last_client_counter:
            self.last_client_counter = counter

    def check(self, kind: CounterKind, number: int) -> None:
        """ReceivedCounters: before an APDU is opened. Raises: ReplayError."""
        if kind is CounterKind.UNICAST:
            rises = self.accepts(number)
        elif self.counter_policy is CounterPolicy.FREE:
            rises = True
        elif kind is CounterKind.BROADCAST:
            rises = number > self.last_broadcast_counter
        else:
            rises = number > self.last_transaction
        if not rises:
            raise ReplayError(f"{kind.value}: number {number} of the client does not rise")

    def accept(self, kind: CounterKind, number: int) -> None:
        """ReceivedCounters: after an APDU was opened."""
        if kind is CounterKind.UNICAST:
            self.advance(number)
        elif kind is CounterKind.BROADCAST:
            self.last_broadcast_counter = max(self.last_broadcast_counter, number)
        else:
            self.last_transaction = max(self.last_transaction, number)

    def replace_keys(self, keys: SecurityKeys) -> None:
        """From the next request on; a new encryption key starts a new counter."""
        if self.keys is None or keys.encryption_key != self.keys.encryption_key:
            self.last_client_counter = 0
        if self.keys is None or keys.broadcast_key != self.keys.broadcast_key:
            self.last_broadcast_counter = 0
        self.keys = keys


@dataclass(slots=True)
class MeterSecurity:
    """What the associations of one meter share.

    Attributes:
        system_title: 8 bytes.
        clients: by client SAP; any other address is not served.
        challenge: gives so many fresh random bytes, for StoC.
        next_counter: own invocation counter, next to use. Set it to 1 on each connection to play a meter that
            restarts it.
        counters: gives own invocation counters instead of `next_counter`, never one twice; ReservedCounters keep them
            over restarts.
    Raises: ConfigurationError.
    """

    system_title: bytes
    clients: Mapping[int, ClientAccess]
    challenge: Callable[[int], bytes]
    next_counter: int = 1
    counters: Callable[[], int] | None = None
    _held: int | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        check_title(self.system_title, "meter")

    def shared_counter(self) -> int:
        """The counter that the next `take_counter` gives; both stand for one number."""
        if self.counters is None:
            return self.next_counter
        if self._held is None:
            self._held = self.counters()
        return self._held

    def take_counter(self) -> int:
        if self.counters is not None:
            held, self._held = self._held, None
            return self.counters() if held is None else held
        counter = self.next_counter
        self.next_counter = counter + 1
        return counter


@dataclass(frozen=True, slots=True)
class Habits:
    """How this meter departs from the defaults, which follow the standard. One object serves a whole fleet.

    Attributes:
        max_challenge: longest CtoS accepted; longer ones are rejected with user/13.
        conformance: services granted when proposed.
        unproposed_conformance: services named in the AARE although nobody proposed them.
        max_receive_pdu: told in the AARE, octets.
        max_send_pdu: longer answers come in blocks, also when the client takes more.
        max_failed_logins: on one connection, at least 1; the last of them is answered, then the line is closed.
        max_list: references in a with-list; more give one scope-of-access-violated for the list. None: no limit.
        protocol_version_in_aare, mechanism_in_aare: elements that are there or not.
        hls_diagnostic: diagnostic of an accepted AARE when HLS follows; 0 in some meters.
        reject_with_information: a rejecting AARE names the context without ciphering, and has a ciphered
            initiate-response all the same.
        serve_before_pass_3: services answer before HLS is complete.
        cipher_exceptions: exception-responses of a ciphered association are ciphered under their own tag.
        on_bad_security: wrong key, tag, security control or counter. REJECT answers an AARQ; later APDUs close then.
        on_unknown_address: client or logical device not served.
        on_unsupported: APDU or form of a service that is not known or not granted.
        on_violation: known, but not now: second AARQ, another request in a block transfer, wrong block number.
        token_shares_counter: f(CtoS) and the APDU around it have one number.
        answer_under_new_keys: the answer to a key transfer is sealed with the keys just transferred.
        short_action_response: no octet that says whether data follow.
        answer_release: RLRE before the line is dropped.
        drop_release_without_reason: RLRQ without reason is not answered.
        release_information: RLRE has a ciphered user-information.
        close_after_release: the line is dropped; otherwise a new AARQ may follow.
        invoke_id_offset: fault: added to the invoke id of answers.
        close_in_block: fault: the line is dropped instead of sending this block.
        lose_general_blocks: fault: general blocks with these numbers are not sent the first time.
    Raises: ConfigurationError.
    """

    max_challenge: int = 64
    conformance: Conformance = DEFAULT_CONFORMANCE
    unproposed_conformance: Conformance = NO_SERVICES
    max_receive_pdu: int = MAX_PDU
    max_send_pdu: int = MAX_PDU
    max_failed_logins: int = 5
    max_list: int | None = None
    protocol_version_in_aare: bool = False
    mechanism_in_aare: bool = True
    hls_diagnostic: int = UserDiagnostic.AUTHENTICATION_REQUIRED
    reject_with_information: bool = False
    serve_before_pass_3: bool = False
    cipher_exceptions: bool = False
    on_bad_security: Reaction = Reaction.CLOSE
    on_unknown_address: Reaction = Reaction.SILENCE
    on_unsupported: Reaction = Reaction.EXCEPTION
    on_violation: Reaction = Reaction.CLOSE
    token_shares_counter: bool = False
    answer_under_new_keys: bool = False
    short_action_response: bool = False
    answer_release: bool = True
    drop_release_without_reason: bool = False
    release_information: bool = False
    close_after_release: bool = True
    invoke_id_offset: int = 0
    close_in_block: int | None = None
    lose_general_blocks: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        if self.max_failed_logins < 1:
            raise ConfigurationError("max_failed_logins is below 1")
