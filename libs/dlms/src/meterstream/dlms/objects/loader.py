"""Packs of a folder -> profiles: inheritance, references between objects, and the packs shipped with the library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Final

from meterstream.dlms.objects.errors import PackError, UnknownProfileError
from meterstream.dlms.objects.model import PROFILE_GENERIC, AttributeType, CosemObject, GasMeterRule, MeterProfile
from meterstream.dlms.objects.nodes import Node, read_document
from meterstream.dlms.objects.pack import Pack, ProtocolName, parse_pack

_SUFFIX: Final = ".yaml"


class ProfileLibrary:
    """Profiles by protocol name and version; built once, then only read."""

    __slots__ = ("_profiles",)

    def __init__(self, profiles: Mapping[ProtocolName, MeterProfile]) -> None:
        self._profiles = MappingProxyType(dict(profiles))

    @classmethod
    def read(cls, *folders: Traversable) -> ProfileLibrary:
        """Read every pack of the folders; packs of later folders may inherit from those of earlier ones.

        Raises:
            PackError: the first broken rule, with file and line.
        """
        packs: dict[str, Pack] = {}
        for folder in folders:
            for file in sorted(folder.iterdir(), key=lambda item: item.name):
                if file.name.endswith(_SUFFIX):
                    stem = file.name.removesuffix(_SUFFIX)
                    pack = parse_pack(read_document(str(file), _text(file)))
                    if stem in packs:
                        raise pack.node.error(f"a pack {stem!r} exists already: {packs[stem].node.where}")
                    packs[stem] = pack
        return cls(_profiles(packs))

    def get(self, name: str, version: str) -> MeterProfile:
        """Look a profile up.

        Raises:
            UnknownProfileError: no pack for this protocol.
        """
        profile = self._profiles.get(ProtocolName(name, version))
        if profile is None:
            raise UnknownProfileError(name, version, tuple(f"{known.name} {known.version}" for known in self.names()))
        return profile

    def names(self) -> tuple[ProtocolName, ...]:
        """List the protocols there are profiles for."""
        return tuple(self._profiles)


@cache
def shipped_profiles() -> ProfileLibrary:
    """Read the packs this distribution ships; the first call reads the files, all later ones share the result."""
    return ProfileLibrary.read(resources.files(__package__).joinpath("packs"))


def profiles_with(*folders: Traversable) -> ProfileLibrary:
    """The shipped packs and those of other folders, which may inherit from the shipped ones; reads all of them.

    Raises:
        PackError: the first broken rule, with file and line.
        OSError: a folder or file cannot be read.
    """
    if not folders:
        return shipped_profiles()
    return ProfileLibrary.read(resources.files(__package__).joinpath("packs"), *folders)


def load_profile(name: str, version: str) -> MeterProfile:
    """Look up a shipped profile, such as load_profile("SMR", "5.0.0").

    Raises:
        UnknownProfileError: no pack for this protocol.
    """
    return shipped_profiles().get(name, version)


def available_profiles() -> tuple[ProtocolName, ...]:
    """List the protocols that packs are shipped for."""
    return shipped_profiles().names()


def _text(file: Traversable) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise PackError(str(file), 1, "the pack is not UTF-8") from error


def _profiles(packs: Mapping[str, Pack]) -> dict[ProtocolName, MeterProfile]:
    profiles: dict[ProtocolName, MeterProfile] = {}
    for stem, pack in packs.items():
        line = _lineage(stem, packs)
        if pack.protocol is None:
            continue
        if pack.protocol in profiles:
            raise pack.node.error(f"a pack for protocol {pack.protocol.name} {pack.protocol.version} exists already")
        profiles[pack.protocol] = _profile(pack.protocol, line)
    return profiles


def _lineage(stem: str, packs: Mapping[str, Pack]) -> tuple[Pack, ...]:
    """Order a pack and its ancestors, oldest first."""
    line = [stem]
    while (inherits := packs[line[-1]].inherits) is not None:
        parent = inherits.text()
        if parent not in packs:
            raise inherits.error(f"parent {parent!r} is unknown; known: {', '.join(packs)}")
        if parent in line:
            raise inherits.error(f"packs inherit in a circle: {' -> '.join((*line, parent))}")
        line.append(parent)
    return tuple(packs[name] for name in reversed(line))


def _profile(protocol: ProtocolName, line: tuple[Pack, ...]) -> MeterProfile:
    objects: dict[str, CosemObject] = {}
    nodes: dict[str, Node] = {}
    methods: dict[int, Mapping[int, str]] = {}
    gas_meters: tuple[GasMeterRule, ...] = ()
    for pack in line:
        objects.update(pack.objects)
        nodes.update(pack.nodes)
        methods.update(pack.methods)
        gas_meters = pack.gas_meters or gas_meters
    _check_names(objects, nodes)
    for role, item in objects.items():
        _check_references(item, objects, nodes[role])
    complete = {
        role: replace(item, methods=methods.get(item.class_id, MappingProxyType({}))) for role, item in objects.items()
    }
    return MeterProfile(protocol.name, protocol.version, complete, gas_meters)


def _check_names(objects: Mapping[str, CosemObject], nodes: Mapping[str, Node]) -> None:
    """Two roles must not claim one logical name."""
    taken: dict[bytes, str] = {}
    for role, item in objects.items():
        for channel in item.obis.channels():
            other = taken.setdefault(item.obis.logical_name(channel), role)
            if other != role:
                raise _at(nodes[role], "obis", f"logical name {item.obis} belongs to {other} already")


def _check_references(item: CosemObject, objects: Mapping[str, CosemObject], node: Node) -> None:
    if (item.captures or item.selectable) and item.class_id != PROFILE_GENERIC:
        raise _at(node, "class", f"only a profile (class {PROFILE_GENERIC}) captures other objects")
    captures = node.mapping()["captures"].items() if item.captures else []
    for spec, place in zip(item.captures, captures, strict=True):
        captured = objects.get(spec.role)
        if captured is None:
            raise place.error(f"captured object {spec.role!r} is unknown")
        if spec.attribute not in captured.attributes:
            raise place.error(f"{spec.role} has no attribute {spec.attribute}")
        if spec.channel is not None and not captured.obis.has_channel:
            raise place.error(f"{spec.role} has no channel")
    for role in item.selectable:
        if role not in objects:
            raise _at(node, "selectable", f"selectable object {role!r} is unknown")
    for role in item.scaler_of_event.values():
        if role not in objects or not _has_scaler(objects[role]):
            raise _at(node, "scaler_of_event", f"{role!r} is no object with scaler and unit")


def _has_scaler(item: CosemObject) -> bool:
    return any(attribute.type is AttributeType.SCALER_UNIT for attribute in item.attributes.values())


def _at(node: Node, key: str, rule: str) -> PackError:
    return node.mapping()[key].error(rule)
