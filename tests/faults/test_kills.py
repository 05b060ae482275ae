"""kill -9 of any one process, and processes that sleep through their lease."""

from __future__ import annotations

import pytest
from harness import Load, has_all_partitions, ready

from meterstream.demo.stack import SERVICES

LANES = 3
GROUPS = {"protocol-dlms": "protocol-dlms", "domain": "domain-responses"}


@pytest.mark.parametrize("service", SERVICES)
async def test_a_killed_process_loses_and_repeats_nothing(load: Load, service: str) -> None:
    victim = load.client.platform.stack.services[f"{service}-1"]
    load.start()
    await load.until_accepted(40)
    victim.kill()
    await load.until_accepted(80)
    victim.start()
    await ready(victim)
    await load.until_accepted(40)
    await load.verify()


@pytest.mark.parametrize("service", GROUPS)
async def test_a_process_that_wakes_up_after_its_partitions_moved_does_no_harm(load: Load, service: str) -> None:
    stack = load.client.platform.stack
    sleeper, survivor = stack.services[f"{service}-0"], stack.services[f"{service}-1"]
    every = stack.settings.device_partitions * LANES if service == "protocol-dlms" else stack.settings.spread_partitions
    load.start()
    await load.until_accepted(40)
    sleeper.pause()
    try:
        await has_all_partitions(survivor, GROUPS[service], every)
        await load.until_accepted(40)
    finally:
        sleeper.resume()
    await load.until_accepted(40)
    await load.verify()
