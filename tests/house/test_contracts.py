"""The architecture is held by contracts, and each contract is shown to catch what it forbids."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

SEEDED = [
    ("public/receipt.py", "import tipline.services.tips", "cannot reach anything that opens a tip"),
    ("web/forms.py", "import tipline.services.access", "cannot reach anything that opens a tip"),
    ("services/intake.py", "import tipline.crypto.grants", "shares with the desk cannot open a tip"),
    ("services/retention.py", "import tipline.crypto.opening", "shares with the desk cannot open a tip"),
    ("staff/queue.py", "import tipline.models.tip", "used by services only"),
    ("jobs/__init__.py", "import tipline.models.tip", "used by services only"),
    ("public/tip.py", "import tipline.crypto.sealing", "used by services only"),
    ("staff/tip.py", "import tipline.storage", "used by services only"),
    ("jobs/notices.py", "import tipline.mailer", "used by services only"),
    ("staff/tip.py", "import tipline.admin.log", "The house"),
    ("services/intake.py", "import tipline.public.forms", "The house"),
    ("models/tip.py", "import tipline.crypto.envelope", "The house"),
    ("helpers.py", '"""A module nobody planned."""', "The house"),
    ("services/packages.py", "import cryptography", "Only crypto uses cryptography"),
    ("services/tips.py", "import flask", "Services know no HTTP"),
    ("crypto/sealing.py", "import tipline.config", "Crypto is pure"),
    ("crypto/envelope.py", "import flask", "Crypto is pure"),
    ("services/log.py", "import tipline.services.tips", "No cycles"),
]


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-c",
        "import sys; sys.path.insert(0, '.'); from importlinter.cli import lint_imports_command as go; go()",
        "--no-cache",
    ]
    return subprocess.run(
        command, cwd=root, capture_output=True, text=True, check=False, env={"PATH": "", "COLUMNS": "200"}
    )


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    root = tmp_path_factory.mktemp("house")
    ignored = shutil.ignore_patterns("static", "translations", "__pycache__", "data")
    shutil.copytree(ROOT / "tipline", root / "tipline", ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", root)
    return root


def test_every_contract_is_kept(house):
    report = lint(house)
    assert report.returncode == 0, report.stdout + report.stderr


@pytest.mark.parametrize(("place", "line", "contract"), SEEDED, ids=[f"{p}: {line}" for p, line, _ in SEEDED])
def test_a_seeded_violation_is_caught(house, place, line, contract):
    path = house / "tipline" / place
    before = path.read_text() if path.exists() else None
    lines = (before or "").split("\n")
    at = next((i + 1 for i, text in enumerate(lines) if text.startswith("from __future__")), None)
    path.write_text(f"{line}\n" if at is None else "\n".join([*lines[:at], line, *lines[at:]]))
    try:
        report = lint(house)
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_text(before)
    assert report.returncode != 0
    broken = [text for text in report.stdout.splitlines() if "BROKEN" in text]
    assert any(contract in text for text in broken), report.stdout
