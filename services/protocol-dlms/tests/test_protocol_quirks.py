"""Meters that refuse lists: what they are asked instead, and what the next session knows of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from wire import PROTOCOLS
from wire import profile as profile_of
from worker_stage import Make, MemoryCluster

from meterstream.contracts.operations import get_periodic_meter_reads
from meterstream.contracts.records import Quirks
from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.asyncio import MeterSession
from meterstream.dlms.data import AttributeRef, Data, Unit, array, enum, integer, octet_string, structure
from meterstream.dlms.meter import Habits
from meterstream.dlms.objects import ScalerUnit, load_profile
from meterstream.protocol_dlms.associations import Visit
from meterstream.protocol_dlms.executor import At, Call
from meterstream.protocol_dlms.model.laid_down import LaidDownScalers, laid_down_scalers
from meterstream.protocol_dlms.model.quirks import Known
from meterstream.protocol_dlms.views.sessions import SessionTable
from meterstream.runtime.kafka import Message
from meterstream.simulator.settings import FleetSettings

SHORT_LISTS = FleetSettings(habits=Habits(max_list=2))
READS = [At("clock"), At("active_energy_import"), At("active_energy_export")]
ZONE = octet_string(bytes.fromhex("FFFF03FE0702000000FFC400"))


class Lists:
    """How many lists were sent."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent = 0
        for name in ("_get_part", "_set_part"):
            original = getattr(MeterSession, name)

            async def counted(session: MeterSession, items: Any, original: Any = original) -> Any:
                before = session.sent_apdus
                results = await original(session, items)
                self.sent += session.sent_apdus > before
                return results

            monkeypatch.setattr(MeterSession, name, counted)


@pytest.fixture
def lists(monkeypatch: pytest.MonkeyPatch) -> Lists:
    return Lists(monkeypatch)


class TestAssociations:
    async def test_refused_lists_are_asked_one_by_one(self, make_bench: Make, lists: Lists) -> None:
        bench = await make_bench(SHORT_LISTS)
        meter = await bench.associations.open(bench.visit(bench.record(with_list_max=0)))
        assert not meter.lists_refused
        assert all(isinstance(answer, Data) for answer in await meter.get_list(READS))
        assert meter.lists_refused
        await meter.get_list(READS)
        assert lists.sent == 1
        await bench.associations.close(meter)

    async def test_refused_lists_of_writes_are_written_one_by_one(self, make_bench: Make, lists: Lists) -> None:
        bench = await make_bench(SHORT_LISTS)
        meter = await bench.associations.open(bench.visit(bench.record(with_list_max=0)))
        items = [(At("clock", 5), ZONE), (At("clock", 6), ZONE), (At("association_ln", 2), array())]
        assert await meter.set_list(items) == [
            DataAccessResult.SUCCESS,
            DataAccessResult.SUCCESS,
            DataAccessResult.READ_WRITE_DENIED,
        ]
        assert lists.sent == 1
        assert meter.lists_refused
        assert await meter.get(At("clock", 6)) == ZONE
        await bench.associations.close(meter)

    async def test_a_meter_that_is_known_to_refuse_them_gets_none(self, make_bench: Make, lists: Lists) -> None:
        bench = await make_bench(SHORT_LISTS)
        meter = await bench.associations.open(
            Visit(bench.record(with_list_max=0), (), bench.guard, Known(lists_refused=True))
        )
        await meter.get_list(READS)
        assert lists.sent == 0
        assert not meter.lists_refused
        await bench.associations.close(meter)

    @pytest.mark.parametrize(("with_list_max", "expected"), [(0, 2), (1, 0), (16, 3)])
    async def test_a_record_without_a_number_leaves_it_to_the_meter(
        self, make_bench: Make, lists: Lists, with_list_max: int, expected: int
    ) -> None:
        bench = await make_bench(FleetSettings())
        meter = await bench.associations.open(bench.visit(bench.record(with_list_max=with_list_max)))
        await meter.get_list(READS * 12)
        assert lists.sent == expected
        await bench.associations.close(meter)

    async def test_an_activated_image_is_noted(self, make_bench: Make) -> None:
        bench = await make_bench(FleetSettings())
        meter = await bench.associations.open(bench.visit(bench.record()))
        assert not meter.firmware_changed
        with pytest.raises(Exception, match="MethodResultCode"):
            await meter.action(Call("image_transfer", 4))
        assert meter.firmware_changed
        await bench.associations.close(meter)


