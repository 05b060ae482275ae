"""Interface classes and OBIS value groups by name."""

from __future__ import annotations

import re
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterstream.dlms.data import LogicalName
from meterstream.dlms.objects import (
    ANY,
    AttributeType,
    attribute_name,
    available_profiles,
    class_name,
    describe_obis,
    interface_class,
    interface_classes,
    load_profile,
    method_name,
)


def test_every_class_version_is_well_formed() -> None:
    kinds = {kind.value for kind in AttributeType} | {ANY}
    for one in interface_classes():
        assert list(one.attributes) == list(range(1, len(one.attributes) + 1))
        assert [attribute.number for attribute in one.attributes.values()] == list(one.attributes)
        assert one.attributes[1].name == "logical_name"
        names = [*(attribute.name for attribute in one.attributes.values())]
        assert len(set(names)) == len(names)
        assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in (*names, *one.methods.values()))
        assert {attribute.type for attribute in one.attributes.values()} <= kinds
        assert one.name == class_name(one.class_id)


def test_later_versions_only_add_attributes() -> None:
    by_id = sorted(interface_classes(), key=lambda one: (one.class_id, one.version))
    for _, versions in groupby(by_id, key=lambda one: one.class_id):
        earlier: list[str] = []
        for one in versions:
            names = [attribute.name for attribute in one.attributes.values()]
            assert names[: len(earlier)] == earlier
            earlier = names


@pytest.mark.parametrize(
    ("class_id", "version", "attributes", "methods"),
    [
        (1, 0, 2, ()),
        (3, 0, 3, ("reset",)),
        (4, 0, 5, ("reset",)),
        (5, 0, 9, ("reset", "next_period")),
        (7, 1, 8, ("reset", "capture")),
        (8, 0, 9, ("adjust_to_quarter", "adjust_to_measuring_period", "adjust_to_minute", "adjust_to_preset_time",
                   "preset_adjusting_time", "shift_time")),
        (15, 0, 8, ("reply_to_hls_authentication", "change_hls_secret", "add_object", "remove_object")),
        (15, 1, 9, ("reply_to_hls_authentication", "change_hls_secret", "add_object", "remove_object")),
        (15, 3, 11, ("reply_to_hls_authentication", "change_hls_secret", "add_object", "remove_object", "add_user",
                     "remove_user")),
        (18, 0, 7, ("image_transfer_initiate", "image_block_transfer", "image_verify", "image_activate")),
        (20, 0, 10, ("activate_passive_calendar",)),
        (40, 0, 7, ("push",)),
        (64, 0, 5, ("security_activate", "global_key_transfer")),
        (70, 0, 4, ("remote_disconnect", "remote_reconnect")),
        (71, 0, 11, ()),
        (72, 0, 12, ("slave_install", "slave_deinstall", "capture", "reset_alarm", "synchronize_clock", "data_send",
                     "set_encryption_key", "transfer_key")),
        (72, 1, 14, ("slave_install", "slave_deinstall", "capture", "reset_alarm", "synchronize_clock", "data_send",
                     "set_encryption_key", "transfer_key")),
    ],
)  # fmt: skip
def test_classes_of_the_blue_book(class_id: int, version: int, attributes: int, methods: tuple[str, ...]) -> None:
    known = interface_class(class_id, version)
    assert known is not None
    assert len(known.attributes) == attributes
    assert tuple(known.methods[number] for number in sorted(known.methods)) == methods


def test_names_and_numbers() -> None:
    assert class_name(7) == "profile generic"
    assert attribute_name(7, 2) == "buffer"
    assert attribute_name(7, 1) == attribute_name(9999, 1) == "logical_name"
    assert attribute_name(15, 11) == "current_user"
    assert attribute_name(15, 11, version=0) is None
    assert attribute_name(91, 2) is None
    assert class_name(91) == "G3-PLC MAC setup"
    assert interface_class(91, 3) is None
    assert method_name(18, 4) == "image_activate"
    assert method_name(12, 8, version=4) == "reply_to_hls_authentication"
    assert method_name(12, 1) is None
    assert method_name(64, 2, version=0) == "global_key_transfer"
    assert method_name(64, 2) == "key_transfer"
    assert interface_class(9999, 0) is None
    assert class_name(9999) is attribute_name(9999, 2) is method_name(9999, 1) is None


