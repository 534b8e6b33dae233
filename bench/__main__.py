"""All measurements in one run. Quote medians and ratios; compare figures within one run only."""

from __future__ import annotations

import os
import platform

from bench import crowd, flood, journeys, package, pages, queue, upload


def main() -> None:
    """Run them one after the other."""
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}\n")
    for title, run in (
        ("Bare journeys without JavaScript, durable commits", journeys.main),
        ("Public pages", pages.main),
        ("A crowd of 20,000 tips an hour, limits on", crowd.main),
        ("A flood, and people beside it", flood.main),
        ("A 500 MB upload", upload.main),
        ("The queue", queue.main),
        ("A package", package.main),
    ):
        print(f"== {title}")
        run()
        print(flush=True)


if __name__ == "__main__":
    main()
