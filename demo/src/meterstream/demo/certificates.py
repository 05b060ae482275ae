"""A certificate authority for one machine: the server's certificate and one for each organisation.

For demo and tests; in production the operator's own authority issues them.
"""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME = timedelta(days=365)
SKEW = timedelta(minutes=5)


@dataclass(frozen=True)
class CertificateFiles:
    """Where one certificate and its key lie, PEM."""

    certificate: Path
    key: Path


class Authority:
    """Issues certificates into a directory and finds them again."""

    def __init__(self, directory: Path) -> None:
        """Make a new authority in `directory`, or take the one that is there."""
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self.files = CertificateFiles(directory / "ca.pem", directory / "ca-key.pem")
        if not self.files.key.exists():
            self._create()
        self._key = _load_key(self.files.key)
        self._certificate = x509.load_pem_x509_certificate(self.files.certificate.read_bytes())

    def server(self) -> CertificateFiles:
        """The certificate of localhost."""
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        return self._issue("server", "localhost", ExtendedKeyUsageOID.SERVER_AUTH, names)

    def client(self, organisation: str) -> CertificateFiles:
        """The certificate whose common name is `organisation`."""
        return self._issue(f"client-{organisation}", organisation, ExtendedKeyUsageOID.CLIENT_AUTH, [])

    def client_context(self, organisation: str) -> ssl.SSLContext:
        """What a client of that organisation connects with."""
        files = self.client(organisation)
        context = ssl.create_default_context(cafile=str(self.files.certificate))
        context.load_cert_chain(files.certificate, files.key)
        return context

    def _create(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("Meterstream local authority")
        builder = _builder(name, name, key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_key_usage(signs_certificates=True), critical=True)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        _write(self.files, builder.sign(key, hashes.SHA256()), key)

    def _issue(
        self, file_name: str, common_name: str, usage: x509.ObjectIdentifier, names: list[x509.GeneralName]
    ) -> CertificateFiles:
        files = CertificateFiles(self._directory / f"{file_name}.pem", self._directory / f"{file_name}-key.pem")
        if files.certificate.exists() and files.key.exists():
            return files
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_name(common_name), self._certificate.subject, key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_key_usage(signs_certificates=False), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(issuer, critical=False)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        _write(files, builder.sign(self._key, hashes.SHA256()), key)
        return files


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SKEW)
        .not_valid_after(now + LIFETIME)
    )


def _load_key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{path} holds no EC key")
    return key


def _write(files: CertificateFiles, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    files.key.touch(mode=0o600)
    files.key.write_bytes(pem)
    files.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
