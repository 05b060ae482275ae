"""Object lists of associations: rights by version, look-ups, bounds; and a pack beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterstream.dlms import data as d
from meterstream.dlms.__main__ import main
from meterstream.dlms.apdu import GetResponseNormal
from meterstream.dlms.data import Data, LogicalName, encode
from meterstream.dlms.errors import DecodeError, DlmsError, LimitExceeded
from meterstream.dlms.objects import (
    Access,
    AssociationView,
    CosemObject,
    DifferenceKind,
    MeterProfile,
    ObjectView,
    Rights,
    ViewLimits,
    compare,
    decode_object_list,
    decode_short_name_list,
    load_profile,
)

CLOCK = LogicalName.parse("0.0.1.0.0.255")
ASSOCIATION = LogicalName.parse("0.0.40.0.0.255")
SMR = load_profile("SMR", "5.0.0")


def entry(
    class_id: int,
    version: int,
    name: bytes,
    attributes: Mapping[int, int | Data],
    methods: Mapping[int, int | Data] | None = None,
) -> Data:
    """An element of a list; modes are enums unless they are values."""

    def mode(value: int | Data) -> Data:
        return value if isinstance(value, Data) else d.enum(value)

    return d.structure(
        d.long_unsigned(class_id),
        d.unsigned(version),
        d.octet_string(name),
        d.structure(
            d.array(d.structure(d.integer(number), mode(value), d.null()) for number, value in attributes.items()),
            d.array(d.structure(d.integer(number), mode(value)) for number, value in (methods or {}).items()),
        ),
    )


def listing(profile: MeterProfile, change: Callable[[CosemObject, Data], Data | None] | None = None) -> Data:
    """What a meter that is as its pack says lists, in the modes of version 3."""
    found = [entry(15, 3, LogicalName.parse("0.0.40.0.1.255"), {1: 1})]
    for item in profile.objects.values():
        for channel in item.obis.channels() if item.attributes else ():
            modes: dict[int, int | Data] = {1: 1}
            modes |= {n: 3 if Access.WRITE in one.access else 1 for n, one in item.attributes.items()}
            line = entry(
                item.class_id, item.version, item.obis.logical_name(channel), modes, dict.fromkeys(item.methods, 1)
            )
            changed = line if change is None else change(item, line)
            found += [] if changed is None else [changed]
    return d.array(found)


# Versions and rights

AUTHENTICATED = Rights.AUTHENTICATED_REQUEST


@pytest.mark.parametrize(
    ("version", "mode", "rights"),
    [
        (0, 0, Rights(0)),
        (0, 1, Rights.READ),
        (0, 2, Rights.WRITE),
        (0, 3, Rights.READ | Rights.WRITE),
        (1, 4, Rights.READ | AUTHENTICATED),
        (1, 5, Rights.WRITE | AUTHENTICATED),
        (2, 6, Rights.READ | Rights.WRITE | AUTHENTICATED),
        (3, 0x00, Rights(0)),
        (3, 0x05, Rights.READ | AUTHENTICATED),
        (3, 0x0D, Rights.READ | AUTHENTICATED | Rights.ENCRYPTED_REQUEST),
        (3, 0xFF, ~Rights(0)),
    ],
)
def test_access_modes_of_attributes(version: int, mode: int, rights: Rights) -> None:
    view = decode_object_list(d.array([entry(8, 0, CLOCK, {2: mode})]), version)
    clock = view.find(8, CLOCK)
    assert clock is not None
    assert clock.attributes[2].rights == rights
    assert clock.attributes[2].readable == (Rights.READ in rights)
    assert clock.attributes[2].writable == (Rights.WRITE in rights)


@pytest.mark.parametrize(
    ("version", "mode", "rights"),
    [
        (0, d.boolean(False), Rights(0)),
        (0, d.boolean(True), Rights.READ),
        (0, d.enum(1), Rights.READ),
        (1, d.boolean(True), Rights.READ),
        (1, d.enum(2), Rights.READ | AUTHENTICATED),
        (3, d.enum(0x24), AUTHENTICATED | Rights.AUTHENTICATED_RESPONSE),
        (3, d.enum(0x03), Rights.READ),
    ],
)
def test_access_modes_of_methods(version: int, mode: Data, rights: Rights) -> None:
    view = decode_object_list(d.array([entry(18, 0, CLOCK, {}, {4: mode})]), version)
    assert view.of_class(18)[0].methods == {4: rights}


def test_the_version_is_that_of_the_lists_own_entry() -> None:
    for version, rights in ((0, Rights.READ | Rights.WRITE), (3, Rights.READ | Rights.WRITE)):
        view = decode_object_list(d.array([entry(8, 0, CLOCK, {2: 3}), entry(15, version, ASSOCIATION, {})]))
        assert (view.version, view.objects[0].attributes[2].rights) == (version, rights)
    with pytest.raises(DecodeError, match=r"no 0\.0\.40\.0\.0\.255"):
        decode_object_list(d.array([entry(8, 0, CLOCK, {})]))
    with pytest.raises(DecodeError, match="versions 0 to 3, not 4"):
        decode_object_list(d.array([entry(15, 4, ASSOCIATION, {})]))


def test_selectors_of_profiles() -> None:
    access = d.structure(d.integer(2), d.enum(1), d.array([d.integer(1), d.integer(2)]))
    line = d.structure(
        d.long_unsigned(7), d.unsigned(1), d.octet_string(CLOCK), d.structure(d.array([access]), d.array())
    )
    assert decode_object_list(d.array([line]), 1).objects[0].attributes[2].selectors == (1, 2)


def test_look_ups_and_objects_listed_again() -> None:
    lines = [entry(8, 0, CLOCK, {2: 1}), entry(3, 0, CLOCK, {2: 1}), entry(8, 0, CLOCK, {2: 0})]
    view = decode_object_list(d.array(lines), 1)
    clock = view.objects[0]
    assert view.find(8, CLOCK) is clock
    assert view.find(7, CLOCK) is None
    assert [item.class_id for item in view.named(CLOCK)] == [8, 3]
    assert view.of_class(8) == (clock,)
    assert view.of_class(9) == ()
    assert view.duplicates == (view.objects[2],)
    assert str(clock) == "class 8 version 0, 0.0.1.0.0.255"
    assert clock.short_name(2) is None


def test_short_names_with_and_without_rights() -> None:
    def line(base: int, class_id: int, name: bytes) -> Data:
        return d.structure(d.long(base), d.long_unsigned(class_id), d.unsigned(0), d.octet_string(name))

    objects = d.array([line(-1536, 12, ASSOCIATION), line(0x0FA0, 8, CLOCK)])
    view = decode_short_name_list(objects)
    assert [item.base_name for item in view.objects] == [0xFA00, 0x0FA0]
    assert [view.objects[0].short_name(number) for number in (1, 2, 3)] == [0xFA00, 0xFA08, 0xFA10]
    assert not view.objects[1].attributes

    access = d.structure(
        d.long(0x0FA0),
        d.array([d.structure(d.integer(2), d.enum(6), d.null())]),
        d.array([d.structure(d.integer(6), d.enum(1))]),
    )
    for version, rights in ((2, Rights.READ | Rights.WRITE | AUTHENTICATED), (4, Rights.WRITE | AUTHENTICATED)):
        clock = decode_short_name_list(objects, d.array([access]), version).find(8, CLOCK)
        assert clock is not None
        assert clock.attributes[2].rights == rights
        assert clock.methods == {6: Rights.READ}


# Refusals

GOOD = entry(8, 0, CLOCK, {2: 1})


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (d.unsigned(1), "the object list is UNSIGNED, not an array"),
        (d.array([GOOD, d.unsigned(1)]), "object 1: an object is UNSIGNED, not a structure"),
        (d.array([d.structure(d.unsigned(1))]), "object 0: an object has 1 members, not 4"),
        (d.array([entry(8, 0, b"short", {})]), "object 0: a logical name is an octet-string of 6"),
        (d.array([entry(8, 0, CLOCK, {2: 7})]), "object 0: attribute 2: version 1 has no access mode 7"),
        (d.array([entry(8, 0, CLOCK, {}, {1: 3})]), "object 0: method 1: version 1 has no access mode 3"),
        (d.array([entry(8, 0, CLOCK, {2: d.octet_string(b"r")})]), "access mode of attribute 2 is OCTET_STRING"),
        (
            d.array([entry(8, 0, CLOCK, {2: d.long_unsigned(256)})]),
            "access mode of attribute 2 256 is outside 0 to 255",
        ),
        (
            d.array([d.structure(d.double_long_unsigned(65_536), *entry(8, 0, CLOCK, {}).value[1:])]),  # type: ignore[index]  # a structure
            "class id 65536 is outside",
        ),
        (
            d.array([d.structure(d.long_unsigned(8), d.unsigned(0), d.octet_string(CLOCK), d.array())]),
            "object 0: access rights is ARRAY, not a structure",
        ),
    ],
)
def test_refusals_name_object_and_rule(data: Data, rule: str) -> None:
    with pytest.raises(DecodeError, match=rule):
        decode_object_list(data, 1)


def test_bounds() -> None:
    limits = ViewLimits(max_objects=2, max_members=3)
    decode_object_list(d.array([entry(8, 0, CLOCK, {1: 1, 2: 1, 3: 1})] * 2), 1, limits)
    with pytest.raises(LimitExceeded, match="the object list has 3 elements, 2 are allowed"):
        decode_object_list(d.array([GOOD] * 3), 1, limits)
    with pytest.raises(LimitExceeded, match="attribute access has 4 elements, 3 are allowed"):
        decode_object_list(d.array([entry(8, 0, CLOCK, dict.fromkeys(range(4), 1))]), 1, limits)


leaves = st.one_of(
    st.just(d.null()),
    st.integers(-128, 127).map(d.integer),
    st.integers(0, 65_535).map(d.long_unsigned),
    st.integers(0, 255).map(d.enum),
    st.booleans().map(d.boolean),
    st.sampled_from([CLOCK, ASSOCIATION, b""]).map(d.octet_string),
    st.floats(width=32).map(d.float32),
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4).flatmap(
        lambda items: st.sampled_from([d.array(items), d.structure(*items)])
    ),
    max_leaves=20,
)


@given(values, st.none() | st.integers(0, 4))
def test_anything_is_a_view_or_a_typed_error(data: Data, version: int | None) -> None:
    with suppress(DlmsError):
        assert all(isinstance(item, ObjectView) for item in decode_object_list(data, version).objects)
    with suppress(DlmsError):
        decode_short_name_list(data, data)


# A pack beside a view


def test_a_meter_that_is_as_its_pack_says() -> None:
    view = decode_object_list(listing(SMR))
    (difference,) = compare(SMR, view)
    assert difference.kind is DifferenceKind.OBJECT_UNKNOWN
    assert str(difference) == (
        "abstract, association: class 15 (association LN), 0.0.40.0.1.255: the pack has no such object"
        " (version 3, attributes 1)"
    )
    assert not difference.hinders


def test_every_kind_of_difference() -> None:
    name = {role: SMR.object(role).obis.logical_name() for role in ("clock", "image_transfer", "special_days_table")}

    def change(item: CosemObject, line: Data) -> Data | None:
        match item.role:
            case "active_energy_import":
                return None
            case "active_energy_export":
                return entry(4, 0, item.obis.logical_name(), {2: 1, 3: 1})
            case "clock":
                return entry(8, 1, name["clock"], {2: 1, 3: 0, 4: 1, 5: 3, 6: 3, 7: 1, 9: 1, 10: 1})
            case "image_transfer":
                return entry(18, 0, name["image_transfer"], dict.fromkeys(range(1, 8), 3), {1: 1, 2: 1, 3: 0})
            case "special_days_table":
                return entry(11, 0, name["special_days_table"], {})
        return line

    differences = compare(SMR, decode_object_list(listing(SMR, change)))
    found = {(one.kind, one.role, one.number) for one in differences}
    kinds = DifferenceKind
    assert found == {
        (kinds.OBJECT_MISSING, "active_energy_import", None),
        (kinds.CLASS_DIFFERS, "active_energy_export", None),
        (kinds.VERSION_DIFFERS, "clock", None),
        (kinds.NOT_WRITABLE, "clock", 2),
        (kinds.NOT_READABLE, "clock", 3),
        (kinds.ATTRIBUTE_MISSING, "clock", 8),
        (kinds.ATTRIBUTE_UNKNOWN, "clock", 10),
        (kinds.METHOD_MISSING, "image_transfer", 3),
        (kinds.METHOD_MISSING, "image_transfer", 4),
        (kinds.OBJECT_UNKNOWN, None, None),
    }
    assert {one.kind for one in differences if not one.hinders} == {
        kinds.VERSION_DIFFERS, kinds.ATTRIBUTE_UNKNOWN, kinds.OBJECT_UNKNOWN,
    }  # fmt: skip
    lines = [str(one) for one in differences]
    assert (
        "clock: class 8 (clock), 0.0.1.0.0.255, attribute 8: the meter has no such attribute (daylight_savings_enabled)"
    ) in lines
    assert (
        "image_transfer: class 18 (image transfer), 0.0.44.0.0.255, method 4: the client may not invoke it"
        " (image_activate)"
    ) in lines


def test_channels_are_looked_for_one_by_one() -> None:
    view = decode_object_list(listing(SMR))
    three = AssociationView(3, [item for item in view.objects if item.logical_name[:2] != bytes((0, 4))])
    missing = [one for one in compare(SMR, three) if one.kind is DifferenceKind.OBJECT_MISSING]
    assert {one.logical_name[1] for one in missing} == {4}
    assert {one.role for one in missing} >= {"mbus_client_setup", "mbus_master_value", "interval_values_g"}


# The command


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["view", *arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_the_list_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    lines = d.array([entry(15, 1, ASSOCIATION, {1: 1, 2: 1}, {1: 1, 2: 0}), entry(8, 0, CLOCK, {2: 3, 3: 2, 4: 0})])
    for octets in (encode(lines), GetResponseNormal(0xC1, lines).encode()):
        assert run(capsys, octets.hex()) == (
            0,
            (
                "association version 1, 2 objects\n"
                "   15 v1 0.0.40.0.0.255    association LN; abstract, association; 1:r 2:r m1\n"
                "    8 v0 0.0.1.0.0.255     clock; abstract, clock; 2:rw 3:w 4:-\n"
            ),
            "",
        )


def test_a_pack_beside_it(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, text, _ = run(capsys, encode(listing(SMR)).hex(), "--pack", "SMR 5.0.0")
    assert (status, text.splitlines()[1:3]) == (
        0, ["in the way of operations: 0", "not used by the pack, or of another version: 1"],
    )  # fmt: skip
    (tmp_path / "own.yaml").write_text(
        'protocol: {name: OWN, version: "1"}\ninherits: smr-5.0.0\nobjects:\n  tamper: {class: 1, version: 0,'
        " obis: 0.0.96.20.0.255, medium: abstract, attributes: {2: {name: value, type: unsigned, access: r,"
        " source: dynamic}}}\n"
    )
    status, text, _ = run(capsys, encode(listing(SMR)).hex(), "--pack", "OWN 1", "--packs", str(tmp_path))
    assert status == 1
    assert "  tamper: class 1 (data), 0.0.96.20.0.255: the meter has no such object\n" in text


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["zz"], "not hex"),
        (["1201"], "ends inside a value"),
        (["1101"], "the object list is UNSIGNED"),
        (["C40100010B"], "does not carry the whole value"),
        (["C40100000100"], "object list has no 0.0.40.0.0.255"),
        (["0100", "--pack", "SMR 9"], "no profile for protocol SMR 9"),
        (["0100", "--pack", "SMR 9", "--packs", "/nowhere"], "/nowhere"),
        (["0100", "--version", "1", "--colour"], "unknown arguments"),
    ],
)
def test_what_is_refused(capsys: pytest.CaptureFixture[str], arguments: list[str], reason: str) -> None:
    status, text, refusal = run(capsys, *arguments)
    assert (status, text) == (2, "")
    assert reason in refusal
