"""Processes that run gurux-dlms: a bounded number, each for one session at a time, ended when it does not answer."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from meterstream.dlms.errors import ConfigurationError, PeerError

_SCRIPT: Final = Path(__file__).with_name("worker.py")
_LINE_MAX: Final = 16 * 2**20


class EngineStopped(PeerError):
    """gurux-dlms did not come to an end over what the meter sent, or its process died of it."""

    code = "ENGINE_STOPPED"


class GuruxWorker:
    """One process. `say` and `hear` are lines of JSON; see worker.py."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._killed = False

    @classmethod
    async def start(cls) -> GuruxWorker:
        """Raises: OSError."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",  # nothing but what is installed
            str(_SCRIPT),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,  # the library may say there what it read
            limit=_LINE_MAX,
        )
        return cls(process)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.returncode is None and not self._killed

    def say(self, message: dict[str, Any]) -> None:
        """Raises: EngineStopped."""
        stream = self._process.stdin
        if stream is None or not self.alive:
            raise EngineStopped("the process of gurux-dlms has ended")
        stream.write(json.dumps(message).encode() + b"\n")

    async def hear(self, timeout_s: float) -> dict[str, Any]:
        """Raises: EngineStopped; the process is ended then."""
        stream = self._process.stdout
        if stream is None:
            raise EngineStopped("the process of gurux-dlms has ended")
        try:
            async with asyncio.timeout(timeout_s):
                line = await stream.readline()
        except TimeoutError:
            self.kill()
            raise EngineStopped(f"gurux-dlms did not come to an end within {timeout_s} s") from None
        except ValueError:
            self.kill()
            raise EngineStopped(f"gurux-dlms said more than {_LINE_MAX} octets") from None
        if not line:
            self.kill()
            raise EngineStopped("the process of gurux-dlms died of what it read")
        message: dict[str, Any] = json.loads(line)
        return message

    def kill(self) -> None:
        """Idempotent."""
        if self.alive:
            self._killed = True
            self._process.kill()

    async def end(self) -> None:
        """Ends the process and waits for it; idempotent."""
        self.kill()
        await self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
            with contextlib.suppress(ConnectionError):  # what was said last met a dead process
                await self._process.stdin.wait_closed()


class GuruxWorkers:
    """Keeps processes between sessions: a start takes half a second of CPU. `async with` ends them.

    Args:
        max_workers: processes, and so sessions, at a time; the next one waits.
    """

    def __init__(self, max_workers: int = 4) -> None:
        if max_workers < 1:
            raise ConfigurationError("max_workers is at least 1")
        self._free = asyncio.Semaphore(max_workers)
        self._idle: list[GuruxWorker] = []

    async def take(self) -> GuruxWorker:
        """One that is free; waits for it. Raises: OSError when no process can be started."""
        await self._free.acquire()
        while self._idle:
            worker = self._idle.pop()
            if worker.alive:
                return worker
        try:
            return await GuruxWorker.start()
        except BaseException:
            self._free.release()
            raise

    async def give_back(self, worker: GuruxWorker, *, healthy: bool) -> None:
        """Once for each `take`; `healthy` when no operation is under way in it."""
        if healthy and worker.alive:
            self._idle.append(worker)
        else:
            await worker.end()
        self._free.release()

    async def close(self) -> None:
        """Ends the processes that are free; idempotent. Close sessions first."""
        while self._idle:
            await self._idle.pop().end()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()
