from __future__ import annotations

import pytest

from meterstream.contracts.records import Endpoint, EndpointKind, OrganisationRecord
from meterstream.notification.adapters.organisations import Organisations
from meterstream.notification.model.notice import notice_of
from meterstream.notification.model.targets import Target, find_endpoint, targets_of
from meterstream.runtime.outbound.addresses import TargetRules

SOAP = Endpoint(kind=EndpointKind.SOAP, url="https://erp.example.org/soap")
PORTAL = Endpoint(kind=EndpointKind.SOAP, url="https://portal.example.org/soap", application="portal")
OTHER = Endpoint(kind=EndpointKind.SOAP, url="https://other.example.org/soap", application="other")
HOOK = Endpoint(kind=EndpointKind.WEBHOOK, url="https://hooks.example.org/h", sealed_secret=b"s")


@pytest.fixture
def targets(make_result, make_organisation):
    def find(*endpoints: Endpoint, result=None, organisation: OrganisationRecord | None = None) -> list[Target]:
        result = result or make_result()
        notice = notice_of(result)
        assert notice is not None
        known = organisation or make_organisation(*endpoints)
        return targets_of(notice, result.header.application, result.header.response_url, known, TargetRules())

    return find


def urls(targets: list[Target]) -> list[str]:
    return [target.url for target in targets]


def test_tells_every_endpoint_of_the_application(targets) -> None:
    assert urls(targets(SOAP, PORTAL, OTHER, HOOK)) == [SOAP.url, PORTAL.url, HOOK.url]


def test_a_response_url_replaces_soap_endpoints_and_no_webhook(targets, make_result) -> None:
    result = make_result(response_url="https://asked.example.org/")
    found = targets(SOAP, PORTAL, HOOK, result=result)
    assert urls(found) == ["https://asked.example.org/", HOOK.url]
    assert [target.requested for target in found] == [True, False]


def test_a_forbidden_response_url_is_kept_with_the_reason(targets, make_result) -> None:
    (found,) = targets(result=make_result(response_url="http://169.254.169.254/latest"))
    assert found.refusal == "response_url: link-local address"


def test_an_organisation_without_record_is_answered_where_its_command_said(make_result) -> None:
    result = make_result(response_url="https://asked.example.org/")
    notice = notice_of(result)
    assert notice is not None
    assert urls(targets_of(notice, "x", result.header.response_url, None, TargetRules())) == [
        "https://asked.example.org/"
    ]
    assert targets_of(notice, "x", None, None, TargetRules()) == []


def test_a_disabled_organisation_is_told_nothing(targets, make_result, make_organisation) -> None:
    disabled = make_organisation(SOAP, enabled=False)
    result = make_result(response_url="https://asked.example.org/")
    assert targets(result=result, organisation=disabled) == []
    assert find_endpoint(disabled, EndpointKind.SOAP, SOAP.url) is None


def test_the_same_result_has_the_same_delivery_ids(targets, make_result) -> None:
    first, again = targets(SOAP, HOOK), targets(SOAP, HOOK)
    assert [one.delivery_id for one in first] == [one.delivery_id for one in again]
    other = targets(SOAP, HOOK, result=make_result(uid="another correlation uid"))
    assert not {one.delivery_id for one in first} & {one.delivery_id for one in other}
    assert all(one.delivery_id.version == 8 for one in first)


def test_equal_uids_of_two_organisations_do_not_meet(targets, make_result, make_organisation) -> None:
    (ours,) = targets(SOAP)
    (theirs,) = targets(result=make_result(organisation="Else"), organisation=make_organisation(SOAP, name="Else"))
    assert ours.delivery_id != theirs.delivery_id
    assert ours.lane_id != theirs.lane_id


def test_response_urls_of_one_origin_share_a_lane(targets, make_result) -> None:
    (one,) = targets(result=make_result(response_url="https://asked.example.org/a"))
    (two,) = targets(result=make_result(response_url="https://ASKED.example.org:443/b?c=d"))
    (three,) = targets(result=make_result(response_url="https://asked.example.org:8443/a"))
    assert one.lane_id == two.lane_id != three.lane_id


def test_an_endpoint_listed_twice_is_told_once(targets) -> None:
    assert len(targets(SOAP, SOAP.model_copy(update={"application": "portal"}))) == 1


def test_organisations_keep_the_highest_revision(make_organisation) -> None:
    known = Organisations()
    known.take("DemoGridOrg", make_organisation(SOAP, revision=2))
    known.take("DemoGridOrg", make_organisation(revision=1))
    assert known.find("DemoGridOrg") == make_organisation(SOAP, revision=2)
    known.take("DemoGridOrg", None)
    assert known.find("DemoGridOrg") is None
