"""A meter that is dead, silent or hostile costs its own command; everybody else's go on."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from meterstream.demo.client import Client
from meterstream.demo.commands import actual_reads
from meterstream.demo.fleet import DemoMeter

Meters = Callable[[int], list[DemoMeter]]

FAULTS = {
    "silent": ({"kind": "silent"}, {"RESPONSE_TIMEOUT", "CONNECTION_TIMED_OUT"}),
    # A meter that cannot be believed has failed logins as well, after five of which it drops the line.
    "wrong tag": ({"kind": "wrong-tag"}, {"UNABLE_TO_DECYPHER", "AUTHENTICATION_ERROR", "SOCKET_CLOSED_BY_REMOTE"}),
    "cut": (
        {"kind": "cut", "after": 40},
        {"SOCKET_CLOSED_BY_REMOTE", "CONNECTION_RESET", "UNABLE_TO_DECYPHER", "WRAPPER_HEADER_INVALID"},
    ),
}


@pytest.mark.parametrize("case", FAULTS)
async def test_a_hostile_meter_ends_with_a_typed_error_and_harms_nobody(
    client: Client, unused_meters: Meters, case: str
) -> None:
    fault, codes = FAULTS[case]
    bad, good = unused_meters(2)
    await client.install([bad, good])
    client.platform.fleet.control("POST", f"/meters/{bad.number}/fault", fault)
    body = {"device_identification": bad.identification, "request": {}, "bypass_retry": True}
    _, answer = await client.post("/v1/operations/GetActualMeterReads", body)
    others = [await client.rest.submit(actual_reads(good.identification)) for _ in range(5)]
    for uid in others:
        assert (await client.result(uid))["status"] == "ok"
    found = await client.result(answer["correlation_uid"])
    assert (found["status"], found["error"]["code"] in codes) == ("failed", True), found["error"]


async def test_a_dead_address_is_retried_and_then_told(client: Client, unused_meters: Meters) -> None:
    (meter,) = unused_meters(1)
    await client.install([dataclasses.replace(meter, port=1)])
    body = {"device_identification": meter.identification, "request": {}}
    _, answer = await client.post("/v1/operations/GetActualMeterReads", body)
    found = await client.result(answer["correlation_uid"])
    assert (found["status"], found["error"]["code"], found["attempt"]) == ("failed", "CONNECTION_REFUSED", 3)


async def test_wrong_keys_are_told_apart_from_a_dead_line(client: Client, unused_meters: Meters) -> None:
    (meter,) = unused_meters(1)
    await client.install([dataclasses.replace(meter, encryption_key=bytes(16))])
    body = {"device_identification": meter.identification, "request": {}, "bypass_retry": True}
    _, answer = await client.post("/v1/operations/GetActualMeterReads", body)
    found = await client.result(answer["correlation_uid"])
    assert found["status"] == "failed"
    assert found["error"]["code"] in ("SOCKET_CLOSED_BY_REMOTE", "AUTHENTICATION_ERROR", "UNABLE_TO_DECYPHER")
    assert client.platform.fleet.stats()["repeated_nonces"] == 0
