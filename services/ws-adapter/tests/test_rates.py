"""The rate of one organisation: token buckets, on both faces."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from meterstream.ws_adapter.model import rates
from meterstream.ws_adapter.model.rates import Rates
from meterstream.ws_adapter.settings import HttpSettings

BODY = {"device_identification": "E0000000000000001"}


def test_a_bucket_empties_and_fills_again() -> None:
    found = Rates(per_s=2.0, burst=3)
    assert [found.take("a", 0.0) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert found.take("a", 0.0) == 0.5
    assert found.take("b", 0.0) == 0.0
    assert found.take("a", 0.25) == 0.25
    assert found.take("a", 0.5) == 0.0
    assert found.take("a", 0.5) == 0.5
    assert [found.take("a", 1_000.0) for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]


def test_a_clock_that_goes_back_gives_nothing_and_breaks_nothing() -> None:
    found = Rates(per_s=1.0, burst=1)
    assert found.take("a", 100.0) == 0.0
    assert found.take("a", 50.0) == 1.0


def test_full_buckets_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "_SWEEP", 10)
    found = Rates(per_s=1.0, burst=2)
    for number in range(10):
        found.take(str(number), 0.0)
    found.take("9", 5.0)
    found.take("9", 5.0)
    assert found.take("new", 5.5) == 0.0
    assert len(found) == 2
    assert found.take("9", 5.5) == 0.5


async def test_both_faces_count_together_and_say_when_to_try_again(
    build_stack: Any, http_settings: HttpSettings
) -> None:
    slow = http_settings.model_copy(update={"requests_per_s": 0.25, "requests_burst": 3})
    stack = build_stack(slow)
    await stack.listener.start()
    try:
        async with aiohttp.ClientSession(stack.base, headers=stack.as_organisation("DemoGridOrg")) as session:
            for status in (202, 202):
                async with session.post("/v1/operations/SynchronizeTime", json=BODY) as response:
                    assert response.status == status
            endpoint = "/osgp-adapter-ws-smartmetering/smartMetering/adhocService/"
            async with session.post(endpoint, data=b"<x/>") as response:
                assert "Retry-After" not in response.headers
            async with session.post("/v1/operations/SynchronizeTime", json=BODY) as response:
                problem = await response.json(content_type=None)
                assert (response.status, problem["code"]) == (429, "TOO_MANY_REQUESTS")
                assert problem["details"] == {"limit": "0.25", "retry_after_s": "4"}
                assert response.headers["Retry-After"] == "4"
            async with session.post(endpoint, data=b"<x/>") as response:
                assert response.status == 500
                assert b"TOO_MANY_REQUESTS" in await response.read()
                assert response.headers["Retry-After"] == "4"
        async with (
            aiohttp.ClientSession(stack.base, headers=stack.as_organisation("OtherGridOrg")) as session,
            session.post("/v1/operations/SynchronizeTime", json=BODY) as response,
        ):
            assert response.status == 202
    finally:
        await stack.listener.stop()
