"""Every distribution under the Apache licence carries its text, that of the repository."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[3]
FOLDERS = ("libs", "services", "engines")


def test_distributions_carry_their_licence() -> None:
    manifests = [ROOT / "simulator" / "pyproject.toml", ROOT / "demo" / "pyproject.toml"]
    manifests += [path for folder in FOLDERS for path in (ROOT / folder).glob("*/pyproject.toml")]
    text = (ROOT / "LICENSE").read_text()
    checked = 0
    for manifest in manifests:
        project = tomllib.loads(manifest.read_text())["project"]
        assert project["license-files"] == ["LICENSE"], manifest
        if project["license"] == "Apache-2.0":
            assert manifest.with_name("LICENSE").read_text() == text, manifest
            checked += 1
    assert checked >= 9
