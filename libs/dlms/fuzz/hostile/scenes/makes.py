"""Habits in which makes of meters differ."""

from __future__ import annotations

from typing import Final

from hostile.scene import Scene
from hostile.scenes.requests import COMMON, EVERYTHING, LONG, SHORT
from meterstream.dlms.apdu import Conformance
from meterstream.dlms.client import Level, ReceivedCounterPolicy
from meterstream.dlms.meter import CounterPolicy, Habits, Reaction
from meterstream.dlms.security import SecurityPolicy

_EXCEPTIONS: Final = Habits(
    on_bad_security=Reaction.EXCEPTION, on_unknown_address=Reaction.EXCEPTION, on_violation=Reaction.EXCEPTION
)
_CIPHERED_EXCEPTIONS: Final = Habits(cipher_exceptions=True, on_bad_security=Reaction.EXCEPTION)
_SILENT: Final = Habits(
    on_bad_security=Reaction.SILENCE,
    on_unsupported=Reaction.SILENCE,
    on_violation=Reaction.SILENCE,
    max_challenge=16,
    short_action_response=True,
    mechanism_in_aare=False,
    protocol_version_in_aare=True,
    hls_diagnostic=0,
)
_LENIENT: Final = Habits(
    serve_before_pass_3=True,
    token_shares_counter=True,
    release_information=True,
    close_after_release=False,
    unproposed_conformance=Conformance.EVENT_NOTIFICATION,
)
_REJECTING: Final = Habits(
    on_bad_security=Reaction.REJECT, reject_with_information=True, drop_release_without_reason=True, max_list=2
)
_FREE: Final = {"received_counter_policy": ReceivedCounterPolicy.FREE}

SCENES: Final[tuple[Scene, ...]] = (
    Scene("hls5-exceptions", Level.HLS5_GMAC, COMMON, habits=_EXCEPTIONS),
    Scene("hls5-ciphered-exceptions", Level.HLS5_GMAC, COMMON, habits=_CIPHERED_EXCEPTIONS),
    Scene("encrypted-ciphered-exceptions", Level.HLS5_GMAC, SHORT, SecurityPolicy.ENCRYPTED,
          habits=_CIPHERED_EXCEPTIONS),
    Scene("hls5-silent", Level.HLS5_GMAC, SHORT, habits=_SILENT, client={"challenge_length": 16}),
    Scene("hls5-lenient", Level.HLS5_GMAC, SHORT, habits=_LENIENT, client=_FREE,
          access={"counter_policy": CounterPolicy.FREE}),
    Scene("hls5-rejecting", Level.HLS5_GMAC, COMMON, habits=_REJECTING),
    Scene("small-blocks", Level.HLS5_GMAC, LONG, client={"conformance": EVERYTHING & ~Conformance.GENERAL_PROTECTION},
          habits=Habits(max_receive_pdu=160, max_send_pdu=96, conformance=EVERYTHING, short_action_response=True)),
    Scene("public-lenient", Level.NONE, COMMON, habits=_LENIENT),
)  # fmt: skip
