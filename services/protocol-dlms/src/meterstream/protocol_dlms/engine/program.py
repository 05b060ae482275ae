"""Where the engine's program is."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Final

PROGRAM: Final = "meterstream-gurux"
"""Of the distribution of the same name."""


def find_program(named: Path | None = None) -> Path | None:
    """The program that was named, else the one beside this interpreter, else the one in PATH; None: not installed.

    Raises: FileNotFoundError when what was named cannot be run.
    """
    if named is not None:
        if not named.is_file() or not os.access(named, os.X_OK):
            raise FileNotFoundError(f"{named} is no program that can be run")
        return named
    places = (str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath))
    found = shutil.which(PROGRAM, path=os.pathsep.join(places))
    return None if found is None else Path(found)
