"""Every setting, read once at start from ``TIPLINE_*``; secrets are files beside the instance, never inside it."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

PARTS = ("public", "staff", "admin")
_ONION = re.compile(r"https?://([a-z2-7]{56})\.onion")
_CONTACT = re.compile(r"mailto:[^\s@]+@[^\s@]+|https://[^\s/]+(/\S*)?")
MAIL_ADDRESS = re.compile(r"[^\s@<>,;:\"()]{1,64}@[A-Za-z0-9.-]{1,190}")
_ADDRESS = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?")


class ConfigError(Exception):
    """A setting that cannot be used; the message names the setting and what it should hold."""


@dataclass(frozen=True)
class Profile:
    """The switches of the law that applies to whoever runs this (DOMAIN 1.1); see ``data/profiles.json``."""

    name: str
    contact_details: bool
    conversation: bool
    attachments: bool
    forward_lane: bool  # tips with personal data may only be passed on or purged
    untriaged_days: int
    referred_days: int
    closed_days: int
    log_years: int
    request_months: int
    supervisor_named: str
    legal_text: str


@dataclass(frozen=True)
class Settings:
    """All settings of one process. ``instance`` holds database and ciphertext, ``secrets`` holds what must not."""

    instance: Path
    secrets: Path
    database_url: str = field(repr=False)
    parts: frozenset[str]
    profile: Profile
    proxies: int
    host: str
    port: int
    workers: int
    threads: int
    max_files: int
    max_file_bytes: int
    draft_cap_bytes: int
    upload_slots: int
    tips_per_hour: int
    valkey_url: str = field(repr=False)  # may hold a password; empty: counts stay in this process
    service_name: str
    operator_name: str
    operator_contact: str
    dpo_contact: str
    supervisory_authority: str
    onion: str
    security_contact: str  # where to report a weakness of this service; empty: no security.txt
    enforcement_body: str  # watches over accessibility; named in the statement
    desk_pins: frozenset[str]  # fingerprints of desk keys: others are not sealed to; empty: any that is published
    public_address: str  # where people find the public pages; empty: not known
    staff_address: str  # where staff sign in; in notices by mail; empty: not named
    smtp_host: str  # what takes notices by mail; empty: none are sent
    smtp_port: int
    smtp_tls: str  # starttls, tls; off on this machine only
    smtp_user: str  # its password is the secret file smtp.password
    smtp_from: str
    notice_hours: tuple[int, ...]  # full hours, UTC, at which digests are made
    second_administrator: str  # required from the second administrator on; off: each acts alone
    testing: bool = False

    def secret(self, name: str, size: int = 32) -> bytes:
        """The secret file ``name``, made on first use with mode 0600.

        Raises ConfigError when it cannot be read or is too short to be a secret.
        """
        path = self.secrets / name
        try:
            value = path.read_bytes()
        except FileNotFoundError:
            return self._make_secret(path, secrets.token_bytes(size))
        except OSError as error:
            raise ConfigError(f"the secret file {name!r} cannot be read: {error.strerror}") from None
        if len(value) < size:  # an empty key would sign cookies that anybody can forge
            raise ConfigError(f"the secret file {name!r} holds fewer than {size} bytes")
        return value

    def keep_secret(self, name: str, value: bytes) -> None:
        """Write the secret file ``name`` for the first time. Raises FileExistsError and leaves one that is there."""
        self._write_new(self.secrets / name, value)

    def _make_secret(self, path: Path, value: bytes) -> bytes:
        try:
            self._write_new(path, value)
        except FileExistsError:  # another process was first
            return path.read_bytes()
        except OSError as error:
            raise ConfigError(f"TIPLINE_SECRETS cannot be written: {error.strerror}") from None
        return value

    def _write_new(self, path: Path, value: bytes) -> None:
        self.secrets.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Written aside and linked into place: a reader never sees half a secret, and the first writer wins.
        aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(value)
                file.flush()
                os.fsync(file.fileno())
            os.link(aside, path)
        finally:
            aside.unlink()


def profiles() -> dict[str, Profile]:
    """The profiles that ship with tipline, by name."""
    raw = json.loads(resources.files("tipline").joinpath("data/profiles.json").read_text(encoding="utf-8"))
    return {name: Profile(name=name, **switches) for name, switches in raw.items()}


def from_environment(environment: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Settings from ``TIPLINE_*`` and ``PORT``; keyword overrides win. Raises ConfigError naming the setting."""
    env = os.environ if environment is None else environment
    instance = Path(env.get("TIPLINE_INSTANCE", "instance")).resolve()
    parts = frozenset(p.strip() for p in env.get("TIPLINE_PARTS", ",".join(PARTS)).split(",") if p.strip())
    if not parts or not parts <= set(PARTS):
        raise ConfigError(f"TIPLINE_PARTS holds one or more of {', '.join(PARTS)}")
    known = profiles()
    name = env.get("TIPLINE_PROFILE", "national")
    if name not in known:
        raise ConfigError(f"TIPLINE_PROFILE is one of {', '.join(known)}")
    values: dict[str, Any] = {
        "instance": instance,
        "secrets": Path(env.get("TIPLINE_SECRETS", str(instance.parent / ".secrets"))).resolve(),
        "database_url": env.get("TIPLINE_DATABASE_URL", f"sqlite:///{instance / 'tipline.db'}"),
        "parts": parts,
        "profile": known[name],
        "proxies": _number(env, "TIPLINE_PROXIES", 0, 0, 9),
        "host": env.get("TIPLINE_HOST", "127.0.0.1"),
        "port": _number(env, "PORT", 8000, 1, 65535),
        "workers": _number(env, "TIPLINE_WORKERS", 1, 1, 64),
        "threads": _number(env, "TIPLINE_THREADS", 128, 1, 1024),
        "max_files": _number(env, "TIPLINE_MAX_FILES", 5, 0, 50),
        "max_file_bytes": _number(env, "TIPLINE_MAX_FILE_MB", 50, 1, 4096) * 1024 * 1024,
        "draft_cap_bytes": _number(env, "TIPLINE_DRAFT_CAP_MB", 4096, 1, 1 << 20) * 1024 * 1024,
        "upload_slots": _number(env, "TIPLINE_UPLOAD_SLOTS", 16, 1, 512),
        "tips_per_hour": _number(env, "TIPLINE_TIPS_PER_HOUR", 40_000, 1, 100_000_000),
        "valkey_url": env.get("TIPLINE_VALKEY_URL", ""),
        "service_name": env.get("TIPLINE_SERVICE_NAME", "tipline"),
        "operator_name": env.get("TIPLINE_OPERATOR_NAME", ""),
        "operator_contact": env.get("TIPLINE_OPERATOR_CONTACT", ""),
        "dpo_contact": env.get("TIPLINE_DPO_CONTACT", ""),
        "supervisory_authority": env.get("TIPLINE_SUPERVISORY_AUTHORITY", ""),
        "onion": _onion(env),
        "security_contact": _contact(env, "TIPLINE_SECURITY_CONTACT"),
        "enforcement_body": env.get("TIPLINE_ENFORCEMENT_BODY", ""),
        "desk_pins": _pins(env),
        "public_address": _address(env, "TIPLINE_PUBLIC_ADDRESS"),
        "staff_address": _address(env, "TIPLINE_STAFF_ADDRESS"),
        **_smtp(env),
        "notice_hours": _hours(env, "TIPLINE_NOTICE_HOURS", "6,12"),
        "second_administrator": _choice(env, "TIPLINE_SECOND_ADMINISTRATOR", ("required", "off")),
    }
    return Settings(**{**values, **overrides})


