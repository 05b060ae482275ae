"""All routes of the listener."""

from __future__ import annotations

from aiohttp import web

from meterstream.ws_adapter.platform import Platform
from meterstream.ws_adapter.rest.face import RestFace
from meterstream.ws_adapter.rest.forms import Forms


def routes_of(platform: Platform) -> list[web.AbstractRouteDef]:
    """The routes of every face, derived from the platform's catalogue of operations."""
    return RestFace(platform, Forms(platform.catalogue, platform.codec)).routes()
