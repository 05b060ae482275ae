"""Commands that wait for their answers: found by their octets, as many as there may be."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from meterstream.contracts.envelope import CommandHeader
from meterstream.contracts.operation import Command
from meterstream.contracts.operations.synchronize_time import OPERATION, SynchronizeTimeRequest
from meterstream.domain.model.messages import Composer
from meterstream.domain.model.stored import Position, Stage, StoredCommand
from meterstream.domain.model.under_way import MOST_OCTETS, CommandsUnderWay
from meterstream.runtime.codec import Codec, shared_codec

T0 = datetime(2025, 3, 14, 10, 15, tzinfo=UTC)


def command(number: int = 1) -> Command:
    header = CommandHeader(
        correlation_uid=f"uid-{number:020}",
        submission_id="s",
        device_identification="TEST1024000000001",
        organisation="org",
        user="user",
        application="app",
        created_at=T0,
        expires_at=T0 + timedelta(hours=1),
    )
    return OPERATION.command(header=header, request=SynchronizeTimeRequest(time_zone="UTC"))


def in_lane(sent: Command) -> StoredCommand:
    header = sent.header
    return StoredCommand(
        organisation=header.organisation,
        correlation_uid=header.correlation_uid,
        operation=OPERATION.name,
        device_identification=header.device_identification,
        request_hash=b"hash",
        command=shared_codec().encode(sent),
        source=Position("commands", 0, 1),
        moved_by=Position("commands", 0, 1),
        stage=Stage.QUEUED,
        attempt=1,
        changed_at=T0,
        expires_at=header.expires_at,
        timer_at=T0,
        gateway=header.device_identification,
        not_after=header.expires_at,
    )


class CountingCodec(Codec):
    decoded = 0

    def decode(self, raw):
        self.decoded += 1
        return super().decode(raw)


def test_where_there_are_too_many_the_one_goes_that_was_noted_first():
    kept = CommandsUnderWay(most=2)
    for octets in (b"a", b"b", b"a", b"c"):
        kept.note(octets, command())
    assert [kept.find(octets) is not None for octets in (b"a", b"b", b"c")] == [True, False, True]
    assert len(kept) == 2


def test_a_large_command_is_not_kept():
    kept = CommandsUnderWay()
    kept.note(b"x" * MOST_OCTETS, command())
    kept.note(b"y" * (MOST_OCTETS + 1), command())
    assert kept.find(b"x" * MOST_OCTETS) == command()
    assert kept.find(b"y" * (MOST_OCTETS + 1)) is None


def test_a_command_that_went_to_its_meter_is_not_decoded_again():
    codec = CountingCodec()
    composer, sent = Composer(codec), command()
    row = in_lane(sent)
    composer.request(row, sent)
    later = replace(row, stage=Stage.WAITING, command=bytes(bytearray(row.command)))
    assert composer.command_of(later) == sent
    assert codec.decoded == 0


def test_a_command_that_another_process_took_in_is_decoded():
    composer, sent = Composer(shared_codec()), command()
    Composer(shared_codec()).request(in_lane(command(2)), command(2))
    assert composer.command_of(in_lane(sent)) == sent
