"""What hostile octets brought to light, one test each beside the line in fuzz/findings.jsonl."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from meterstream.dlms.apdu import DEFAULT_CONFORMANCE, Conformance, DataNotification, GeneralSigning
from meterstream.dlms.apdu.general_ciphering import GeneralHeader
from meterstream.dlms.client import Level, Notification, Phase, Released
from meterstream.dlms.data import unsigned
from meterstream.dlms.meter import Habits
from meterstream.dlms.security import Ciphering, SecuritySuite
from meterstream.dlms.trace import describe

GENERAL = DEFAULT_CONFORMANCE | Conformance.GENERAL_PROTECTION


@pytest.mark.parametrize("octets", [0, 1, 11, 12, 13, 57])
def test_a_trace_takes_a_header_date_time_of_any_length(octets: int) -> None:
    apdu = GeneralSigning(GeneralHeader(b"\1", date_time=b"\x07" * octets), b"\xc0").encode()
    assert any("date-time" in line for line in describe(apdu).lines) is bool(octets)


@pytest.mark.parametrize("checked", [True, False])
@pytest.mark.parametrize("ciphering", [Ciphering.GLOBAL, Ciphering.GENERAL_GLOBAL, Ciphering.GENERAL_DEDICATED])
def test_a_protected_notification_crosses_a_release(
    secured: Callable[..., Any], keyring_of: Callable[..., Any], ciphering: Ciphering, checked: bool
) -> None:
    """It is no RLRE, and no reason to fail; one that is forged is."""

    def releasing() -> Any:
        pair = secured(
            Level.HLS5_GMAC,
            keyring_of(SecuritySuite.SUITE_0),
            ciphering=ciphering,
            conformance=GENERAL,
            habits=Habits(conformance=GENERAL),
        )
        pair.exchange(pair.client.associate())
        return pair

    push = DataNotification(7, unsigned(5))
    for together in (True, False):
        pair = releasing()
        frame = pair.client.release(checked=checked)
        pushed = pair.meter.notify(push)
        answer = pair.meter.receive(frame)
        if together:
            event = pair.client.receive(pushed + answer)
        else:
            assert pair.client.receive(pushed) is None
            event = pair.client.receive(answer)
        assert isinstance(event, Released)
        assert pair.client.take_notifications() == (Notification(push, protected=True),)
    pair = releasing()
    pair.client.release(checked=checked)
    forged = bytearray(pair.meter.notify(push))
    forged[-1] ^= 1
    with pytest.raises(Exception, match="authentication tag"):
        pair.client.receive(bytes(forged))
    assert pair.client.phase is Phase.FAILED
