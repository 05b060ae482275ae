"""`python -m meterstream.ws_adapter`: SOAP, REST and server-sent events."""

from __future__ import annotations

from meterstream.runtime.program import serve_program
from meterstream.ws_adapter.service import build
from meterstream.ws_adapter.settings import WsAdapterSettings

SERVICE = "ws-adapter"


def main() -> int:
    """Read the settings and serve; the exit status."""
    return serve_program(SERVICE, f"python -m {__package__}", WsAdapterSettings, build)


if __name__ == "__main__":
    raise SystemExit(main())
