"""The examples for upstream systems, run as their readers run them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from meterstream.demo.client import Client

DEADLINE_S = 90.0


async def run_upstream(
    program: Sequence[str], client: Client, device: str, operation: str, **more: str
) -> tuple[int, str]:
    """Exit status and output of a program that commands `device`; `more` are further arguments by name."""
    settings = client.platform.stack.kafka_settings
    arguments = {
        "bootstrap": settings.bootstrap_servers,
        "prefix": settings.topic_prefix,
        "organisation": client.organisation,
        "device": device,
        "operation": operation,
        "timeout": "45",
    } | more
    process = await asyncio.create_subprocess_exec(
        *program,
        *(part for name, value in arguments.items() for part in (f"--{name.replace('_', '-')}", value)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(DEADLINE_S):
        output, _ = await process.communicate()
    return process.returncode or 0, output.decode()
