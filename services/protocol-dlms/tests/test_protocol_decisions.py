"""Gate, candidates, opening, marks and readings: decisions as plain functions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from meterstream.contracts.envelope import DlmsRequestHeader
from meterstream.contracts.errors import PlatformError, error
from meterstream.contracts.records import (
    Connection,
    DeviceRecord,
    DeviceState,
    KeyKind,
    KeyState,
    MbusChannel,
    ReadingRow,
    SealedKey,
    SecurityLevel,
)
from meterstream.dlms import errors as dlms
from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.data import AttributeRef
from meterstream.protocol_dlms.executor import AccessRefused
from meterstream.protocol_dlms.failures import translate
from meterstream.protocol_dlms.model.candidates import KeySet, candidates
from meterstream.protocol_dlms.model.gate import Gate, admit, behind, check_expiry
from meterstream.protocol_dlms.model.marks import Met, StepId, closed, doubtful, is_stale, leaves_doubt, meet, opened
from meterstream.protocol_dlms.model.opening import (
    HIGHEST_TOLD,
    GiveUp,
    Opening,
    Pause,
    ReadCounter,
    Refusal,
    Try,
    floor_for,
    is_refusal,
    suspects_counter,
)
from meterstream.protocol_dlms.model.readings import MAX_BYTES, StepRows, to_messages
from meterstream.runtime.codec import shared_codec

NOW = datetime(2025, 3, 11, 12, tzinfo=UTC)
METER = "EXXXX123456789012"
GAS = "GXXXX123456789012"


def header(**changes: object) -> DlmsRequestHeader:
    fields: dict[str, object] = {
        "organisation": "grid",
        "correlation_uid": "uid-00000000000000001",
        "attempt": 1,
        "device_identification": METER,
        "gateway": METER,
        "record_revision": 7,
        "priority": 4,
        "published_at": NOW,
        "not_after": NOW + timedelta(hours=1),
    }
    return DlmsRequestHeader.model_validate(fields | changes)


def record(revision: int = 7, state: DeviceState = DeviceState.ACTIVE, *channels: MbusChannel) -> DeviceRecord:
    return DeviceRecord(
        device_identification=METER,
        revision=revision,
        state=state,
        organisation="grid",
        device_type="SMART_METER_E",
        protocol_name="SMR",
        protocol_version="5.0.0",
        connection=Connection(),
        security_level=SecurityLevel.HLS5,
        channels=list(channels),
    )


class TestGate:
    @pytest.mark.parametrize("revision", [None, 1, 6])
    def test_waits_for_the_record(self, revision: int | None) -> None:
        assert admit(header(), revision, None if revision is None else record(revision)) is Gate.WAIT
        late = behind(header(), revision)
        assert late.code.name == "DEVICE_RECORD_BEHIND"
        assert late.retryable

    @pytest.mark.parametrize("revision", [7, 8, 100])
    def test_starts_at_its_revision_or_a_later_one(self, revision: int) -> None:
        assert admit(header(), revision, record(revision)) is Gate.START

    def test_a_removed_gateway(self) -> None:
        with pytest.raises(PlatformError, match="was removed") as caught:
            admit(header(), 8, None)
        assert caught.value.code.name == "DEVICE_REMOVED"
        assert not caught.value.retryable

    def test_removal_of_an_older_revision_is_waited_for(self) -> None:
        assert admit(header(), 6, None) is Gate.WAIT  # registered anew at revision 7

    def test_an_mbus_device_on_its_channel(self) -> None:
        there = MbusChannel(channel=2, device_identification=GAS, mbus_identity="LGB12056731")
        wanted = header(device_identification=GAS, channel=2, mbus_identity="LGB12056731")
        assert admit(wanted, 7, record(7, DeviceState.ACTIVE, there)) is Gate.START

    @pytest.mark.parametrize(
        "there",
        [
            (),
            (MbusChannel(channel=1, device_identification=GAS, mbus_identity="LGB12056731"),),
            (MbusChannel(channel=2, device_identification="GXXXX999999999999", mbus_identity="LGB12056731"),),
            (MbusChannel(channel=2, device_identification=GAS, mbus_identity="LGB00000000"),),
        ],
    )
    def test_an_mbus_device_that_moved(self, there: tuple[MbusChannel, ...]) -> None:
        wanted = header(device_identification=GAS, channel=2, mbus_identity="LGB12056731")
        with pytest.raises(PlatformError) as caught:
            admit(wanted, 7, record(7, DeviceState.ACTIVE, *there))
        assert caught.value.code.name == "GATEWAY_CHANGED"
        assert caught.value.retryable

    def test_a_request_for_another_device_without_channel(self) -> None:
        with pytest.raises(PlatformError) as caught:
            admit(header(device_identification=GAS), 7, record())
        assert caught.value.code.name == "GATEWAY_CHANGED"

    def test_nothing_starts_after_not_after(self) -> None:
        check_expiry(header(), NOW + timedelta(hours=1))
        with pytest.raises(PlatformError) as caught:
            check_expiry(header(), NOW + timedelta(hours=1, seconds=1))
        assert caught.value.code.number == 417


def key(key_id: str, state: KeyState = KeyState.ACTIVE, *, kind: str = "E", proven: bool = True) -> SealedKey:
    kinds = {
        "E": KeyKind.E_METER_ENCRYPTION_KEY_UNICAST,
        "A": KeyKind.E_METER_AUTHENTICATION_KEY,
        "P": KeyKind.LLS_PASSWORD,
    }
    return SealedKey(key_id=key_id, kind=kinds[kind], state=state, proven=proven, sealed=b"")


def ids(sets: tuple[KeySet, ...]) -> list[tuple[str, ...]]:
    return [found.key_ids for found in sets]


class TestCandidates:
    def test_one_pair_leaves_no_doubt(self) -> None:
        assert ids(candidates([key("e1"), key("a1", kind="A")])) == [("e1", "a1")]

    def test_keys_being_replaced_give_all_four_combinations(self) -> None:
        keys = [
            key("e2", KeyState.NEW, proven=False),
            key("e1"),
            key("a2", KeyState.NEW, kind="A", proven=False),
            key("a1", kind="A"),
        ]
        assert ids(candidates(keys)) == [("e1", "a1"), ("e1", "a2"), ("e2", "a1"), ("e2", "a2")]

    def test_what_the_last_association_stood_with_comes_first(self) -> None:
        keys = [key("e1"), key("e2", KeyState.NEW, proven=False), key("a1", kind="A")]
        assert ids(candidates(keys, ["e2", "a1"]))[0] == ("e2", "a1")

    def test_keys_given_anew_come_before_withdrawn_ones_that_once_worked(self) -> None:
        keys = [key("e1", KeyState.WITHDRAWN), key("e2", proven=False), key("a1", kind="A")]
        assert ids(candidates(keys, ["e1", "a1"])) == [("e2", "a1"), ("e1", "a1")]

    def test_at_most_four(self) -> None:
        keys = [key(f"e{n}", KeyState.WITHDRAWN, proven=False) for n in range(5)]
        keys += [key(f"a{n}", KeyState.WITHDRAWN, kind="A", proven=False) for n in range(5)]
        found = ids(candidates(keys))
        assert len(found) == 4
        assert len(set(found)) == 4

    def test_the_password_belongs_to_lls(self) -> None:
        keys = [key("e1"), key("a1", kind="A"), key("p1", kind="P")]
        (found,) = candidates(keys, password=True)
        assert found.key_ids == ("e1", "a1", "p1")

    @pytest.mark.parametrize("present", [[], ["E"], ["A"]])
    def test_missing_keys_are_named(self, present: list[str]) -> None:
        with pytest.raises(PlatformError) as caught:
            candidates([key(kind, kind=kind) for kind in present])
        assert caught.value.code.number == 806


CLOSED = error("SOCKET_CLOSED_BY_REMOTE", "closed")
SETS = candidates([key("e1"), key("e2", KeyState.NEW, proven=False), key("a1", kind="A")])


def refusal(*, suspects: bool = True, used: int = 100, accepted: int = 0) -> Refusal:
    return Refusal(error("SOCKET_CLOSED_BY_REMOTE", "closed"), suspects, used, accepted)


class TestOpening:
    def test_tries_at_once_where_counters_are_known(self) -> None:
        assert Opening(SETS, readable=True, known=True).begin() == Try(SETS[0])
        assert Opening(SETS, readable=False, known=False).begin() == Try(SETS[0])

    def test_reads_the_counter_first_where_only_the_meter_knows_it(self) -> None:
        opening = Opening(SETS, readable=True, known=False)
        assert opening.begin() == ReadCounter()
        assert opening.counter_is(5000) == Try(SETS[0], Pause.COUNTER)

    def test_no_start_without_the_counter_that_only_the_meter_knows(self) -> None:
        opening = Opening(SETS, readable=True, known=False)
        opening.begin()
        assert opening.counter_unknown(CLOSED) == GiveUp(CLOSED)

    def test_a_meter_without_the_object_starts_anyway(self) -> None:
        opening = Opening(SETS, readable=True, known=False)
        opening.begin()
        assert opening.counter_absent() == Try(SETS[0], Pause.COUNTER)

    def test_recovers_once_with_the_same_keys(self) -> None:
        opening = Opening(SETS, readable=True, known=True)
        opening.begin()
        assert opening.refused(refusal()) == ReadCounter(Pause.COUNTER)
        assert opening.counter_is(100) == Try(SETS[0], Pause.COUNTER)
        assert opening.refused(refusal(used=400)) == Try(SETS[1], Pause.KEYS)

    def test_a_counter_that_is_in_order_leaves_the_keys(self) -> None:
        opening = Opening(SETS, readable=True, known=True)
        opening.begin()
        opening.refused(refusal())
        assert opening.counter_is(99) == Try(SETS[1], Pause.KEYS)
        last = opening.refused(refusal())
        assert isinstance(last, GiveUp)
        assert last.failure.code.name == "SOCKET_CLOSED_BY_REMOTE"

    def test_a_counter_below_one_that_the_meter_has_accepted_is_808(self) -> None:
        opening = Opening(SETS[:1], readable=True, known=True)
        opening.begin()
        opening.refused(refusal(used=12_346, accepted=12_345))
        step = opening.counter_is(12_344)
        assert isinstance(step, GiveUp)
        assert step.failure.code.number == 808
        assert not step.failure.retryable

    def test_a_refusal_of_other_keys_does_not_read_again(self) -> None:
        opening = Opening(SETS, readable=True, known=False)
        opening.begin()
        opening.counter_is(5000)
        assert opening.refused(refusal()) == Try(SETS[1], Pause.KEYS)
        assert isinstance(opening.refused(refusal()), GiveUp)

    def test_a_recovery_that_cannot_read_goes_on_with_other_keys(self) -> None:
        opening = Opening(SETS, readable=True, known=True)
        opening.begin()
        opening.refused(refusal())
        assert opening.counter_unknown(CLOSED) == Try(SETS[1], Pause.KEYS)

    def test_a_clear_refusal_does_not_read_the_counter(self) -> None:
        opening = Opening(SETS, readable=True, known=True)
        opening.begin()
        assert opening.refused(refusal(suspects=False)) == Try(SETS[1], Pause.KEYS)

    @pytest.mark.parametrize(
        ("failure", "refused", "suspects"),
        [
            (dlms.LinkClosed("x"), True, True),
            (dlms.AssociationRejected(1, "user", 1), True, True),
            (dlms.AssociationRejected(1, "user", 13), True, True),
            (dlms.AssociationRejected(2, "user", 1), True, False),
            (dlms.AssociationRejected(1, "provider", 1), True, False),
            (dlms.ExceptionResponse(1, 5, None, ciphered=False), True, False),
            (dlms.ExceptionResponse(1, 6, 99, ciphered=False), True, True),
            (dlms.ExceptionResponse(1, 1, None, ciphered=False), False, False),
            (dlms.DecipherError("x"), True, False),
            (dlms.AuthenticationError("x"), True, False),
            (dlms.ResponseTimeout("x"), False, False),
            (dlms.LinkReset("x"), False, False),
            (dlms.ConnectFailed(dlms.ConnectFailure.REFUSED, "x"), False, False),
            (dlms.FrameError("x"), False, False),
        ],
    )
    def test_what_a_failure_tells(self, failure: dlms.DlmsError, refused: bool, suspects: bool) -> None:
        assert is_refusal(failure) is refused
        assert suspects_counter(failure) is suspects

    def test_floor(self) -> None:
        assert floor_for(5000, 0, 256, known=False) == 5256
        assert floor_for(5000, 5000, 256, known=True) == 5256
        assert floor_for(5000, 5001, 256, known=True) == 0

    @pytest.mark.parametrize("known", [True, False])
    def test_a_forged_answer_does_not_use_the_key_up(self, known: bool) -> None:
        assert floor_for(HIGHEST_TOLD, 1, 256, known=known) == HIGHEST_TOLD + 256
        with pytest.raises(PlatformError) as caught:
            floor_for(HIGHEST_TOLD + 1, 1, 256, known=known)
        assert caught.value.code.name == "COUNTERS_EXHAUSTED"


class TestMarks:
    STEP = StepId(METER, "grid", "uid-00000000000000001", 2, 3)

    def test_meets(self) -> None:
        mark = opened(self.STEP, NOW)
        assert meet(None) is Met.RUN
        assert meet(mark) is Met.DOUBT
        assert meet(closed(mark, b"answer")) is Met.REPEAT
        assert closed(mark, failure=CLOSED).error is not None

    def test_keys_of_two_organisations_differ(self) -> None:
        other = self.STEP._replace(organisation="other")
        assert other.record_key != self.STEP.record_key
        assert self.STEP.record_key == f"{METER}|mark|grid|uid-00000000000000001|2|3"

    def test_tombstone_an_hour_after_the_attempt_cannot_come_again(self) -> None:
        mark = opened(self.STEP, NOW)
        assert not is_stale(mark, NOW + timedelta(hours=1))
        assert is_stale(mark, NOW + timedelta(hours=1, seconds=1))

    @pytest.mark.parametrize(
        ("failure", "doubt"),
        [
            (AccessRefused(DataAccessResult.OTHER_REASON, AttributeRef(1, bytes(6), 2)), False),
            (error("VALIDATION_ERROR"), False),
            (error("OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL"), False),
            (error("EXCEPTION_RESPONSE"), True),
            (error("RESPONSE_TIMEOUT"), True),
            (error("UNABLE_TO_DECYPHER"), True),
            (error("ILLEGAL_RESPONSE"), True),
            (error("TECHNICAL_ERROR"), True),
        ],
    )
    def test_which_failures_leave_doubt(self, failure: PlatformError, doubt: bool) -> None:
        assert leaves_doubt(failure) is doubt
        assert not doubtful(failure).retryable


class TestReadings:
    def rows(self, count: int) -> list[ReadingRow]:
        return [
            ReadingRow(
                quantity="active_energy_import_tariff_one",
                logical_name="1.0.1.8.1.255",
                value=Decimal(number).scaleb(-3),
                unit="KWH",
                captured_at=NOW + timedelta(minutes=15 * number),
                status=["DAYLIGHT_SAVING", "POWER_DOWN"],
            )
            for number in range(count)
        ]

    def test_messages_stay_below_the_bound_and_lose_nothing(self) -> None:
        rows = self.rows(9000)
        messages = to_messages(header(), [StepRows(0, "GetPeriodicMeterReads", rows)], NOW)
        assert len(messages) > 1
        assert [row for message in messages for row in message.rows] == rows
        assert all(len(shared_codec().encode(message)) <= MAX_BYTES for message in messages)
        assert len({message.reading_id for message in messages}) == len(messages)

    def test_the_first_message_has_the_id_of_the_attempt(self) -> None:
        (message,) = to_messages(header(), [StepRows(0, "GetActualMeterReads", self.rows(1))], NOW)
        assert message.reading_id == "grid|uid-00000000000000001|1"
        (second,) = to_messages(header(), [StepRows(4, "GetActualMeterReads", self.rows(1))], NOW)
        assert second.reading_id == "grid|uid-00000000000000001|1|4|0"

    def test_repeats_are_byte_identical(self) -> None:
        found = [StepRows(0, "GetActualMeterReads", self.rows(6))]
        codec = shared_codec()
        first, second = (list(map(codec.encode, to_messages(header(), found, NOW))) for _ in range(2))
        assert first == second


class TestTranslation:
    @pytest.mark.parametrize(
        ("failure", "number"),
        [
            (dlms.ConnectFailed(dlms.ConnectFailure.REFUSED, "x"), 225),
            (dlms.ConnectFailed(dlms.ConnectFailure.TIMED_OUT, "x"), 227),
            (dlms.ConnectFailed(dlms.ConnectFailure.UNREACHABLE, "x"), 228),
            (dlms.ConnectFailed(dlms.ConnectFailure.UNKNOWN_HOST, "x"), None),
            (dlms.LinkClosed("x"), 229),
            (dlms.LinkReset("x"), 226),
            (dlms.ResponseTimeout("x"), 233),
            (dlms.FrameError("x"), 231),
            (dlms.DecodeError("x"), 232),
            (dlms.UnexpectedAnswer("x"), 232),
            (dlms.DecipherError("x"), 230),
            (dlms.AuthenticationError("x"), 223),
            (dlms.AssociationRejected(1, "user", 2), 211),
            (dlms.AssociationRejected(1, "user", 11), 223),
            (dlms.AssociationRejected(1, "user", 12), 223),
            (dlms.AssociationRejected(1, "user", 13), 223),
            (dlms.AssociationRejected(1, "user", 14), 224),
            (dlms.AssociationRejected(1, "provider", 13), 211),
            (dlms.AssociationRejected(7, "user", 13), 234),
            (dlms.ChallengeLengthError("x"), 213),
            (dlms.ConfigurationError("x"), 413),
        ],
    )
    def test_connection_errors_have_the_numbers_that_clients_know(
        self, failure: dlms.DlmsError, number: int | None
    ) -> None:
        assert translate(failure).code.number == number

    def test_every_error_of_the_core_has_a_code(self) -> None:
        def subclasses(kind: type[dlms.DlmsError]) -> set[type[dlms.DlmsError]]:
            return {kind}.union(*(subclasses(child) for child in kind.__subclasses__()))

        special = {
            dlms.ConnectFailed: dlms.ConnectFailed(dlms.ConnectFailure.REFUSED, "x"),
            dlms.AssociationRejected: dlms.AssociationRejected(1, "user", 1),
            dlms.ExceptionResponse: dlms.ExceptionResponse(1, 1, None, ciphered=True),
            dlms.ConfirmedServiceError: dlms.ConfirmedServiceError(1, 1, 1),
            dlms.AccessError: dlms.AccessError(DataAccessResult.OTHER_REASON),
        }
        for kind in subclasses(dlms.DlmsError):
            if kind.__module__ == dlms.__name__:
                assert translate(special.get(kind) or kind("x")).message
