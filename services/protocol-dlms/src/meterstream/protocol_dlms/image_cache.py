"""Files on disk, named by their digest: bounded, whole or not there, checked whenever they are read.

Nothing here belongs to the event loop; callers use threads. Several processes may share a folder.
"""

from __future__ import annotations

import logging
import os
import tempfile
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

_SUFFIX: Final = ".image"
_PARTIAL: Final = ".partial"


class ImageCache:
    """Keeps the files that were used last, `max_bytes` together."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        """Raises: OSError where the folder cannot be made."""
        self._folder = folder
        self._max_bytes = max_bytes
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left in folder.glob(f"*{_PARTIAL}"):  # of a process that ended while it wrote, or of one that still does
            with suppress(OSError):
                left.unlink()

    def read(self, digest: bytes) -> bytes | None:
        """The file; None where it is not there, cannot be read, or is not what its name says: it is gone then."""
        path = self._path(digest)
        try:
            octets = path.read_bytes()
            if sha256(octets).digest() == digest:
                os.utime(path)
                return octets
            log.error("%s does not match its digest and is removed", path.name)
            path.unlink()
        except FileNotFoundError:
            pass
        except OSError as failure:
            log.warning("%s cannot be read: %s", path.name, failure.strerror)
        return None

    def write(self, digest: bytes, octets: bytes) -> None:
        """Keep a file, and no longer those that were not used for longest; a disk that fails is only logged."""
        if len(octets) > self._max_bytes:
            return
        try:
            self._make_room(len(octets))
            with tempfile.NamedTemporaryFile(dir=self._folder, suffix=_PARTIAL, delete=False) as partial:
                try:
                    partial.write(octets)
                    partial.flush()
                    os.fsync(partial.fileno())
                    Path(partial.name).replace(self._path(digest))
                except BaseException:
                    Path(partial.name).unlink(missing_ok=True)
                    raise
        except OSError as failure:
            log.warning("an image cannot be kept: %s", failure.strerror)

    def _make_room(self, wanted: int) -> None:
        found = []
        for path in self._folder.glob(f"*{_SUFFIX}"):
            with suppress(FileNotFoundError):
                status = path.stat()
                found.append((status.st_mtime_ns, status.st_size, path))
        held = sum(size for _, size, _ in found)
        for _, size, path in sorted(found, key=lambda entry: entry[0]):
            if held + wanted <= self._max_bytes:
                return
            path.unlink(missing_ok=True)
            held -= size

    def _path(self, digest: bytes) -> Path:
        return self._folder / f"{digest.hex()}{_SUFFIX}"
