"""Settings of the engine for short names."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from meterstream.runtime.settings import SettingsGroup


class EngineSettings(SettingsGroup):
    """Meters with short names: a program of its own speaks with them, where it is installed (docs/engines.md)."""

    program: Path | None = Field(
        None, description="the engine's program; none: meterstream-gurux, where it is installed"
    )
    processes: Annotated[int, Field(ge=1, le=1000)] = Field(
        4, description="meters with short names that are visited at a time; each takes a process of 40 MB"
    )
    process_wait_s: Annotated[float, Field(gt=0, le=7200)] = Field(600, description="longest wait for a free process")
    work_timeout_s: Annotated[float, Field(gt=0, le=60)] = Field(
        10, description="so long the engine may think about one frame before its process is ended"
    )
    client_sap: Annotated[int, Field(ge=1, le=127)] = Field(
        1, description="client address towards meters with short names and a password"
    )
    listed_meters: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        10_000, description="for so many meters object lists stay in memory, 4 kB each"
    )
