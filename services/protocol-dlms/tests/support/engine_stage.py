"""The engine of this checkout, which the tests run for real."""

from __future__ import annotations

from pathlib import Path

from meterstream.protocol_dlms.engine import find_program


def engine_program() -> Path:
    """Where it is."""
    found = find_program()
    assert found is not None, "make venv installs engines/gurux"
    return found
