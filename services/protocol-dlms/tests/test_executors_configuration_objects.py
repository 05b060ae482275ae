"""Configuration object, randomisation and push setups against the meter in memory, byte for byte."""

from __future__ import annotations

from typing import Any

import pytest
from wire import apdu, asked, context, profile, set_list

from meterstream.contracts.errors import PlatformError
from meterstream.contracts.operations.get_configuration_object import GetConfigurationObjectRequest
from meterstream.contracts.operations.set_configuration_object import SetConfigurationObjectRequest
from meterstream.contracts.operations.set_push_setup_alarm import PushObject, SetPushSetupAlarmRequest
from meterstream.contracts.operations.set_push_setup_last_gasp import SetPushSetupLastGaspRequest
from meterstream.contracts.operations.set_push_setup_sms import SetPushSetupSmsRequest
from meterstream.contracts.operations.set_push_setup_udp import SetPushSetupUdpRequest
from meterstream.contracts.operations.set_randomisation_settings import SetRandomisationSettingsRequest
from meterstream.contracts.shared.configuration_object import (
    ConfigurationFlag,
    ConfigurationFlagType,
    GprsOperationMode,
    RequestedConfiguration,
)
from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.data import (
    Data,
    bit_string,
    double_long_unsigned,
    enum,
    null,
    octet_string,
    structure,
    unsigned,
)
from meterstream.protocol_dlms.executor import AccessRefused, At
from meterstream.protocol_dlms.executors import (
    get_configuration_object,
    set_configuration_object,
    set_push_setup_alarm,
    set_push_setup_last_gasp,
    set_push_setup_sms,
    set_push_setup_udp,
    set_randomisation_settings,
)
from meterstream.protocol_dlms.twin import MemoryMeter

Flag = ConfigurationFlagType
CONFIGURATION, SETTINGS = At("configuration_object"), At("randomisation_settings")
DENIED = DataAccessResult.READ_WRITE_DENIED


def holding(protocol: str, value: Data | DataAccessResult, *others: At) -> MemoryMeter:
    meter = MemoryMeter(profile(protocol))
    meter.put(CONFIGURATION, value)
    for target in others:
        meter.put(target, null())
    return meter


def bits(*positions: int) -> Data:
    return bit_string("".join("01"[position in positions] for position in range(16)))


def change(mode: GprsOperationMode | None = None, **flags: bool) -> SetConfigurationObjectRequest:
    wanted = [ConfigurationFlag(flag=Flag(name), enabled=on) for name, on in flags.items()]
    return SetConfigurationObjectRequest(
        configuration=RequestedConfiguration(gprs_operation_mode=mode, flags=wanted or None)
    )


class TestGetConfigurationObject:
    async def test_the_answer_of_the_vector(self) -> None:
        meter = holding("SMR 5.0.0", bit_string("0001001000100000"))
        found = await get_configuration_object.execute(GetConfigurationObjectRequest(), context(meter))
        flags = {one.flag: one.enabled for one in found.configuration.flags or ()}
        assert {flag for flag, on in flags.items() if on} == {
            Flag.PO_ENABLE,
            Flag.HLS_5_ON_P3_ENABLE,
            Flag.DIRECT_ATTACH_AT_POWER_ON,
        }
        assert len(flags) == 8
        assert found.configuration.gprs_operation_mode is None

    @pytest.mark.parametrize(("protocol", "known"), [("DSMR 4.2.2", 10), ("SMR 4.3", 11)])
    @pytest.mark.parametrize(("mode", "name"), [(enum(1), "ALWAYS_ON"), (unsigned(2), "TRIGGERED"), (enum(7), None)])
    async def test_structures_have_a_mode(self, protocol: str, known: int, mode: Data, name: str | None) -> None:
        meter = holding(protocol, structure(mode, bits(9)))
        found = await get_configuration_object.execute(GetConfigurationObjectRequest(), context(meter))
        assert found.configuration.gprs_operation_mode == name
        assert [one.flag for one in found.configuration.flags or () if one.enabled] == [Flag.HLS_5_ON_P0_ENABLE]
        assert len(found.configuration.flags or ()) == known

    @pytest.mark.parametrize(
        ("protocol", "value", "told"),
        [
            ("DSMR 4.2.2", bits(1), "Expected ConfigurationObject ResultData as Complex, but got: BIT_STRING"),
            (
                "SMR 4.3",
                structure(enum(1)),
                "Expected ConfigurationObject ResultData as Complex with 2 elements, but got 1",
            ),
            (
                "SMR 5.1",
                octet_string(b"\x12\x20"),
                "Expected bit-string data as Configuration object result data, but got: OCTET_STRING",
            ),
            (
                "SMR 5.5",
                bit_string("00010010"),
                "Expected 16 bits as Configuration object result data, but got 8",
            ),
        ],
    )
    async def test_other_values(self, protocol: str, value: Data, told: str) -> None:
        with pytest.raises(PlatformError) as caught:
            await get_configuration_object.execute(GetConfigurationObjectRequest(), context(holding(protocol, value)))
        assert caught.value.message == told
        assert caught.value.details["target"] == "1/0.1.94.31.3.255/2"

    async def test_a_refusal(self) -> None:
        meter = holding("SMR 5.0.0", DENIED)
        with pytest.raises(AccessRefused) as caught:
            await get_configuration_object.execute(GetConfigurationObjectRequest(), context(meter))
        assert caught.value.message == (
            "Non-successful result received retrieving configuration object: READ_WRITE_DENIED"
        )


