"""Class ids and attribute numbers of the Blue Book that several modules name."""

from __future__ import annotations

from typing import Final

LOGICAL_NAME: Final = 1

PROFILE_GENERIC: Final = 7
BUFFER: Final = 2
CAPTURE_OBJECTS: Final = 3
CAPTURE_PERIOD: Final = 4
ENTRIES_IN_USE: Final = 7
PROFILE_ENTRIES: Final = 8

ASSOCIATION: Final = 15
OBJECT_LIST: Final = 2
