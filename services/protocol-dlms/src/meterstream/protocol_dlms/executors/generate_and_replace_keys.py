"""GenerateAndReplaceKeys: hands over the keys that the platform made."""

from __future__ import annotations

from meterstream.contracts.operations.generate_and_replace_keys import (
    OPERATION,
    GenerateAndReplaceKeysRequest,
    GenerateAndReplaceKeysResponse,
)
from meterstream.protocol_dlms.executor import Context, Executor
from meterstream.protocol_dlms.executors._meter_keys import replace_keys


async def execute(request: GenerateAndReplaceKeysRequest, context: Context) -> GenerateAndReplaceKeysResponse:  # noqa: ARG001  # it has no fields
    """Return once an association stands with both."""
    await replace_keys(context)
    return GenerateAndReplaceKeysResponse()


EXECUTOR = Executor(OPERATION, execute, writes=True)
