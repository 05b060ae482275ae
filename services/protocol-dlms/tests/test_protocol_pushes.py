"""What pushes say, against messages of each form that meters send, and against what nobody should send."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterstream.contracts.events import PushTrigger
from meterstream.contracts.records import PushTransport
from meterstream.contracts.shared.alarms import AlarmType
from meterstream.protocol_dlms.model.pushes import (
    MAX_OCTETS,
    CipheredPush,
    PushContent,
    PushUnreadable,
    read_push,
)

METER = "EXXXX123456789012"
TEXT = "45585858583132333435363738393031322C"
IDENTIFIER = "091145585858583132333435363738393031320906"
TCP, UDP = PushTransport.TCP, PushTransport.UDP

EXAMPLES = {
    "DSMR 4 alarm": (TEXT + "00000002", TCP, PushContent(METER, None, (AlarmType.REPLACE_BATTERY,))),
    "DSMR 4 alarms": (
        TEXT + "02022104",
        TCP,
        PushContent(
            METER,
            None,
            (
                AlarmType.POWER_UP,
                AlarmType.PROGRAM_MEMORY_ERROR,
                AlarmType.FRAUD_ATTEMPT,
                AlarmType.COMMUNICATION_ERROR_M_BUS_CHANNEL_2,
                AlarmType.NEW_M_BUS_DEVICE_DISCOVERED_CHANNEL_2,
            ),
        ),
    ),
    "DSMR 4 SMS": (TEXT + "0000020300FF", TCP, PushContent(METER, PushTrigger.SMS_WAKE_UP, cause="0.0.2.3.0.255")),
    "DSMR 4 CSD": (TEXT + "0000020200FF", UDP, PushContent(METER, PushTrigger.CSD_WAKE_UP, cause="0.0.2.2.0.255")),
    "DSMR 4 scheduler": (TEXT + "00000F0004FF", TCP, PushContent(METER, PushTrigger.SCHEDULER, cause="0.0.15.0.4.255")),
    "DSMR 4 other": (TEXT + "0100630100FF", TCP, PushContent(METER, PushTrigger.UNKNOWN, cause="1.0.99.1.0.255")),
    "DSMR 4 unused bit": (TEXT + "00000020", TCP, PushContent(METER, None, (), None, ((1, 5),))),
    "SMR 5 alarm": (
        f"00010001000100280F00000001000203{IDENTIFIER}0001190900FF0600000002",
        TCP,
        PushContent(METER, None, (AlarmType.REPLACE_BATTERY,), "0.1.25.9.0.255"),
    ),
    "SMR 5.2 alarms": (
        f"000100010001002D0F00000001000204{IDENTIFIER}0000100100FF06080000000600000009",
        TCP,
        PushContent(
            METER,
            None,
            (
                AlarmType.NEW_M_BUS_DEVICE_DISCOVERED_CHANNEL_4,
                AlarmType.VOLTAGE_SAG_IN_PHASE_DETECTED_L1,
                AlarmType.VOLTAGE_SWELL_IN_PHASE_DETECTED_L1,
            ),
            "0.0.16.1.0.255",
        ),
    ),
    "SMR 5 SMS": (
        f"00010001000100230F00000001000202{IDENTIFIER}0002190900FF",
        TCP,
        PushContent(METER, PushTrigger.SMS_WAKE_UP, cause="0.2.25.9.0.255"),
    ),
    "SMR 5 SMS with time": (
        f"000100010001002F0F000000010C07E8070F010A1E0000FF88800202{IDENTIFIER}0000020200FF",
        TCP,
        PushContent(METER, PushTrigger.SMS_WAKE_UP, cause="0.0.2.2.0.255"),
    ),
    "SMR 5.5 last gasp": (
        f"00010001000100280F00000001000203{IDENTIFIER}0003190900FF0600000001",
        UDP,
        PushContent(METER, None, (AlarmType.LAST_GASP,), "0.3.25.9.0.255"),
    ),
    "MX382 last gasp": (
        "000100670066001DC200000180808080800002091045303030313030303030303030303030",
        TCP,
        PushContent("E000100000000000", None, (AlarmType.LAST_GASP,)),
    ),
    "MX382 last gasp with time": (
        "000100670066002AC2090C07E8070F010A1E0000FF8880000180808080800002091045303030313030303030303030303030",
        TCP,
        PushContent("E000100000000000", None, (AlarmType.LAST_GASP,)),
    ),
    "MX382 awake": (
        "000100670066001EC20000018080808080000209114530303031303030303030303030303030",
        UDP,
        PushContent("E0001000000000000", PushTrigger.SMS_WAKE_UP),
    ),
    "MX382 awake, other object": (
        "000100670066001DC20000010000600101FF02091045303030313030303030303030303030",
        UDP,
        PushContent("E000100000000000", PushTrigger.SMS_WAKE_UP),
    ),
    "ciphered": (
        "0001000100010012" + "DB084D4D4D000000000107" + "30000000010203",
        TCP,
        CipheredPush(bytes.fromhex("DB084D4D4D00000000010730000000010203"), bytes.fromhex("4D4D4D0000000001")),
    ),
}

REFUSED = {
    "payload of 5": (TEXT + "0000000200", "5 octets after the comma"),
    "no comma": (TEXT[:-2] + "3B00000002", "no comma at offset 17"),
    "five elements": (
        f"00010001000100320F00000001000205{IDENTIFIER}0001190900FF060000000206000000000600000000",
        "5 elements",
    ),
    "register of another type": (
        f"00010001000100260F00000001000203{IDENTIFIER}0001190900FF120002",
        "element 2: expected a double-long-unsigned",
    ),
    "empty identification": (
        "0001000100010017" + "0F0000000100" + "0203" + "0900" + "09060001190900FF" + "0600000002",
        "element 0: expected an octet-string of 17",
    ),
    "wrapper length": (f"00010001000100290F00000001000203{IDENTIFIER}0001190900FF0600000002", "wrapper length 41"),
    "no notification": ("0001000100010003C00181", "no notification"),
    "identification of signs": ("2D" * 17 + "2C00000002", "16 or 17 letters and digits"),
    "MX382 by TCP, other object": (
        "000100670066001DC20000010000600101FF02091045303030313030303030303030303030",
        "no forwarded alarm",
    ),
    "short": ("0001000100", "5 octets"),
    "long": ("00" * (MAX_OCTETS + 1), f"{MAX_OCTETS + 1} octets"),
    "cut": ("0001000100010004DB084D4D", "ciphered"),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_pushes_are_read(name: str) -> None:
    octets, transport, content = EXAMPLES[name]
    assert read_push(bytes.fromhex(octets), transport) == content


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_push_says_why(name: str) -> None:
    octets, reason = REFUSED[name]
    with pytest.raises(PushUnreadable, match=reason):
        read_push(bytes.fromhex(octets), TCP)


@given(st.sampled_from(sorted(EXAMPLES)), st.integers(0, 200), st.integers(1, 255), st.sampled_from(PushTransport))
def test_a_changed_octet_is_read_or_refused(name: str, place: int, change: int, transport: PushTransport) -> None:
    octets = bytearray.fromhex(EXAMPLES[name][0])
    octets[place % len(octets)] ^= change
    _read_or_refused(bytes(octets), transport)


@given(st.binary(max_size=80), st.sampled_from(PushTransport))
def test_any_octets_are_read_or_refused(octets: bytes, transport: PushTransport) -> None:
    _read_or_refused(octets, transport)
    _read_or_refused(b"\x00\x01\x00\x01\x00\x01" + len(octets).to_bytes(2) + octets, transport)


def _read_or_refused(octets: bytes, transport: PushTransport) -> None:
    try:
        found = read_push(octets, transport)
    except PushUnreadable:
        return
    assert isinstance(found, CipheredPush | PushContent)
