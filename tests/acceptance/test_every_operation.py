"""Every operation for meters on every protocol version: it works, or its error says that the version lacks it."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from pathlib import Path
from uuid import uuid4

import pytest
from every_operation import LAST, VERSIONS, Case, table

from meterstream.contracts.envelope import ResultStatus
from meterstream.demo.client import Client
from meterstream.demo.faces import Submission
from meterstream.demo.fleet import Fleet

DEADLINE_S = 120.0
WORKS = "works"
LACKS = "–"
NOT_SUPPORTED = "OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL"
DOCUMENT = Path("docs") / "support.md"
BUILD = Path("build")

OLDEST = {"DSMR 2.2"}
BEFORE_5_0 = OLDEST | {"DSMR 4.2.2", "SMR 4.3"}
BEFORE_5_1 = BEFORE_5_0 | {"SMR 5.0.0"}
BEFORE_5_2 = BEFORE_5_1 | {"SMR 5.1"}
BEFORE_5_5 = BEFORE_5_2 | {"SMR 5.2"}

LACKING = {
    "GetConfigurationObject": OLDEST,
    "SetConfigurationObject": OLDEST,
    "SetRandomisationSettings": OLDEST,
    "GetAdministrativeStatus": OLDEST,
    "SetAdministrativeStatus": OLDEST,
    "SetPushSetupAlarm": OLDEST,
    "SetPushSetupSms": OLDEST,
    "SetPushSetupLastGasp": BEFORE_5_5,
    "SetPushSetupUdp": BEFORE_5_5,
    "SetKeyOnGMeter": OLDEST | {"SMR 4.3"},
    "SetMbusUserKeyByChannel": OLDEST | {"SMR 4.3"},
    "ConfigureDefinableLoadProfile": OLDEST,
    "GetMbusEncryptionKeyStatus": OLDEST,
    "GetMbusEncryptionKeyStatusByChannel": OLDEST,
    "GetFirmwareVersionGas": BEFORE_5_0,
    "GetPowerQualityProfile": OLDEST,
    "GetGsmDiagnostic": OLDEST | {"DSMR 4.2.2"},
    "ClearMBusStatusOnAllChannels": BEFORE_5_1,
    "TestAlarmScheduler": BEFORE_5_1,
    "GetThdFingerprint": BEFORE_5_2,
    "SetThdConfiguration": BEFORE_5_2,
}
"""Versions whose meters have no objects for an operation (support matrix of the companion standards)."""


def keep(written: str) -> None:
    """Leave the table where it can be taken into the document from."""
    BUILD.mkdir(exist_ok=True)
    (BUILD / "support.md").write_text(written)


@pytest.fixture
def cases(client: Client, fleet_of_versions: Fleet) -> list[Case]:
    """One of each version."""
    numbers = range(1, len(VERSIONS) + 1)
    return [Case.of(fleet_of_versions, number, client.platform.installer) for number in numbers]


async def outcomes_of(case: Case, client: Client) -> dict[str, str]:
    """How each operation ended."""
    return {submission.operation: await outcome_of(submission, client) for submission in case.submissions()}


async def outcome_of(submission: Submission, client: Client) -> str:
    """That it works, or the code of its error, whether it was told at once or later."""
    uid = f"acceptance-{uuid4().hex}"
    body = {"device_identification": submission.device, "correlation_uid": uid, "request": submission.json}
    status, answer = await client.post(f"/v1/operations/{submission.operation}", body)
    if status not in (HTTPStatus.OK, HTTPStatus.ACCEPTED):
        return str(answer["code"])
    await client.watcher.wait_for([uid], DEADLINE_S)
    outcome = client.watcher.outcomes[uid]
    if outcome.status is ResultStatus.OK and submission.operation == "Bundle":
        found = await client.result(uid)
        return next((one["error"]["code"] for one in found["response"]["answers"] if one.get("error")), WORKS)
    return WORKS if outcome.status is ResultStatus.OK else str(outcome.error).partition(":")[0]


async def test_every_operation_works_or_says_that_the_version_lacks_it(client: Client, cases: list[Case]) -> None:
    installations = [await client.rest.submit(one) for case in cases for one in case.installation()]
    await client.watcher.wait_for(installations, DEADLINE_S)
    assert {client.watcher.outcomes[uid].error for uid in installations} == {None}
    found = await asyncio.gather(*(outcomes_of(case, client) for case in cases))
    by_version = {case.version: outcomes for case, outcomes in zip(cases, found, strict=True)}
    names = list(found[0])
    assert set(LAST) <= set(names)
    by_operation = {name: {version: by_version[version][name] for version in VERSIONS} for name in names}
    expected = {
        name: {version: NOT_SUPPORTED if version in LACKING.get(name, ()) else WORKS for version in VERSIONS}
        for name in names
    }
    written = table(
        {
            name: {version: LACKS if outcome == NOT_SUPPORTED else outcome for version, outcome in outcomes.items()}
            for name, outcomes in by_operation.items()
        },
        VERSIONS,
    )
    keep(written)
    wrong = {
        (name, version): outcome
        for name, outcomes in by_operation.items()
        for version, outcome in outcomes.items()
        if outcome != expected[name][version]
    }
    assert wrong == {}
    assert written in DOCUMENT.read_text()
