"""Checking the CMS signatures that ``signatures.sign_detached`` makes, against a certificate exchanged beforehand.

Anybody else checks them with ``openssl cms -verify``. This check is narrower: it knows one form only, writes down what
a signature by this certificate over this digest must look like, and compares every byte. So nothing of it is left
unread: each byte is either given or under the signature.
"""

from __future__ import annotations

import hashlib
import re

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tipline.errors import Damaged, KeyRefused

_SEQUENCE, _SET, _OCTETS, _INTEGER, _UTC_TIME = 0x30, 0x31, 0x04, 0x02, 0x17

# Object identifiers, DER.
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_DATA = bytes.fromhex("06092a864886f70d010701")
_CONTENT_TYPE = bytes.fromhex("06092a864886f70d010903")
_MESSAGE_DIGEST = bytes.fromhex("06092a864886f70d010904")
_SIGNING_TIME = bytes.fromhex("06092a864886f70d010905")
_SHA256 = bytes.fromhex("300d06096086480165030402010500")
_ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")

_SIGNED_AT = re.compile(re.escape(_SIGNING_TIME + bytes((_SET, 15, _UTC_TIME, 13))) + rb"(\d{12}Z)")


def verify_detached(data: bytes, signature: bytes, cert_pem: str | bytes) -> None:
    """Return if this certificate's key signed exactly these bytes (RFC 5652, EC P-256, SHA-256).

    Raises KeyRefused for text that is no EC certificate and Damaged for everything else, one changed bit included.
    Does not ask whether the certificate is still valid: a signature does not end with its certificate.
    """
    certificate = _load(cert_pem)
    public = certificate.public_key()
    if not isinstance(public, ec.EllipticCurvePublicKey):
        raise KeyRefused
    attributes = _attributes(_signed_at(signature), hashlib.sha256(data).digest())
    value = _signature_value(signature)
    if signature != _signed_data(certificate, attributes, value):
        raise Damaged
    try:
        public.verify(value, _der(_SET, attributes), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise Damaged from None


def _load(cert_pem: str | bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(cert_pem.encode() if isinstance(cert_pem, str) else cert_pem)
    except ValueError:
        raise KeyRefused from None


def _signed_at(signature: bytes) -> bytes:
    found = _SIGNED_AT.findall(signature)
    if len(found) != 1:
        raise Damaged
    return bytes(found[0])


def _signature_value(signature: bytes) -> bytes:
    """The last field: an ECDSA signature takes up to 72 bytes."""
    for size in range(8, 73):
        # With the algorithm in front: two such bytes alone also occur by chance inside one signature in a thousand.
        if signature[:-size].endswith(_ECDSA_SHA256 + bytes((_OCTETS, size))):
            return signature[-size:]
    raise Damaged


def _attributes(signed_at: bytes, digest: bytes) -> bytes:
    return (
        _der(_SEQUENCE, _CONTENT_TYPE + _der(_SET, _DATA))
        + _der(_SEQUENCE, _SIGNING_TIME + _der(_SET, _der(_UTC_TIME, signed_at)))
        + _der(_SEQUENCE, _MESSAGE_DIGEST + _der(_SET, _der(_OCTETS, digest)))
    )


def _signed_data(certificate: x509.Certificate, attributes: bytes, value: bytes) -> bytes:
    serial = certificate.serial_number
    number = _der(_INTEGER, serial.to_bytes(serial.bit_length() // 8 + 1, "big"))
    signer = (
        _der(_INTEGER, b"\x01")
        + _der(_SEQUENCE, certificate.issuer.public_bytes() + number)
        + _SHA256
        + _der(0xA0, attributes)
        + _ECDSA_SHA256
        + _der(_OCTETS, value)
    )
    content = (
        _der(_INTEGER, b"\x01")
        + _der(_SET, _SHA256)
        + _der(_SEQUENCE, _DATA)
        + _der(0xA0, certificate.public_bytes(serialization.Encoding.DER))
        + _der(_SET, _der(_SEQUENCE, signer))
    )
    return _der(_SEQUENCE, _SIGNED_DATA + _der(0xA0, _der(_SEQUENCE, content)))


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content
