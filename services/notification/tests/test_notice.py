from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from meterstream.contracts.catalogue import answered_by_events, load_operations
from meterstream.contracts.envelope import ResultStatus
from meterstream.contracts.events import EventKind
from meterstream.contracts.operation import Kind
from meterstream.notification.model.notice import MAX_MESSAGE, notice_of, notices_of, printable


def test_tells_the_facts_of_a_result_and_none_of_its_data(make_result) -> None:
    notice = notice_of(make_result())
    assert notice is not None
    assert (notice.notification_type, notice.operation) == ("REQUEST_ACTUAL_METER_DATA", "GetActualMeterReads")
    assert notice.succeeded
    assert notice.message is None
    assert notice.error_code is None


def test_tells_why_a_command_failed(make_result) -> None:
    notice = notice_of(make_result(status=ResultStatus.FAILED, message="device did not answer"))
    assert notice is not None
    assert not notice.succeeded
    assert (notice.message, notice.error_code) == ("device did not answer", "CONNECTION_REFUSED")


@pytest.mark.parametrize("status", [status for status in ResultStatus if status is not ResultStatus.OK])
def test_every_outcome_but_ok_has_a_message(make_result, status: ResultStatus) -> None:
    notice = notice_of(make_result(status=status))
    assert notice is not None
    assert notice.message == status.value


def test_synchronous_operations_are_not_announced(make_result) -> None:
    synchronous = [one.name for one in load_operations().values() if one.kind is Kind.SYNCHRONOUS]
    assert synchronous
    for name in synchronous:
        assert notice_of(make_result(name)) is None


@pytest.mark.parametrize(
    ("kind", "notification_type"),
    [(EventKind.ALARM, "PUSH_NOTIFICATION_ALARM"), (EventKind.SYSTEM_EVENT, "SYSTEM_EVENT")],
)
def test_an_event_is_announced_to_each_of_its_organisations(make_event, kind, notification_type) -> None:
    event = make_event(kind, organisations=["DemoGridOrg", "OtherGridOrg"])
    told = notices_of(event, answered_by_events())
    assert [notice.organisation for notice in told] == ["DemoGridOrg", "OtherGridOrg"]
    for notice in told:
        assert (notice.notification_type, notice.correlation_uid) == (notification_type, event.event_id)
        assert (notice.device_identification, notice.succeeded, notice.message) == ("E0000000000000001", True, None)
        assert notice.is_event


def test_an_event_that_nobody_fetches_is_not_announced(make_event) -> None:
    assert notices_of(make_event(EventKind.LIFECYCLE), answered_by_events()) == []


def test_the_notice_of_a_result_is_none_of_an_event(make_result) -> None:
    notice = notice_of(make_result())
    assert notice is not None
    assert not notice.is_event


def test_a_long_message_is_cut(make_result) -> None:
    notice = notice_of(make_result(status=ResultStatus.FAILED, message="x" * 10_000))
    assert notice is not None
    assert notice.message == "x" * MAX_MESSAGE


@given(st.text())
def test_printable_text_survives_xml(text: str) -> None:
    element = etree.Element("a")
    element.text = printable(text)
    assert (etree.fromstring(etree.tostring(element)).text or "") == printable(text)


def test_printable_keeps_what_xml_can_carry() -> None:
    assert printable("é\t\n☃\U0001f600") == "é\t\n☃\U0001f600"
    assert printable("a\x00b\x1f\ud800\uffff") == "a�b���"