RATES = [At(f"active_energy_{way}_rate_{rate}", 3) for way in ("import", "export") for rate in (1, 2)]
WATT_HOURS = structure(integer(0), enum(30))


class TestScalers:
    """Scaler and unit of the registers in profiles."""

    async def test_are_read_once_and_then_known(self, make_bench: Make) -> None:
        bench = await make_bench(FleetSettings(protocols=("SMR 5.0.0",)))
        meter = await bench.associations.open(bench.visit(bench.record(with_list_max=0)))
        gets = bench.fleet.stats.gets
        assert not meter.scalers_verified
        assert await meter.get_list(RATES[:2]) == [WATT_HOURS] * 2
        assert bench.fleet.stats.gets == gets + 6  # the others come along
        assert meter.scalers_verified
        clock, scaler = await meter.get_list([At("clock"), RATES[3]])
        assert clock.type.name == "OCTET_STRING"
        assert [scaler, await meter.get(RATES[0])] == [WATT_HOURS] * 2
        assert bench.fleet.stats.gets == gets + 7
        own_word = meter.profile.ref("active_energy_import", 3)
        assert await meter.get_list([own_word]) == [WATT_HOURS]
        assert await meter.get(own_word) == WATT_HOURS
        assert bench.fleet.stats.gets == gets + 9
        await bench.associations.close(meter)

    async def test_of_a_meter_that_is_known_are_not_read(self, make_bench: Make) -> None:
        bench = await make_bench(FleetSettings())
        visit = Visit(bench.record(with_list_max=0), (), bench.guard, Known(scalers_verified=True))
        meter = await bench.associations.open(visit)
        gets = bench.fleet.stats.gets
        assert await meter.get_list(RATES) == [WATT_HOURS] * 4
        assert bench.fleet.stats.gets == gets
        await bench.associations.close(meter)

    @pytest.mark.parametrize(
        "strange",
        [
            structure(integer(1), enum(30)),
            structure(integer(0), enum(27)),
            octet_string(b"Wh"),
            DataAccessResult.OBJECT_UNDEFINED,
        ],
    )
    def test_that_differ_are_asked_every_time(self, strange: Data | DataAccessResult) -> None:
        profile = load_profile("SMR", "5.0.0")
        scalers = LaidDownScalers(profile)
        answers: dict[AttributeRef, Data | DataAccessResult] = dict.fromkeys(laid_down_scalers(profile), WATT_HOURS)
        answers[profile.ref("active_energy_export", 3)] = strange
        assert len(scalers.along(list(answers)[:1])) == len(answers) - 1
        scalers.note(answers)
        assert not scalers.verified
        assert scalers.known(RATES[0]) is None
        assert scalers.along(list(answers)[:1]) == []

    @pytest.mark.parametrize("protocol", PROTOCOLS)
    def test_of_every_version_are_those_of_its_energy_registers(self, protocol: str) -> None:
        found = profile_of(protocol)
        assert len(laid_down_scalers(found)) == 6
        assert set(laid_down_scalers(found).values()) == {ScalerUnit(0, Unit.WATT_HOUR)}
        scalers = LaidDownScalers(found, verified=True)
        assert scalers.known(At("clock", 3)) is None
        assert scalers.known(At("active_energy_import", 2)) is None
        assert scalers.along(laid_down_scalers(found)) == []


