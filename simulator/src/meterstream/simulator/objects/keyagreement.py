"""Security setup of version 1 (class 64): besides key transfer, agreement on keys (Blue Book 4.4.7, method 3)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Final

from meterstream.dlms.apdu import ActionResult
from meterstream.dlms.data import Data, array, enum, octet_string, structure
from meterstream.dlms.errors import AuthenticationError, ConfigurationError, DecipherError, DecodeError
from meterstream.dlms.security import (
    KeyId,
    PrivateKey,
    SecuritySuite,
    agreed_global_key,
    check_key_agreement_data,
    key_agreement_data,
)
from meterstream.simulator.identity import system_title_for
from meterstream.simulator.objects.keytransfer import SecuritySetup, install, keys_by_id

if TYPE_CHECKING:
    from meterstream.simulator.meter import SimulatedMeter
    from meterstream.simulator.tree import SimulatedObject

_KEY_AGREEMENT: Final = 3
_SERVED: Final = frozenset({KeyId.GLOBAL_UNICAST_ENCRYPTION, KeyId.AUTHENTICATION, KeyId.MASTER})


class AgreeingSecuritySetup(SecuritySetup):
    """Keys are agreed by C(2e, 0s), each side's ephemeral key signed; in force from the next request on.

    The policy has the bits of version 1; one that wants signed APDUs is not taken.
    """

    methods: ClassVar[Mapping[int, str]] = MappingProxyType(
        {1: "security_activate", 2: "key_transfer", _KEY_AGREEMENT: "key_agreement"}
    )
    policies: ClassVar[frozenset[int]] = frozenset(range(0, 256, 4)) - {bits for bits in range(256) if bits & 0x90}

    def invoke(
        self, meter: SimulatedMeter, item: SimulatedObject, method: int, data: Data | None, at: int
    ) -> tuple[ActionResult, Data | None]:
        if method != _KEY_AGREEMENT:
            return super().invoke(meter, item, method, data, at)
        try:
            offered = keys_by_id(data)
        except DecodeError:
            return ActionResult.TYPE_UNMATCHED, None
        try:
            return ActionResult.SUCCESS, _agree(meter, offered)
        except (AuthenticationError, ConfigurationError, DecipherError, LookupError):
            return ActionResult.OTHER_REASON, None


def _agree(meter: SimulatedMeter, offered: Mapping[int, bytes]) -> Data:
    """Derive all keys or none; what the client needs to derive them too.

    Raises:
        AuthenticationError: a signature is not the client's, or it sent our own ephemeral key.
        ConfigurationError: the meter has security suite 0.
        DecipherError: what was sent has another length, or is no point of the curve.
        LookupError: the meter has no keys, or there is none of that id to agree on.
    """
    present = meter.keys
    if present is None or not offered.keys() <= _SERVED:
        raise LookupError("no such key is agreed on")
    if present.suite is SecuritySuite.SUITE_0:
        raise ConfigurationError("suite 0 has no key agreement")
    own, client = meter.model.signature_keys(meter.number)
    agreed: dict[int, bytes] = {}
    answers: list[Data] = []
    for number, octets in offered.items():
        key_id = KeyId(number)
        peer = check_key_agreement_data(present.suite, key_id, octets, client)
        ephemeral = PrivateKey.from_random(present.suite, os.urandom(PrivateKey.random_octets(present.suite)))
        title = system_title_for(meter.number)
        agreed[number] = agreed_global_key(key_id, ephemeral, peer, meter.client_title, title)
        answers.append(structure(enum(number), octet_string(key_agreement_data(key_id, ephemeral.public, own))))
    install(meter, present, agreed)
    return array(answers)
