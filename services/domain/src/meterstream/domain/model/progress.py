"""What it means that a long attempt goes on: whoever asked is told, and its silence begins anew."""

from __future__ import annotations

from dataclasses import dataclass

from meterstream.contracts.envelope import Progress
from meterstream.domain.model.context import Context
from meterstream.domain.model.stored import Identity, Position, Stage
from meterstream.domain.model.world import Outcome, World


@dataclass(frozen=True, slots=True)
class News:
    """A `Progress` and where it lies."""

    position: Position
    progress: Progress
    traceparent: bytes | None = None

    @property
    def identity(self) -> Identity:
        """Names the command whose attempt it is."""
        return Identity(self.progress.organisation, self.progress.correlation_uid)


def decide_progress(news: News, world: World, context: Context, outcome: Outcome) -> None:
    """Publish the state of the command, for its current attempt only; news of any other are of no use to anybody."""
    row, progress = world.command(news.identity), news.progress
    if row is None or row.stage is not Stage.QUEUED or row.attempt != progress.attempt:
        return
    silent_until = progress.observed_at + context.longest_run
    if row.timer_at < silent_until:
        row = row.postponed(silent_until)
        world.put_command(row)
    command = context.composer.command_of(row)
    outcome.publications.append(context.composer.running(row, command, progress))
