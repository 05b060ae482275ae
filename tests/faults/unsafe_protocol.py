"""`python -m unsafe_protocol`: protocol-dlms as it is, but for it setting a clock twice is once too often.

No operation of the contract is unsafe yet; this one stands for those to come. While the file `hold` is in the directory
UNSAFE_DIRECTORY, the step stays unfinished after the clock has been set, and the file `held` says that one does.
"""

from __future__ import annotations

import asyncio
import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path

from meterstream.contracts.operations.synchronize_time import OPERATION, SynchronizeTimeRequest, SynchronizeTimeResponse
from meterstream.protocol_dlms import executors
from meterstream.protocol_dlms.executor import Context, Executor, load_executors
from meterstream.protocol_dlms.service import SERVICE, build
from meterstream.protocol_dlms.settings import Settings
from meterstream.runtime.metrics import Metrics
from meterstream.runtime.program import serve_program
from meterstream.runtime.service import Component

POLL_S = 0.02
Clock = Executor[SynchronizeTimeRequest, SynchronizeTimeResponse]


def holding(executor: Clock, directory: Path) -> Clock:
    """The same executor, and unsafe, that can be held at its most dangerous moment."""

    async def execute(request: SynchronizeTimeRequest, context: Context) -> SynchronizeTimeResponse:
        response = await executor.execute(request, context)
        while (directory / "hold").exists():  # the test is another process
            (directory / "held").touch()
            await asyncio.sleep(POLL_S)
        return response

    return dataclasses.replace(
        executor, execute=execute, operation=dataclasses.replace(executor.operation, repeatable=False)
    )


def main() -> int:
    """Serve; the exit status."""
    known = load_executors(executors)
    unsafe = holding(known[OPERATION.name], Path(os.environ["UNSAFE_DIRECTORY"]))

    def build_unsafe(settings: Settings, metrics: Metrics) -> Sequence[Component]:
        return build(settings, metrics, {**known, OPERATION.name: unsafe})

    return serve_program(SERVICE, "python -m unsafe_protocol", Settings, build_unsafe)


if __name__ == "__main__":
    raise SystemExit(main())
