"""All measurements in one run. Quote medians and ratios; compare figures within one run only."""

from __future__ import annotations

import os
import platform
import sys

from bench import crowd, flood, journeys, package, pages, queue, resealing, search, upload, wave


def main() -> None:
    """Run them one after the other, and fail in the end when one of them missed an aim."""
    missed = []
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}\n")
    for title, run in (
        ("Bare journeys without JavaScript, durable commits", journeys.main),
        ("Public pages", pages.main),
        ("A crowd of 20,000 tips an hour, limits on", crowd.main),
        ("A flood, and people beside it", flood.main),
        ("A 500 MB upload", upload.main),
        ("The queue", queue.main),
        ("Keys brought over to a new epoch", resealing.main),
        ("Search", search.main),
        ("A wave of 5,000 tips, grouped", wave.main),
        ("A package", package.main),
    ):
        print(f"== {title}")
        try:
            run()
        except SystemExit as ended:
            missed += [title] if ended.code else []
        print(flush=True)
    if missed:
        sys.exit(f"Missed aims: {'; '.join(missed)}")


if __name__ == "__main__":
    main()