class TestSetConfigurationObject:
    async def test_the_request_of_the_structure_vector(self) -> None:
        meter = holding("DSMR 4.2.2", structure(enum(2), bits(0, 1)))
        request = change(
            GprsOperationMode.ALWAYS_ON,
            DISCOVER_ON_OPEN_COVER=False,
            PO_ENABLE=True,
            HLS_5_ON_P3_ENABLE=True,
        )
        await set_configuration_object.execute(request, context(meter))
        assert apdu(meter.asked[1], 0x46) == "C10146000100015E1F03FF02000202160104105200"

    async def test_the_request_of_the_bits_vector(self) -> None:
        meter = holding("SMR 5.0.0", bits(3, 6))
        request = change(GprsOperationMode.ALWAYS_ON, HLS_5_ON_P0_ENABLE=True, DIRECT_ATTACH_AT_POWER_ON=True)
        await set_configuration_object.execute(request, context(meter))
        assert apdu(meter.asked[1], 0x45) == "C10145000100015E1F03FF020004101260"

    @pytest.mark.parametrize("protocol", ["DSMR 4.2.2", "SMR 4.3", "SMR 5.2"])
    async def test_bits_without_a_name_and_an_unknown_mode_stay(self, protocol: str) -> None:
        structured = protocol != "SMR 5.2"
        held = structure(enum(9), bits(3, 12, 15)) if structured else bits(3, 0, 15)
        wanted = structure(enum(9), bits(6, 12, 15)) if structured else bits(6, 0, 15)
        meter = holding(protocol, held)
        await set_configuration_object.execute(change(PO_ENABLE=False, HLS_5_ON_P3_ENABLE=True), context(meter))
        assert meter.values[meter.profile.ref("configuration_object", 2)] == wanted

    async def test_a_meter_that_is_as_wanted_is_not_written_to(self) -> None:
        meter = holding("SMR 5.0.0", bits(3))
        await set_configuration_object.execute(change(PO_ENABLE=True, HLS_3_ON_P3_ENABLE=False), context(meter))
        assert asked(meter) == ["get 1/0.1.94.31.3.255/2"]

    @pytest.mark.parametrize(
        ("protocol", "flag"),
        [
            ("DSMR 4.2.2", "DIRECT_ATTACH_AT_POWER_ON"),
            ("SMR 4.3", "HLS_6_ON_P3_ENABLE"),
            ("SMR 5.0.0", "HLS_3_ON_P3_ENABLE"),
        ],
    )
    async def test_a_flag_that_the_version_lacks_is_416_before_anything_is_sent(self, protocol: str, flag: str) -> None:
        meter = holding(protocol, bits())
        with pytest.raises(PlatformError, match=f"ConfigurationFlagTypeDto {flag} not known for protocol") as caught:
            await set_configuration_object.execute(change(None, **{flag: True}), context(meter))
        assert caught.value.code.number == 416
        assert not meter.asked

    async def test_a_refused_write(self) -> None:
        meter = holding("SMR 5.0.0", bits())
        held = meter.profile.ref("configuration_object", 2)
        meter.values[held] = lambda _: (meter.values.update({held: DENIED}), bits())[1]
        with pytest.raises(AccessRefused, match="Set configuration object reported result is: READ_WRITE_DENIED"):
            await set_configuration_object.execute(change(PO_ENABLE=True), context(meter))


