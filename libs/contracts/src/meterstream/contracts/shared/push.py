"""Where meters push to (Blue Book, push setup, class 40)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

PushHost = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,255}$")]
"""Host name or address, in the ASCII text of the destination, which is host:port."""

PushPort = Annotated[int, Field(ge=1, le=65535)]
"""TCP or UDP port of the destination."""
