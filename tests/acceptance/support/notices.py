"""SOAP notifications that the owner's receiver took."""

from __future__ import annotations

from lxml import etree
from world import World


def notices_of(world: World, device: str) -> list[dict[str, str]]:
    """Those that name a device, each as texts by element."""
    bodies = [etree.fromstring(one.body) for one in world.platform.receiver.bodies("/soap", device)]
    return [{etree.QName(part).localname: part.text or "" for part in body.iter(etree.Element)} for body in bodies]
