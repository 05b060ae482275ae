"""What a request costs ws-adapter: TLS, HTTP, SOAP or JSON, validation, the Avro command, verdict, acknowledgement.

The listener runs as in the service (TLS with client certificates, uvloop), in a process of its own, whose CPU time is
measured from outside; a twin in memory takes the commands and gives the verdict, so that no Kafka client is in the
figures. Connections are kept alive.

* `ingress_soap_cpu_ms` (at most 1.5): a small SOAP request and its acknowledgement;
* `ingress_rest_cpu_ms` (at most 0.8): the same command over REST;
* `ingress_soap_per_s`: SOAP requests on one core of this machine, that of the load generator not counted.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import aiohttp
import psutil
import uvloop

from meterstream.contracts.catalogue import load_operations
from meterstream.contracts.envelope import Reply, Verdict
from meterstream.contracts.operation import Command
from meterstream.contracts.records import OrganisationRecord
from meterstream.demo.certificates import Authority
from meterstream.runtime.codec import Codec
from meterstream.runtime.kafka import Outgoing
from meterstream.runtime.metrics import Metrics
from meterstream.ws_adapter.faces import Faces
from meterstream.ws_adapter.ingress import Ingress
from meterstream.ws_adapter.model.organisations import Organisations
from meterstream.ws_adapter.offload import Offload
from meterstream.ws_adapter.platform import Platform
from meterstream.ws_adapter.replies import PendingReplies
from meterstream.ws_adapter.settings import HttpSettings, SoapSettings
from meterstream.ws_adapter.store.memory import MemoryReadModel
from meterstream.ws_adapter.store.watch import Progresses, Watchers
from meterstream.ws_adapter.web.guard import Guard
from meterstream.ws_adapter.web.listener import Listener

ORGANISATION = "BenchGrid"
REQUESTS = 6_000
WARM_UP = 1_000
CONCURRENCY = 32
WAITING = 10_000
ENDPOINT = "/osgp-adapter-ws-smartmetering/smartMetering/adhocService/"
SOAP = f"""<?xml version="1.0" encoding="UTF-8"?>
<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"
 xmlns:c="http://www.opensmartgridplatform.org/schemas/common/2014/10"
 xmlns:a="http://www.opensmartgridplatform.org/schemas/smartmetering/sm-adhoc/2014/10"><s:Header>
<c:OrganisationIdentification>{ORGANISATION}</c:OrganisationIdentification><c:UserName>bench</c:UserName>
<c:ApplicationName>Bench</c:ApplicationName></s:Header><s:Body><a:SynchronizeTimeRequest>
<a:DeviceIdentification>E0000000000000001</a:DeviceIdentification><a:SynchronizeTimeRequestData>
<a:TimeZone>Europe/Amsterdam</a:TimeZone></a:SynchronizeTimeRequestData></a:SynchronizeTimeRequest></s:Body></s:Envelope>
""".encode()
JSON = b'{"device_identification":"E0000000000000001","request":{"time_zone":"Europe/Amsterdam"}}'


class Twin:
    """Queues every command at once."""

    def __init__(self, codec: Codec, replies: PendingReplies) -> None:
        self._codec = codec
        self._replies = replies

    def check_size(self, _: Outgoing) -> None:
        """Takes every size."""

    async def send(self, batch: Sequence[Outgoing]) -> None:
        """Decode, and answer in the form in which domain's answers come."""
        loop = asyncio.get_running_loop()
        for outgoing in batch:
            command = self._codec.decode(outgoing.value or b"")
            assert isinstance(command, Command)
            header = command.header
            reply = Reply(
                submission_id=header.submission_id,
                organisation=header.organisation,
                correlation_uid=header.correlation_uid,
                operation=command.operation.name,
                verdict=Verdict.QUEUED,
            )
            loop.call_soon(self._replies.resolve, self._codec.decode_as(self._codec.encode(reply), Reply))


def clock() -> datetime:
    """Now."""
    return datetime.now(UTC)


async def serve(directory: Path) -> None:
    """Listen until the parent goes; the port is the first line of the output."""
    authority = Authority(directory)
    server = authority.server()
    settings = HttpSettings(
        host="127.0.0.1",
        port=0,
        certificate_file=server.certificate,
        key_file=server.key,
        client_ca_file=authority.files.certificate,
        requests_per_s=1e6,
        requests_burst=1_000_000,
    )
    codec, metrics = Codec(), Metrics("ws-adapter")
    replies, watchers, organisations = PendingReplies(WAITING), Watchers(WAITING), Organisations()
    organisations.apply(
        ORGANISATION, OrganisationRecord(organisation=ORGANISATION, revision=1, name=ORGANISATION, enabled=True)
    )
    ingress = Ingress(
        codec, Twin(codec, replies), replies, reply_partition=0, clock=clock, random=uuid4, metrics=metrics
    )
    platform = Platform(
        catalogue=load_operations(),
        codec=codec,
        ingress=ingress,
        progresses=Progresses(MemoryReadModel(watchers.wake), watchers),
        organisations=organisations,
        guard=Guard(settings),
        metrics=metrics,
        clock=clock,
        offload=Offload(settings.off_loop_bytes, settings.threads),
    )
    listener = Listener(settings, Faces(platform, SoapSettings()).routes())
    await listener.start()
    print(listener.port, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await listener.stop()


async def load(session: aiohttp.ClientSession, path: str, body: bytes, expected: int, count: int) -> None:
    """Send `count` requests over the session's connections."""
    left = iter(range(count))

    async def work() -> None:
        for _ in left:
            async with session.post(path, data=body) as response:
                if response.status != expected:
                    raise RuntimeError(f"{response.status}: {await response.text()}")
                await response.read()

    await asyncio.gather(*(work() for _ in range(CONCURRENCY)))


async def measure(authority: Authority, port: int, cpu_seconds: Callable[[], float]) -> dict[str, float]:
    """CPU of the server per request, by face."""
    connector = aiohttp.TCPConnector(ssl=authority.client_context(ORGANISATION), limit=CONCURRENCY)
    figures: dict[str, float] = {}
    async with aiohttp.ClientSession(f"https://localhost:{port}", connector=connector) as session:
        for figure, path, body, expected in (
            ("ingress_soap_cpu_ms", ENDPOINT, SOAP, 200),
            ("ingress_rest_cpu_ms", "/v1/operations/SynchronizeTime", JSON, 202),
        ):
            await load(session, path, body, expected, WARM_UP)
            began = cpu_seconds()
            await load(session, path, body, expected, REQUESTS)
            figures[figure] = (cpu_seconds() - began) / REQUESTS * 1000
    figures["ingress_soap_per_s"] = 1000 / figures["ingress_soap_cpu_ms"]
    return figures


def run() -> dict[str, float]:
    """The figures."""
    with tempfile.TemporaryDirectory() as directory:
        authority = Authority(Path(directory))
        authority.server()
        command = [sys.executable, "-m", "bench.ingress", directory]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            assert server.stdin is not None
            port = int(server.stdout.readline())
            process = psutil.Process(server.pid)

            def cpu_seconds() -> float:
                times = process.cpu_times()
                return times.user + times.system

            try:
                return uvloop.run(measure(authority, port, cpu_seconds))
            finally:
                server.stdin.close()
                server.wait(timeout=30)


if __name__ == "__main__":
    uvloop.run(serve(Path(sys.argv[1])))
