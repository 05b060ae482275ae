"""The benchmark of the line as a test: no operation asks more often than the yardstick, and the table is true."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench.line import PROTOCOLS, Row, compare, full_hour, ratios

TABLE = Path(__file__).parents[2] / "bench" / "line.md"
BAR = 0.6


def cells() -> dict[tuple[str, str], str]:
    """Of the table that is kept, by operation and version."""
    found: dict[tuple[str, str], str] = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("| `"):
            operation, *counted, _, _ = [cell.strip() for cell in line.strip("|").split("|")]
            name = operation.strip("`")
            found |= {(name, protocol): cell for protocol, cell in zip(PROTOCOLS, counted, strict=True)}
    return found


@pytest.mark.parametrize("protocol", ["DSMR 4.2.2", "SMR 5.5"])
async def test_round_trips(protocol: str) -> None:
    rows: list[Row] = await compare(full_hour(), [protocol])
    assert [row.operation for row in rows if row.ours.trips > row.single.trips] == []
    figures = ratios(rows)
    assert figures["line_round_trips_ratio"] <= BAR
    assert figures["line_bytes_ratio"] <= BAR
    kept = cells()
    stale = {row.operation: row.cell for row in rows if kept.get((row.operation, protocol)) != row.cell}
    assert stale == {}, "run python -m bench.line"
