"""What every decision of a batch is given besides the world: the moment, the policies, the tools."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from meterstream.domain.model.messages import Composer
from meterstream.domain.model.registry import FunctionGroups
from meterstream.domain.model.retry import RetryPolicy
from meterstream.domain.model.rules import MakeKey, Reveal, Rules


@dataclass(frozen=True, slots=True)
class Context:
    """The same for all decisions of one batch.

    Attributes:
        now: the moment of the decisions; timers use the database's clock.
        reveal: encrypts a device's key for a public key.
        make_key: makes a key at random.
        jitter: gives numbers 0.0 <= x < 1.0.
        longest_run: how long an attempt may take after its `not_after`; silence beyond it is `NO_ANSWER`.
    """

    now: datetime
    composer: Composer
    functions: FunctionGroups
    rules: Rules
    protocols: frozenset[tuple[str, str]]
    policy: RetryPolicy
    jitter: Callable[[], float]
    longest_run: timedelta
    reveal: Reveal
    make_key: MakeKey
