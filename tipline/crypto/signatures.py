"""Signatures: CMS over package manifests, Ed25519 over segments of the log, and CMS to an X.509 certificate."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Sequence

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tipline.crypto.keys import group_digest
from tipline.errors import Damaged, KeyRefused

SMALLEST_RSA = 3072


def new_seal_certificate(common_name: str, now: dt.datetime, years: int = 5) -> tuple[bytes, bytes]:
    """A fresh key and its self-signed certificate, both PEM, for signing packages (EC P-256, SHA-256).

    The certificate can sign documents and nothing else: it is no certificate authority. Raises ValueError for a time
    without a zone or a name that X.509 cannot hold.
    """
    if now.tzinfo is None:
        raise ValueError("the time has no zone")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    # A recipient whose clock is a little slow must not find the certificate "not yet valid".
    start = now.replace(microsecond=0) - dt.timedelta(hours=1)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=366 * years))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_signing_only(), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    certificate = builder.sign(key, hashes.SHA256())
    key_pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return key_pem, certificate.public_bytes(serialization.Encoding.PEM)


def sign_detached(
    data: bytes, key_pem: str | bytes, cert_pem: str | bytes, *, extra_certs: Sequence[str | bytes] = ()
) -> bytes:
    """A detached CMS signature over the bytes as they are, DER (RFC 5652), with the certificate enclosed.

    For small manifests: the library holds everything in memory. Raises KeyRefused for a key that is not EC or does
    not belong to the certificate.
    """
    certificate = _load_certificate(cert_pem)
    key = _load_signing_key(key_pem)
    if key.public_key() != certificate.public_key():
        raise KeyRefused
    builder = pkcs7.PKCS7SignatureBuilder().set_data(data).add_signer(certificate, key, hashes.SHA256())
    for extra in extra_certs:
        builder = builder.add_certificate(_load_certificate(extra))
    options = [
        pkcs7.PKCS7Options.DetachedSignature,
        pkcs7.PKCS7Options.Binary,
        pkcs7.PKCS7Options.NoCapabilities,
    ]
    return builder.sign(serialization.Encoding.DER, options)


def certificate_fingerprint(cert_pem: str | bytes) -> str:
    """The SHA-256 of the certificate (DER) in groups of four, for reading aloud. Raises KeyRefused."""
    return group_digest(_load_certificate(cert_pem).fingerprint(hashes.SHA256()).hex())


def certificate_ends(cert_pem: str | bytes) -> dt.datetime:
    """The moment from which the certificate is no longer valid. Raises KeyRefused."""
    return _load_certificate(cert_pem).not_valid_after_utc


def check_recipient_certificate(cert_pem: str | bytes, now: dt.datetime | None = None) -> str:
    """The certificate as PEM, if tipline may encrypt to it: RSA of 3,072 bits or more, for key encipherment.

    With ``now`` also refused when it is not valid at that time. Tried by encrypting to it. Raises KeyRefused.
    """
    certificate = _load_certificate(cert_pem)
    public = certificate.public_key()
    if not isinstance(public, rsa.RSAPublicKey) or public.key_size < SMALLEST_RSA:
        raise KeyRefused
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        raise KeyRefused from None
    if not usage.key_encipherment:
        raise KeyRefused
    if now is not None and not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise KeyRefused
    _envelope(b"trial", certificate)
    return certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")


def encrypt_for_certificate(data: bytes, cert_pem: str | bytes) -> bytes:
    """CMS EnvelopedData, DER, AES-256, for a checked RSA certificate; opens with ``openssl cms -decrypt``.

    For short secrets only (a one-time age identity): CMS does not authenticate what it encrypts, the age file does.
    Raises KeyRefused for a certificate that ``check_recipient_certificate`` refuses.
    """
    return _envelope(data, _load_certificate(check_recipient_certificate(cert_pem)))


def new_signing_seed() -> bytes:
    """A fresh Ed25519 seed of 32 bytes (RFC 8032)."""
    return secrets.token_bytes(32)


def signing_public(seed: bytes) -> bytes:
    """The public key of a signing seed, 32 bytes. Raises ValueError when the seed has not 32 bytes."""
    return ed25519.Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def sign_bytes(seed: bytes, data: bytes) -> bytes:
    """The Ed25519 signature, 64 bytes. Raises ValueError when the seed has not 32 bytes."""
    return ed25519.Ed25519PrivateKey.from_private_bytes(seed).sign(data)


def verify_bytes(public: bytes, data: bytes, signature: bytes) -> None:
    """Return if this key signed these bytes. Raises Damaged otherwise."""
    try:
        ed25519.Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except (InvalidSignature, ValueError) as refused:
        raise Damaged from refused


def _envelope(data: bytes, certificate: x509.Certificate) -> bytes:
    try:
        return (
            pkcs7.PKCS7EnvelopeBuilder()
            .set_data(data)
            .add_recipient(certificate)
            .set_content_encryption_algorithm(algorithms.AES256)
            .encrypt(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary])
        )
    except (ValueError, TypeError):
        raise KeyRefused from None


def _load_certificate(pem: str | bytes) -> x509.Certificate:
    raw = pem.encode("utf-8", "replace") if isinstance(pem, str) else pem
    try:
        loaded = x509.load_pem_x509_certificates(raw)
        loaded[0].public_key()
    except Exception:  # noqa: BLE001 - the parser names many errors for what a stranger may have pasted
        raise KeyRefused from None
    if len(loaded) != 1:
        raise KeyRefused
    return loaded[0]


def _load_signing_key(pem: str | bytes) -> ec.EllipticCurvePrivateKey:
    raw = pem.encode("ascii", "replace") if isinstance(pem, str) else pem
    try:
        key = serialization.load_pem_private_key(raw, password=None)
    except (ValueError, TypeError):
        raise KeyRefused from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise KeyRefused
    return key


def _signing_only() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
