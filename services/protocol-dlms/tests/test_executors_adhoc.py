"""Object lists and all attribute values, against meters in memory; answers are worked examples."""

from __future__ import annotations

import json
from typing import Any

import pytest
from wire import apdu, asked, context, profile

from meterstream.contracts.errors import PlatformError, error
from meterstream.contracts.operations.get_all_attribute_values import GetAllAttributeValuesRequest
from meterstream.contracts.operations.get_association_ln_objects import (
    AttributeAccessMode,
    GetAssociationLnObjectsRequest,
    MethodAccessMode,
)
from meterstream.dlms.apdu import DataAccessResult, decode_get_response
from meterstream.dlms.apdu.get import GetResponseNormal
from meterstream.dlms.data import (
    BY_ENTRY,
    AttributeRef,
    Data,
    LogicalName,
    Selection,
    array,
    bit_string,
    boolean,
    compact_array,
    double_long_unsigned,
    enum,
    integer,
    long_unsigned,
    null,
    octet_string,
    structure,
    unsigned,
    visible_string,
)
from meterstream.dlms.data import DataType as Kind
from meterstream.dlms.objects import Rights
from meterstream.protocol_dlms.executor import AccessRefused
from meterstream.protocol_dlms.executors import get_all_attribute_values, get_association_ln_objects
from meterstream.protocol_dlms.model.association_list import OBJECT_LIST, attribute_mode, method_mode
from meterstream.protocol_dlms.model.attribute_values import MOST_OF_ONE, readable
from meterstream.protocol_dlms.twin import MemoryMeter

LIST = (
    "C4014D0001020204120008110009060000010000FF0202010202030F0116010002030F02160300010102020F011600020412000711010906"
    "0100630100FF0202010202030F0116010002030F02160101020F010F02010102020F011600"
)
CURRENT = bytes((0, 0, 40, 0, 0, 255))


def answer(hexadecimal: str) -> Data:
    """The value in a plain get-response."""
    response = decode_get_response(bytes.fromhex(hexadecimal))
    assert isinstance(response, GetResponseNormal)
    assert isinstance(response.result, Data)
    return response.result


def listed(
    class_id: int,
    obis: str | bytes,
    modes: dict[int, int],
    methods: dict[int, int] | None = None,
    version: int = 0,
    selectors: tuple[int, ...] = (),
) -> Data:
    """An element of an object list."""
    name = LogicalName.parse(obis) if isinstance(obis, str) else obis
    access = [
        structure(integer(number), enum(mode), array(map(integer, selectors)) if selectors else null())
        for number, mode in modes.items()
    ]
    calls = [structure(integer(number), enum(mode)) for number, mode in (methods or {}).items()]
    return structure(
        long_unsigned(class_id), unsigned(version), octet_string(name), structure(array(access), array(calls))
    )


def with_list(protocol: str, *elements: Data) -> MemoryMeter:
    return MemoryMeter(profile(protocol), {OBJECT_LIST: array(elements)})


