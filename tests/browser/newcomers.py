"""``python -m tests.browser.newcomers``: people and a founded desk on the empty instance that the environment names.

Nothing is published and no tip was sent, so every page shows what it says before the first one. Prints, as JSON, what
each person signs in with.
"""

from __future__ import annotations

import json

from tests import factories
from tipline import clock, config
from tipline.cli.setup import make_tables
from tipline.extensions import db


def main() -> None:
    """Make them and print how they sign in."""
    settings = config.use(config.from_environment())
    make_tables(settings)
    db.connect(settings.database_url)
    team = factories.make_team(clock.now())
    people = {
        "reviewer": team.reviewers[0],
        "supervisor": team.supervisors[0],
        "administrator": team.administrator,
        "auditor": team.auditor,
    }
    db.end()
    print(
        json.dumps(
            {role: [known.person.name, known.password, known.totp_secret] for role, known in people.items()},
        )
    )


if __name__ == "__main__":
    main()
