"""Signatures and certificates, checked with stock tools."""

from __future__ import annotations

import datetime as dt
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from tests.disclosure import need_tools
from tipline.crypto import cms, signatures
from tipline.errors import Damaged, KeyRefused

MANIFEST = b'{"sha256": "00"}\r\nwith a zero \0 and no line end'


def now() -> dt.datetime:
    # openssl compares with the real clock.
    return dt.datetime.now(dt.UTC)


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 3072)


def certificate(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, *, encipher: bool | None = True) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "an invented authority")])
    start = now() - dt.timedelta(days=1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(start).not_valid_after(start + dt.timedelta(days=30))
    if encipher is not None:
        usage = x509.KeyUsage(
            digital_signature=True,
            content_commitment=False,
            key_encipherment=encipher,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=False,
            crl_sign=False,
            encipher_only=False,
            decipher_only=False,
        )
        builder = builder.add_extension(usage, critical=True)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def verify(folder: Path, signature: bytes, data: bytes, cert_pem: bytes, *options: str) -> bool:
    (folder / "cert.pem").write_bytes(cert_pem)
    (folder / "manifest").write_bytes(data)
    (folder / "manifest.p7s").write_bytes(signature)
    command = "openssl cms -verify -inform DER -binary -in manifest.p7s -content manifest -CAfile cert.pem -out out"
    done = subprocess.run([*command.split(), *options], cwd=folder, capture_output=True, check=False, timeout=30)
    return done.returncode == 0


def test_openssl_accepts_the_signature_and_nothing_else(tmp_path: Path):
    need_tools("openssl")
    key, cert = signatures.new_seal_certificate("an invented desk", now())
    signature = signatures.sign_detached(MANIFEST, key, cert)
    exchanged_before = ("-certfile", "cert.pem", "-nointern")
    assert verify(tmp_path, signature, MANIFEST, cert)
    assert verify(tmp_path, signature, MANIFEST, cert, "-purpose", "any", *exchanged_before)
    assert not verify(tmp_path, signature, MANIFEST + b".", cert)
    _, other = signatures.new_seal_certificate("an invented desk", now())
    assert not verify(tmp_path, signature, MANIFEST, other)


def test_openssl_opens_what_is_encrypted_for_a_certificate(tmp_path: Path, rsa_key: rsa.RSAPrivateKey):
    need_tools("openssl")
    cert = certificate(rsa_key)
    private = rsa_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "key.pem").write_bytes(private)
    (tmp_path / "cert.pem").write_bytes(cert)
    (tmp_path / "sealed").write_bytes(signatures.encrypt_for_certificate(b"AGE-SECRET-KEY-1\n\0", cert))
    command = "openssl cms -decrypt -inform DER -binary -in sealed -inkey key.pem -recip cert.pem -out out"
    subprocess.run(command.split(), cwd=tmp_path, capture_output=True, check=True, timeout=30)
    assert (tmp_path / "out").read_bytes() == b"AGE-SECRET-KEY-1\n\0"
    shown = "openssl cms -cmsout -print -inform DER -in sealed"
    printed = subprocess.run(shown.split(), cwd=tmp_path, capture_output=True, check=True, timeout=30).stdout
    assert b"aes-256-cbc" in printed


def test_tipline_accepts_the_signature_and_nothing_else():
    key, cert = signatures.new_seal_certificate("an invented desk", now())
    signature = signatures.sign_detached(MANIFEST, key, cert)
    cms.verify_detached(MANIFEST, signature, cert)
    cms.verify_detached(MANIFEST, signature, cert.decode())
    with pytest.raises(Damaged):
        cms.verify_detached(MANIFEST + b".", signature, cert)
    with pytest.raises(Damaged):
        cms.verify_detached(MANIFEST, signature, signatures.new_seal_certificate("an invented desk", now())[1])
    for place in range(len(signature)):
        changed = bytearray(signature)
        changed[place] ^= 1
        for bad in (bytes(changed), signature[:place]):
            with pytest.raises(Damaged):
                cms.verify_detached(MANIFEST, bad, cert)
    for no_key in ("no certificate", certificate(rsa.generate_private_key(65537, 2048))):
        with pytest.raises(KeyRefused):
            cms.verify_detached(MANIFEST, signature, no_key)


def test_every_valid_signature_is_accepted():
    key, cert = signatures.new_seal_certificate("an invented desk", now())
    for number in range(500):
        data = number.to_bytes(2, "big")
        cms.verify_detached(data, signatures.sign_detached(data, key, cert), cert)


def test_the_seal_certificate_can_sign_and_nothing_else():
    _, cert = signatures.new_seal_certificate("an invented desk", now(), years=5)
    loaded = x509.load_pem_x509_certificate(cert)
    assert loaded.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    assert not loaded.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    assert loaded.not_valid_after_utc - now() > dt.timedelta(days=5 * 365)
    assert len(signatures.certificate_fingerprint(cert).split()) == 16
    assert signatures.certificate_fingerprint(cert.decode()) == signatures.certificate_fingerprint(cert)


def test_a_key_that_is_not_the_certificates_does_not_sign():
    key, _ = signatures.new_seal_certificate("one", now())
    _, cert = signatures.new_seal_certificate("two", now())
    for wrong in (key, b"no key", "no key"):
        with pytest.raises(KeyRefused):
            signatures.sign_detached(MANIFEST, wrong, cert)


def test_a_time_without_a_zone_is_a_fault_of_the_program():
    with pytest.raises(ValueError, match="zone"):
        signatures.new_seal_certificate("one", dt.datetime(2026, 1, 1))  # noqa: DTZ001 - on purpose


def test_certificates_that_cannot_be_used_are_refused(rsa_key: rsa.RSAPrivateKey):
    good = certificate(rsa_key)
    refused = {
        "EC": certificate(ec.generate_private_key(ec.SECP256R1())),
        "RSA 2048": certificate(rsa.generate_private_key(65537, 2048)),
        "signing only": certificate(rsa_key, encipher=False),
        "no key usage": certificate(rsa_key, encipher=None),
        "two of them": good + good,
        "cut": good[: len(good) // 2],
        "text": b"hello",
        "nothing": b"",
    }
    for pem in refused.values():
        with pytest.raises(KeyRefused):
            signatures.check_recipient_certificate(pem)
        with pytest.raises(KeyRefused):
            signatures.encrypt_for_certificate(b"secret", pem)
    assert signatures.check_recipient_certificate(good.decode(), now()).encode() == good
    with pytest.raises(KeyRefused):
        signatures.check_recipient_certificate(good, now() + dt.timedelta(days=60))


def test_the_head_of_a_day_is_signed_with_ed25519():
    # RFC 8032, section 7.1, test 1
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    public = signatures.signing_public(seed)
    assert public.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    signature = signatures.sign_bytes(seed, b"")
    assert signature.hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155")
    signatures.verify_bytes(public, b"", signature)
    for data, mark in ((b"x", signature), (b"", signature[:-1]), (b"", b"")):
        with pytest.raises(Damaged):
            signatures.verify_bytes(public, data, mark)
    assert len(signatures.new_signing_seed()) == 32
