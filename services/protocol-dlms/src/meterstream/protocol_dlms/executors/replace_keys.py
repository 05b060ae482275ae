"""ReplaceKeys: hands over the keys that came with the command."""

from __future__ import annotations

from meterstream.contracts.operations.replace_keys import OPERATION, ReplaceKeysRequest, ReplaceKeysResponse
from meterstream.protocol_dlms.executor import Context, Executor
from meterstream.protocol_dlms.executors._meter_keys import replace_keys


async def execute(request: ReplaceKeysRequest, context: Context) -> ReplaceKeysResponse:  # noqa: ARG001  # the keys lie sealed on the record
    """Return once an association stands with both."""
    await replace_keys(context)
    return ReplaceKeysResponse()


EXECUTOR = Executor(OPERATION, execute, writes=True)
