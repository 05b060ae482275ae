"""Makes the context of a batch's decisions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from meterstream.domain.model.context import Context
from meterstream.domain.model.messages import Composer
from meterstream.domain.model.registry import FunctionGroups
from meterstream.domain.model.retry import RetryPolicy
from meterstream.domain.model.rules import MakeKey, Reveal, Rules
from meterstream.runtime.clock import Clock


@dataclass(slots=True)
class Contexts:
    """Makes the context of a batch; `functions` is replaced when the mapping in the database changes."""

    composer: Composer
    functions: FunctionGroups
    rules: Rules
    protocols: frozenset[tuple[str, str]]
    policy: RetryPolicy
    jitter: Callable[[], float]
    longest_run: timedelta
    clock: Clock
    reveal: Reveal
    make_key: MakeKey

    def now(self) -> Context:
        """The context of decisions that are taken at this moment."""
        return Context(
            now=self.clock(),
            composer=self.composer,
            functions=self.functions,
            rules=self.rules,
            protocols=self.protocols,
            policy=self.policy,
            jitter=self.jitter,
            longest_run=self.longest_run,
            reveal=self.reveal,
            make_key=self.make_key,
        )
