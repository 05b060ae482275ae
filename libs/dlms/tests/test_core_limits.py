"""Bounds that bound nothing, or everything, are refused where they are written down."""

from __future__ import annotations

import pytest

from meterstream.dlms.client import AnswerLimits
from meterstream.dlms.errors import ConfigurationError
from meterstream.dlms.meter import TransferLimits


@pytest.mark.parametrize("kind", [AnswerLimits, TransferLimits])
@pytest.mark.parametrize("field", ["max_bytes", "max_blocks"])
@pytest.mark.parametrize("value", [0, -1])
def test_sizes_are_at_least_one(kind: type, field: str, value: int) -> None:
    with pytest.raises(ConfigurationError, match=field):
        kind(**{field: value})
    assert getattr(kind(**{field: 1}), field) == 1


def test_notifications_may_be_none_but_not_fewer() -> None:
    assert AnswerLimits(max_notifications=0).max_notifications == 0
    with pytest.raises(ConfigurationError, match="max_notifications"):
        AnswerLimits(max_notifications=-1)
