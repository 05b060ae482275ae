"""The small pure parts: names and partitions, back-pressure, the lease, patience with unknown schemas."""

from __future__ import annotations

import pytest
from aiokafka.partitioner import murmur2 as aiokafka_murmur2
from hypothesis import given
from hypothesis import strategies as st

from meterstream.runtime.errors import ConfigurationError
from meterstream.runtime.kafka.flow import Flow
from meterstream.runtime.kafka.lease import Lease, Lost
from meterstream.runtime.kafka.messages import Message, Outgoing, TopicPartition
from meterstream.runtime.kafka.names import TopicNames, murmur2, partition_of_key, topic_named
from meterstream.runtime.kafka.patience import Patience
from meterstream.runtime.settings import KafkaSettings


def settings(**changes: object) -> KafkaSettings:
    values = {"bootstrap_servers": "nowhere:1", "device_partitions": 48, "spread_partitions": 12} | changes
    return KafkaSettings.model_validate(values)


class TestNames:
    # Vectors of Kafka's own UtilsTest.testMurmur2.
    @pytest.mark.parametrize(
        ("key", "expected"),
        [
            (b"21", -973932308),
            (b"foobar", -790332482),
            (b"a-little-bit-long-string", -985981536),
            (b"a-little-bit-longer-string", -1486304829),
            (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
            (b"abc", 479470107),
        ],
    )
    def test_murmur2_is_javas(self, key: bytes, expected: int) -> None:
        assert murmur2(key) == expected & 0xFFFFFFFF

    @given(st.binary(max_size=70))
    def test_murmur2_is_aiokafkas(self, key: bytes) -> None:
        assert murmur2(key) == aiokafka_murmur2(key) & 0xFFFFFFFF

    def test_the_configured_count_decides(self) -> None:
        names = TopicNames(settings(topic_prefix="here"))
        assert names.full("devices") == "here.devices"
        assert names.short("here.devices") == "devices"
        assert names.partition_of("devices", b"E1") == partition_of_key(b"E1", 48)
        assert names.partition_of("results", b"E1") == partition_of_key(b"E1", 12)
        assert names.partition_of("organisations", b"E1") == 0
        assert names.partitions("organisation-commands.grid-co.dead-letter") == 1
        assert names.partitions("organisation-commands.grid-co") == 12
        assert names.partitions("readings.grid-co") == 12

    @pytest.mark.parametrize(
        "name", ["", "comands", "organisation-commands", "organisation-commands.", "readings.", "x.dead-letter"]
    )
    def test_a_topic_that_the_contract_does_not_know(self, name: str) -> None:
        with pytest.raises(ConfigurationError, match="knows no topic"):
            topic_named(name)

    def test_contents_stay_out_of_representations(self) -> None:
        assert "secret" not in repr(Message("devices", 0, 1, b"E1", b"secret"))
        assert "secret" not in repr(Outgoing("devices", b"E1", b"secret", [("h", b"secret")]))

    def test_the_last_header_of_a_name_counts(self) -> None:
        message = Message("devices", 0, 1, b"E1", b"", (("a", b"1"), ("a", b"2")))
        assert message.header("a") == b"2"
        assert message.header("b") is None


class TestFlow:
    A, B = TopicPartition("commands", 0), TopicPartition("commands", 1)

    def flow(self, octets: int = 1000) -> Flow:
        flow = Flow(per_partition=4, octets=octets)
        flow.add(self.A)
        flow.add(self.B)
        assert flow.changes() == (set(), {self.A, self.B})  # they came paused
        return flow

    def test_a_full_partition_is_paused_alone_and_resumed_at_half(self) -> None:
        flow = self.flow()
        for _ in range(4):
            flow.take(self.A, 1)
        assert flow.changes() == ({self.A}, set())
        flow.give(self.A, 1)
        assert flow.changes() == (set(), set())
        flow.give(self.A, 1)
        assert flow.changes() == (set(), {self.A})

    def test_too_many_octets_pause_all(self) -> None:
        flow = self.flow(octets=100)
        flow.take(self.A, 60)
        flow.take(self.B, 60)
        assert flow.changes() == ({self.A, self.B}, set())
        flow.give(self.A, 60)
        assert flow.changes() == (set(), set())
        flow.give(self.B, 60)
        assert flow.changes() == (set(), {self.A, self.B})

    def test_every_reason_must_go_before_a_partition_flows(self) -> None:
        flow = self.flow()
        flow.hold(self.A, "one")
        flow.hold(self.A, "two")
        assert flow.changes() == ({self.A}, set())
        flow.hold(self.A, "one", held=False)
        assert flow.changes() == (set(), set())
        flow.hold(self.A, "two", held=False)
        assert flow.changes() == (set(), {self.A})

    def test_a_partition_that_leaves_takes_its_weight_along(self) -> None:
        flow = self.flow(octets=100)
        flow.take(self.A, 150)
        assert flow.changes()[0] == {self.A, self.B}
        flow.remove(self.A, 150)
        assert (flow.messages, flow.octets) == (0, 0)
        assert flow.changes() == (set(), {self.B})


class TestLease:
    def test_it_lives_on_beats_and_contacts(self) -> None:
        now = 100.0
        lease = Lease(10.0, now, clock=lambda: now)
        for _ in range(20):
            now += 4.9
            lease.beat()
            lease.contact(now)
            lease.check()

    def test_a_process_that_stood_still_has_lost_it_for_good(self) -> None:
        now = 100.0
        lease = Lease(10.0, now, clock=lambda: now)
        now += 5.1
        lease.beat()  # the first thing that runs after the sleep must not heal it
        lease.contact(now)
        with pytest.raises(Lost, match="stood still"):
            lease.check()

    def test_silence_of_the_broker_ends_it(self) -> None:
        now = 100.0
        lease = Lease(10.0, now, clock=lambda: now)
        asked = lease.now()
        for _ in range(3):
            now += 2.0
            lease.beat()
        lease_reason = lease.reason
        assert lease_reason is not None
        assert "no contact" in lease_reason
        lease.contact(asked)
        with pytest.raises(Lost):
            lease.check()

    def test_an_answer_proves_what_held_when_it_was_asked_for(self) -> None:
        now = 100.0
        lease = Lease(10.0, now, clock=lambda: now)
        now += 1.0
        asked = lease.now()
        now += 3.5
        lease.beat()
        lease.contact(asked)
        assert lease.since_contact == 3.5

    def test_the_broker_may_end_it(self) -> None:
        lease = Lease(10.0, 0.0, clock=lambda: 0.0)
        lease.end("fenced")
        with pytest.raises(Lost, match="fenced"):
            lease.check()


class TestPatience:
    UNKNOWN = b"\xc3\x01ABCDEFGHbody"

    def test_a_schema_is_waited_for_once(self) -> None:
        now = 0.0
        patience = Patience(["commands", "upstream-commands"], hold_s=900, clock=lambda: now)
        message = Message("commands", 0, 0, b"k", self.UNKNOWN)
        assert patience.asked(message, b"ABCDEFGH")
        assert patience.holds(message)
        now = 901.0
        assert not patience.holds(message)
        assert not patience.asked(message, b"ABCDEFGH")
        assert patience.asked(message, b"12345678")  # another one gets its own time

    def test_strangers_cannot_stop_a_topic(self) -> None:
        patience = Patience(["upstream-commands", "organisation-commands.grid-co"])
        for topic in ("upstream-commands", "organisation-commands.grid-co"):
            assert not patience.asked(Message(topic, 0, 0, b"k", self.UNKNOWN), b"ABCDEFGH")
