"""How a field or an operation is spelled on the SOAP face.

Only local names are given here: namespaces, order and facets come from the schema documents, which the face knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Soap:
    """Where a field's value lies below its model's element.

    `path` holds local names separated by "/"; "." is the element's own text and "@name" an attribute. "." of a model
    says that its fields lie directly in the element; of a list of models, that the element holds one of them. A path
    of two names on a list repeats the last one inside the first. None: the field has no place outside bundles.
    `bundle` differs where the spelling inside a bundle does. `shape` names a spelling that is no plain text: "obis"
    is the six elements a to f. `absent` is what an element says that the schema demands and there is no value for.
    """

    path: str | None
    bundle: str | None = None
    shape: Literal["text", "obis"] = "text"
    absent: str | None = None


@dataclass(frozen=True, slots=True)
class SoapBinding:
    """An operation's place in the SOAP contract.

    `operation` is its name in the service's WSDL, None where it is an action of bundles only. `wrapper` is the element
    that holds the request's fields in the plain request, "" where they are its own children; inside a bundle they
    never have one. `device` is the path to the device identification, None where the request names none.
    `result_text` is what an answer without fields of its own says inside a bundle; {device} in it is the bundle's
    device. `due` is the path to the moment of execution where the request itself has one. Elements `passed_over` are
    read over: they change nothing that is done.
    A request with an element `not_for_meters`, which other kinds of device have, is refused.
    """

    service: str
    operation: str | None
    wrapper: str = ""
    device: str | None = "DeviceIdentification"
    bundle_action: str | None = None
    bundle_response: str | None = None
    result_text: str | None = None
    due: str | None = None
    passed_over: tuple[str, ...] = ()
    not_for_meters: tuple[str, ...] = ()
