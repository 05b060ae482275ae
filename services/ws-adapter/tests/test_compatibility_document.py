"""docs/compatibility.md names tests that exist, so that what it promises is held."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_every_test_that_the_document_names_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / "compatibility.md").read_text(encoding="utf-8")))
    known = {
        name
        for path in ROOT.glob("[ls]*/*/tests/test_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)\(", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert len(named) > 20
    assert named - known == set()
