"""What docs/upstream.md shows in Python runs as it stands there, and the platform reads what it makes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from meterstream.contracts.envelope import CommandHeader
from meterstream.contracts.operations import synchronize_time
from meterstream.contracts.topics import SIGNATURE_HEADER
from meterstream.runtime.codec import Codec

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "upstream.md").read_text(encoding="utf-8")


def test_the_lines_in_python_make_a_signed_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "schemas").symlink_to(ROOT / "schemas")
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "private.pem").write_bytes(pem)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    blocks = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        exec(block, names)
    raw = (tmp_path / "command.bin").read_bytes()
    command = Codec().decode_as(raw, synchronize_time.OPERATION.command)
    assert command.header.device_identification == "E0001000000000001"
    ((name, signature),) = names["headers"]
    assert name == SIGNATURE_HEADER
    private.public_key().verify(signature, b"\0\0\0\x11E0001000000000001" + raw)


def test_every_field_of_the_header_is_described_and_every_link_leads_somewhere() -> None:
    described = set(
        re.findall(r"`([a-z_]+)`", "".join(line for line in TEXT.splitlines(True) if line.startswith("| `")))
    )
    assert set(CommandHeader.model_fields) <= described
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert (ROOT / "docs" / target).exists(), target
