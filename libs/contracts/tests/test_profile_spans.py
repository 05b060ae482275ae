"""Rows of a profile by time or by number: one of the two, and all that it needs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from meterstream.contracts.operations.get_profile_generic_data import RANGE_RULE, GetProfileGenericDataRequest

DATES = {"begin_date": datetime(2025, 3, 13, tzinfo=UTC), "end_date": datetime(2025, 3, 14, tzinfo=UTC)}


@pytest.mark.parametrize("span", [DATES, {"from_entry": 1}, {"from_entry": 7, "to_entry": 7}])
def test_a_span(span: dict[str, Any]) -> None:
    request = GetProfileGenericDataRequest(obis="1.0.99.1.0.255", **span)
    assert request.model_dump(exclude_none=True, exclude={"obis", "selected_values"}) == span


@pytest.mark.parametrize(
    ("span", "rule"),
    [
        ({}, RANGE_RULE),
        ({"begin_date": DATES["begin_date"]}, RANGE_RULE),
        ({"end_date": DATES["end_date"]}, RANGE_RULE),
        ({"to_entry": 3}, RANGE_RULE),
        (DATES | {"from_entry": 1}, RANGE_RULE),
        (DATES | {"to_entry": 1}, RANGE_RULE),
        ({"from_entry": 1, "begin_date": DATES["begin_date"]}, RANGE_RULE),
        ({"from_entry": 2, "to_entry": 1}, "from_entry must not be after to_entry"),
        ({"from_entry": 0}, "from_entry"),
        ({"from_entry": 1, "to_entry": 1 << 32}, "to_entry"),
    ],
)
def test_what_is_none(span: dict[str, Any], rule: str) -> None:
    with pytest.raises(ValidationError, match=rule):
        GetProfileGenericDataRequest(obis="1.0.99.1.0.255", **span)
