"""Write the migration from the last one to the models: ``python deploy/new_migration.py "what changes"``.

Read what it wrote before it is committed: renamed columns, data to carry over, and the guards of the log are not its
business. A migration that has been released is never changed.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tipline.services import schema


def main() -> None:
    """Upgrade a scratch database, compare it with the models, write the difference."""
    if len(sys.argv) != 2:
        sys.exit("usage: python deploy/new_migration.py MESSAGE")
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'scratch.db'}"
        schema.upgrade(url)
        print(schema.new_revision(url, sys.argv[1]))


if __name__ == "__main__":
    main()
