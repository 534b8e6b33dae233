"""``tipline package``: verify what an authority received."""

from __future__ import annotations

import tarfile
from pathlib import Path

import click

from tipline.cli import opening
from tipline.errors import Refused
from tipline.services import verification

EXISTING = click.Path(exists=True, path_type=Path)


@click.group()
def package() -> None:
    """Packages for authorities."""


@package.command()
@click.argument("path", type=EXISTING)
@click.option("--certificate", required=True, type=EXISTING, help="The sender's certificate, exchanged beforehand.")
@click.option("--identity", type=EXISTING, help="The recipient's age identity file, to look inside as well.")
@opening.quietly
def verify(path: Path, certificate: Path, identity: Path | None) -> None:
    """Do the steps of VERIFY.txt: signature, digests and, with --identity, what is inside. Nothing is written."""
    secret = identity.read_text(encoding="ascii", errors="replace") if identity else None
    try:
        findings = verification.verify_package(path, certificate.read_bytes(), secret)
    except Refused as refused:
        opening.fail(refused.code, "Is this the certificate or identity that belongs to the package?")
    except (OSError, tarfile.TarError):
        opening.fail("the package cannot be read", "Give the folder, the .tar or the .manifest.json.")
    for finding in findings:
        click.echo(f"{'holds' if finding.holds else 'FAILS'}  {finding.step}  {finding.remark}".rstrip())
    if not all(finding.holds for finding in findings):
        opening.fail("the package does not verify", "Do not use it; tell the sender.")
    if identity is None:
        click.echo("hint:  with --identity what is inside is looked at too")
