"""Pages of long lists."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from meterstream.contracts.base import Record
from meterstream.contracts.soap import Soap

PageNumber = Annotated[int, Field(ge=0, le=10_000_000)]
"""The first page is 0; beyond the last one there is nothing."""

PageSize = Annotated[int, Field(ge=1, le=500)]
"""Lines on a page."""


class Page(Record):
    """Which page of how many (corecommon: Page)."""

    total_pages: Annotated[int, Soap("TotalPages")]
    page_size: Annotated[int, Soap("PageSize")]
    current_page: Annotated[int, Soap("CurrentPage")]
