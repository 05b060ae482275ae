"""Rules of values beyond the schema: told before the acknowledgement, in a bundle and outside of it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from lxml import etree
from soap_messages import DEVICE, Spelling

from meterstream.contracts.catalogue import load_operations
from meterstream.contracts.errors import InvalidRequest
from meterstream.contracts.operations.get_configuration_object import GetConfigurationObjectResponse
from meterstream.contracts.shared.configuration_object import (
    Configuration,
    ConfigurationFlag,
    ConfigurationFlagType,
)
from meterstream.runtime.codec import Codec
from meterstream.ws_adapter.soap.exchange import Exchanges
from meterstream.ws_adapter.soap.validation import Validator

GONE = None


@pytest.fixture(scope="module")
def exchanges(codec: Codec) -> Exchanges:
    return Exchanges(load_operations(), codec, ZoneInfo("UTC"))


@pytest.mark.parametrize(
    ("operation", "changes", "sentence"),
    [
        ("SetActivityCalendar", {"SeasonProfileName": "10"}, "SeasonProfileName: String should match pattern"),
        ("SetActivityCalendar", {"WeekProfileName": "A"}, "WeekProfileName: String should match pattern"),
        ("SetRandomisationSettings", {"directAttach": "2"}, "directAttach: Input should be less than or equal to 1"),
        ("SetRandomisationSettings", {"randomisationStartWindow": "0"}, "greater than or equal to 1"),
        ("SetRandomisationSettings", {"multiplicationFactor": "8"}, "less than or equal to 7"),
        ("SetRandomisationSettings", {"numberOfRetries": "32"}, "less than or equal to 31"),
        ("ConfigureDefinableLoadProfile", {"CaptureObjects": GONE, "CapturePeriod": GONE}, "CapturePeriod, or both"),
        ("SetDeviceCommunicationSettings", {"ChallengeLength": "-1"}, "greater than or equal to 0"),
        ("SetDeviceCommunicationSettings", {"ChallengeLength": "256"}, "less than or equal to 255"),
        ("SetDeviceCommunicationSettings", {"WithListMax": "201"}, "less than or equal to 200"),
        ("GetPowerQualityProfile", {"BeginDate": "2099-01-01T00:00:00Z"}, "BeginDate must not be after EndDate"),
        ("FindEvents", {"From": "2099-01-01T00:00:00Z"}, "From must be before Until"),
    ],
)
def test_are_told_before_the_acknowledgement(
    exchanges: Exchanges, codec: Codec, operation: str, changes: dict[str, str | None], sentence: str
) -> None:
    known = load_operations()[operation]
    assert known.soap is not None
    exchange = exchanges.of_operation[operation]
    element = Spelling(known, known.soap, exchange, codec).ask(known.examples[0], DEVICE)
    assert exchange.read(element).request == known.examples[0]
    for local, text in changes.items():
        for found in element.findall(f".//{{*}}{local}"):
            owner = found.getparent()
            assert owner is not None
            if text is GONE:
                owner.remove(found)
            found.text = text
    assert Validator(exchange.request.schema_set).violations(element) == []
    with pytest.raises(InvalidRequest) as refused:
        exchange.read(element)
    assert sentence in refused.value.message
    assert refused.value.code.number == 401


def test_all_flags_of_a_meter_are_told_though_the_schema_counts_ten(exchanges: Exchanges) -> None:
    flags = [ConfigurationFlag(flag=flag, enabled=True) for flag in list(ConfigurationFlagType)[:11]]
    response = GetConfigurationObjectResponse(configuration=Configuration(flags=flags))
    element = exchanges.of_operation["GetConfigurationObject"].respond(response, DEVICE, "u" * 20)
    told = [found.text for found in element.iter("{*}ConfigurationFlagType")]
    assert told == [flag.flag.value for flag in flags]
    assert [etree.QName(child).localname for child in element] == ["Result", "ConfigurationObject"]
