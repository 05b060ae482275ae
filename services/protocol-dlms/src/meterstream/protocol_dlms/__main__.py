"""`python -m meterstream.protocol_dlms`: carries operations out on meters."""

from __future__ import annotations

import sys

from meterstream.protocol_dlms.service import SERVICE, build
from meterstream.protocol_dlms.settings import Settings
from meterstream.runtime.logs import configure_logging
from meterstream.runtime.metrics import Metrics
from meterstream.runtime.service import run, serve
from meterstream.runtime.settings import load_settings


def main() -> int:
    """Read the settings and serve; the exit status."""
    prog = f"python -m {__package__}"
    settings = load_settings(Settings, sys.argv[1:], prog)
    configure_logging(settings.log, SERVICE)

    async def start() -> None:
        metrics = Metrics(SERVICE)
        await serve(SERVICE, settings, build(settings, metrics), metrics)

    return run(start(), prog)


if __name__ == "__main__":
    raise SystemExit(main())
