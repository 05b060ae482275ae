"""Service descriptions and schema documents over GET."""

from __future__ import annotations

import re
from typing import Final
from xml.sax.saxutils import quoteattr

from meterstream.ws_adapter.soap.documents import rendered_documents
from meterstream.ws_adapter.soap.services import services
from meterstream.ws_adapter.soap.wsdl import LOCATION

_HOST: Final = re.compile(r"^[A-Za-z0-9.\-_\[\]:]{1,255}$")


class Published:
    """Finds a document by the address that is asked; letter case does not matter."""

    def __init__(self) -> None:
        self._by_name = {name.rpartition("/")[2].casefold(): text for name, text in rendered_documents().items()}
        self._by_endpoint = {
            service.endpoint.rstrip("/").casefold(): service.wsdl_document.casefold() for service in services()
        }

    def find(self, path: str, query: dict[str, str], base: str) -> bytes | None:
        """The document at a path or query: `…/SmartMeteringAdhoc.wsdl`, `…/common.xsd`, `?wsdl`, `?xsd=common.xsd`.

        Args:
            base: scheme and host under which the services are reached; takes the place of the written address.
        """
        asked = {name.casefold(): value.casefold() for name, value in query.items()}
        name = path.rpartition("/")[2].casefold()
        if "wsdl" in asked:
            name = self._by_endpoint.get(path.rstrip("/").casefold(), "")
        elif "xsd" in asked:
            name = asked["xsd"]
        found = self._by_name.get(name)
        if found is None or not name.endswith(".wsdl"):
            return found
        return found.replace(f'"{LOCATION}'.encode(), quoteattr(base)[:-1].encode())


def base_of(scheme: str, host: str) -> str:
    """Scheme and host as an address, the written one where the host is none."""
    return f"{scheme}://{host}" if _HOST.match(host) else LOCATION