def randomisation(direct_attach: int) -> SetRandomisationSettingsRequest:
    return SetRandomisationSettingsRequest(
        direct_attach=direct_attach, randomisation_start_window=30, multiplication_factor=2, number_of_retries=3
    )


class TestRandomisationSettings:
    WRITTEN = "C1014A000100015E1F0CFF02000203060000001E120002120003"

    async def test_the_request_of_the_vector_and_the_flag_in_one_list(self) -> None:
        meter = holding("SMR 5.0.0", bits(3, 10), SETTINGS)
        await set_randomisation_settings.execute(randomisation(0), context(meter))
        _, flag, settings = meter.asked
        assert flag[2] == bits(3)
        assert apdu(settings, 0x4A) == self.WRITTEN
        assert meter.exchanges == 2
        assert set_list(meter.asked[1:], 0x41).startswith("C10441020001")

    async def test_a_flag_that_is_right_is_not_written(self) -> None:
        meter = holding("SMR 4.3", structure(enum(1), bits(3)), SETTINGS)
        await set_randomisation_settings.execute(randomisation(0), context(meter))
        assert [apdu(access, 0x4A) for access in meter.asked[1:]] == [self.WRITTEN]

    async def test_direct_attach_leaves_the_settings(self) -> None:
        meter = holding("SMR 5.0.0", bits(), SETTINGS)
        await set_randomisation_settings.execute(randomisation(1), context(meter))
        assert [access[2] for access in meter.asked] == [None, bits(10)]

    async def test_a_version_without_the_flag_has_nothing_to_read(self) -> None:
        meter = holding("DSMR 4.2.2", structure(enum(1), bits()), SETTINGS)
        await set_randomisation_settings.execute(randomisation(0), context(meter))
        assert [apdu(access, 0x4A) for access in meter.asked] == [self.WRITTEN]
        with pytest.raises(PlatformError) as caught:
            await set_randomisation_settings.execute(randomisation(1), context(meter))
        assert caught.value.code.number == 416
        assert len(meter.asked) == 1

    async def test_a_refusal_names_what_was_not_written(self) -> None:
        meter = holding("SMR 5.0.0", bits(10))
        with pytest.raises(AccessRefused) as caught:
            await set_randomisation_settings.execute(randomisation(0), context(meter))
        assert caught.value.message == (
            "Attribute 'setRandomisationSettings' of the Randomisation Settings was not set successfully. "
            "ResultCode: OBJECT_UNDEFINED"
        )


ALARM_OBJECTS = [
    PushObject(class_id=1, logical_name="0.0.96.1.1.255", attribute=2),
    PushObject(class_id=40, logical_name="0.1.25.9.0.255", attribute=1),
    PushObject(class_id=1, logical_name="0.0.97.98.0.255", attribute=2),
]


def push_meter(protocol: str, role: str = "push_setup_alarm") -> MemoryMeter:
    meter = MemoryMeter(profile(protocol))
    for number in (2, 3, 4):
        meter.put(At(role, number), null())
    return meter


def readable(meter: MemoryMeter) -> MemoryMeter:
    """The objects of the vector, as a meter has them."""
    for target in (At("device_id_2"), At("push_setup_alarm", 1), At("alarm_register_1")):
        meter.put(target, double_long_unsigned(0))
    return meter


