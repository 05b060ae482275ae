"""Sessions with meters that have short names, through the engine, where somebody installed it."""

from __future__ import annotations

from typing import Final

from meterstream.contracts.errors import error
from meterstream.contracts.records import DeviceRecord
from meterstream.dlms.asyncio import Trace
from meterstream.dlms.client import PUBLIC_CLIENT, Level
from meterstream.protocol_dlms.engine import (
    PROGRAM,
    EngineBusy,
    EngineConfig,
    EngineHdlc,
    EngineProcesses,
    EngineSession,
    Listings,
    find_program,
)
from meterstream.protocol_dlms.engine.settings import EngineSettings
from meterstream.protocol_dlms.hdlc import needs_wide_address
from meterstream.protocol_dlms.settings import SessionSettings
from meterstream.runtime.errors import ConfigurationError

_LEVELS: Final = frozenset({Level.NONE, Level.LLS})


class ShortNames:
    """Makes sessions for records; `close` ends the engine's processes."""

    def __init__(
        self, engine: EngineSettings, sessions: SessionSettings, processes: EngineProcesses, listings: Listings
    ) -> None:
        self._engine = engine
        self._sessions = sessions
        self._processes = processes
        self._listings = listings

    async def session(self, record: DeviceRecord, password: bytes | None, trace: Trace | None) -> EngineSession:
        """One that is not open yet and has a process, for which it waits: to be opened or closed.

        Raises: NOT_READY while no process is free; DlmsError.
        """
        server = record.connection.logical_id or 1
        hdlc = None
        if record.use_hdlc:
            wide = needs_wide_address(server)
            hdlc = EngineHdlc(lower=0 if wide else None, wide=wide, information=self._sessions.hdlc_information)
        config = EngineConfig(
            client_sap=PUBLIC_CLIENT if password is None else self._engine.client_sap,
            server_sap=server,
            password=password,
            hdlc=hdlc,
            work_timeout_s=self._engine.work_timeout_s,
            exchange_timeout_s=self._sessions.attempt_timeout_s,
        )
        try:
            process = await self._processes.take()
        except EngineBusy as busy:
            raise error("NOT_READY", f"{record.device_identification} has short names, and {busy}") from busy
        return EngineSession(
            config,
            self._processes,
            process,
            response_timeout_s=self._sessions.response_timeout_s,
            listings=self._listings,
            gateway=record.device_identification,
            trace=trace,
        )

    async def close(self) -> None:
        """End processes."""
        await self._processes.close()


def short_names(engine: EngineSettings, sessions: SessionSettings, listings: Listings) -> ShortNames | None:
    """None where the engine is not installed. Raises: ConfigurationError for a program that cannot be run."""
    try:
        program = find_program(engine.program)
    except FileNotFoundError as missing:
        raise ConfigurationError(f"METERSTREAM_ENGINE__PROGRAM: {missing}") from missing
    if program is None:
        return None
    return ShortNames(engine, sessions, EngineProcesses(program, engine.processes, engine.process_wait_s), listings)


def offered(record: DeviceRecord, level: Level, engine: ShortNames | None) -> ShortNames:
    """What speaks with a meter that has short names.

    Raises: UNSUPPORTED_COMMUNICATION_SETTING where nothing is installed that could, or the level is one of those that
    need ciphering.
    """
    if level not in _LEVELS:
        what = f"short names with {record.security_level.value.upper()}"
        rule = "meters with short names are spoken with by LLS1 or without authentication"
        raise error("UNSUPPORTED_COMMUNICATION_SETTING", f"{what} is not offered: {rule}", setting="short names")
    if engine is None:
        remedy = f"install {PROGRAM} beside protocol-dlms, or name its program in METERSTREAM_ENGINE__PROGRAM"
        message = f"short names are not offered here: {remedy}"
        raise error("UNSUPPORTED_COMMUNICATION_SETTING", message, setting="short names")
    return engine
