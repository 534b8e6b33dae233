"""``tipline log``: verify the legal log, and take its heads away."""

from __future__ import annotations

from pathlib import Path

import click

from tipline import clock
from tipline.cli import opening
from tipline.services import log_check
from tipline.web import log_words

EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def log() -> None:
    """The legal log: codes and ids, no content."""


@log.command()
@click.option("--anchors", multiple=True, type=EXISTING, help="Heads taken away earlier (`tipline log heads`).")
@opening.quietly
def verify(anchors: tuple[Path, ...]) -> None:
    """Walk every chain from its start; with --anchors also against what auditors hold. Fails on the first fault."""
    settings = opening.settings()
    with opening.database(settings):
        held = [one for path in anchors for one in log_check.read_anchors(path.read_text(encoding="utf-8"))]
        report = log_check.verify(held)
    click.echo(f"{report.entries} entries, {report.segments} signed segments, {report.anchors} anchors")
    for fault in report.faults:
        click.echo(f"error: chain {fault.chain}, seq {fault.seq}: {log_words.FAULTS[fault.reason]}", err=True)
    if not report.sound:
        opening.fail("the log does not verify", "Keep the database as it is and tell the auditors.")
    click.echo("the log verifies")
    if not held:
        click.echo("hint:  without --anchors this shows nothing against the owner of the database")


@log.command()
@opening.quietly
def heads() -> None:
    """Print the ends of the chains: auditors keep them somewhere else."""
    settings = opening.settings()
    with opening.database(settings):
        click.echo(log_check.export_heads(clock.now()))
