"""Protection of services: suites, policies, dedicated keys, general protection, signatures."""

from __future__ import annotations

from itertools import product
from typing import Any, Final

from hostile.material import PROFILE, SERVER_TITLE
from hostile.scene import FIRST_METER_COUNTER, Scene
from hostile.scenes.requests import COMMON, EVERYTHING, SHORT, get
from meterstream.dlms.client import Level, TransactionPolicy
from meterstream.dlms.meter import Habits
from meterstream.dlms.security import Ciphering, KeyChoice, SecurityPolicy, SecuritySuite

_ALL: Final = Habits(conformance=EVERYTHING)
_BOTH: Final = SecurityPolicy.AUTHENTICATED_ENCRYPTED
_POLICIES: Final = {
    "authenticated": SecurityPolicy.AUTHENTICATED,
    "encrypted": SecurityPolicy.ENCRYPTED,
    "requests-authenticated": SecurityPolicy.AUTHENTICATED_REQUEST,
    "answers-protected": SecurityPolicy.AUTHENTICATED_RESPONSE | SecurityPolicy.ENCRYPTED_RESPONSE,
}
_SUITES: Final = (SecuritySuite.SUITE_1, SecuritySuite.SUITE_2)


def _general(ciphering: Ciphering, key: KeyChoice = KeyChoice.IDENTIFIED, **more: Any) -> dict[str, Any]:
    return {"conformance": EVERYTHING, "ciphering": ciphering, "key_choice": key, **more}


def _forms() -> tuple[Scene, ...]:
    hls5, hls6 = Level.HLS5_GMAC, Level.HLS6_SHA256
    one, two = _SUITES
    return (
        Scene("dedicated", hls5, COMMON, habits=_ALL, client=_general(Ciphering.DEDICATED)),
        Scene("dedicated-authenticated", hls5, SHORT, SecurityPolicy.AUTHENTICATED | SecurityPolicy.ENCRYPTED_REQUEST,
              habits=_ALL, client=_general(Ciphering.DEDICATED)),
        Scene("dedicated-suite2", hls6, SHORT, suite=two, habits=_ALL, client=_general(Ciphering.DEDICATED)),
        Scene("general-glo", hls5, COMMON, habits=_ALL, client=_general(Ciphering.GENERAL_GLOBAL)),
        Scene("general-glo-encrypted", hls5, SHORT, SecurityPolicy.ENCRYPTED, habits=_ALL,
              client=_general(Ciphering.GENERAL_GLOBAL)),
        Scene("general-ded", hls5, COMMON, habits=_ALL, client=_general(Ciphering.GENERAL_DEDICATED), checked=True),
        *(
            Scene(f"general-ciphering-{key.name.lower()}", hls6, SHORT, suite=one, habits=_ALL, checked=True,
                  client=_general(Ciphering.GENERAL, key))
            for key in KeyChoice if key is not KeyChoice.BROADCAST
        ),
        Scene("general-ciphering-suite2", hls6, SHORT, suite=two, habits=_ALL,
              client=_general(Ciphering.GENERAL, KeyChoice.ONE_PASS)),
        Scene("general-ciphering-suite0", hls5, SHORT, habits=_ALL,
              client=_general(Ciphering.GENERAL, KeyChoice.WRAPPED)),
        Scene("signed", Level.HLS7_ECDSA, SHORT, SecurityPolicy.SIGNED, one, habits=_ALL,
              client=_general(Ciphering.GLOBAL)),
        Scene("signed-ciphered", hls6, SHORT, _BOTH | SecurityPolicy.SIGNED, one, habits=_ALL,
              client=_general(Ciphering.GLOBAL), checked=True),
        Scene("signed-general", hls6, SHORT, _BOTH | SecurityPolicy.SIGNED, two, habits=_ALL,
              client=_general(Ciphering.GENERAL, KeyChoice.STATIC)),
        Scene("signed-blocks", hls6, (get(PROFILE),), _BOTH | SecurityPolicy.SIGNED, one,
              habits=Habits(conformance=EVERYTHING, max_send_pdu=700),
              client=_general(Ciphering.GENERAL, KeyChoice.WRAPPED)),
    )  # fmt: skip


SCENES: Final[tuple[Scene, ...]] = (
    *(
        Scene(f"hls5-{name}-{suite}", Level.HLS5_GMAC, SHORT, policy, suite)
        for (name, policy), suite in product(_POLICIES.items(), SecuritySuite)
        if suite is SecuritySuite.SUITE_0 or policy in (SecurityPolicy.AUTHENTICATED, SecurityPolicy.ENCRYPTED)
    ),
    *(Scene(f"hls5-suite{suite}", Level.HLS5_GMAC, COMMON, suite=suite) for suite in _SUITES),
    Scene("hls3-encrypted", Level.HLS3_MD5, SHORT, SecurityPolicy.ENCRYPTED),
    Scene("hls6-encrypted-checked", Level.HLS6_SHA256, SHORT, SecurityPolicy.ENCRYPTED, checked=True),
    Scene(
        "hls5-rising",
        Level.HLS5_GMAC,
        SHORT,
        client={"last_received_counters": {SERVER_TITLE: FIRST_METER_COUNTER - 1}},
        access={"last_client_counter": 12_344},
    ),
    *_forms(),
    Scene(
        "general-ciphering-rising",
        Level.HLS6_SHA256,
        SHORT,
        suite=SecuritySuite.SUITE_1,
        habits=_ALL,
        client=_general(
            Ciphering.GENERAL,
            KeyChoice.WRAPPED,
            transaction_policy=TransactionPolicy.RISING,
            last_received_transactions={SERVER_TITLE: 12_000},
        ),
    ),
)
