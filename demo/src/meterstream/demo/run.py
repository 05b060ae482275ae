"""The demo's course: install the fleet, send four operations to all of it over three faces, show what came of it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from meterstream.contracts.envelope import ResultStatus
from meterstream.demo.commands import Installer, actual_reads, bundle, periodic_reads, synchronize_time
from meterstream.demo.faces import Face, KafkaFace, RestFace, SoapFace, Submission, https_session, submit_all
from meterstream.demo.fleet import DemoMeter
from meterstream.demo.results import Outcome, ResultWatcher
from meterstream.demo.stack import Stack
from meterstream.runtime.codec import Codec
from meterstream.runtime.kafka import Producer

AT_ONCE = 48
DEADLINE_S = 240.0
READINGS_SHOWN = 5


@dataclass(frozen=True)
class Row:
    """One line of the summary. Times in seconds from the command's creation to its result."""

    operation: str
    face: str
    sent: int
    ok: int
    failed: int
    per_s: float
    p50_s: float
    p95_s: float
    p99_s: float


def make_row(operation: str, face: str, outcomes: Sequence[Outcome], began: float) -> Row:
    """Count and measure what became of one face's commands."""
    ok = sum(outcome.status is ResultStatus.OK for outcome in outcomes)
    elapsed = max((outcome.seen_at for outcome in outcomes), default=began) - began
    seconds = sorted(outcome.seconds for outcome in outcomes)
    cuts = statistics.quantiles(seconds, n=100, method="inclusive") if len(seconds) > 1 else (seconds or [0.0]) * 99
    rate = len(outcomes) / elapsed if elapsed > 0 else 0.0
    return Row(operation, face, len(outcomes), ok, len(outcomes) - ok, rate, cuts[49], cuts[94], cuts[98])


class Demo:
    """Drives a running stack with a running fleet."""

    def __init__(self, stack: Stack, meters: Sequence[DemoMeter], organisation: str, console: Console) -> None:
        self._stack = stack
        self._meters = meters
        self._organisation = organisation
        self._console = console
        self.rows: list[Row] = []
        self.errors: dict[str, int] = {}

    async def run(self) -> bool:
        """Send everything and print the summary; whether every command succeeded."""
        context = self._stack.authority.client_context(self._organisation)
        base = self._stack.https_addresses[0]
        producer = Producer(self._stack.kafka_settings)
        watcher = ResultWatcher(self._stack.kafka_settings, self._organisation)
        await producer.start()
        await watcher.start()
        try:
            async with https_session(context) as session:
                rest = RestFace(session, base)
                faces: list[Face] = [
                    SoapFace(session, base, self._organisation),
                    rest,
                    KafkaFace(producer, self._organisation),
                ]
                reads = await self._send_all(faces, watcher)
                self._print_rows()
                await self._print_readings(rest, reads)
                self._print_addresses(base)
        finally:
            await watcher.stop()
            await producer.stop()
        return all(row.failed == 0 for row in self.rows)

    async def _send_all(self, faces: Sequence[Face], watcher: ResultWatcher) -> list[str]:
        installer = Installer(self._stack.keys / "rsa-public.pem")
        devices = [meter.identification for meter in self._meters]
        columns = (TextColumn("{task.description:<24}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._console) as bars:
            installs = [installer.add_device(meter) for meter in self._meters]
            await self._send("AddDevice", installs, faces[1:], watcher, bars)
            await self._send("SynchronizeTime", [synchronize_time(d) for d in devices], faces, watcher, bars)
            uids = await self._send("GetActualMeterReads", [actual_reads(d) for d in devices], faces, watcher, bars)
            periodic = periodic_reads(datetime.now(UTC))
            await self._send("GetPeriodicMeterReads", [periodic(d) for d in devices], faces, watcher, bars)
            both = bundle(Codec())
            await self._send("Bundle", [both(d) for d in devices], faces, watcher, bars)
        return [uid for uid, face in uids.items() if face == "REST"]

    async def _send(
        self,
        operation: str,
        submissions: Sequence[Submission],
        faces: Sequence[Face],
        watcher: ResultWatcher,
        bars: Progress,
    ) -> Mapping[str, str]:
        """Send one operation, each face an equal part; the face of every correlation uid."""
        bar = bars.add_task(operation, total=len(submissions))
        began = time.monotonic()
        face_of: dict[str, str] = {}
        for number, face in enumerate(faces):
            part = submissions[number :: len(faces)]
            accepted = await submit_all(face, part, AT_ONCE)
            face_of |= dict.fromkeys(accepted, face.name)
            bars.update(bar, completed=sum(uid in watcher.outcomes for uid in face_of))
        update: Callable[[int], None] = lambda done: bars.update(bar, completed=done)  # noqa: E731  # a one-line callback
        await watcher.wait_for(face_of, DEADLINE_S, update)
        for face in faces:
            outcomes = [watcher.outcomes[uid] for uid, name in face_of.items() if name == face.name]
            self.rows.append(make_row(operation, face.name, outcomes, began))
            for outcome in outcomes:
                if outcome.error:
                    self.errors[outcome.error] = self.errors.get(outcome.error, 0) + 1
        return face_of

    def _print_rows(self) -> None:
        table = Table(title=f"{len(self._meters)} meters, four services, one machine")
        for heading in ("operation", "over"):
            table.add_column(heading)
        for heading in ("sent", "ok", "failed", "commands/s", "p50 ms", "p95 ms", "p99 ms"):
            table.add_column(heading, justify="right")
        for row in self.rows:
            numbers = (row.per_s, row.p50_s * 1000, row.p95_s * 1000, row.p99_s * 1000)
            counts = (str(row.sent), str(row.ok), str(row.failed))
            table.add_row(row.operation, row.face, *counts, *(f"{number:.0f}" for number in numbers))
        self._console.print(table)
        for error, count in sorted(self.errors.items(), key=lambda item: -item[1])[:5]:
            self._console.print(f"[red]{count} × {error}")

    async def _print_readings(self, rest: RestFace, uids: Sequence[str]) -> None:
        table = Table(title="Readings, as fetched over REST")
        for heading in ("meter", "meter's time", "import", "export"):
            table.add_column(heading)
        for uid in uids[:READINGS_SHOWN]:
            found = await rest.fetch(uid)
            response = (found.get("result") or {}).get("response")
            if not response:
                continue
            imported, exported = response["active_energy_import"], response["active_energy_export"]
            amounts = (f"{amount['value']} {amount['unit']}" for amount in (imported, exported))
            table.add_row(found["device_identification"], response["log_time"], *amounts)
        self._console.print(table)

    def _print_addresses(self, base: str) -> None:
        certificates = self._stack.authority.client(self._organisation)
        self._console.print(f"REST documents   {base}/v1/docs")
        self._console.print(f"SOAP             {base}/osgp-adapter-ws-smartmetering/smartMetering/adhocService/?wsdl")
        self._console.print(f"Client           --cert {certificates.certificate} --key {certificates.key}")
        for process in self._stack.services.values():
            self._console.print(f"Metrics          {process.management}/metrics   {process.name}")
        self._console.print(f"Kafka            {self._stack.kafka.bootstrap_servers}")
