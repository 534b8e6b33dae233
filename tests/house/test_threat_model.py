"""The threat model names a test for each claim: every one of them is there."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
DOCUMENT = TESTS.parent / "docs" / "THREAT_MODEL.md"
NAMED = re.compile(r"`([a-z_/]+\.py)::(test_[a-z0-9_]+)`")


def named() -> set[tuple[str, str]]:
    return set(NAMED.findall(DOCUMENT.read_text(encoding="utf-8")))


def test_every_test_that_the_threat_model_names_is_there() -> None:
    assert len(named()) > 60
    missing = [
        f"{path}::{name}"
        for path, name in sorted(named())
        if not (TESTS / path).is_file() or f"\ndef {name}(" not in (TESTS / path).read_text(encoding="utf-8")
    ]
    assert not missing


def test_every_claim_of_what_somebody_cannot_do_names_a_test() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    claims = re.findall(r"^- Cannot.*?(?=^- |^#|\Z)", text, re.MULTILINE | re.DOTALL)
    assert len(claims) > 30
    assert [claim[:60] for claim in claims if not NAMED.search(claim)] == []
