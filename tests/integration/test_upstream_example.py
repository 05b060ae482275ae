"""The example for upstream systems works as its README says: a plain Kafka client and the schemas, nothing of ours."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from upstream_programs import run_upstream

from meterstream.demo.client import Client
from meterstream.demo.fleet import DemoMeter

PROGRAM = Path(__file__).parents[2] / "examples" / "upstream" / "upstream.py"


@pytest.mark.parametrize("operation", ["SynchronizeTime", "GetActualMeterReads"])
async def test_the_example_commands_a_meter(
    client: Client, unused_meters: Callable[[int], list[DemoMeter]], operation: str
) -> None:
    (meter,) = unused_meters(1)
    await client.install([meter])
    status, output = await run_upstream((sys.executable, str(PROGRAM)), client, meter.identification, operation)
    assert status == 0, output
    assert "queued" in output
    assert "ok" in output


async def test_the_example_tells_a_rejection(client: Client) -> None:
    status, output = await run_upstream((sys.executable, str(PROGRAM)), client, "E0009999999999999", "SynchronizeTime")
    assert status != 0
    assert "UNKNOWN_DEVICE" in output


def test_it_is_short_and_uses_nothing_of_ours() -> None:
    text = PROGRAM.read_text()
    assert len(text.splitlines()) < 100
    assert "meterstream." not in "".join(line for line in text.splitlines() if "import" in line)
