"""The door for whoever runs the machine: the ``tipline`` command."""

from __future__ import annotations

import click

from tipline.cli import backup, checks, logbook, mode, packages, sample, serve, setup, timer


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tipline")
def main() -> None:
    """Publish objects, take tips, seal them to the people who may read them. Settings are TIPLINE_* variables."""


for command in (
    serve.run,
    setup.setup,
    sample.sample,
    sample.code,
    timer.jobs,
    mode.mode,
    logbook.log,
    packages.package,
    checks.doctor,
    backup.backup,
    backup.restore,
):
    main.add_command(command)
