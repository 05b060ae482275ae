"""kill -9 of any one process, and processes that sleep through their lease."""

from __future__ import annotations

import pytest
from harness import Load, has_all_partitions, has_noticed_the_loss, ready

from meterstream.contracts.topics import LANES
from meterstream.demo.proxy import Proxy
from meterstream.demo.stack import SERVICES

DOMAIN_GROUPS = ("domain-commands", "domain-urgent", "domain-upstream", "domain-responses")


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


async def test_a_protocol_worker_that_wakes_up_after_its_partitions_moved_does_no_harm(load: Load, line: Proxy) -> None:
    stack = load.client.platform.stack
    sleeper, survivor = stack.services["protocol-dlms-0"], stack.services["protocol-dlms-1"]
    load.start()
    await load.until_accepted(40)
    line.slow(0.2)  # so that it falls asleep in the middle of sessions
    await load.until_accepted(20)
    sleeper.pause()
    try:
        await has_all_partitions(survivor, "protocol-dlms", stack.settings.device_partitions * len(LANES))
        line.heal()
        await load.until_accepted(40)
    finally:
        sleeper.resume()
    await has_noticed_the_loss(sleeper, "protocol-dlms")
    await load.until_accepted(40)
    await load.verify()


async def test_a_domain_that_wakes_up_after_its_partitions_moved_does_no_harm(load: Load) -> None:
    stack = load.client.platform.stack
    sleeper, survivor = stack.services["domain-0"], stack.services["domain-1"]
    load.start()
    await load.until_accepted(40)
    sleeper.pause()
    try:
        for group in DOMAIN_GROUPS:
            await has_all_partitions(survivor, group, stack.settings.spread_partitions)
        await load.until_accepted(40)
    finally:
        sleeper.resume()
    for group in DOMAIN_GROUPS:
        await has_noticed_the_loss(sleeper, group)
    await load.until_accepted(40)
    await load.verify()
