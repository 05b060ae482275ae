"""The faces of one process."""

from __future__ import annotations

from aiohttp import web

from meterstream.ws_adapter.platform import Platform
from meterstream.ws_adapter.rest.documents import render_documents
from meterstream.ws_adapter.rest.face import RestFace
from meterstream.ws_adapter.rest.forms import Forms
from meterstream.ws_adapter.settings import SoapSettings
from meterstream.ws_adapter.soap.face import SoapFace


class Faces:
    """REST and SOAP, derived from the platform's catalogue of operations."""

    def __init__(self, platform: Platform, soap: SoapSettings, forms: Forms | None = None) -> None:
        forms = forms or Forms(platform.catalogue, platform.codec)
        self._rest = RestFace(platform, forms, render_documents(forms))
        self._soap = SoapFace(platform, soap)

    def routes(self) -> list[web.AbstractRouteDef]:
        """All routes of the listener."""
        return [*self._rest.routes(), *self._soap.routes()]
