"""The examples of docs/meter-types.md run as they stand."""

from __future__ import annotations

import asyncio
import re
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from meterstream.dlms import data as d
from meterstream.dlms.__main__ import main
from meterstream.dlms.apdu import ActionResult, DataAccessResult, ReadResult
from meterstream.dlms.asyncio import InMemoryCounters, serve_meter
from meterstream.dlms.client import AssociationConfig, Level
from meterstream.dlms.data import AttributeRef, Data, LogicalName, MethodRef, Selection
from meterstream.dlms.meter import ClientAccess, MeterAssociation, MeterSecurity
from meterstream.dlms.objects import MeterProfile, PackError, ProfileLibrary
from meterstream.dlms.security import PrivateKey, SecuritySuite

GUIDE = Path(__file__).parents[3] / "docs" / "meter-types.md"
TEXT = GUIDE.read_text()
FILES = ("acme-1.yaml", "acme-1.1.yaml", "acme-2.yaml")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", TEXT, re.DOTALL)


def mistakes() -> list[tuple[str, str, str]]:
    rows = re.findall(r"^\| `(.+?)` \| `(.+?)` \| (acme-1\.yaml:.+?) \|$", TEXT, re.MULTILINE)
    assert len(rows) == 8
    return rows


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The packs of the guide in meter-types."""
    packs = tmp_path / "meter-types"
    packs.mkdir()
    for name, text in zip(FILES, blocks("yaml"), strict=True):
        (packs / name).write_text(text)
        assert f"`meter-types/{name}`" in TEXT
    monkeypatch.chdir(tmp_path)
    return packs


@pytest.fixture
def acme(folder: Path) -> MeterProfile:
    return ProfileLibrary.read(folder).get("ACME", "1.0")


def run(block: int) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(blocks("python")[block], "guide", "exec", dont_inherit=True), names)
    return names


@pytest.mark.usefixtures("folder")
def test_looking_at_the_pack(capsys: pytest.CaptureFixture[str]) -> None:
    run(0)
    assert capsys.readouterr().out == blocks("text")[0]


def test_the_later_version(folder: Path) -> None:
    profiles = ProfileLibrary.read(folder)
    first, later = profiles.get("ACME", "1.0"), profiles.get("ACME", "1.1")
    assert later.objects.keys() == first.objects.keys()
    assert (len(first.columns("interval_values_e")), len(later.columns("interval_values_e"))) == (4, 3)
    assert (first.object("interval_values_e").capture_period_s, later.object("interval_values_e").capture_period_s) == (
        900, 3600,
    )  # fmt: skip
    assert later.object("disconnect_control").methods == {1: "remote_disconnect", 2: "remote_reconnect"}


def test_security_suite_1(folder: Path) -> None:
    profiles = ProfileLibrary.read(folder)
    agreeing = profiles.get("ACME", "2")
    assert (profiles.get("ACME", "1.0").security_suite, agreeing.security_suite) == (0, 1)
    assert agreeing.object("security_setup").methods[3] == "key_agreement"
    assert agreeing.object("disconnect_control").methods == {1: "remote_disconnect", 2: "remote_reconnect"}


@pytest.mark.usefixtures("folder")
def test_a_key_of_signatures() -> None:
    (commands,) = blocks("sh")
    path = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    made = subprocess.run(
        ["/bin/sh", "-ec", commands], capture_output=True, text=True, env=path, check=True, timeout=60
    )
    private = PrivateKey(SecuritySuite.SUITE_1, bytes.fromhex(Path("signing.hex").read_text()))
    assert made.stdout == f"{private.public.octets.hex()}\n"


@pytest.mark.parametrize(("good", "bad", "complaint"), mistakes())
def test_mistakes(folder: Path, good: str, bad: str, complaint: str) -> None:
    pack = folder / FILES[0]
    text = pack.read_text()
    assert text.count(good) == 1
    pack.write_text(text.replace(good, bad))
    with pytest.raises(PackError) as caught:
        ProfileLibrary.read(folder)
    assert str(caught.value) == f"{folder}/{complaint}"


class Acme:
    """A meter without a disconnector, with a clock that is not written and a tamper counter."""

    def __init__(self, profile: MeterProfile) -> None:
        def entry(class_id: int, version: int, name: bytes, attributes: list[int]) -> Data:
            access = [d.structure(d.integer(number), d.enum(1), d.null()) for number in (1, *attributes)]
            return d.structure(
                d.long_unsigned(class_id), d.unsigned(version), d.octet_string(name),
                d.structure(d.array(access), d.array()),
            )  # fmt: skip

        has = [item for role, item in profile.objects.items() if role != "disconnect_control"]
        self.listed = d.array(
            [
                *(entry(item.class_id, item.version, item.obis.logical_name(), list(item.attributes)) for item in has),
                entry(15, 1, LogicalName.parse("0.0.40.0.0.255"), [2]),
                entry(1, 0, LogicalName.parse("0.0.96.20.0.255"), [2]),
            ]
        )

    def get(self, client_sap: int, ref: AttributeRef, selection: Selection | None) -> ReadResult:
        return self.listed if (ref.class_id, ref.attribute) == (15, 2) else DataAccessResult.OBJECT_UNDEFINED

    def set(self, client_sap: int, ref: AttributeRef, selection: Selection | None, data: Data) -> DataAccessResult:
        return DataAccessResult.READ_WRITE_DENIED

    def action(self, client_sap: int, ref: MethodRef, data: Data | None) -> tuple[ActionResult, Data | None]:
        return ActionResult.OBJECT_UNDEFINED, None


async def test_a_pack_beside_a_meter(acme: MeterProfile, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    security = MeterSecurity(b"ACM\0\0\0\0\1", {1: ClientAccess(Level.NONE)}, secrets.token_bytes)
    config, counters = AssociationConfig(Level.NONE), InMemoryCounters(1)
    async with asyncio.timeout(10):
        serving = await serve_meter(lambda: MeterAssociation(Acme(acme), security), ("127.0.0.1", 0))
        async with serving as listener:
            octets = await run(1)["beside"](acme, *listener.address, config, counters)
    expected = blocks("text")[1]
    assert capsys.readouterr().out == expected

    arguments = re.search(r"python -m meterstream\.dlms view HEX (.*)", TEXT)
    assert arguments is not None
    assert arguments[1] == f'--pack "ACME 1.0" --packs {folder.name}'
    assert main(["view", octets, "--pack", "ACME 1.0", "--packs", folder.name]) == 1
    report = capsys.readouterr().out
    assert all(line[2:] in report for line in expected.splitlines())
