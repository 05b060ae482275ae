"""Every broken rule of a pack is reported with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from meterstream.dlms.objects import PackError, ProfileLibrary

GOOD = """\
protocol: {name: TEST, version: "1"}
objects:
  clock:
    class: 8
    version: 0
    obis: 0.0.1.0.0.255
    medium: abstract
    attributes:
      2: {name: time, type: octet-string, access: rw, source: dynamic}
      3: {name: time_zone, type: long, access: rw, source: client, value: -60}
  log:
    class: 7
    version: 1
    obis: 0.0.99.98.0.255
    medium: abstract
    captures: [clock.2]
"""


def test_the_good_pack_loads(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)
    profile = ProfileLibrary.read(tmp_path).get("TEST", "1")
    assert [column.role for column in profile.columns("log")] == ["clock"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("      3: {name: time_zone, type: long, access: rw, source: client, value: -60}",
         "      12: {name: tick, type: long, access: r, source: dynamic, beyond_class: true}"),
        ("class: 8\n    version: 0", "class: 8\n    version: 9"),
        ("type: octet-string, access: rw, source: dynamic",
         "type: date-time, access: rw, source: dynamic, beyond_class: true"),
        ("class: 8\n", "class: 32768\n"),
    ],
)  # fmt: skip
def test_attributes_beyond_the_class_and_classes_nobody_knows(tmp_path: Path, old: str, new: str) -> None:
    assert old in GOOD
    (tmp_path / "own.yaml").write_text(GOOD.replace(old, new, 1))
    assert len(ProfileLibrary.read(tmp_path).get("TEST", "1").object("clock").attributes) == 2


@pytest.mark.parametrize(
    ("old", "new", "line", "rule"),
    [
        ("obis: 0.0.1.0.0.255", "obis: 0.0.1.0.256.255", 6, "group E of '0.0.1.0.256.255' is '256'"),
        ("obis: 0.0.1.0.0.255", "obis: 0.0.1.x.0.255", 6, "group D"),
        ("obis: 0.0.1.0.0.255", "obis: 0.0.1.0.0", 6, "5 groups"),
        ("obis: 0.0.1.0.0.255", "obis: 12", 6, "expected text"),
        ("type: long,", "type: lnog,", 10, "'lnog' is unknown; known: "),
        ("value: -60", "value: 40000", 10, "40000 is outside -32768 to 32767"),
        ("value: -60", "value: winter", 10, "expected a whole number"),
        ("source: dynamic}", "source: dynamic, value: 1-0:1.8.0}", 9, "not an OBIS code"),
        ("type: long, access: rw, source: client, value: -60", "type: array, access: r, source: client, value: 1", 10,
         "cannot be laid down"),
        ("access: rw, source: dynamic", "access: w, source: dynamic", 9, "'w' is unknown"),
        ("source: dynamic", "source: sun", 9, "'sun' is unknown"),
        ("source: dynamic", "source: dynamic, scaler: 0", 9, "scaler and unit go together"),
        ("source: dynamic", "source: dynamic, scaler: 0, unit: Wh", 9, "belong to type scaler-unit"),
        ("      2: {name", "      1: {name", 9, "outside 2 to 127"),
        ("      3: {name", "      10: {name", 10, "class 8 version 0 (clock) has no attribute 10"),
        ("source: dynamic}", "source: dynamic, beyond_class: true}", 9,
         "class 8 version 0 (clock) has an attribute 2 like this"),
        ("type: long, access: rw, source: client, value: -60", "type: integer, access: rw, source: client", 10,
         "class 8 version 0 (clock) has attribute 3 (time_zone) as long, not integer"),
        ("source: dynamic}", "source: dynamic, beyond_class: 1}", 9, "expected true or false"),
        ("objects:", "methods: {8: {6: shift_time, 7: rewind}}\nobjects:", 2, "class 8 has no method 7"),
        ("      2: {name", "      two: {name", 9, "no positive number"),
        ("      3: {name", "      2: {name", 10, "'2' is given twice"),
        ("    class: 8\n", "", 4, "'class' is missing"),
        ("    class: 8\n", "    class: 0\n", 4, "0 is outside 1 to 65535"),
        ("    version: 0\n", "    version: 0\n    colour: blue\n", 6, "unknown key 'colour'"),
        ("medium: abstract\n    attributes", "medium: water\n    attributes", 7, "'water' is unknown"),
        ("medium: abstract\n    attributes", "medium: abstract\n    phases: []\n    attributes", 8, "SP, PP or both"),
        ("medium: abstract\n    attributes", "medium: abstract\n    public: yea\n    attributes", 8, "true or false"),
        ("captures: [clock.2]", "captures: [clock]", 16, "is no column"),
        ("captures: [clock.2]", "captures: [clock.2, sun.2]", 16, "captured object 'sun' is unknown"),
        ("captures: [clock.2]", "captures: [clock.9]", 16, "clock has no attribute 9"),
        ("captures: [clock.2]", "captures: [clock@1.2]", 16, "clock has no channel"),
        ("captures: [clock.2]", "captures: clock.2", 16, "expected a list"),
        ("captures: [clock.2]", "selectable: [sun]", 16, "selectable object 'sun' is unknown"),
        ("captures: [clock.2]", "scaler_of_event: {93: clock}", 16, "is no object with scaler and unit"),
        ("class: 7", "class: 1", 12, "only a profile"),
        ("obis: 0.0.99.98.0.255", "obis: 0.0.1.0.0.255", 14, "belongs to clock already"),
        ("objects:", "inherits: nobody\nobjects:", 2, "parent 'nobody' is unknown; known: bad"),
        ("objects:", "inherits: bad\nobjects:", 2, "in a circle: bad -> bad"),
        ('{name: TEST, version: "1"}', "{name: TEST, version: 1}", 1, "expected text"),
        ("    medium: abstract\n    captures", "  medium: [\n    captures", 17, "no YAML"),
    ],
)  # fmt: skip
def test_broken_rule_names_file_and_line(tmp_path: Path, old: str, new: str, line: int, rule: str) -> None:
    assert old in GOOD
    file = tmp_path / "bad.yaml"
    file.write_text(GOOD.replace(old, new, 1))

    with pytest.raises(PackError) as caught:
        ProfileLibrary.read(tmp_path)

    assert (caught.value.where, caught.value.line) == (str(file), line)
    assert rule in caught.value.rule
    assert str(caught.value).startswith(f"{file}:{line}: ")
    assert caught.value.code == "PROFILE_PACK_INVALID"


def test_circle_over_two_files(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("inherits: b\nobjects: {}\n")
    (tmp_path / "b.yaml").write_text("objects: {}\n\ninherits: a\n")
    with pytest.raises(PackError, match=r"b\.yaml:3: packs inherit in a circle: a -> b -> a"):
        ProfileLibrary.read(tmp_path)


def test_two_packs_for_one_protocol(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "b.yaml").write_text(GOOD)
    with pytest.raises(PackError, match=r"b\.yaml:1: a pack for protocol TEST 1 exists already"):
        ProfileLibrary.read(tmp_path)


def test_two_folders_with_one_pack_name(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "base.yaml").write_text("objects: {}\n")
    with pytest.raises(PackError, match="'base' exists already"):
        ProfileLibrary.read(tmp_path / "one", tmp_path / "two")


def test_own_pack_inherits_from_another_folder(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    (tmp_path / "one" / "good.yaml").write_text(GOOD)
    (tmp_path / "two" / "own.yaml").write_text(
        'protocol: {name: TEST, version: "2"}\ninherits: good\nobjects: {}\n', encoding="utf-8"
    )
    library = ProfileLibrary.read(tmp_path / "one", tmp_path / "two")
    assert library.get("TEST", "2").objects.keys() == library.get("TEST", "1").objects.keys()


def test_empty_pack(tmp_path: Path) -> None:
    (tmp_path / "none.yaml").write_text("# nothing\n")
    with pytest.raises(PackError, match=r"none\.yaml:1: the pack is empty"):
        ProfileLibrary.read(tmp_path)
