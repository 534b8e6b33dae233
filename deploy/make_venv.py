"""Makes the virtual environment with a Python from 3.11 to 3.13, or says what to install."""

from __future__ import annotations

import shutil
import subprocess
import sys

HINT = """error: no Python from 3.11 to 3.13 with venv was found.
hint: Debian, Ubuntu: sudo apt install -y python3-venv make; macOS: brew install python@3.13"""


def works(python: str) -> bool:
    """Whether this interpreter is of a fitting version and can make a virtual environment with pip."""
    test = "import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))"
    try:
        return subprocess.run([python, "-c", test], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def main() -> int:
    """Make the folder named on the command line; leave one that works alone."""
    folder = sys.argv[1]
    if works(f"{folder}/bin/python"):
        return 0
    for name in (sys.executable, "python3.13", "python3.12", "python3.11", "python3"):
        found = shutil.which(name)
        if found and works(found):
            return subprocess.run([found, "-m", "venv", "--clear", folder], check=False).returncode
    print(HINT, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
