"""What rules on firmware files share."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from meterstream.contracts.errors import CODES, PlatformError
from meterstream.contracts.shared.device_models import ModelEntry
from meterstream.contracts.shared.firmware_files import FirmwareFile
from meterstream.contracts.shared.mbus_firmware import BrokenFile, check_header, read_header
from meterstream.domain.model.firmware import CONTENTS, FIRMWARES, ContentRow, FirmwareRow, number_key
from meterstream.domain.model.registers import MODELS, Needs, model_key, rows
from meterstream.domain.model.rules import RegistryTurn
from meterstream.domain.rules._catalogue import known_manufacturer, known_model, model_needs

FIELD: Final = "request.firmware"
DIGESTS: Final[Mapping[str, Callable[[bytes], str]]] = MappingProxyType(
    {
        "SHA256": lambda octets: hashlib.sha256(octets).hexdigest(),
        "MD5": lambda octets: hashlib.md5(octets, usedforsecurity=False).hexdigest(),
    }
)
"""The algorithms by which a caller may vouch for a file; the registry itself goes by SHA-256 alone."""


def file_needs(file: FirmwareFile) -> Needs:
    """The file of that identification, the models that it is for, its contents."""
    found = rows(FIRMWARES, file.identification).rows
    for entry in file.device_models:
        found += model_needs(entry.manufacturer, entry.model_code).rows
    if file.file is not None:
        found += rows(CONTENTS, hashlib.sha256(file.file).hexdigest()).rows
    return Needs(found)


def identification_of(file: FirmwareFile) -> str:
    """Raises: VALIDATION_ERROR (401)."""
    if file.identification is None:
        raise broken("identification", "is required")
    return file.identification


def known_file(turn: RegistryTurn, number: int, field: str) -> FirmwareRow:
    """Raises: UNKNOWN_FIRMWARE (701)."""
    row = turn.world.row(FIRMWARES, number_key(number))
    if row is None:
        raise CODES["UNKNOWN_FIRMWARE"](f"{field}: there is no firmware file {number}", field=field)
    return row


def new_row(turn: RegistryTurn, file: FirmwareFile) -> FirmwareRow:
    """The row of a file as it was given, its contents checked and put where they are new, models noted as in use.

    Raises: UNKNOWN_MANUFACTURER (501), UNKNOWN_DEVICEMODEL (601), VALIDATION_ERROR (401).
    """
    models = known_models(turn, file.device_models)
    row = FirmwareRow(
        identification=identification_of(file),
        file_name=file.file_name,
        created_at=file.created_at or turn.now,
        description=file.description,
        push_to_new_devices=file.push_to_new_devices,
        active=file.active,
        module_versions=file.module_versions,
        models=models,
        image_identifier=file.image_identifier,
    )
    for entry in models:
        model = turn.world.row(MODELS, model_key(entry.manufacturer, entry.model_code or ""))
        if model is not None:
            turn.world.put_row(MODELS, model.model_copy(update={"has_firmware": True}))
    if file.file is not None:
        return row.model_copy(update=_contents(turn, file.file))
    return row if file.url is None else row.model_copy(update=_elsewhere(file))


def known_models(turn: RegistryTurn, entries: Iterable[ModelEntry]) -> list[ModelEntry]:
    """The models that a file is for, each once.

    Raises: UNKNOWN_MANUFACTURER (501), UNKNOWN_DEVICEMODEL (601), VALIDATION_ERROR (401).
    """
    found: dict[str, ModelEntry] = {}
    for place, entry in enumerate(entries):
        field = f"{FIELD}.device_models.{place}"
        if entry.model_code is None:
            raise broken(f"device_models.{place}.model_code", "is required")
        known_manufacturer(turn, entry.manufacturer, f"{field}.manufacturer")
        known_model(turn, entry.manufacturer, entry.model_code, f"{field}.model_code")
        known = ModelEntry(manufacturer=entry.manufacturer, model_code=entry.model_code)
        found.setdefault(model_key(entry.manufacturer, entry.model_code), known)
    return list(found.values())


def check_digest(file: FirmwareFile, octets: bytes) -> None:
    """Compare digest and size that the caller gives with those of the file; digests as numbers: leading zeros may be
    missing.

    Raises: VALIDATION_ERROR (401).
    """
    if file.size not in (None, len(octets)):
        raise broken("size", f"is not that of the file, which has {len(octets)} octets")
    algorithm = (file.hash_type or "SHA256").upper().replace("-", "")
    if algorithm not in DIGESTS:
        raise broken("hash_type", f"is one of {', '.join(DIGESTS)}")
    if file.hash is not None and int(file.hash, 16) != int(DIGESTS[algorithm](octets), 16):
        raise broken("hash", f"is not the {algorithm} digest of the file")


def _contents(turn: RegistryTurn, octets: bytes) -> dict[str, Any]:
    header = read_header(octets)
    if header is not None:
        try:
            check_header(header, len(octets))
        except BrokenFile as failure:
            raise broken("file", f"is no firmware file for M-Bus devices: {failure}") from failure
    digest = hashlib.sha256(octets).digest()
    if turn.world.row(CONTENTS, digest.hex()) is None:
        turn.world.put_row(CONTENTS, ContentRow(sha256=digest, size=len(octets), octets=octets))
    return {"sha256": digest, "is_mbus": header is not None}


def _elsewhere(file: FirmwareFile) -> dict[str, Any]:
    """What the caller says of a file that lies at a URL; it is checked by whoever fetches it."""
    digest = int(file.hash or "", 16).to_bytes(hashlib.sha256().digest_size, "big")
    return {"sha256": digest, "is_mbus": None, "url": file.url, "size": file.size}


def broken(field: str, rule: str) -> PlatformError:
    """VALIDATION_ERROR (401) on a field of the file."""
    return CODES["VALIDATION_ERROR"](f"{FIELD}.{field}: {rule}", field=f"{FIELD}.{field}", rule=rule)


def to_file(row: Mapping[str, Any], *, models: Iterable[Mapping[str, Any]] = ()) -> FirmwareFile:
    """A file as the registry answers it, from a row of `firmware.sql`."""
    digest: bytes | None = row["sha256"]
    created_at: datetime = row["created_at"]
    return FirmwareFile.model_validate(
        {
            "identification": row["identification"],
            "number": row["number"],
            "file_name": row["file_name"],
            "created_at": created_at,
            "device_models": [ModelEntry.model_validate(entry) for entry in models],
            "description": row["description"],
            "push_to_new_devices": row["push_to_new_devices"],
            "active": row["active"],
            "module_versions": row["module_versions"],
            "file": row.get("file"),
            "image_identifier": row["image_identifier"],
            "hash": None if digest is None else digest.hex(),
            "hash_type": None if digest is None else "SHA256",
            "url": None if row["url"] is None else row["url"].partition("?")[0],
            "size": row["size"],
        }
    )
