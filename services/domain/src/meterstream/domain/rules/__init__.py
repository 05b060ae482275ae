"""One module per operation that has rules of its own in domain; each exports RULE."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType

from meterstream.domain.model.rules import Rule, Rules


class DuplicateRule(ValueError):
    """Two modules hold rules of the same operation."""


def load_rules() -> Rules:
    """RULE of every module of this package, by the operation's name."""
    found: dict[str, Rule] = {}
    for name in sorted(module.name for module in iter_modules(__path__) if not module.name.startswith("_")):
        rule: Rule = import_module(f"{__name__}.{name}").RULE
        if found.setdefault(rule.operation.name, rule) is not rule:
            raise DuplicateRule(rule.operation.name)
    return MappingProxyType(found)
