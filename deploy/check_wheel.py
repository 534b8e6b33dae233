"""Builds the wheel, unpacks it into an empty folder and serves a page and a migration from there."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

TRY = """
import tipline, sys
from pathlib import Path
assert Path(tipline.__file__).is_relative_to(sys.argv[1]), tipline.__file__
from tipline.cli import main
main(["--version"], prog_name="tipline")
from tipline import create_app, config
from tipline.services import schema
app = create_app()
schema.upgrade(config.current().database_url)
page = app.test_client().get("/fr/", base_url="http://localhost")
assert page.status_code == 200, page.status_code
assert "lang=\\"fr\\"" in page.text
assert app.test_client().get("/static/tipline.css", base_url="http://localhost").status_code == 200
print("the wheel serves a page")
"""


def main() -> int:
    """Exit status 0 when the wheel holds all that it needs."""
    root = Path(__file__).resolve().parent.parent
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
        subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", str(out), str(root)], check=True)
        wheel = next(out.glob("tipline-*.whl"))
        subprocess.run([*pip, "install", "--no-deps", "--target", str(out / "site"), str(wheel)], check=True)
        env = {**os.environ, "PYTHONPATH": str(out / "site"), "TIPLINE_INSTANCE": str(out / "instance")}
        return subprocess.run([sys.executable, "-c", TRY, str(out / "site")], cwd=out, env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
