"""Settings: secrets are made once, for this user only, and never taken when they are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tipline import config


@pytest.fixture
def made(tmp_path: Path) -> config.Settings:
    return config.from_environment({}, instance=tmp_path / "instance", secrets=tmp_path / "secrets")


def test_a_secret_is_made_once(made: config.Settings) -> None:
    first = made.secret("public.key")
    assert len(first) == 32
    assert made.secret("public.key") == first
    assert (made.secrets / "public.key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", [b"", b"short"])
def test_a_secret_that_is_cut_short_is_refused(made: config.Settings, content: bytes) -> None:
    made.secret("public.key")
    (made.secrets / "public.key").write_bytes(content)
    with pytest.raises(config.ConfigError, match=r"public\.key"):
        made.secret("public.key")


def test_no_secret_shows_in_the_settings(made: config.Settings) -> None:
    secret = made.secret("pepper")
    assert secret.hex() not in repr(made)
    assert repr(secret) not in repr(made)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TIPLINE_PROXIES", "-1"),
        ("TIPLINE_MAX_FILES", "x"),
        ("TIPLINE_PARTS", "kitchen"),
        ("TIPLINE_PROFILE", ""),
        ("TIPLINE_PUBLIC_ADDRESS", "tips.example"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(name: str, value: str) -> None:
    with pytest.raises(config.ConfigError, match=name):
        config.from_environment({name: value})


DUCKS = "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad"  # a real address, for its checksum


@pytest.mark.parametrize(
    "address", ["http://example.onion", f"http://{DUCKS[:-1]}e.onion", f"http://{'a' * 56}.onion", DUCKS]
)
def test_an_onion_address_with_a_mistake_is_refused(address: str) -> None:
    assert config.from_environment({"TIPLINE_ONION": f"http://{DUCKS}.onion/"}).onion == f"http://{DUCKS}.onion"
    with pytest.raises(config.ConfigError, match="TIPLINE_ONION"):
        config.from_environment({"TIPLINE_ONION": address})


def test_the_security_contact_is_a_link() -> None:
    given = config.from_environment({"TIPLINE_SECURITY_CONTACT": "security@authority.example"})
    assert given.security_contact == "mailto:security@authority.example"
    with pytest.raises(config.ConfigError, match="TIPLINE_SECURITY_CONTACT"):
        config.from_environment({"TIPLINE_SECURITY_CONTACT": "the usual office"})
