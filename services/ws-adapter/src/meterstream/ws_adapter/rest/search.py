"""Lists of commands: the query string of a search, and the page that answers it."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Annotated, Any, Final, Self

from multidict import MultiMapping
from pydantic import AfterValidator, Field, StringConstraints, ValidationError, WithJsonSchema, model_validator

from meterstream.contracts.base import DeviceIdentification, Moment, Record
from meterstream.contracts.envelope import ResultStatus, State
from meterstream.ws_adapter.model.failures import broken, from_validation
from meterstream.ws_adapter.model.progress import Progress
from meterstream.ws_adapter.model.search import DEFAULT_PAGE, LARGEST_PAGE, LAST_PLACE, Search
from meterstream.ws_adapter.rest import views
from meterstream.ws_adapter.rest.forms import CommandView, Forms

MOST_VALUES: Final = 20
STATES: Final = (*(one.value for one in State), *(one.value for one in ResultStatus))
OperationName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,79}$")]


def _known_state(name: str) -> str:
    if name not in STATES:
        raise ValueError(f"is one of {', '.join(STATES)}")
    return name


StateName = Annotated[str, AfterValidator(_known_state), WithJsonSchema({"type": "string", "enum": list(STATES)})]
"""A state of a command, or the status of its result."""


class SearchQuery(Record):
    """What a list of commands may be narrowed to; newest first."""

    device_identification: DeviceIdentification | None = Field(None, description="commands of this device")
    operation: Annotated[list[OperationName], Field(max_length=MOST_VALUES)] = Field(
        [], description="commands of these operations, in any spelling of their names"
    )
    state: Annotated[list[StateName], Field(max_length=MOST_VALUES)] = Field(
        [], description="commands in these states, or with a result of these statuses"
    )
    created_from: Moment | None = Field(None, description="commands submitted then or later")
    created_before: Moment | None = Field(None, description="commands submitted earlier")
    page_size: Annotated[int, Field(ge=1, le=LARGEST_PAGE)] = Field(DEFAULT_PAGE, description="commands on the page")
    cursor: Annotated[str, Field(max_length=1000)] | None = Field(
        None, description="`next_cursor` of the page before; the other parameters must be the same"
    )

    @model_validator(mode="after")
    def _from_is_before(self) -> Self:
        if self.created_from and self.created_before and self.created_from >= self.created_before:
            raise ValueError("created_from must be before created_before")
        return self


class CommandPage(Record):
    """One page of commands without their results; `next_cursor` is null on the last one."""

    commands: list[CommandView]
    next_cursor: str | None


def read_query(names: Container[str], query: MultiMapping[str], lists: Container[str]) -> Mapping[str, Any]:
    """The values of a query string as a model takes them: those of `lists` may be given several times.

    Raises: VALIDATION_ERROR for an unknown or repeated parameter.
    """
    values: dict[str, Any] = {}
    for name in query:
        if name not in names:
            raise broken(name, "is no parameter")
        given = query.getall(name)
        if name not in lists and len(given) > 1:
            raise broken(name, "is given once")
        values[name] = given if name in lists else given[0]
    return values


def search_of(query: MultiMapping[str], organisation: str, forms: Forms) -> Search:
    """The search that a query string asks for.

    Raises: VALIDATION_ERROR naming parameter and rule, UNKNOWN_OPERATION.
    """
    try:
        asked = SearchQuery.model_validate(read_query(SearchQuery.model_fields, query, ("operation", "state")))
    except ValidationError as problem:
        raise from_validation(problem) from None
    search = Search(
        organisation,
        asked.device_identification,
        tuple(sorted({forms.find(name).operation.name for name in asked.operation})),
        tuple(sorted(set(asked.state))),
        asked.created_from,
        asked.created_before,
        LAST_PLACE,
        asked.page_size,
    )
    return search if asked.cursor is None else search.at(asked.cursor)


def page_of(search: Search, rows: Sequence[Progress]) -> dict[str, Any]:
    """The page; `rows` has one more than belongs on it where another follows."""
    page = rows[: search.size]
    more = len(rows) > search.size
    return {
        "commands": [views.of_progress(row) for row in page],
        "next_cursor": search.cursor_after(page[-1]) if more else None,
    }
