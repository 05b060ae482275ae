"""Reading YAML nodes so that every complaint names file and line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import yaml

from meterstream.dlms.objects.errors import PackError

# libyaml when PyYAML was built with it, eight times as fast; both give the same nodes.
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAGS: Final = {"str": "text", "int": "a whole number", "bool": "true or false"}
_TAG_PREFIX: Final = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Node:
    """A YAML node of a pack and the file it stands in."""

    where: str
    node: yaml.Node

    def error(self, rule: str) -> PackError:
        """Build the error that points at this node."""
        return PackError(self.where, self.node.start_mark.line + 1, rule)

    def mapping(self, required: tuple[str, ...] = (), optional: tuple[str, ...] | None = None) -> dict[str, Node]:
        """Read a mapping; `optional` None lets every key pass.

        Raises:
            PackError: no mapping, a key twice, a required key missing, or a key nobody knows.
        """
        if not isinstance(self.node, yaml.MappingNode):
            raise self.error("expected a mapping")
        found: dict[str, Node] = {}
        for key_node, value_node in self.node.value:
            key = Node(self.where, key_node)
            if not isinstance(key_node, yaml.ScalarNode):
                raise key.error("expected a plain key")
            name = str(key_node.value)
            if name in found:
                raise key.error(f"{name!r} is given twice")
            if optional is not None and name not in required and name not in optional:
                raise key.error(f"unknown key {name!r}; known: {', '.join((*required, *optional))}")
            found[name] = Node(self.where, value_node)
        for name in required:
            if name not in found:
                raise self.error(f"{name!r} is missing")
        return found

    def numbered(self) -> dict[int, Node]:
        """Read a mapping whose keys are positive whole numbers."""
        found: dict[int, Node] = {}
        for name, value in self.mapping().items():
            if not (name.isascii() and name.isdigit() and int(name) > 0):
                raise value.error(f"key {name!r} is no positive number")
            found[int(name)] = value
        return found

    def items(self) -> list[Node]:
        """Read a sequence."""
        if not isinstance(self.node, yaml.SequenceNode):
            raise self.error("expected a list")
        return [Node(self.where, item) for item in self.node.value]

    def text(self) -> str:
        """Read a string."""
        return self._scalar("str")

    def integer(self, allowed: range) -> int:
        """Read a whole number out of `allowed`."""
        number = int(self._scalar("int"), 0)
        if number not in allowed:
            raise self.error(f"{number} is outside {allowed.start} to {allowed.stop - 1}")
        return number

    def boolean(self) -> bool:
        """Read true or false."""
        return self._scalar("bool").lower() == "true"

    def choice(self, known: tuple[str, ...]) -> str:
        """Read a string out of `known`."""
        chosen = self.text()
        if chosen not in known:
            raise self.error(f"{chosen!r} is unknown; known: {', '.join(known)}")
        return chosen

    def _scalar(self, kind: str) -> str:
        if not isinstance(self.node, yaml.ScalarNode) or self.node.tag != _TAG_PREFIX + kind:
            raise self.error(f"expected {_TAGS[kind]}")
        return str(self.node.value)


def read_document(where: str, text: str) -> Node:
    """Compose one YAML document.

    Raises:
        PackError: the text is no YAML, or empty.
    """
    try:
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise PackError(where, 1 if mark is None else mark.line + 1, f"no YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise PackError(where, 1, f"no YAML: {error}") from error
    if node is None:
        raise PackError(where, 1, "the pack is empty")
    return Node(where, node)
