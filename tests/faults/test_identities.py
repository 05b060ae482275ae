"""Two organisations with the same uids; a device removed and added again with its old keys."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import uuid4

from harness import RESULT_DEADLINE_S, Load

from meterstream.contracts.envelope import ResultStatus
from meterstream.demo.client import Client
from meterstream.demo.commands import actual_reads


async def test_two_organisations_may_use_the_same_uids(
    owner: Client, other: Client, meter_numbers: Callable[[int], list[int]]
) -> None:
    fleet = owner.platform.fleet
    mine, theirs = (fleet.meter(number) for number in meter_numbers(2))
    await owner.install([mine])
    await other.install([theirs])
    uids = [f"the-same-in-both-{uuid4().hex}" for _ in range(50)]
    for uid in uids:
        await owner.kafka.publish([(uid, actual_reads(mine.identification))])
        await other.kafka.publish([(uid, actual_reads(theirs.identification))])
    for client in (owner, other):
        await client.watcher.wait_for(uids, RESULT_DEADLINE_S)
        assert {client.watcher.outcomes[uid].status for uid in uids} == {ResultStatus.OK}
        assert all(len(client.watcher.outcomes[uid].messages) == 1 for uid in uids)
    results = [await client.result(uids[0]) for client in (owner, other)]
    assert [result["device_identification"] for result in results] == [mine.identification, theirs.identification]


async def test_a_device_removed_and_added_again_under_load_repeats_no_nonce(load: Load) -> None:
    stack = load.client.platform.stack
    meter = load.meters[0]
    arguments = ("--organisation", load.client.organisation, "--device", meter.identification)
    load.start()
    for _ in range(3):
        await load.until_accepted(30)
        await asyncio.to_thread(stack.run_domain, "device", "remove", *arguments)
        await load.until_accepted(20)
        await load.client.install([meter])
    await load.until_accepted(30)
    await load.results()
    watcher = load.client.watcher
    outcomes = [watcher.outcomes[uid] for uid in load.accepted]
    codes = {outcome.error.split(":")[0] for outcome in outcomes if outcome.error} | load.refused.keys()
    assert codes <= {"UNKNOWN_DEVICE", "UNAUTHORIZED", "DEVICE_REMOVED", "GATEWAY_CHANGED"}
    assert all(len(outcome.messages) == 1 for outcome in outcomes)
    assert load.client.platform.fleet.stats()["repeated_nonces"] == 0
    uid = await load.client.kafka.submit(actual_reads(meter.identification))
    await watcher.wait_for([uid], RESULT_DEADLINE_S)
    assert watcher.outcomes[uid].status == ResultStatus.OK
