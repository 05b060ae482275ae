"""`python -m meterstream.simulator`: runs a fleet until SIGTERM or SIGINT; `ctl` talks to a running one."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

_CONTROL: Final = "ctl"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a fleet, or talk to one. Gives the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    # Only one of both is imported: a command takes a tenth of the time that a fleet needs to start.
    if given[:1] == [_CONTROL]:
        from meterstream.simulator.control.ctl import run

        return run(given[1:])
    from meterstream.simulator.serve import serve

    return serve(given)


if __name__ == "__main__":
    sys.exit(main())