class TestAssociationLnObjects:
    async def test_reads_the_vector(self) -> None:
        meter = MemoryMeter(profile("SMR 5.0.0"), {OBJECT_LIST: answer(LIST)})
        found = await get_association_ln_objects.execute(GetAssociationLnObjectsRequest(), context(meter))
        clock, profiled = found.objects
        assert (clock.class_id, clock.version, clock.logical_name) == (8, 0, bytes((0, 0, 1, 0, 0, 255)))
        assert [(one.attribute, one.mode, one.selectors) for one in clock.access_rights.attributes] == [
            (1, AttributeAccessMode.READ_ONLY, []),
            (2, AttributeAccessMode.READ_AND_WRITE, []),
        ]
        assert [(one.method, one.mode) for one in clock.access_rights.methods] == [(1, MethodAccessMode.NO_ACCESS)]
        assert (profiled.class_id, profiled.version) == (7, 1)
        assert profiled.access_rights.attributes[1].selectors == [1, 2]
        assert [apdu(access, 0x4D) for access in meter.asked] == ["C0014D000F0000280000FF0200"]

    @pytest.mark.parametrize(
        ("version", "mode", "told"),
        [
            (1, 4, AttributeAccessMode.AUTHENTICATED_READ_ONLY),
            (2, 6, AttributeAccessMode.AUTHENTICATED_READ_AND_WRITE),
            (3, 0x1D, AttributeAccessMode.AUTHENTICATED_READ_ONLY),
            (3, 0x04, AttributeAccessMode.NO_ACCESS),
            (3, 0xFF, AttributeAccessMode.AUTHENTICATED_READ_AND_WRITE),
            (3, 2, AttributeAccessMode.WRITE_ONLY),
        ],
    )
    async def test_the_list_names_the_version_of_its_modes(
        self, version: int, mode: int, told: AttributeAccessMode
    ) -> None:
        meter = with_list("DSMR 4.2.2", listed(15, CURRENT, {2: mode}, {1: 1}, version))
        found = await get_association_ln_objects.execute(GetAssociationLnObjectsRequest(), context(meter))
        (one,) = found.objects
        assert one.access_rights.attributes[0].mode is told
        assert one.access_rights.methods[0].mode is MethodAccessMode.ACCESS

    @pytest.mark.parametrize(("protocol", "works"), [("DSMR 4.2.2", False), ("SMR 5.1", True)])
    async def test_otherwise_the_meter_type_does(self, protocol: str, works: bool) -> None:
        meter = with_list(protocol, listed(8, "0.0.1.0.0.255", {2: 0x1D}))
        execution = get_association_ln_objects.execute(GetAssociationLnObjectsRequest(), context(meter))
        if works:
            assert (await execution).objects[0].access_rights.attributes[0].mode.name == "AUTHENTICATED_READ_ONLY"
        else:
            with pytest.raises(PlatformError, match="attribute 2: version 1 has no access mode 29"):
                await execution

    @pytest.mark.parametrize(
        ("value", "reason"),
        [
            (unsigned(1), "the object list is UNSIGNED, not an array"),
            (array([unsigned(1)]), "object 0: an object is UNSIGNED, not a structure"),
            (array([structure(unsigned(1))]), "object 0: an object has 1 members, not 4"),
            (array([listed(8, b"\0" * 5, {})]), "a logical name is an octet-string of 6"),
            (array([listed(15, CURRENT, {}, version=9)]), "versions 0 to 3, not 9"),
            (array([null()] * 9000), "8192 are allowed"),
        ],
    )
    async def test_what_is_no_list(self, value: Data, reason: str) -> None:
        meter = MemoryMeter(profile("SMR 5.0.0"), {OBJECT_LIST: value})
        with pytest.raises(PlatformError, match=reason) as caught:
            await get_association_ln_objects.execute(GetAssociationLnObjectsRequest(), context(meter))
        assert caught.value.code.name == "ILLEGAL_RESPONSE"
        assert caught.value.message.startswith("15/0.0.40.0.0.255/2: Unexpected type of element")

    def test_protected_methods(self) -> None:
        assert method_mode(Rights.READ | Rights.AUTHENTICATED_REQUEST) is MethodAccessMode.AUTHENTICATED_ACCESS
        assert method_mode(Rights.ENCRYPTED_REQUEST) is MethodAccessMode.NO_ACCESS
        assert attribute_mode(Rights(0)) is AttributeAccessMode.NO_ACCESS


READ, WRITE, BOTH = 1, 2, 3
REGISTER = LogicalName.parse("1.0.1.8.0.255")
INTERVAL = LogicalName.parse("1.0.99.1.0.255")
OTHER = LogicalName.parse("0.0.96.200.1.255")


async def everything(meter: MemoryMeter) -> list[dict[str, Any]]:
    found = await get_all_attribute_values.execute(GetAllAttributeValuesRequest(), context(meter))
    told = json.loads(found.values)
    assert isinstance(told, list)
    return told


