"""Operations that are also read as resources: path and query string are the request's fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args, get_origin

from multidict import MultiMapping
from pydantic import ValidationError

from meterstream.contracts.operation import OperationRequest, Target
from meterstream.ws_adapter.model.failures import from_validation
from meterstream.ws_adapter.model.submission import Options, names_device
from meterstream.ws_adapter.rest.forms import Form
from meterstream.ws_adapter.rest.search import read_query
from meterstream.ws_adapter.rest.submit import Posted

DEVICE: Final = "device_identification"
_PART: Final = re.compile(r"\{(\w+)\}")


class UnfitResource(ValueError):
    """One of an operation's `resources` does not fit its request, or is another operation's."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A place below /v1 that answers GET with an operation's response.

    `path` has the names of fields in braces; every other field of the request is a parameter of the query string.
    `name` is the resource's own.
    """

    path: str
    name: str
    form: Form
    in_path: frozenset[str]
    lists: frozenset[str]

    @property
    def is_one_thing(self) -> bool:
        """Whether the path ends with the name of what it stands for, which may be absent."""
        return self.path.endswith("}")

    def read(self, matched: Mapping[str, str], query: MultiMapping[str]) -> Posted:
        """Request, device and options of a read.

        Raises: VALIDATION_ERROR naming parameter and rule.
        """
        model = self.form.operation.request
        own = {name: value for name, value in matched.items() if name in model.model_fields}
        values = {**read_query(model.model_fields.keys() - self.in_path, query, self.lists), **own}
        try:
            request: OperationRequest = model.model_validate(values)
        except ValidationError as problem:
            raise from_validation(problem) from None
        device = matched.get(DEVICE) if names_device(self.form.operation) else None
        return request, device, Options()


def resources_of(forms: Mapping[str, Form]) -> dict[str, Resource]:
    """The resources of all operations that have one, by path.

    Raises: UnfitResource.
    """
    found: dict[str, Resource] = {}
    for form in forms.values():
        for number, path in enumerate(form.operation.resources):
            resource = _resource(path, form, number)
            if (other := found.setdefault(_PART.sub("{}", path), resource)) is not resource:
                raise UnfitResource(f"{form.operation.name} and {other.form.operation.name} are both read at {path}")
    return {resource.path: resource for resource in found.values()}


def _resource(path: str, form: Form, number: int) -> Resource:
    operation = form.operation
    fields = operation.request.model_fields
    in_path = frozenset(_PART.findall(path))
    if operation.target is not Target.REGISTRY or not operation.repeatable:
        raise UnfitResource(f"{operation.name}: only an operation on the registry that changes nothing is read")
    known = {*fields, *([DEVICE] if names_device(operation) else [])}
    if unknown := in_path - known:
        raise UnfitResource(f"{operation.name}: {path} names {', '.join(sorted(unknown))}, no field of the request")
    if names_device(operation) and DEVICE not in in_path:
        raise UnfitResource(f"{operation.name}: {path} does not name the device")
    lists = frozenset(name for name, info in fields.items() if _is_list(info.annotation))
    name = f"read_{operation.safe_name}" + (f"_{number + 1}" if number else "")
    return Resource(path, name, form, in_path, lists)


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) is list or any(get_origin(part) is list for part in get_args(annotation))
