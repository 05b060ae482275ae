"""`python -m meterstream.domain`: serve, or carry out one administrative command."""

from __future__ import annotations

import sys

from meterstream.domain.cli import PROG, carry_out, parser
from meterstream.domain.service import DomainService
from meterstream.domain.settings import DomainSettings
from meterstream.runtime.logs import configure_logging
from meterstream.runtime.metrics import Metrics
from meterstream.runtime.service import run, serve
from meterstream.runtime.settings import load_settings


def main() -> int:
    """The process's exit status."""
    options = parser().parse_args()
    if options.command is not None:
        return carry_out(options)
    settings = load_settings(DomainSettings, (), PROG)
    configure_logging(settings.log, "domain")
    metrics = Metrics("domain")
    return run(serve("domain", settings, [DomainService(settings, metrics)], metrics), PROG)


if __name__ == "__main__":
    sys.exit(main())
