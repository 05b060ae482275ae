"""How many files this process may have open: each line and each port is one."""

from __future__ import annotations

import resource
from typing import Final

_OTHER_FILES: Final = 96
"""Standard streams, event loop, control interface, state file, pushes, what a test runner holds."""


def room_for_lines(ports: int, lines: int) -> int:
    """Raise the limit on open files until `ports` and `lines` fit; gives the number of lines that do.

    The soft limit is raised, the hard one too where this process may; neither is ever lowered.

    Raises:
        OSError: not even the ports fit.
    """
    needed = ports + lines + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return lines
    for limits in ((needed, hard if hard == resource.RLIM_INFINITY else max(hard, needed)), (min(needed, hard), hard)):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        except (ValueError, OSError):  # it needs a privilege, or passes a limit of the system
            continue
        break
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - ports - _OTHER_FILES
    if allowed < 1:
        raise OSError(f"{ports} ports need {ports + _OTHER_FILES + 1} open files, {soft} are allowed (ulimit -n)")
    return min(allowed, lines)
