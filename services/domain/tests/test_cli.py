"""The command line and the key files: what they accept, and how they say no."""

from __future__ import annotations

import stat

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from meterstream.contracts.records import EndpointKind, KafkaCommands
from meterstream.domain.adapters.key_files import generate_keys, read_hex_key, read_rsa_key
from meterstream.domain.cli import carry_out, describe_organisation, parser
from meterstream.runtime.errors import ConfigurationError

BOOTSTRAP = ["bootstrap", "--organisation", "Acme", "--name", "Acme Ltd"]


def described(*more):
    return describe_organisation(parser().parse_args([*BOOTSTRAP, *more]))


def pem(path, private):
    path.write_bytes(private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return str(path)


def test_an_organisation_is_named_by_its_certificate_unless_told_otherwise():
    assert described().certificate_names == ("Acme",)
    assert described("--certificate-name", "a", "--certificate-name", "b").certificate_names == ("a", "b")
    assert described().kafka_commands is KafkaCommands.OFF


def test_endpoints_with_and_without_application(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text(" s3cret\n")
    made = described(
        "--endpoint",
        "soap@App=https://a.example/notify?x=1",
        "--endpoint",
        "webhook=https://a.example/hook",
        "--webhook-secret-file",
        str(secret),
    )
    found = [(item.kind, item.application, item.url, item.secret) for item in made.endpoints]
    assert found == [
        (EndpointKind.SOAP, "App", "https://a.example/notify?x=1", None),
        (EndpointKind.WEBHOOK, "", "https://a.example/hook", b"s3cret"),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        ["--endpoint", "mail=https://a.example"],
        ["--endpoint", "soap=ftp://a.example"],
        ["--slug", "Has Spaces"],
        ["--organisation", "has spaces"],
        ["--organisation", "x" * 41],
        ["--kafka-commands", "sometimes"],
    ],
)
def test_wrong_options_are_refused(wrong, capsys):
    with pytest.raises(SystemExit) as ended:
        parser().parse_args([*BOOTSTRAP, *wrong])
    assert ended.value.code == 2
    assert wrong[0] in capsys.readouterr().err


def test_an_own_topic_has_a_slug():
    assert described("--kafka-commands", "own-topic").slug == "acme"
    with pytest.raises(ConfigurationError, match="--slug"):
        describe_organisation(
            parser().parse_args(["bootstrap", "--organisation", "A_B", "--name", "x", "--kafka-commands", "own-topic"])
        )


def test_signed_commands_need_a_key_of_a_kind_that_signs(tmp_path):
    with pytest.raises(ConfigurationError, match="--signing-key-file"):
        described("--kafka-commands", "signed")
    good = pem(tmp_path / "good.pem", Ed25519PrivateKey.generate())
    assert described("--kafka-commands", "signed", "--signing-key-file", good).signing_key
    other = pem(tmp_path / "other.pem", generate_private_key(SECP256R1()))
    with pytest.raises(ConfigurationError, match="Ed25519 or RSA"):
        described("--kafka-commands", "signed", "--signing-key-file", other)
    (tmp_path / "bad.pem").write_text("no key")
    with pytest.raises(ConfigurationError, match="must hold a public key"):
        described("--kafka-commands", "signed", "--signing-key-file", str(tmp_path / "bad.pem"))


def test_an_empty_secret_is_refused(tmp_path):
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(ConfigurationError, match="is empty"):
        described("--webhook-secret-file", str(tmp_path / "empty"))


def test_a_file_that_is_not_there_is_named(capsys, tmp_path):
    missing = str(tmp_path / "missing.pem")
    with pytest.raises(OSError, match=r"missing\.pem"):
        described("--kafka-commands", "signed", "--signing-key-file", missing)


def test_key_files_are_written_once_and_only_for_their_owner(tmp_path, capsys):
    options = parser().parse_args(["keys", "generate", "--directory", str(tmp_path / "keys")])
    assert carry_out(options) == 0
    written = {path.name: path.read_bytes() for path in (tmp_path / "keys").iterdir()}
    assert sorted(written) == [
        "key-encryption-key.hex",
        "notification-private.hex",
        "notification-public.hex",
        "protocol-private.hex",
        "protocol-public.hex",
        "rsa-private.pem",
        "rsa-public.pem",
    ]
    for path in (tmp_path / "keys").iterdir():
        if "public" not in path.name:
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert carry_out(options) == 0
    assert {path.name: path.read_bytes() for path in (tmp_path / "keys").iterdir()} == written
    output = capsys.readouterr().out
    assert output.count("wrote ") == 7
    assert written["key-encryption-key.hex"].decode().strip() not in output
    assert len(read_hex_key(tmp_path / "keys" / "key-encryption-key.hex")) == 32
    assert read_rsa_key(tmp_path / "keys" / "rsa-private.pem").key_size == 2048


def test_half_a_pair_is_reported_not_replaced(tmp_path, capsys):
    generate_keys(tmp_path)
    (tmp_path / "rsa-public.pem").unlink()
    assert carry_out(parser().parse_args(["keys", "generate", "--directory", str(tmp_path)])) == 2
    assert "rsa-public.pem is missing" in capsys.readouterr().err


@pytest.mark.parametrize(("content", "rule"), [("zz", "hexadecimal digits only"), ("00", "64 hexadecimal digits")])
def test_a_key_file_with_wrong_content_is_named_not_quoted(tmp_path, content, rule):
    path = tmp_path / "key.hex"
    path.write_text(content)
    with pytest.raises(ConfigurationError, match=rule) as refused:
        read_hex_key(path)
    assert str(path) in str(refused.value)
    path.write_text("no pem")
    with pytest.raises(ConfigurationError, match="PEM"):
        read_rsa_key(path)
    with pytest.raises(ConfigurationError, match="No such file"):
        read_hex_key(tmp_path / "missing")
