"""The main program of a service: settings from the environment, logs, metrics, then serve."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

from meterstream.runtime.logs import configure_logging
from meterstream.runtime.metrics import Metrics
from meterstream.runtime.service import Component, run, serve
from meterstream.runtime.settings import ServiceSettings, load_settings

S = TypeVar("S", bound=ServiceSettings)


def serve_program(
    service: str, prog: str, settings_type: type[S], build: Callable[[S, Metrics], Sequence[Component]]
) -> int:
    """Read the settings and serve; the exit status. `build` runs on the event loop."""
    settings = load_settings(settings_type, sys.argv[1:], prog)
    configure_logging(settings.log, service)

    async def start() -> None:
        metrics = Metrics(service)
        await serve(service, settings, build(settings, metrics), metrics)

    return run(start(), prog)