class TestTable:
    @pytest.fixture
    def table(self) -> SessionTable:
        return SessionTable("process")

    def told(self, table: SessionTable, now: Any, revision: int = 3, refused: bool = True) -> None:
        record = Quirks(gateway="E1", revision=revision, lists_refused=refused, observed_at=now)
        table.on_record(b"E1|quirks", record, Message("device-sessions", 2, 0, b"E1|quirks", b"", ()))

    def test_holds_for_one_revision_of_the_record(self, table: SessionTable, header: Make) -> None:
        now = header("E1").published_at
        assert not table.quirks(2, "E1", 3).lists_refused
        self.told(table, now)
        assert table.quirks(2, "E1", 3).lists_refused
        assert not table.quirks(2, "E1", 4).lists_refused
        assert not table.quirks(1, "E1", 3).lists_refused
        assert not table.quirks(2, "E2", 3).lists_refused

    def test_is_forgotten_when_told_so(self, table: SessionTable, header: Make) -> None:
        now = header("E1").published_at
        self.told(table, now)
        self.told(table, now, refused=False)
        assert not table.quirks(2, "E1", 3).lists_refused
        self.told(table, now)
        table.drop([2])
        assert not table.quirks(2, "E1", 3).lists_refused


class TestWorker:
    @pytest.fixture
    def make_cluster(self) -> Make:
        async def make() -> MemoryCluster:
            return MemoryCluster()

        return make

    async def test_the_next_session_begins_with_single_requests(self, make_stage: Make, lists: Lists) -> None:
        stage = await make_stage(SHORT_LISTS)
        await stage.publish(stage.bench.record(with_list_max=0))
        await stage.start_worker()
        reads = [stage.read_request() for _ in range(2)]
        for request in reads:
            (response,) = await stage.ask(request)
            assert response.error is None
            await stage.eventually(lambda: self.quirks(stage))
        assert lists.sent == 1
        assert [quirk.lists_refused for quirk in self.quirks(stage)] == [True]
        assert stage.bench.fleet.stats.associations == 3  # one of them to read the invocation counter

    async def test_a_new_record_gives_lists_another_chance(self, make_stage: Make, lists: Lists) -> None:
        stage = await make_stage(SHORT_LISTS)
        await stage.publish(stage.bench.record(with_list_max=0))
        await stage.start_worker()
        await stage.ask(stage.read_request())
        await stage.eventually(lambda: self.quirks(stage))
        await stage.publish(stage.bench.record(with_list_max=2, revision=2))
        (response,) = await stage.ask(stage.read_request(record_revision=2))
        assert response.error is None
        assert lists.sent == 1 + 3
        assert len(self.quirks(stage)) == 1

    async def test_scalers_are_read_in_the_first_session_alone(self, make_stage: Make) -> None:
        stage = await make_stage(FleetSettings())
        await stage.publish(stage.bench.record(with_list_max=0))
        await stage.start_worker()
        end = datetime.now(UTC)
        body = get_periodic_meter_reads.GetPeriodicMeterReadsRequest(
            period_type="INTERVAL", begin_date=end - timedelta(hours=2), end_date=end
        )
        stats = stage.bench.fleet.stats
        counts, responses = [], []
        for _ in range(2):
            before = stats.gets
            request = stage.request(get_periodic_meter_reads.OPERATION, body, stage.bench.gateway())
            responses += await stage.ask(request)
            counts.append(stats.gets - before)
            await stage.eventually(lambda: self.quirks(stage))
        assert [response.error for response in responses] == [None, None]
        assert responses[0].response == responses[1].response
        # invocation counter, six scalers and the rows; then the rows alone
        assert counts == [8, 1]
        assert [(quirk.lists_refused, quirk.scalers_verified) for quirk in self.quirks(stage)] == [(False, True)]

    @staticmethod
    def quirks(stage: Any) -> list[Quirks]:
        return [record for record in stage.records("device-sessions") if isinstance(record, Quirks)]
