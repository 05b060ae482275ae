"""Processes of the engine: a bounded number, each for one session at a time, ended when it does not answer."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from meterstream.dlms.errors import ConfigurationError
from meterstream.protocol_dlms.engine.errors import EngineBusy, EngineDied, EngineStopped, EngineUnusable

PROTOCOL: Final = 1
"""Of the lines on the pipe."""
START_S: Final = 30.0
_LINE_MAX: Final = 16 * 2**20


class EngineProcess:
    """One process; `say` and `hear` are lines of JSON."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._killed = False

    @classmethod
    async def start(cls, program: Path, start_s: float = START_S) -> EngineProcess:
        """Started without anything of this process's environment but where programs are: that holds secrets.

        Raises: EngineUnusable.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                program,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,  # the library may say there what it read
                limit=_LINE_MAX,
                cwd="/",
                start_new_session=True,  # whatever it starts ends with it, and no signal of a terminal reaches it
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
            )
        except OSError as failure:
            raise EngineUnusable(f"{program} cannot be started: {failure.strerror}") from failure
        started = cls(process)
        try:
            greeting = await started.hear(start_s)
        except (EngineStopped, EngineDied) as failure:
            await started.end()
            raise EngineUnusable(f"{program} says nothing of itself: {failure}") from failure
        except BaseException:
            await started.end()
            raise
        if greeting.get("protocol") != PROTOCOL:
            await started.end()
            raise EngineUnusable(f"{program} speaks protocol {greeting.get('protocol')}, here it is {PROTOCOL}")
        return started

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.returncode is None and not self._killed

    def say(self, message: dict[str, Any]) -> None:
        """Raises: EngineDied."""
        stream = self._process.stdin
        if stream is None or not self.alive:
            raise EngineDied("the process of the engine has ended")
        stream.write(json.dumps(message).encode() + b"\n")

    async def hear(self, timeout_s: float) -> dict[str, Any]:
        """Raises: EngineStopped, EngineDied; the process is ended then."""
        stream = self._process.stdout
        if stream is None:
            raise EngineDied("the process of the engine has ended")
        try:
            async with asyncio.timeout(timeout_s):
                line = await stream.readline()
        except TimeoutError:
            self.kill()
            raise EngineStopped(f"the engine did not come to an end within {timeout_s:g} s") from None
        except ValueError:
            self.kill()
            raise EngineStopped(f"the engine said more than {_LINE_MAX} octets") from None
        if not line:
            self.kill()
            raise EngineDied("the process of the engine has ended")
        return self._understood(line)

    def _understood(self, line: bytes) -> dict[str, Any]:
        try:
            message = json.loads(line)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            self.kill()
            raise EngineStopped("the engine said what is no line of the protocol")
        return message

    def kill(self) -> None:
        """Idempotent."""
        if self.alive:
            self._killed = True
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def end(self) -> None:
        """Ends the process and waits for it; idempotent."""
        self.kill()
        await self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
            with contextlib.suppress(ConnectionError):  # what was said last met a dead process
                await self._process.stdin.wait_closed()


class EngineProcesses:
    """Keeps processes between sessions: a start takes a third of a second of CPU. `async with` ends them.

    Args:
        program: what is started.
        most: processes, and so sessions, at a time; the next one waits.
        wait_s: for a process that is free.
    """

    def __init__(self, program: Path, most: int = 4, wait_s: float = 600.0) -> None:
        if most < 1 or not wait_s > 0:
            raise ConfigurationError("there is at least 1 process, and wait_s is above 0")
        self._program = program
        self._most = most
        self._wait_s = wait_s
        self._free = asyncio.Semaphore(most)
        self._idle: list[EngineProcess] = []
        self._ending: set[asyncio.Task[None]] = set()

    async def take(self) -> EngineProcess:
        """One that is free; waits for it. Raises: EngineBusy, EngineUnusable."""
        try:
            async with asyncio.timeout(self._wait_s):
                await self._free.acquire()
        except TimeoutError:
            raise EngineBusy(f"all {self._most} processes stayed in use for {self._wait_s:g} s") from None
        try:
            while self._idle:
                process = self._idle.pop()
                if process.alive:
                    return process
                await process.end()
            return await EngineProcess.start(self._program)
        except BaseException:
            self._free.release()
            raise

    async def give_back(self, process: EngineProcess, *, healthy: bool) -> None:
        """Once for each `take`; `healthy` when no operation is under way in it."""
        try:
            if healthy and process.alive:
                self._idle.append(process)
            else:
                await process.end()
        finally:
            self._free.release()

    def drop(self, process: EngineProcess) -> None:
        """As give_back, at once: the process is killed, and buried by and by."""
        process.kill()
        task = asyncio.get_running_loop().create_task(self.give_back(process, healthy=False))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        """Ends the processes that are free; idempotent. Close sessions first."""
        while self._idle:
            await self._idle.pop().end()
        if self._ending:
            await asyncio.wait(self._ending)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()
