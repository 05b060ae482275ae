"""`python -m meterstream.ws_adapter`: SOAP, REST and server-sent events."""

from __future__ import annotations

import sys

from meterstream.runtime.logs import configure_logging
from meterstream.runtime.metrics import Metrics
from meterstream.runtime.service import run, serve
from meterstream.runtime.settings import load_settings
from meterstream.ws_adapter.service import build
from meterstream.ws_adapter.settings import WsAdapterSettings

SERVICE = "ws-adapter"


def main() -> int:
    """Read the settings and serve; the exit status."""
    prog = f"python -m {__package__}"
    settings = load_settings(WsAdapterSettings, sys.argv[1:], prog)
    configure_logging(settings.log, SERVICE)

    async def start() -> None:
        metrics = Metrics(SERVICE)
        await serve(SERVICE, settings, build(settings, metrics), metrics)

    return run(start(), prog)


if __name__ == "__main__":
    raise SystemExit(main())
