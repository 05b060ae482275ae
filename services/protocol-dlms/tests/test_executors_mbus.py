"""M-Bus executors against the meter in memory: requests byte for byte, identities in both forms, what is told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from wire import DEVICE, apdu, asked, context, profile

from meterstream.contracts.errors import PlatformError
from meterstream.contracts.operations.clear_m_bus_status_on_all_channels import ClearMBusStatusOnAllChannelsRequest
from meterstream.contracts.operations.couple_mbus_device_by_channel import CoupleMbusDeviceByChannelRequest
from meterstream.contracts.operations.decouple_mbus_device import DecoupleMbusDeviceRequest
from meterstream.contracts.operations.decouple_mbus_device_by_channel import DecoupleMbusDeviceByChannelRequest
from meterstream.contracts.operations.get_firmware_version_gas import GetFirmwareVersionGasRequest
from meterstream.contracts.operations.get_mbus_encryption_key_status import GetMbusEncryptionKeyStatusRequest
from meterstream.contracts.operations.get_mbus_encryption_key_status_by_channel import (
    GetMbusEncryptionKeyStatusByChannelRequest,
)
from meterstream.contracts.operations.scan_mbus_channels import ScanMbusChannelsRequest
from meterstream.contracts.operations.set_device_lifecycle_status_by_channel import (
    SetDeviceLifecycleStatusByChannelRequest,
)
from meterstream.contracts.records import MbusDevice
from meterstream.contracts.shared.key_status import EncryptionKeyStatus
from meterstream.contracts.shared.lifecycle import DeviceLifecycleStatus
from meterstream.contracts.shared.mbus import MbusChannelValues
from meterstream.dlms.apdu import ActionResult, DataAccessResult, decode_get_response
from meterstream.dlms.apdu.get import GetRequestWithList, GetResponseWithList
from meterstream.dlms.data import (
    AttributeRef,
    Data,
    double_long_unsigned,
    enum,
    long_unsigned,
    null,
    octet_string,
    unsigned,
    visible_string,
)
from meterstream.protocol_dlms.executor import AccessRefused, At, Call, Device
from meterstream.protocol_dlms.executors import (
    clear_m_bus_status_on_all_channels,
    couple_mbus_device_by_channel,
    decouple_mbus_device,
    decouple_mbus_device_by_channel,
    get_firmware_version_gas,
    get_mbus_encryption_key_status,
    get_mbus_encryption_key_status_by_channel,
    scan_mbus_channels,
    set_device_lifecycle_status_by_channel,
)
from meterstream.protocol_dlms.mbus import CLIENT
from meterstream.protocol_dlms.meter import method_ref
from meterstream.protocol_dlms.model.mbus import (
    decode,
    is_number,
    manufacturer_code,
    manufacturer_letters,
    number_text,
)
from meterstream.protocol_dlms.twin import MemoryMeter

BCD_ANSWER = "C4034804000612049260001230E2001142001103"
PLAIN_ANSWER = "C4034804000600B7DB6C001230E2001142001103"
"""Attributes 6 to 9 of the same device: client version 0 and version 1."""
GAS = MbusDevice(device_identification="G0001000012049260", channel=1)
ON_CHANNEL_1 = replace(DEVICE, mbus_devices={GAS.device_identification: GAS})
DENIED = DataAccessResult.READ_WRITE_DENIED


def values(hexadecimal: str) -> list[Data]:
    response = decode_get_response(bytes.fromhex(hexadecimal))
    assert isinstance(response, GetResponseWithList)
    return [result for result in response.results if isinstance(result, Data)]


def put(meter: MemoryMeter, channel: int, *found: Data | DataAccessResult, address: int = 0) -> None:
    """Attributes 5 to 9 of a channel."""
    for attribute, value in enumerate((unsigned(address), *found), 5):
        meter.put(At(CLIENT, attribute, channel), value)


def meter_with(protocol: str, *found: Data | DataAccessResult) -> MemoryMeter:
    """A meter with these short identifiers on channel 1 and nobody on the others."""
    meter = MemoryMeter(profile(protocol))
    put(meter, 1, *found)
    for channel in (2, 3, 4):
        put(meter, channel, double_long_unsigned(0), long_unsigned(0), unsigned(0), unsigned(0))
    return meter


class TestIdentifiers:
    @pytest.mark.parametrize(
        ("raw", "version", "text"),
        [
            (0x12049260, 0, "12049260"),
            (0x1, 0, "00000001"),
            (0, 0, "00000000"),
            (0xA2056731, 0, "DOUBLE_LONG_UNSIGNED Value: 2718263089"),
            (12049260, 1, "12049260"),
            (1, 1, "00000001"),
            (99_999_999, 1, "99999999"),
            (100_000_000, 1, "DOUBLE_LONG_UNSIGNED Value: 100000000"),
            (0xFFFFFFFF, 1, "DOUBLE_LONG_UNSIGNED Value: 4294967295"),
        ],
    )
    def test_numbers(self, raw: int, version: int, text: str) -> None:
        assert number_text(raw, version, "DOUBLE_LONG_UNSIGNED") == text
        assert is_number(text) is (":" not in text)

    @pytest.mark.parametrize(("raw", "letters"), [(0x30E2, "LGB"), (1057, "AAA"), (27482, "ZZZ"), (0, None)])
    def test_manufacturers(self, raw: int, letters: str | None) -> None:
        assert manufacturer_letters(raw, "it") == letters
        if letters is not None:
            assert manufacturer_code(letters) == raw

    @pytest.mark.parametrize("raw", [1, 1056, 27483, 0xFFFF, 1057 & ~0x1F, 1 << 10 | 27 << 5 | 1])
    def test_what_is_no_manufacturer(self, raw: int) -> None:
        with pytest.raises(PlatformError, match="it: expected three letters"):
            manufacturer_letters(raw, "it")

    def test_octets_have_bounds(self) -> None:
        with pytest.raises(PlatformError, match="from 0 to 255"):
            decode(8, long_unsigned(256), 1, "it")


class TestScan:
    async def test_the_requests_of_the_vector(self) -> None:
        meter = meter_with("DSMR 4.2.2", *values(BCD_ANSWER))
        await scan_mbus_channels.execute(ScanMbusChannelsRequest(), context(meter))
        assert meter.exchanges == 1
        refs = [ref for _, ref, _ in meter.asked if isinstance(ref, AttributeRef)]
        assert len(refs) == 16
        first = GetRequestWithList(0x48, tuple((ref, None) for ref in refs[:4]))
        assert first.encode().hex().upper() == (
            "C003480400480001180100FF060000480001180100FF070000480001180100FF080000480001180100FF0900"
        )

    @pytest.mark.parametrize(("protocol", "answer"), [("DSMR 4.2.2", BCD_ANSWER), ("SMR 5.0.0", PLAIN_ANSWER)])
    async def test_the_answers_of_the_vectors(self, protocol: str, answer: str) -> None:
        meter = meter_with(protocol, *values(answer))
        found = (await scan_mbus_channels.execute(ScanMbusChannelsRequest(), context(meter))).channels
        assert [scanned.channel for scanned in found] == [1, 2, 3, 4]
        assert found[0].short_id is not None
        assert found[0].short_id.model_dump() == {
            "identification_number": "12049260",
            "manufacturer": "LGB",
            "version": 66,
            "device_type": 3,
        }
        assert found[1].short_id is not None
        assert found[1].short_id.manufacturer is None

    async def test_a_number_that_is_none_comes_as_it_is(self) -> None:
        meter = meter_with("SMR 4.3", double_long_unsigned(0xABC), *values(BCD_ANSWER)[1:])
        found = (await scan_mbus_channels.execute(ScanMbusChannelsRequest(), context(meter))).channels
        assert found[0].short_id is not None
        told = "DOUBLE_LONG_UNSIGNED Value: 2748 (Cannot not be correctly interpreted)"
        assert found[0].short_id.identification_number == told

    async def test_a_channel_that_the_meter_has_not_comes_without_identifier(self) -> None:
        meter = meter_with("SMR 5.0.0", *values(PLAIN_ANSWER))
        put(meter, 4, *[DataAccessResult.OBJECT_UNDEFINED] * 4)
        found = (await scan_mbus_channels.execute(ScanMbusChannelsRequest(), context(meter))).channels
        assert found[3].short_id is None

    async def test_a_refused_attribute_is_told(self) -> None:
        meter = meter_with("SMR 5.0.0", *values(PLAIN_ANSWER))
        meter.put(At(CLIENT, 7, 3), DENIED)
        with pytest.raises(AccessRefused) as caught:
            await scan_mbus_channels.execute(ScanMbusChannelsRequest(), context(meter))
        told = "No success retrieving manufacturer of channel 3: AccessResultCode = READ_WRITE_DENIED"
        assert caught.value.message == told
        assert caught.value.details["target"] == "72/0.3.24.1.0.255/7"

    async def test_a_value_of_another_kind_names_object_and_attribute(self) -> None:
        meter = meter_with("SMR 5.0.0", *values(PLAIN_ANSWER)[:3], visible_string("gas"))
        with pytest.raises(PlatformError, match=r"device_type 72/0\.1\.24\.1\.0\.255/9: expected a number"):
            await scan_mbus_channels.execute(ScanMbusChannelsRequest(), context(meter))


class TestByChannel:
    async def test_who_stands_there(self) -> None:
        meter = meter_with("SMR 5.0.0", *values(PLAIN_ANSWER))
        read = await couple_mbus_device_by_channel.execute(CoupleMbusDeviceByChannelRequest(channel=1), context(meter))
        assert read.channel_values == MbusChannelValues(
            channel=1,
            primary_address=0,
            identification_number="12049260",
            manufacturer="LGB",
            version=66,
            device_type=3,
        )
        assert read.mbus_device_identification is None
        assert meter.exchanges == 1
        status = await set_device_lifecycle_status_by_channel.execute(
            SetDeviceLifecycleStatusByChannelRequest(device_lifecycle_status=DeviceLifecycleStatus.IN_USE, channel=1),
            context(meter),
        )
        assert status.gateway_device_identification == DEVICE.identification
        assert status.device_lifecycle_status is DeviceLifecycleStatus.IN_USE
        assert status.channel_values == read.channel_values

    @pytest.mark.parametrize(
        "found",
        [
            [double_long_unsigned(0), long_unsigned(0), unsigned(0), unsigned(0)],
            [double_long_unsigned(5), long_unsigned(0x30E2), unsigned(1), unsigned(0)],
            [null(), null(), null(), null()],
            [DataAccessResult.OBJECT_UNDEFINED] * 4,
        ],
    )
    async def test_nobody_there(self, found: list[Data | DataAccessResult]) -> None:
        meter = meter_with("SMR 5.0.0", *found)
        if isinstance(found[0], DataAccessResult):
            meter.put(At(CLIENT, 5, 1), found[0])
        with pytest.raises(PlatformError) as caught:
            await couple_mbus_device_by_channel.execute(CoupleMbusDeviceByChannelRequest(channel=1), context(meter))
        assert caught.value.code.number == 219

    async def test_a_number_that_is_none_finds_nobody(self) -> None:
        meter = meter_with("SMR 4.3", double_long_unsigned(0xA), *values(BCD_ANSWER)[1:])
        with pytest.raises(PlatformError, match="Invalid Channel information in channel 1") as caught:
            await couple_mbus_device_by_channel.execute(CoupleMbusDeviceByChannelRequest(channel=1), context(meter))
        assert caught.value.code.name == "ILLEGAL_RESPONSE"


class TestDecouple:
    async def test_reads_deinstalls_empties(self) -> None:
        meter = meter_with("DSMR 4.2.2", *values(BCD_ANSWER))
        request = DecoupleMbusDeviceByChannelRequest(channel=1)
        response = await decouple_mbus_device_by_channel.execute(request, context(meter))
        assert response.channel_values.identification_number == "12049260"
        assert response.result_text == "Decouple Mbus Device was successful"
        assert meter.exchanges == 3
        assert apdu(meter.asked[5], 0x48) == "C3014800480001180100FF02010F00"
        assert asked(meter)[6:] == [f"set 72/0.1.24.1.0.255/{attribute}" for attribute in (6, 7, 8, 9, 5)]
        assert [meter.values[ref] for _, ref, _ in meter.asked[6:] if isinstance(ref, AttributeRef)] == [
            double_long_unsigned(0), long_unsigned(0), unsigned(0), unsigned(0), unsigned(0),
        ]  # fmt: skip
        again = await decouple_mbus_device_by_channel.verify(request, context(meter))
        assert again is not None
        assert again.channel_values == MbusChannelValues(channel=1)

    async def test_a_later_edition_takes_unsigned(self) -> None:
        class Later(MemoryMeter):
            async def action(self, target: object, data: Data | None = None) -> Data | None:
                known = data == unsigned(0)
                self.methods[method_ref(self.profile, Call(CLIENT, 2, 1))] = (
                    ActionResult.SUCCESS if known else ActionResult.TYPE_UNMATCHED
                )
                return await super().action(target, data)  # type: ignore[arg-type]  # passed on as it came

        meter = Later(profile("SMR 5.0.0"))
        put(meter, 1, *values(PLAIN_ANSWER))
        request = DecoupleMbusDeviceByChannelRequest(channel=1)
        await decouple_mbus_device_by_channel.execute(request, context(meter))
        calls = [access for access in meter.asked if access[0] == "action"]
        assert [apdu(call, 0x49) for call in calls] == [
            "C3014900480001180100FF02010F00",
            "C3014900480001180100FF02011100",
        ]

    async def test_other_refusals_of_the_method_do_not_keep_the_device(self, caplog: pytest.LogCaptureFixture) -> None:
        meter = meter_with("SMR 5.0.0", *values(PLAIN_ANSWER))
        meter.methods[method_ref(meter.profile, Call(CLIENT, 2, 1))] = ActionResult.TEMPORARY_FAILURE
        await decouple_mbus_device_by_channel.execute(DecoupleMbusDeviceByChannelRequest(channel=1), context(meter))
        assert meter.values[meter.profile.ref(CLIENT, 7, 1)] == long_unsigned(0)
        assert "TEMPORARY_FAILURE" in caplog.text

    async def test_all_refused_writes_are_told_together(self) -> None:
        class Half(MemoryMeter):
            def _write(self, ref: AttributeRef, data: Data) -> DataAccessResult:
                super()._write(ref, data)
                return DENIED if ref.attribute in (7, 9) else DataAccessResult.SUCCESS

        meter = Half(profile("SMR 5.0.0"))
        put(meter, 1, *values(PLAIN_ANSWER))
        with pytest.raises(AccessRefused) as caught:
            await decouple_mbus_device_by_channel.execute(DecoupleMbusDeviceByChannelRequest(channel=1), context(meter))
        assert caught.value.message == (
            "M-Bus client of channel 1 was not set: manufacturer READ_WRITE_DENIED, device_type READ_WRITE_DENIED"
        )

    async def test_what_cannot_be_read_does_not_keep_the_device(self) -> None:
        meter = meter_with("SMR 4.3", double_long_unsigned(0xA), long_unsigned(1), visible_string("1"), DENIED)
        meter.put(At(CLIENT, 9, 1), null())
        response = await decouple_mbus_device_by_channel.execute(
            DecoupleMbusDeviceByChannelRequest(channel=1), context(meter)
        )
        found = response.channel_values
        assert found.identification_number == "DOUBLE_LONG_UNSIGNED Value: 10"
        assert response.result_text is not None
        assert response.result_text.startswith("Channel information could not be correctly interpreted.")
        assert (found.manufacturer, found.version, found.device_type) == (None, None, None)

    async def test_a_channel_that_the_meter_has_not(self) -> None:
        meter = MemoryMeter(profile("SMR 5.0.0"))
        with pytest.raises(PlatformError) as caught:
            await decouple_mbus_device_by_channel.execute(DecoupleMbusDeviceByChannelRequest(channel=4), context(meter))
        assert caught.value.code.number == 215

    async def test_by_device(self) -> None:
        meter = meter_with("SMR 5.0.0", *values(PLAIN_ANSWER))
        request = DecoupleMbusDeviceRequest(mbus_device_identification=GAS.device_identification)
        doubtful = await decouple_mbus_device.verify(request, context(meter, ON_CHANNEL_1))
        assert doubtful is None  # it stands there still
        response = await decouple_mbus_device.execute(request, context(meter, ON_CHANNEL_1))
        assert response.channel_values is not None
        assert response.channel_values.manufacturer == "LGB"
        assert await decouple_mbus_device.verify(request, context(meter, ON_CHANNEL_1)) is not None

    async def test_a_device_on_no_channel_is_left_alone(self) -> None:
        meter = MemoryMeter(profile("SMR 5.0.0"))
        nowhere = replace(
            DEVICE, mbus_devices={"G0001000000000001": MbusDevice(device_identification="G0001000000000001")}
        )
        request = DecoupleMbusDeviceRequest(mbus_device_identification="G0001000000000001")
        assert (await decouple_mbus_device.execute(request, context(meter, nowhere))).channel_values is None
        assert await decouple_mbus_device.verify(request, context(meter, nowhere)) is not None
        assert meter.asked == []
        with pytest.raises(PlatformError, match="what is known of G0001000000000001"):
            await decouple_mbus_device.execute(request, context(meter))


class TestKeyStatus:
    @pytest.mark.parametrize(("number", "status"), list(enumerate(EncryptionKeyStatus)))
    async def test_of_a_device(self, number: int, status: EncryptionKeyStatus) -> None:
        meter = MemoryMeter(profile("SMR 5.0.0"))
        meter.put(At(CLIENT, 14, 2), enum(number))
        gas = Device("G0001000000000017", channel=2)
        request = GetMbusEncryptionKeyStatusRequest()
        response = await get_mbus_encryption_key_status.execute(request, context(meter, gas))
        assert (response.mbus_device_identification, response.status) == ("G0001000000000017", status)
        assert asked(meter) == ["get 72/0.2.24.1.0.255/14"]

    async def test_what_is_no_status(self) -> None:
        meter = MemoryMeter(profile("SMR 5.0.0"))
        gas = Device("G0001000000000017", channel=2)
        for value, told in ((octet_string(b"1"), "Received unexpected result data."), (enum(5), "channel 2: a status")):
            meter.put(At(CLIENT, 14, 2), value)
            with pytest.raises(PlatformError, match=told):
                await get_mbus_encryption_key_status.execute(GetMbusEncryptionKeyStatusRequest(), context(meter, gas))
        with pytest.raises(PlatformError, match="No channel configured"):
            await get_mbus_encryption_key_status.execute(GetMbusEncryptionKeyStatusRequest(), context(meter))

    async def test_dsmr_2_has_no_such_attribute(self) -> None:
        meter = MemoryMeter(profile("DSMR 2.2"))
        with pytest.raises(PlatformError) as caught:
            await get_mbus_encryption_key_status_by_channel.execute(
                GetMbusEncryptionKeyStatusByChannelRequest(channel=1), context(meter)
            )
        assert caught.value.code.number == 416
        told = "Attribute with id 14 is not found for MBUS_CLIENT_SETUP in protocol DSMR 2.2"
        assert caught.value.message == told
        assert meter.exchanges == 0

    async def test_by_channel_in_one_exchange(self) -> None:
        meter = meter_with("SMR 5.0.0", *values(PLAIN_ANSWER))
        meter.put(At(CLIENT, 14, 1), enum(3))
        request = GetMbusEncryptionKeyStatusByChannelRequest(channel=1)
        response = await get_mbus_encryption_key_status_by_channel.execute(request, context(meter))
        assert response.status is EncryptionKeyStatus.ENCRYPTION_KEY_SET_AND_TRANSFERRED
        assert response.gateway_device_identification == DEVICE.identification
        assert meter.exchanges == 1
        meter.put(At(CLIENT, 14, 1), DENIED)
        with pytest.raises(AccessRefused, match="READ_WRITE_DENIED"):
            await get_mbus_encryption_key_status_by_channel.execute(request, context(meter))

    async def test_where_nobody_stands_there_is_no_key(self) -> None:
        meter = meter_with("SMR 5.0.0", *values(PLAIN_ANSWER))
        request = GetMbusEncryptionKeyStatusByChannelRequest(channel=2)
        response = await get_mbus_encryption_key_status_by_channel.execute(request, context(meter))
        assert response.status is EncryptionKeyStatus.NO_ENCRYPTION_KEY


class TestClearStatus:
    def meter(self, *bits: int) -> MemoryMeter:
        meter = MemoryMeter(profile("SMR 5.1"))
        for channel, mask in enumerate(bits, 1):
            meter.put(At("read_mbus_status", 2, channel), double_long_unsigned(mask))
            meter.put(At("clear_mbus_status", 2, channel), double_long_unsigned(0))
        return meter

    async def test_bits_are_masked_and_reset(self) -> None:
        meter = self.meter(0, 0x1C, 0, 0x80000000)
        request = ClearMBusStatusOnAllChannelsRequest()
        await clear_m_bus_status_on_all_channels.execute(request, context(meter))
        assert meter.exchanges == 4
        assert [apdu(access, 0x41) for access in meter.asked[4:]] == [
            "C10141000100025E1F0AFF0200060000001C",
            "C10141000100045E1F0AFF02000680000000",
            "C3014100480002180100FF04010F00",
            "C3014100480004180100FF04010F00",
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("version", "told"),
        [("DSMR 4.2.2", "READ_MBUS_STATUS"), ("SMR 4.3", "READ_MBUS_STATUS"), ("SMR 5.0.0", "CLEAR_MBUS_STATUS")],
    )
    async def test_versions_without_the_objects(self, version: str, told: str) -> None:
        meter = MemoryMeter(profile(version))
        with pytest.raises(PlatformError, match=f"Did not find {told} object for device .* for channel 1") as caught:
            await clear_m_bus_status_on_all_channels.execute(ClearMBusStatusOnAllChannelsRequest(), context(meter))
        assert caught.value.code.number == 416
        assert meter.exchanges == 0

    async def test_nothing_to_clear_costs_one_exchange(self) -> None:
        meter = self.meter(0, 0, 0, 0)
        await clear_m_bus_status_on_all_channels.execute(ClearMBusStatusOnAllChannelsRequest(), context(meter))
        assert meter.exchanges == 1

    async def test_refusals_in_the_words_of_the_operation(self) -> None:
        meter = self.meter(1, 1, 1, 1)
        meter.put(At("clear_mbus_status", 2, 2), DENIED)
        with pytest.raises(AccessRefused) as caught:
            await clear_m_bus_status_on_all_channels.execute(ClearMBusStatusOnAllChannelsRequest(), context(meter))
        told = "Unable to set clear status mask for M-Bus channel 2, AccessResultCode=READ_WRITE_DENIED"
        assert caught.value.message == told
        assert [ref for kind, ref, _ in meter.asked if kind == "action"] == [
            method_ref(meter.profile, Call(CLIENT, 4, 1))
        ]
        meter = self.meter(0, 0, 1, 0)
        meter.methods[method_ref(meter.profile, Call(CLIENT, 4, 3))] = ActionResult.OTHER_REASON
        with pytest.raises(AccessRefused) as caught:
            await clear_m_bus_status_on_all_channels.execute(ClearMBusStatusOnAllChannelsRequest(), context(meter))
        told = "Call for RESET_ALARM was unsuccessful for M-Bus channel 3, MethodResultCode=OTHER_REASON"
        assert caught.value.message == told

    @pytest.mark.parametrize("value", [DENIED, null(), visible_string("1")])
    async def test_no_status_no_change(self, value: Data | DataAccessResult) -> None:
        meter = self.meter(1, 1, 1, 1)
        meter.put(At("read_mbus_status", 2, 3), value)
        with pytest.raises(PlatformError, match="expected to contain a status mask for M-Bus channel 3 is "):
            await clear_m_bus_status_on_all_channels.execute(ClearMBusStatusOnAllChannelsRequest(), context(meter))
        assert meter.exchanges == 1


class TestFirmwareVersionGas:
    GAS = Device("G0001000000000017", channel=2)

    async def test_most_significant_octet_first(self) -> None:
        meter = MemoryMeter(profile("SMR 5.0.0"))
        meter.put(At("mbus_device_config_simple_version_info", 2, 2), octet_string(bytes.fromhex("00400011")))
        response = await get_firmware_version_gas.execute(GetFirmwareVersionGasRequest(), context(meter, self.GAS))
        assert response.version.version.hex() == "00400011"
        assert asked(meter) == ["get 4/0.2.24.2.11.255/2"]

    @pytest.mark.parametrize("value", [null(), octet_string(b""), unsigned(1)])
    async def test_what_is_no_version(self, value: Data) -> None:
        meter = MemoryMeter(profile("SMR 5.0.0"))
        meter.put(At("mbus_device_config_simple_version_info", 2, 2), value)
        with pytest.raises(PlatformError, match="mbus_device_config_simple_version_info channel 2"):
            await get_firmware_version_gas.execute(GetFirmwareVersionGasRequest(), context(meter, self.GAS))

    async def test_before_smr_5_and_without_channel(self) -> None:
        meter = MemoryMeter(profile("SMR 4.3"))
        with pytest.raises(PlatformError, match="Simple Version Info not supported by protocol") as caught:
            await get_firmware_version_gas.execute(GetFirmwareVersionGasRequest(), context(meter, self.GAS))
        assert caught.value.code.number == 416
        with pytest.raises(PlatformError, match="No channel configured"):
            await get_firmware_version_gas.execute(
                GetFirmwareVersionGasRequest(), context(MemoryMeter(profile("SMR 5.5")))
            )
