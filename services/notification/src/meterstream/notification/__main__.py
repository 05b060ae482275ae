"""`python -m meterstream.notification`: tells organisations about results."""

from __future__ import annotations

from meterstream.notification.service import SERVICE, build
from meterstream.notification.settings import Settings
from meterstream.runtime.program import serve_program


def main() -> int:
    """Read the settings and serve; the exit status."""
    return serve_program(SERVICE, f"python -m {__package__}", Settings, build)


if __name__ == "__main__":
    raise SystemExit(main())