def _number(env: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    raw = env.get(name, "")
    try:
        value = int(raw) if raw else default
    except ValueError:
        raise ConfigError(f"{name} is a whole number from {low} to {high}") from None
    if not low <= value <= high:
        raise ConfigError(f"{name} is a whole number from {low} to {high}")
    return value


def _choice(env: Mapping[str, str], name: str, known: tuple[str, ...]) -> str:
    """One of a few words; the first is the default."""
    value = env.get(name) or known[0]
    if value not in known:
        raise ConfigError(f"{name} is one of {', '.join(known)}")
    return value


def _smtp(env: Mapping[str, str]) -> dict[str, Any]:
    """What takes notices by mail. Without TLS only on this machine: who may sign in stands in every mail."""
    host = env.get("TIPLINE_SMTP_HOST", "").strip()
    sender = env.get("TIPLINE_SMTP_FROM", "").strip()
    tls = _choice(env, "TIPLINE_SMTP_TLS", ("starttls", "tls", "off"))
    if host and not MAIL_ADDRESS.fullmatch(sender):
        raise ConfigError("TIPLINE_SMTP_FROM is an email address such as tipline@authority.example")
    if host and tls == "off" and host not in {"localhost", "127.0.0.1", "::1"}:
        raise ConfigError("TIPLINE_SMTP_TLS is off only where TIPLINE_SMTP_HOST is this machine")
    return {
        "smtp_host": host,
        "smtp_port": _number(env, "TIPLINE_SMTP_PORT", 465 if tls == "tls" else 587, 1, 65535),
        "smtp_tls": tls,
        "smtp_user": env.get("TIPLINE_SMTP_USER", "").strip(),
        "smtp_from": sender,
    }


def _hours(env: Mapping[str, str], name: str, default: str) -> tuple[int, ...]:
    """Full hours of the day, commas between, in their order."""
    try:
        hours = {int(one) for one in (env.get(name) or default).split(",")}
    except ValueError:
        hours = {-1}
    if not hours <= set(range(24)):
        raise ConfigError(f"{name} is one or more hours from 0 to 23, in UTC, with commas between")
    return tuple(sorted(hours))


def _pins(env: Mapping[str, str]) -> frozenset[str]:
    """Fingerprints of desks' keys, with or without spaces, commas between."""
    pins = ("".join(pin.split()).lower() for pin in env.get("TIPLINE_DESK_PINS", "").split(","))
    found = frozenset(pin for pin in pins if pin)
    if not all(re.fullmatch("[0-9a-f]{64}", pin) for pin in found):
        raise ConfigError("TIPLINE_DESK_PINS holds fingerprints of 64 figures and letters, as a desk's page shows them")
    return found


def _address(env: Mapping[str, str], name: str) -> str:
    """An address to put before a path, without its last slash; printed and shared, so it is never guessed."""
    raw = env.get(name, "").rstrip("/")
    if raw and not _ADDRESS.fullmatch(raw):
        raise ConfigError(f"{name} is an address such as https://tips.example.org")
    return raw


def _onion(env: Mapping[str, str]) -> str:
    """The address in the Tor network: version 3 with a checksum that fits, since a mistyped one leads nowhere."""
    raw = env.get("TIPLINE_ONION", "").strip().rstrip("/")
    if not raw:
        return ""
    found = _ONION.fullmatch(raw)
    key = base64.b32decode(found[1].upper()) if found else b""
    if key[32:] != hashlib.sha3_256(b".onion checksum" + key[:32] + b"\x03").digest()[:2] + b"\x03":
        raise ConfigError("TIPLINE_ONION is an address such as http://….onion, with all its 56 letters and figures")
    return raw


def _contact(env: Mapping[str, str], name: str) -> str:
    """An address to write to, as a link; one for mail may come without its ``mailto:``."""
    raw = env.get(name, "").strip()
    if raw and "@" in raw and ":" not in raw:
        raw = f"mailto:{raw}"
    if raw and not _CONTACT.fullmatch(raw):
        raise ConfigError(f"{name} is an email address or an https:// address")
    return raw


_current: Settings | None = None


def use(settings: Settings) -> Settings:
    """Make these the settings of this process."""
    global _current  # noqa: PLW0603 - one process has one configuration
    _current = settings
    return settings


def current() -> Settings:
    """The settings in use. Raises RuntimeError before ``use``."""
    if _current is None:
        raise RuntimeError("no settings are in use")
    return _current
