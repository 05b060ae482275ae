"""The meter types that devices may be added with."""

from __future__ import annotations

from pathlib import Path

import pytest

from meterstream.domain.service import known_protocols
from meterstream.domain.settings import MeterTypeSettings
from meterstream.runtime.errors import ConfigurationError


def test_the_platforms_own_and_those_of_a_folder(tmp_path: Path) -> None:
    shipped = known_protocols(MeterTypeSettings())
    assert {("DSMR", "4.2.2"), ("SMR", "5.5"), ("IDIS", "2.0")} <= shipped
    (tmp_path / "own.yaml").write_text('protocol: {name: OWN, version: "1"}\nobjects: {}\n')
    assert known_protocols(MeterTypeSettings(folder=tmp_path)) == shipped | {("OWN", "1")}


def test_a_broken_pack_ends_the_start(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("objects: 1\n")
    with pytest.raises(ConfigurationError, match=r"METERSTREAM_METER_TYPES__FOLDER: .*own\.yaml:1: expected a mapping"):
        known_protocols(MeterTypeSettings(folder=tmp_path))