class TestPushSetups:
    @pytest.mark.parametrize(
        ("protocol", "message_type"), [("SMR 5.0.0", "00"), ("SMR 5.5", "00"), ("DSMR 4.2.2", "80"), ("SMR 4.3", "80")]
    )
    async def test_the_destination_of_the_vectors(self, protocol: str, message_type: str) -> None:
        meter = push_meter(protocol)
        request = SetPushSetupAlarmRequest(host="203.0.113.10", port=9598)
        await set_push_setup_alarm.execute(request, context(meter))
        assert apdu(meter.asked[0], 0x47) == (
            f"C1014700280001190900FF03000203160009113230332E302E3131332E31303A3935393816{message_type}"
        )

    async def test_the_object_list_of_the_vector_after_one_read(self) -> None:
        meter = readable(push_meter("SMR 5.0.0"))
        await set_push_setup_alarm.execute(SetPushSetupAlarmRequest(push_objects=ALARM_OBJECTS), context(meter))
        assert asked(meter)[:3] == ["get 1/0.0.96.1.1.255/2", "get 40/0.1.25.9.0.255/1", "get 1/0.0.97.98.0.255/2"]
        assert apdu(meter.asked[3], 0x48) == (
            "C1014800280001190900FF02000103020412000109060000600101FF0F02120000020412002809060001190900FF0F01120000020412"
            "000109060000616200FF0F02120000"
        )
        assert meter.exchanges == 2

    async def test_destination_and_objects_are_written_as_one_list(self) -> None:
        meter = readable(push_meter("SMR 5.0.0"))
        request = SetPushSetupAlarmRequest(host="h", port=1, push_objects=ALARM_OBJECTS)
        await set_push_setup_alarm.execute(request, context(meter))
        assert [place.rsplit("/", 1)[1] for place in asked(meter)[3:]] == ["3", "2"]
        assert meter.exchanges == 2

    async def test_an_object_that_cannot_be_read_leaves_everything_as_it_is(self) -> None:
        meter = push_meter("SMR 5.0.0")
        request = SetPushSetupAlarmRequest(host="h", port=1, push_objects=ALARM_OBJECTS[2:])
        with pytest.raises(PlatformError) as caught:
            await set_push_setup_alarm.execute(request, context(meter))
        assert caught.value.message == (
            "Verification of push object failed. Object 1/0.0.97.98.0.255/2 could not be retrieved using a get request."
        )
        assert {kind for kind, _, _ in meter.asked} == {"get"}

    async def test_elements_within_attributes_are_refused_before_anything_is_sent(self) -> None:
        meter = push_meter("SMR 5.0.0")
        item = ALARM_OBJECTS[0].model_copy(update={"data_index": 4})
        with pytest.raises(PlatformError) as caught:
            await set_push_setup_alarm.execute(SetPushSetupAlarmRequest(push_objects=[item]), context(meter))
        assert caught.value.message == (
            "PushObject contains non-zero data index: 4. Using data index is not implemented."
        )
        assert caught.value.code.number == 401
        assert not meter.asked

    async def test_a_refused_alarm_setup(self) -> None:
        meter = push_meter("SMR 5.0.0")
        meter.put(At("push_setup_alarm", 3), DENIED)
        request = SetPushSetupAlarmRequest(host="h", port=1)
        with pytest.raises(AccessRefused, match="for set push setup alarm was not SUCCESS: READ_WRITE_DENIED"):
            await set_push_setup_alarm.execute(request, context(meter))

    @pytest.mark.parametrize(
        ("executor", "request_", "role", "protocol", "written"),
        [
            (
                set_push_setup_sms,
                SetPushSetupSmsRequest(host="203.0.113.10", port=9598),
                "push_setup_sms",
                "SMR 5.1",
                "C1014700280002190900FF03000203160009113230332E302E3131332E31303A393539381600",
            ),
            (
                set_push_setup_sms,
                SetPushSetupSmsRequest(host="203.0.113.10", port=9598),
                "push_setup_sms",
                "DSMR 4.2.2",
                "C1014700280002190900FF03000203160009113230332E302E3131332E31303A393539381680",
            ),
            (
                set_push_setup_last_gasp,
                SetPushSetupLastGaspRequest(host="203.0.113.10", port=9598),
                "push_setup_udp",
                "SMR 5.5",
                "C1014700280003190900FF03000203160109113230332E302E3131332E31303A393539381600",
            ),
            (
                set_push_setup_udp,
                SetPushSetupUdpRequest(),
                "push_setup_udp",
                "SMR 5.5",
                "C1014700280003190900FF04000100",
            ),
        ],
    )
    async def test_other_setups(self, executor: Any, request_: Any, role: str, protocol: str, written: str) -> None:
        meter = push_meter(protocol, role)
        await executor.execute(request_, context(meter))
        assert [apdu(access, 0x47) for access in meter.asked] == [written]
        for number in (3, 4):
            meter.put(At(role, number), DENIED)
        with pytest.raises(AccessRefused, match="was not SUCCESS: READ_WRITE_DENIED"):
            await executor.execute(request_, context(meter))
