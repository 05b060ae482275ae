"""Documented requests for M-Bus devices and images, octet for octet, and the documented answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from meterstream.dlms.apdu import (
    ActionRequestNormal,
    ActionResponseNormal,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithList,
    SetRequestNormal,
    SetResponseNormal,
    decode_action_request,
    decode_get_request,
    decode_set_request,
)
from meterstream.simulator.mbus import bus as mbus
from meterstream.simulator.mbus.device import MbusIdentity, manufacturer_code
from meterstream.simulator.mbus.keys import MbusKeys
from meterstream.simulator.meter import SimulatedMeter
from meterstream.simulator.options import MbusOptions

MANAGEMENT = 1
DEFAULT_KEY = bytes.fromhex("2B7E151628AED2A6ABF7158809CF4F3C")
DEVICE = MbusIdentity(12345678, manufacturer_code("ELS"), 0x50, 3)
Maker = Callable[..., SimulatedMeter]


def exchange(meter: SimulatedMeter, text: str) -> str:
    """Let a meter serve a plain request; gives its plain answer."""
    octets = bytes.fromhex(text)
    if octets[0] == 0xC0:
        get = decode_get_request(octets)
        if isinstance(get, GetRequestWithList):
            results = tuple(meter.get(MANAGEMENT, ref, selection) for ref, selection in get.items)
            return GetResponseWithList(get.invoke, results).encode().hex().upper()
        assert isinstance(get, GetRequestNormal)
        answer = GetResponseNormal(get.invoke, meter.get(MANAGEMENT, get.ref, get.selection))
        return answer.encode().hex().upper()
    if octets[0] == 0xC1:
        put = decode_set_request(octets)
        assert isinstance(put, SetRequestNormal)
        written = meter.set(MANAGEMENT, put.ref, put.selection, put.data)
        return SetResponseNormal(put.invoke, written).encode().hex().upper()
    request = decode_action_request(octets)
    assert isinstance(request, ActionRequestNormal)
    result, data = meter.action(MANAGEMENT, request.ref, request.data)
    return ActionResponseNormal(request.invoke, result, data).encode().hex().upper()


def with_device(meter: SimulatedMeter) -> SimulatedMeter:
    """Put the documented device, with its default key, on channel 1."""
    keys = MbusKeys(DEFAULT_KEY, *[bytes(16)] * 3)
    meter.model = replace(meter.model, mbus_keys=lambda _number: keys)
    mbus.register(meter, 1, DEVICE, meter.model.now_ms())
    return meter


def test_decoupling(make_meter: Maker) -> None:
    meter = make_meter(mbus=MbusOptions(unsigned_deinstall=True))
    assert exchange(meter, "C3014800480001180100FF02010F00") == "C701480C00"
    assert exchange(meter, "C3014900480001180100FF02011100") == "C701490000"


def test_a_scan_in_both_versions_of_the_class(make_meter: Maker) -> None:
    scan = "C003480400480001180100FF060000480001180100FF070000480001180100FF080000480001180100FF0900"
    for protocol, identification, answer in (
        ("DSMR 4.2.2", 12049260, "C4034804000612049260001230E2001142001103"),
        ("SMR 5.0.0", 12049260, "C4034804000600B7DB6C001230E2001142001103"),
    ):
        meter = make_meter(protocol)
        mbus.register(meter, 1, MbusIdentity(identification, 12514, 66, 3), meter.model.now_ms())
        assert exchange(meter, scan) == answer


def test_keys_of_smr_5(make_meter: Maker) -> None:
    meter = with_device(make_meter("SMR 5.1"))
    optical_port = (
        "C3014300480001180100FF06010101020309010D0902FD19091E2E27B6A8"
        "B8F64E24F906AF0C00D92EA4E672A5D89492B8447CA1BE2290B9"
    )
    transfer = "C3014100480001180100FF0801091E2E27B6A8BAF64E24F906AF0C00D92EA4E672A5D89492CA675B445349B08C"
    assert exchange(meter, transfer) == "C701410000"
    assert exchange(meter, "C3014200480001180100FF0701091000112233445566778899AABBCCDDEEFF") == "C701420000"
    assert mbus.look(meter, 1).key_counter == 0x2E27B6A8
    assert mbus.capture(meter, 1, meter.model.now_ms()), "both sides have one key"
    assert exchange(meter, "C0014400480001180100FF0E00") == "C40144001604"
    assert exchange(meter, optical_port) == "C701430000", "taken, though its counter has not risen"
    assert mbus.look(meter, 1).optical_port_key is None


def test_the_user_key_of_dsmr_4(make_meter: Maker) -> None:
    meter = with_device(make_meter("DSMR 4.2.2"))
    assert exchange(meter, "C3014100480001180100FF080109108DF4E9AAC5C7573A27D8D055D6E4D64B") == "C701410000"
    assert exchange(meter, "C3014200480001180100FF0701091000112233445566778899AABBCCDDEEFF") == "C701420000"
    assert mbus.capture(meter, 1, meter.model.now_ms())


def test_an_image(make_meter: Maker) -> None:
    meter = make_meter()
    initiate = "C3014C001200002C0000FF01010202090E494D472D4558414D504C452D303106000001F4"
    assert exchange(meter, initiate) == "C7014CFA00", "other-reason: not enabled"
    assert exchange(meter, "C1014A001200002C0000FF05000301") == "C5014A00"
    assert exchange(meter, initiate) == "C7014C0000"
    assert exchange(meter, "C0014E001200002C0000FF0600") == "C4014E001601"
    image = bytes(number % 256 for number in range(500))
    for number in range(3):
        block = image[number * 216 : (number + 1) * 216]
        length = f"81{len(block):02X}" if len(block) > 0x7F else f"{len(block):02X}"
        request = f"C3014D001200002C0000FF0201020206{number:08X}09{length}{block.hex()}"
        assert exchange(meter, request) == "C7014D0000"
    assert exchange(meter, "C3014F001200002C0000FF03010F00") == "C7014F0000"
    info = "C4014B000101020306000001F4090E494D472D4558414D504C452D3031090400010203"
    assert exchange(meter, "C0014B001200002C0000FF0700") == info
    assert exchange(meter, "C30141001200002C0000FF04010F00") == "C701410200", "temporary-failure"


def test_push_setups(make_meter: Maker) -> None:
    meter = make_meter("SMR 5.5")
    destination = "C1014700280001190900FF03000203160009113230332E302E3131332E31303A393539381600"
    objects = (
        "C1014800280001190900FF02000103020412000109060000600101FF0F02120000020412002809060001190900FF0F01120000"
        "020412000109060000616200FF0F02120000"
    )
    assert exchange(meter, destination) == "C5014700"
    assert exchange(meter, objects) == "C5014800"
    assert exchange(meter, "C1014800280003190900FF04000100") == "C5014800"
    assert exchange(meter, "C0014100280001190900FF0200") == f"C4014100{objects[26:]}"