BEYOND = {
    ("mbus_client_setup", 72, 0),
    ("event_register", 3, 0),
    *((f"power_factor_l{phase}", 3, 0) for phase in (1, 2, 3)),
}
"""Objects with attributes that their class does not have."""


@pytest.mark.parametrize("protocol", available_profiles(), ids=" ".join)
def test_packs_name_attributes_and_methods_as_their_classes_do(protocol: tuple[str, str]) -> None:
    for item in load_profile(*protocol).objects.values():
        known = interface_class(item.class_id, item.version)
        assert known is not None, f"{item.role}: class {item.class_id} version {item.version}"
        for number, attribute in item.attributes.items():
            if number in known.attributes:
                assert attribute.name == known.attributes[number].name
                assert known.attributes[number].type in (ANY, attribute.type.value)
            else:
                assert (item.role, item.class_id, item.version) in BEYOND
        assert item.methods.items() <= known.methods.items()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("0.0.1.0.0.255", "abstract, clock"),
        ("1.0.1.8.0.255", "electricity, active power import, time integral 1"),
        ("1.0.1.8.2.255", "electricity, active power import, time integral 1, rate 2"),
        ("1.0.2.8.1.101", "electricity, active power export, time integral 1, rate 1, billing period 101"),
        ("1.0.32.7.0.255", "electricity, voltage L1, instantaneous value"),
        ("1.0.32.32.0.255", "electricity, voltage L1, under limit occurrence counter"),
        ("1.0.71.7.0.255", "electricity, current L3, instantaneous value"),
        ("1.0.61.4.0.255", "electricity, active power import L3, current average 1"),
        ("1.0.31.7.124.255", "electricity, current L1, instantaneous value, total harmonic distortion"),
        ("1.0.12.7.5.255", "electricity, voltage, instantaneous value, harmonic 5"),
        ("1.0.0.2.0.255", "electricity, firmware identifier"),
        ("1.1.0.2.8.255", "electricity, channel 1, firmware signature"),
        ("1.0.0.8.4.255", "electricity, measurement or recording period"),
        ("1.0.0.77.0.255", "electricity, general purpose"),
        ("1.0.99.1.0.255", "electricity, load profile with period 1"),
        ("1.0.99.97.0.255", "electricity, power failure event log"),
        ("0.0.99.98.1.255", "abstract, event log"),
        ("0.3.24.1.0.255", "abstract, channel 3, M-Bus client"),
        ("0.0.10.0.106.255", "abstract, script table, disconnect control"),
        ("0.0.10.0.7.255", "abstract, script table"),
        ("0.0.96.3.10.255", "abstract, disconnect control"),
        ("0.1.94.31.3.255", "abstract, channel 1, of a country"),
        ("0.0.98.1.0.3", "abstract, data of billing period 1, billing period 3"),
        ("7.0.3.0.0.255", "gas"),
        ("1.0.200.7.0.255", "electricity, of the maker"),
        ("1.0.87.7.0.255", "electricity"),
        ("0.0.77.0.0.255", "abstract"),
        ("12.0.0.0.0.255", "medium 12"),
    ],
)
def test_logical_names_in_words(name: str, words: str) -> None:
    assert str(describe_obis(LogicalName.parse(name))) == words


@given(st.binary(min_size=6, max_size=6))
def test_any_six_octets_have_a_description(octets: bytes) -> None:
    described = describe_obis(octets)
    assert described.channel == octets[1]
    assert str(described).startswith(described.medium)


def test_five_octets_are_no_logical_name() -> None:
    with pytest.raises(ValueError, match="6 bytes"):
        describe_obis(bytes(5))
