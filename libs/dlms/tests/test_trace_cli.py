"""`python -m meterstream.dlms decode`: input forms, keys file, exit status."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from meterstream.dlms.__main__ import main

EK = "000102030405060708090A0B0C0D0E0F"
AK = "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"
TITLE = "4D4D4D0000BC614E"
SEALED = "C81E3001234567411312FF935A47566827C467BC7D825C3BE4A77C3FCC056B6B"
RESULT = (
    "exception-response, 3 octets\n  state error service-not-allowed (1)\n  service error operation-not-possible (1)\n"
)


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    path = tmp_path / "keys"
    path.write_text(f"# global unicast keys\n{EK}\n\n{AK}\n{TITLE}\n")
    return path


@pytest.mark.parametrize("text", ["D80101", "d8 01:01", "0xD80101", "0xD8 0x01 0X01", " d8\n01\t01 "])
def test_forms_of_hex(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["decode", text]) == 0
    assert capsys.readouterr().out == RESULT


@pytest.mark.parametrize("arguments", [["decode"], ["decode", "-"]])
def test_standard_input(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"D8:01\n01\n")))
    assert main(arguments) == 0
    assert capsys.readouterr().out == RESULT


def test_too_much_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"0" * (4 * 2**20 + 1))))
    assert main(["decode"]) == 2
    assert "more than" in capsys.readouterr().err


def test_broken_octets(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["decode", "D801"]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == ("error at offset 2: service error is missing [MALFORMED_APDU]")
    assert main(["decode", ""]) == 1


@pytest.mark.parametrize("text", ["D8010", "hello", "D8,01", "Ｄ8"])
def test_no_hex(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["decode", text]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("the input is not hex")


def test_keys_open_what_is_ciphered(keys_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["decode", "--keys-file", str(keys_file), SEALED]) == 0
    out = capsys.readouterr().out
    assert out.endswith("class 8 (clock), 0.0.1.0.0.255, attribute 2 (time)\n")
    assert EK not in out
    assert AK not in out


@pytest.mark.parametrize(
    "content",
    [
        "",
        EK,
        f"{EK}\n{AK}\n{TITLE}\n{TITLE}\n{TITLE}",
        f"{EK}\n{AK[2:]}",
        f"{EK}\nxx{AK[2:]}",
        f"{EK}\n{AK}\n00",
        "\xe9",
    ],
)
def test_no_keys(content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "keys"
    path.write_text(content, encoding="utf-8")
    assert main(["decode", "--keys-file", str(path), SEALED]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "keys file" in captured.err
    assert EK not in captured.err
    assert AK[2:] not in captured.err


def test_a_missing_keys_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["decode", "--keys-file", str(tmp_path / "none"), SEALED]) == 2
    assert "FileNotFoundError" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["--keys", EK, SEALED], ["--keys-fil", EK, SEALED], [SEALED, EK], [f"--ek={EK}"]]
)
def test_keys_are_no_arguments(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["decode", *arguments]) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "unknown arguments\n")


def test_as_a_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "meterstream.dlms", "decode"],
        input=b"C009",
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, b"")
    assert done.stdout.splitlines()[-1].decode() == ("error at offset 1: get-request has no choice 9 [MALFORMED_APDU]")
