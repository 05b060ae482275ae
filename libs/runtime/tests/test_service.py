"""Health, readiness, metrics and the order of starting and stopping."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

from meterstream.runtime.errors import BrokerOutage
from meterstream.runtime.logs import JsonFormatter, Sparing, bind
from meterstream.runtime.metrics import COMMANDS, METRICS, Metrics
from meterstream.runtime.service import ManagementServer, serve
from meterstream.runtime.settings import KafkaSettings, ManagementSettings, ServiceSettings


class Part:
    def __init__(self, name: str, journal: list[str], outages: int = 0) -> None:
        self.name = name
        self.ready = True
        self._journal = journal
        self._outages = outages

    async def start(self) -> None:
        if self._outages:
            self._outages -= 1
            raise BrokerOutage("away")
        self._journal.append(f"start {self.name}")

    async def stop(self) -> None:
        self._journal.append(f"stop {self.name}")


async def get(port: int, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as response:
        return response.status, await response.text()


async def test_readiness_names_what_is_not_ready() -> None:
    first, second = Part("first", []), Part("second", [])
    server = ManagementServer(ManagementSettings(host="127.0.0.1", port=0), Metrics("x"), [first, second])
    await server.start()
    try:
        assert (await get(server.port, "/readyz"))[0] == 503
        server.components_started()
        assert (await get(server.port, "/readyz"))[0] == 200
        second.ready = False
        status, text = await get(server.port, "/readyz")
        assert (status, json.loads(text)["waiting_for"]) == (503, ["second"])
        assert (await get(server.port, "/healthz"))[0] == 200
        assert "meterstream_ready 0.0" in (await get(server.port, "/metrics"))[1]
    finally:
        await server.stop()


async def until(condition: Callable[[], bool], step: Callable[[], Awaitable[None]]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await step()


async def test_parts_start_in_order_and_stop_in_reverse_after_an_outage() -> None:
    journal: list[str] = []
    settings = ServiceSettings(
        kafka=KafkaSettings(bootstrap_servers="x"), management=ManagementSettings(host="127.0.0.1", port=0)
    )
    parts = [Part("a", journal), Part("b", journal, outages=2)]
    task = asyncio.create_task(serve("example", settings, parts, Metrics("example")))
    await until(lambda: "start b" in journal, lambda: asyncio.sleep(0.01))
    os.kill(os.getpid(), signal.SIGTERM)
    async with asyncio.timeout(10):
        await task
    assert journal == ["start a", "start b", "stop b", "stop a"]


def test_metric_names_are_unique_and_prefixed() -> None:
    names = [metric.name for metric in METRICS]
    assert len(set(names)) == len(names)
    assert all(name.startswith("meterstream_") for name in names)


def test_metrics_count_by_label() -> None:
    metrics = Metrics("x")
    metrics.count(COMMANDS, "SynchronizeTime", "rest")
    metrics.count(COMMANDS, "SynchronizeTime", "rest", by=2)
    assert b'meterstream_commands_total{face="rest",operation="SynchronizeTime"} 3.0' in metrics.render()


def test_a_log_line_carries_what_the_work_is_about() -> None:
    record = logging.LogRecord("name", logging.INFO, "path", 1, "set %s", ("clock",), None)
    with bind(device="E1", correlation_uid="u", nothing=None):
        line = json.loads(JsonFormatter("domain").format(record))
    assert (line["event"], line["device"], line["correlation_uid"]) == ("set clock", "E1", "u")
    assert "nothing" not in line
    assert "device" not in json.loads(JsonFormatter("domain").format(record))


def test_a_client_that_repeats_itself_is_written_once_in_a_while() -> None:
    now = 0.0
    sparing = Sparing(every_s=10, clock=lambda: now)

    def passes(name: str, message: str, *arguments: object) -> dict[str, Any] | None:
        record = logging.LogRecord(name, logging.ERROR, "path", 1, message, arguments, None)
        return json.loads(JsonFormatter("domain").format(record)) if sparing.filter(record) else None

    assert passes("aiokafka.conn", "no connection to %s", 1) is not None
    for attempt in range(20):
        assert passes("aiokafka.conn", "no connection to %s", attempt) is None
    assert passes("aiokafka.conn", "something else") is not None
    assert all(passes("meterstream.domain", "our own") for _ in range(2))
    now = 10.0
    line = passes("aiokafka.conn", "no connection to %s", 2)
    assert line is not None
    assert (line["event"], line["left_out"]) == ("no connection to 2", 20)
    now = 20.0
    line = passes("aiokafka.conn", "no connection to %s", 2)
    assert line is not None
    assert "left_out" not in line
