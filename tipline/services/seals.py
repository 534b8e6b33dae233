"""The instance's seal: the certificate that packages are signed with, beside the instance and with the staff part only.

Its public half goes to every authority beforehand, over another channel (SECURITY 31).
"""

from __future__ import annotations

import contextlib
import datetime as dt
import time
from dataclasses import dataclass, field

from tipline import config
from tipline.crypto import signatures
from tipline.errors import Unavailable

KEY = "seal.key.pem"
CERTIFICATE = "seal.cert.pem"
YEARS = 5


@dataclass(frozen=True)
class Seal:
    """Key and certificate, both PEM."""

    key_pem: bytes = field(repr=False)
    cert_pem: bytes

    @property
    def fingerprint(self) -> str:
        """What an authority compares on the telephone."""
        return signatures.certificate_fingerprint(self.cert_pem)


def read_seal(now: dt.datetime) -> Seal:
    """The seal of this instance, made on first use. Raises Unavailable when its files cannot be read."""
    settings = config.current()
    if not (settings.secrets / KEY).exists():
        _make(now)
    for _ in range(50):  # another process may be between the two files
        with contextlib.suppress(FileNotFoundError):
            return Seal((settings.secrets / KEY).read_bytes(), (settings.secrets / CERTIFICATE).read_bytes())
        time.sleep(0.02)
    raise Unavailable


def _make(now: dt.datetime) -> None:
    settings = config.current()
    name = (settings.operator_name or settings.service_name)[:64]
    key_pem, cert_pem = signatures.new_seal_certificate(name, now, YEARS)
    with contextlib.suppress(FileExistsError):  # then another process was first, and both files are its own
        settings.keep_secret(KEY, key_pem)
        settings.keep_secret(CERTIFICATE, cert_pem)