class TestAllAttributeValues:
    async def test_objects_attributes_and_values(self) -> None:
        meter = with_list(
            "SMR 5.0.0",
            listed(3, REGISTER, {1: READ, 2: READ, 3: READ}),
            listed(9999, OTHER, {2: BOTH, 3: WRITE}),
        )
        meter.values |= {
            AttributeRef(3, REGISTER, 2): double_long_unsigned(10_001),
            AttributeRef(3, REGISTER, 3): structure(integer(-1), enum(30)),
            AttributeRef(9999, OTHER, 2): DataAccessResult.READ_WRITE_DENIED,
        }
        register, other = await everything(meter)
        assert register == {
            "tag": "ACTIVE_ENERGY_IMPORT",
            "description": register["description"],
            "class-id": 3,
            "version": 0,
            "obis": "1.0.1.8.0.255",
            "group": "ELECTRICITY",
            "meterTypes": ["SP", "PP"],
            "attributes": [
                {
                    "id": 1,
                    "description": "logical_name",
                    "access": "READ_ONLY",
                    "datatype": "octet-string",
                    "value": "1.0.1.8.0.255",
                    "rawValue": "DataObject: Choice=OCTET_STRING, ResultData isByteArray, value=[[B]: "
                    "logical name: 1-0:1.8.0.255",
                },
                {
                    "id": 2,
                    "description": "value",
                    "valuetype": "DYNAMIC",
                    "access": "READ_ONLY",
                    "datatype": "double-long-unsigned",
                    "value": "1000.1 WATT_HOUR",
                    "rawValue": "DataObject: Choice=DOUBLE_LONG_UNSIGNED, ResultData isNumber, "
                    "value=[java.lang.Long]: 10001",
                },
                {
                    "id": 3,
                    "description": "scaler_unit",
                    "valuetype": "CONSTANT",
                    "access": "READ_ONLY",
                    "datatype": "structure",
                    "value": "-1, WATT_HOUR",
                    "rawValue": register["attributes"][2]["rawValue"],
                },
            ],
        }
        assert other["tag"] == "CLASS_9999"
        assert "group" not in other
        assert other["attributes"] == [
            {"id": 2, "access": "READ_AND_WRITE", "error": "READ_WRITE_DENIED"},
            {"id": 3, "access": "WRITE_ONLY"},
        ]
        assert meter.exchanges == 2

    async def test_secrets_are_not_asked_for(self) -> None:
        meter = with_list("SMR 5.0.0", listed(15, CURRENT, {2: READ, 6: READ, 7: BOTH}, version=3))
        (association,) = await everything(meter)
        assert asked(meter) == ["get 15/0.0.40.0.0.255/2", "get 15/0.0.40.0.0.255/6"]
        secret = association["attributes"][2]
        assert (secret["id"], secret["description"], secret["withheld"]) == (7, "secret", True)
        assert not {"value", "rawValue", "error"} & secret.keys()

    async def test_lists_cross_objects(self) -> None:
        names = [LogicalName(bytes((0, 0, 96, 1, number, 255))) for number in range(100)]
        meter = with_list("SMR 5.0.0", *(listed(1, name, {1: READ, 2: READ}) for name in names))
        for number, name in enumerate(names):
            meter.values[AttributeRef(1, name, 2)] = unsigned(number)
        assert [one["attributes"][1]["value"] for one in await everything(meter)] == [str(n) for n in range(100)]
        assert meter.exchanges == 1 + 4

    @pytest.mark.parametrize(("selectors", "selected"), [((1, BY_ENTRY), True), ((1,), False)])
    async def test_long_values_are_cut_and_say_so(self, selectors: tuple[int, ...], selected: bool) -> None:
        meter = with_list("SMR 5.0.0", listed(7, INTERVAL, {2: READ}, selectors=selectors))
        rows = array([structure(unsigned(1), unsigned(2))] * 5_000)
        asked_for: list[Selection | None] = []

        def buffer(selection: Selection | None) -> Data:
            asked_for.append(selection)
            return rows

        meter.values[AttributeRef(7, INTERVAL, 2)] = buffer
        (one,) = await everything(meter)
        (attribute,) = one["attributes"]
        assert attribute["truncated"] is True
        assert attribute["rawValue"].count("java.lang.Short") < MOST_OF_ONE
        assert [selection is not None for selection in asked_for] == [selected]

    async def test_entries_that_are_refused_after_all(self) -> None:
        meter = with_list("SMR 5.0.0", listed(7, INTERVAL, {2: READ}, selectors=(BY_ENTRY,)))
        meter.values[AttributeRef(7, INTERVAL, 2)] = lambda selection: (
            DataAccessResult.OTHER_REASON if selection else array([unsigned(1)])
        )
        (one,) = await everything(meter)
        assert one["attributes"][0]["value"] == "[1]"

    async def test_a_list_that_cannot_be_answered_is_asked_one_by_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        meter = with_list("SMR 5.0.0", listed(1, OTHER, {2: READ, 3: READ}))
        meter.values[AttributeRef(1, OTHER, 2)] = unsigned(1)

        async def refuse(targets: object) -> list[Data | DataAccessResult]:
            raise error("EXCEPTION_RESPONSE", "the list is too long")

        monkeypatch.setattr(meter, "get_list", refuse)
        (one,) = await everything(meter)
        assert [attribute.get("value") for attribute in one["attributes"]] == ["1", None]
        assert one["attributes"][1]["error"] == "OBJECT_UNDEFINED"

    async def test_the_end_of_the_association_is_told(self) -> None:
        meter = with_list("SMR 5.0.0", listed(1, OTHER, {2: READ}))
        meter.drop_after = 2
        with pytest.raises(PlatformError) as caught:
            await everything(meter)
        assert caught.value.code.name == "SOCKET_CLOSED_BY_REMOTE"

    async def test_a_refused_list_is_told(self) -> None:
        with pytest.raises(AccessRefused, match="OBJECT_UNDEFINED"):
            await everything(MemoryMeter(profile("SMR 5.0.0")))


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (null(), None),
        (boolean(True), "true"),
        (octet_string(bytes((0, 0, 1, 0, 0, 255))), "0.0.1.0.0.255"),
        (octet_string(b"KFM5"), "KFM5"),
        (octet_string(b"\x01\x02"), "0102"),
        (octet_string(b""), ""),
        (octet_string(bytes.fromhex("07E8070F010A1E0000FF8880")), "2024-07-15T10:30:00+02:00"),
        (octet_string(bytes.fromhex("FFFF03FE0702000000FFC400")), "FFFF03FE0702000000FFC400"),
        (octet_string(bytes.fromhex("07E8021E010A1E0000FF8880")), "07E8021E010A1E0000FF8880"),
        (visible_string("a\nb"), "a\nb"),
        (bit_string("0101"), "0101"),
        (structure(integer(-3), enum(13)), "-3, CUBIC_METRE"),
        (structure(integer(0), enum(0)), "0, UNDEFINED"),
        (array([unsigned(1), null(), array([enum(2)])]), "[1, null, [2]]"),
        (compact_array(Kind.UNSIGNED, [unsigned(1), unsigned(2)]), "[1, 2]"),
        (Data(Kind.TIME, bytes.fromhex("0A1E00FF")), "0A1E00FF"),
    ],
)
def test_values_for_people(value: Data, told: str | None) -> None:
    assert readable(value) == told
