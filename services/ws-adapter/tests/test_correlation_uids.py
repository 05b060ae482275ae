"""A correlation uid that the client chose: its bounds, the same answer to the same request, one command per uid."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import aiohttp
import pytest
from lxml import etree
from soap_messages import COMMON, DEVICE, ORGANISATION, envelope

from meterstream.contracts.envelope import Reply, Verdict
from meterstream.contracts.errors import error
from meterstream.contracts.operation import Command, OperationRequest

Stack = Any
ADHOC = "http://www.opensmartgridplatform.org/schemas/smartmetering/sm-adhoc/2014/10"
OTHER = "OtherGridOrg"
UID = "client-chosen-0123456789"


class Answer(NamedTuple):
    """What a face told: the uid that it acknowledged, or the code and sentence of its refusal."""

    uid: str | None = None
    status: int = 0
    code: str | None = None
    sentence: str = ""


async def over_soap(client: aiohttp.ClientSession, organisation: str, uid: str | None, zone: str) -> Answer:
    body = (
        f'<a:SynchronizeTimeRequest xmlns:a="{ADHOC}"><a:DeviceIdentification>{DEVICE}</a:DeviceIdentification>'
        f"<a:SynchronizeTimeRequestData><a:TimeZone>{zone}</a:TimeZone></a:SynchronizeTimeRequestData>"
        "</a:SynchronizeTimeRequest>"
    )
    headers = {"OrganisationIdentification": organisation} | ({} if uid is None else {"CorrelationUid": uid})
    async with client.post("/osgp-adapter-ws-smartmetering/", data=envelope(body, **headers)) as response:
        found = etree.fromstring(await response.read())[0][0]
    if response.ok:
        return Answer(found.findtext(f"{{{COMMON}}}CorrelationUid"), response.status)
    told = {etree.QName(child).localname: child.text for child in found.iter(etree.Element)}
    code = "VALIDATION_ERROR" if told.get("Code") == "401" else told.get("InnerException")
    return Answer(None, response.status, code, str(told.get("InnerMessage")))


async def over_rest(client: aiohttp.ClientSession, organisation: str, uid: str | None, zone: str) -> Answer:
    chosen = {} if uid is None else {"correlation_uid": uid}
    body = {"device_identification": DEVICE, "request": {"time_zone": zone}, **chosen}
    async with client.post("/v1/operations/SynchronizeTime", json=body) as response:
        found = await response.json(content_type=None)
    if response.ok:
        return Answer(found["correlation_uid"], response.status)
    return Answer(None, response.status, found["code"], found["detail"])


Submit = Callable[[aiohttp.ClientSession, str, str | None, str], Awaitable[Answer]]
FACES = pytest.mark.parametrize("submit", [over_soap, over_rest])


@pytest.fixture
def remembered(stack: Stack) -> dict[tuple[str, str], OperationRequest]:
    """Domain's rule: the first request of a uid of an organisation counts."""
    found: dict[tuple[str, str], OperationRequest] = {}

    def answer(command: Command) -> Reply:
        header = command.header
        first = found.setdefault((header.organisation, header.correlation_uid), command.request)
        if first != command.request:
            refuse = stack.domain.rejecting(error("CORRELATION_UID_REUSED", "names another command"))
            return refuse(command)  # type: ignore[no-any-return]  # of the twin
        return stack.domain.reply(command, Verdict.QUEUED)  # type: ignore[no-any-return]  # of the twin

    stack.domain.answer = answer
    return found


@FACES
@pytest.mark.parametrize("uid", ["u" * 20, "u" * 255, "a uid|||with all of !~ it"])
async def test_is_taken_as_it_stands(stack: Stack, client: aiohttp.ClientSession, submit: Submit, uid: str) -> None:
    assert (await submit(client, ORGANISATION, uid, "Europe/Paris")).uid == uid
    assert [command.header.correlation_uid for command in stack.domain.commands] == [uid]


@FACES
@pytest.mark.parametrize("uid", ["u" * 19, "u" * 256, "é" * 20, "u" * 19 + "\t"])
async def test_beyond_its_bounds_it_is_refused_by_name(
    stack: Stack, client: aiohttp.ClientSession, submit: Submit, uid: str
) -> None:
    answer = await submit(client, ORGANISATION, uid, "Europe/Paris")
    assert (answer.uid, answer.code) == (None, "VALIDATION_ERROR")
    assert answer.sentence.replace("CorrelationUid", "correlation_uid").startswith("correlation_uid: ")
    assert stack.domain.commands == []


@FACES
async def test_without_one_each_submission_is_a_command_of_its_own(
    client: aiohttp.ClientSession, submit: Submit, remembered: dict[tuple[str, str], OperationRequest]
) -> None:
    uids = {(await submit(client, ORGANISATION, None, "Europe/Paris")).uid for _ in range(2)}
    assert {(ORGANISATION, uid) for uid in uids} == remembered.keys()
    assert len(uids) == 2


@FACES
async def test_the_same_request_again_has_the_same_answer_and_another_one_none(
    client: aiohttp.ClientSession, submit: Submit, remembered: dict[tuple[str, str], OperationRequest]
) -> None:
    answers = [await submit(client, ORGANISATION, UID, "Europe/Paris") for _ in range(3)]
    assert {answer.uid for answer in answers} == {UID}
    refused = await submit(client, ORGANISATION, UID, "Europe/Amsterdam")
    assert (refused.uid, refused.code) == (None, "CORRELATION_UID_REUSED")
    assert refused.status == (500 if submit is over_soap else 409)
    assert len(remembered) == 1


@FACES
async def test_what_one_face_took_the_other_knows(
    client: aiohttp.ClientSession, submit: Submit, remembered: dict[tuple[str, str], OperationRequest]
) -> None:
    other = over_rest if submit is over_soap else over_soap
    assert (await submit(client, ORGANISATION, UID, "Europe/Paris")).uid == UID
    assert (await other(client, ORGANISATION, UID, "Europe/Paris")).uid == UID
    assert (await other(client, ORGANISATION, UID, "Europe/Amsterdam")).code == "CORRELATION_UID_REUSED"


@FACES
async def test_it_is_unique_within_one_organisation(
    client: aiohttp.ClientSession,
    other_client: aiohttp.ClientSession,
    submit: Submit,
    remembered: dict[tuple[str, str], OperationRequest],
) -> None:
    assert (await submit(client, ORGANISATION, UID, "Europe/Paris")).uid == UID
    assert (await submit(other_client, OTHER, UID, "Europe/Amsterdam")).uid == UID
    assert remembered.keys() == {(ORGANISATION, UID), (OTHER, UID)}
