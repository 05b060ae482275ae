"""Firmware of meters and its files."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

FirmwareIdentification = Annotated[str, StringConstraints(pattern=r"^[^ \t\r\n]{1,40}$")]
"""Names a firmware file that the platform knows; 1 to 40 characters without white space."""
