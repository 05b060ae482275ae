"""`python -m meterstream.domain`: serve, or carry out one administrative command."""

from __future__ import annotations

import sys

from meterstream.domain.cli import PROG, carry_out, parser
from meterstream.domain.service import DomainService
from meterstream.domain.settings import DomainSettings
from meterstream.runtime.program import serve_program


def main() -> int:
    """The process's exit status."""
    options = parser().parse_args()
    if options.command is not None:
        return carry_out(options)
    return serve_program("domain", PROG, DomainSettings, lambda settings, metrics: [DomainService(settings, metrics)])


if __name__ == "__main__":
    sys.exit(main())
