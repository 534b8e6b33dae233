"""Packages as their recipients meet them: opened with stock tools, and refused when a single bit is wrong."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import json
import random
import subprocess
import sys
import tarfile
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests import disclosure, factories
from tests.disclosure import Desk, need_tools
from tests.factories import write
from tipline import storage
from tipline.crypto import age, cms
from tipline.errors import Damaged, DigestMismatch, NotForThisKey
from tipline.services import packages, packing, proposals, seals, verification
from tipline.services.authorities import Recipient
from tipline.services.bags import Bag, BagFile, BagLabel
from tipline.services.wishes import TipWish

PHOTO = factories.picture(size=(320, 240))


@dataclasses.dataclass(frozen=True)
class Sent:
    """One package of one tip with one photo, and its recipient's desk."""

    ref: str
    tip_ref: str
    outer: bytes
    identity: str
    desk: Desk

    @property
    def inside(self) -> Path:
        return self.desk.folder / self.ref


@pytest.fixture
def team(sqlite: Any, now: dt.datetime) -> factories.Team:
    made = factories.make_team(now)
    factories.make_exhibit(made, now)
    return made


@pytest.fixture
def sent(team: factories.Team, now: dt.datetime, tmp_path: Path) -> Sent:
    return make(team, now, tmp_path)


def make(team: factories.Team, now: dt.datetime, tmp_path: Path, **wish: Any) -> Sent:
    recipient = factories.make_authority(team, now)
    more = {"identity": disclosure.IDENTITY, "files": [("marker-file-name.jpg", PHOTO)]}
    tip = disclosure.ready_tip(team, now, **more)
    if wish.pop("with_addition", False):
        disclosure.add_and_open(team, tip, now, files=[("ferry.jpg", PHOTO)])
        factories.add_to_tip(tip.tip_id, now, narrative="MARKER-UNOPENED")
    changes = {"conditions": "Only the case officer."} if wish.get("with_identity") else {}
    files = disclosure.files_of(team, tip.ref, now)
    ref = disclosure.waiting(team, recipient, TipWish(tip.ref, attachment_ids=files, **wish), now, **changes)
    outer = b"".join(packages.download(disclosure.row_of(ref)))
    desk = Desk(tmp_path / "recipient", recipient.identity, now)
    desk.unpack(outer)
    return Sent(ref, tip.ref, outer, recipient.identity, desk)


def test_the_five_steps_work_with_stock_tools(sent):
    need_tools("age", "tar", "openssl")
    desk, ref = sent.desk, sent.ref
    assert desk.verify("/dev/null", f"{ref}.manifest.json", f"{ref}.manifest.p7s", desk.folder)
    listed = json.loads((desk.folder / f"{ref}.manifest.json").read_text())
    summed = disclosure.run("sha256sum", f"{ref}.tar.age", cwd=desk.folder).stdout.decode().split()[0]
    assert listed["files"] == [
        {"name": f"{ref}.tar.age", "bytes": (desk.folder / f"{ref}.tar.age").stat().st_size, "sha256": summed}
    ]
    assert desk.open(ref)
    assert desk.verify("/dev/null", "SIGNED.txt", "signature.p7s", sent.inside)
    tagged = disclosure.run("sha256sum", "tagmanifest-sha256.txt", cwd=sent.inside).stdout.decode().split()[0]
    assert f"tagmanifest-sha256: {tagged}" in (sent.inside / "SIGNED.txt").read_text()
    assert disclosure.row_of(ref).tagmanifest_sha256 == tagged
    assert desk.valid_bag(ref)


def test_everything_inside_is_what_it_should_be(sent):
    need_tools("age")
    assert sent.desk.open(sent.ref)
    data = sent.inside / "data"
    referral = json.loads((data / "referral.json").read_text())
    jsonschema.Draft202012Validator(json.loads((data / "referral.schema.json").read_text())).validate(referral)
    photo = data / referral["tips"][0]["attachments"][0]["file"]
    assert photo.name == "01.jpg"
    assert photo.read_bytes()[:3] == b"\xff\xd8\xff"
    assert disclosure.SANITISED in (data / f"tips/{sent.tip_ref}/narrative.sanitised.txt").read_text()
    banner = referral["marking"]
    assert banner["handling_codes"] == ["H0", "H1", "H2"]
    assert banner["grades"] == {sent.tip_ref: "X2"}
    for name in ("custody.json", "ack.template.json"):
        assert json.loads((data / name).read_text())["marking"] == banner
    for name in ("COVER.html", "COVER.txt", "case.jsonld"):
        assert "X2" in (data / name).read_text()


def test_what_was_not_agreed_to_is_nowhere_in_it(sent):
    need_tools("age")
    assert sent.desk.open(sent.ref)
    everything = b"".join(path.read_bytes() for path in sent.inside.rglob("*") if path.is_file())
    for word in (b"MARKER-NARRATIVE", b"Marker Person", b"marker@person", b"marker-file-name", b"MARKER-PLACE"):
        assert word not in everything
    assert b"Person 1" not in everything  # the desk's people have pseudonyms


def test_an_original_and_an_identity_go_out_when_two_agreed(team, now, tmp_path):
    need_tools("age")
    sent = make(
        team,
        now,
        tmp_path,
        original=True,
        narrative_reason="The wording matters.",
        with_identity=True,
        identity_reason="They must call back.",
    )
    assert sent.desk.open(sent.ref)
    original = sent.inside / f"data/tips/{sent.tip_ref}/narrative.orig.txt"
    assert original.read_bytes() == factories.NARRATIVE.encode()
    referral = json.loads((sent.inside / "data/referral.json").read_text())
    assert referral["tips"][0]["contact"]["name"] == "Marker Person"
    assert "H3" in referral["marking"]["handling_codes"]
    assert "Marker Person" not in (sent.inside / "data/COVER.txt").read_text()
    assert "Marker Person" not in (sent.inside / "data/case.jsonld").read_text()


def test_what_was_added_and_read_goes_out_beside_an_original(team, now, tmp_path):
    need_tools("age")
    sent = make(team, now, tmp_path, original=True, narrative_reason="The wording matters.", with_addition=True)
    assert sent.desk.open(sent.ref)
    data = sent.inside / "data"
    referral = json.loads((data / "referral.json").read_text())
    jsonschema.Draft202012Validator(json.loads((data / "referral.schema.json").read_text())).validate(referral)
    [tip] = referral["tips"]
    [added] = tip["additions"]
    assert (added["kind"], tip["additions_left_out"]) == ("more", 1)
    assert (data / added["file"]).read_text() == "It was the shop at the ferry. MARKER-ADDED"
    assert "Added by the source later" in (data / "COVER.txt").read_text()
    assert "MARKER-ADDED" in (data / "case.jsonld").read_text()
    assert [file["original_name"] for file in tip["attachments"]] == ["marker-file-name.jpg", "ferry.jpg"]
    assert (data / tip["attachments"][1]["file"]).read_bytes()[:3] == b"\xff\xd8\xff"
    assert not any(b"MARKER-UNOPENED" in path.read_bytes() for path in data.rglob("*") if path.is_file())


def test_the_case_graph_conforms(sent):
    need_tools("age")
    assert sent.desk.open(sent.ref)
    validator = Path(sys.executable).parent / "case_validate"
    done = disclosure.run(validator, sent.inside / "data/case.jsonld", cwd=sent.desk.folder)
    assert b"Conforms: True" in done.stdout
    assert done.returncode == 0


def test_another_key_opens_nothing(sent):
    need_tools("age")
    stranger, _recipient = age.new_identity()
    (sent.desk.folder / "key.txt").write_text(stranger + "\n")
    assert not sent.desk.open(sent.ref)


def test_a_flipped_bit_of_the_sealed_file_is_noticed_by_age_and_by_its_digest(sent):
    need_tools("age")
    sealed = sent.desk.folder / f"{sent.ref}.tar.age"
    whole = sealed.read_bytes()
    listed = json.loads((sent.desk.folder / f"{sent.ref}.manifest.json").read_text())["files"][0]["sha256"]
    chosen = random.Random(1)
    for place in [0, len(whole) - 1, *(chosen.randrange(len(whole)) for _ in range(12))]:
        sealed.write_bytes(flip(whole, place, chosen.randrange(8)))
        opened = disclosure.run("age", "-d", "-i", "key.txt", sealed.name, cwd=sent.desk.folder)
        assert opened.returncode != 0
        summed = disclosure.run("sha256sum", sealed.name, cwd=sent.desk.folder).stdout.decode().split()[0]
        assert summed != listed


def test_a_flipped_bit_of_the_list_fails_its_signature(sent):
    need_tools("openssl")
    path = sent.desk.folder / f"{sent.ref}.manifest.json"
    whole = path.read_bytes()
    for place in range(0, len(whole), 60):
        path.write_bytes(flip(whole, place, 0))
        assert not sent.desk.verify("/dev/null", path.name, f"{sent.ref}.manifest.p7s", sent.desk.folder)


def test_a_flipped_bit_anywhere_inside_fails_the_bag_or_its_signature(sent):
    need_tools("age", "openssl")
    assert sent.desk.open(sent.ref)
    for path in sorted(path for path in sent.inside.rglob("*") if path.is_file()):
        whole = path.read_bytes()
        if path.name in ("SIGNED.txt", "signature.p7s"):
            path.write_bytes(flip(whole, len(whole) - 5, 0))
            assert not sent.desk.verify("/dev/null", "SIGNED.txt", "signature.p7s", sent.inside)
        elif path.name == "tagmanifest-sha256.txt":
            path.write_bytes(flip(whole, len(whole) // 2, 0))
            summed = disclosure.run("sha256sum", path.name, cwd=sent.inside).stdout.decode().split()[0]
            assert summed not in (sent.inside / "SIGNED.txt").read_text()
        else:
            path.write_bytes(flip(whole, len(whole) // 2, 0))
            assert not sent.desk.valid_bag(sent.ref), path.name
        path.write_bytes(whole)
    assert sent.desk.valid_bag(sent.ref)


def test_tipline_verifies_a_package_and_notices_every_flipped_bit(sent, now, tmp_path):
    certificate = seals.read_seal(now).cert_pem
    path = tmp_path / "outer.tar"
    path.write_bytes(sent.outer)
    assert all(found.holds for found in verification.verify_package(path, certificate, sent.identity))
    keygen = f"# created: 2026-03-02\n# public key: age1\n{sent.identity}\n"
    assert all(found.holds for found in verification.verify_package(sent.desk.folder, certificate, keygen))
    chosen = random.Random(2)
    folder = sent.desk.folder
    for name in (f"{sent.ref}.manifest.json", f"{sent.ref}.manifest.p7s", f"{sent.ref}.tar.age"):
        whole = (folder / name).read_bytes()
        for _ in range(40):
            (folder / name).write_bytes(flip(whole, chosen.randrange(len(whole)), chosen.randrange(8)))
            assert not all(found.holds for found in verification.verify_package(folder, certificate))
        (folder / name).write_bytes(whole)


def test_tipline_says_which_step_fails(sent, now):
    certificate = seals.read_seal(now).cert_pem
    stranger, _recipient = age.new_identity()
    found = verification.verify_package(sent.desk.folder, certificate, stranger)
    assert [finding.holds for finding in found] == [True, True, False]
    _key, other = signatures_of_a_stranger(now)
    assert [finding.holds for finding in verification.verify_package(sent.desk.folder, other)] == [False]


def test_every_bit_of_a_signature_counts(now, settings):
    seal = seals.read_seal(now)
    from tipline.crypto import signatures

    signature = signatures.sign_detached(b"a list\n", seal.key_pem, seal.cert_pem)
    cms.verify_detached(b"a list\n", signature, seal.cert_pem)
    for place in range(len(signature)):
        with pytest.raises(Damaged):
            cms.verify_detached(b"a list\n", flip(signature, place, place % 8), seal.cert_pem)


def test_an_authority_with_a_certificate_opens_it_with_openssl_and_age(team, now, tmp_path):
    need_tools("age", "openssl")
    handover, recipient = gathered(team, now)
    desk = Desk(tmp_path / "recipient", "", now)
    certificate(desk.folder)
    recipient = dataclasses.replace(
        recipient,
        key_kind="cms-rsa",
        recipient=(desk.folder / "cert.pem").read_text(),
        fingerprint="of the certificate",
    )
    sealed = packing.seal_package(handover, recipient, now)
    (desk.folder / "identity.p7m").write_bytes(sealed.sealed_identity or b"")
    with storage.files().open(sealed.stored_name) as stored:
        (desk.folder / f"{sealed.ref}.tar.age").write_bytes(stored.read())
    done = disclosure.run(
        *[
            "openssl",
            "cms",
            "-decrypt",
            "-inform",
            "DER",
            "-in",
            "identity.p7m",
            "-inkey",
            "key.pem",
            "-recip",
            "cert.pem",
            "-out",
            "key.txt",
        ],
        cwd=desk.folder,
    )
    assert done.returncode == 0
    assert desk.open(sealed.ref)
    assert desk.valid_bag(sealed.ref)


def test_no_file_is_left_when_building_fails(team, now, settings):
    handover, recipient = gathered(team, now)

    def broken():
        yield b"\xff\xd8"
        raise Damaged

    file = dataclasses.replace(handover.tips[0].files[0], chunks=broken)
    tip = dataclasses.replace(handover.tips[0], files=(file,))
    before = stored(settings)
    with pytest.raises(Damaged):
        packing.seal_package(dataclasses.replace(handover, tips=(tip,)), recipient, now)
    assert stored(settings) == before


def test_a_file_that_is_not_what_the_referral_says_stops_the_package(team, now, settings):
    handover, recipient = gathered(team, now)
    file = handover.tips[0].files[0]
    other = dataclasses.replace(file, chunks=lambda: (bytes(file.size),))
    tip = dataclasses.replace(handover.tips[0], files=(other,))
    with pytest.raises(Damaged):
        packing.seal_package(dataclasses.replace(handover, tips=(tip,)), recipient, now)


def test_a_full_disk_leaves_nothing(team, now, settings, monkeypatch):
    handover, recipient = gathered(team, now)
    before = stored(settings)

    def full(self, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage.Writer, "write", full)
    with pytest.raises(OSError, match="No space"):
        packing.seal_package(handover, recipient, now)
    assert stored(settings) == before


def test_stored_bytes_that_changed_do_not_go_out(team, now, tmp_path, settings):
    sent = make(team, now, tmp_path)
    row = disclosure.row_of(sent.ref)
    path = next((settings.instance / "files").rglob(row.stored_name))
    whole = path.read_bytes()
    path.write_bytes(flip(whole, 500, 0))
    with pytest.raises(DigestMismatch):
        packages.download(row)
    path.unlink()
    with pytest.raises(DigestMismatch):
        packages.download(row)


def test_a_bag_refuses_a_file_of_another_size():
    label = BagLabel("PKG-TEST", dt.datetime(2026, 3, 2, tzinfo=dt.UTC), ())
    for content in (b"short", b"much too long"):
        bag = Bag(label, [BagFile("a.txt", 8, lambda content=content: (content,))], lambda _digest: (b"", b""))
        with pytest.raises(Damaged):
            list(bag.stream())


def test_the_wrong_key_is_said_to_be_wrong(sent):
    stranger, _recipient = age.new_identity()
    sealed = (sent.desk.folder / f"{sent.ref}.tar.age").read_bytes()
    with pytest.raises(NotForThisKey):
        age.decrypt(sealed, stranger)


def test_the_download_has_the_size_that_is_announced(sent):
    row = disclosure.row_of(sent.ref)
    assert packages.download_size(row) == len(sent.outer)
    with tarfile.open(fileobj=io.BytesIO(sent.outer)) as tar:
        assert f"{sent.ref}.VERIFY.txt" in tar.getnames()


def test_the_schema_is_a_schema():
    raw = resources.files("tipline").joinpath("data/referral.schema.json").read_text()
    jsonschema.Draft202012Validator.check_schema(json.loads(raw))


def stored(settings: Any) -> list[Path]:
    return sorted(path for path in (settings.instance / "files").rglob("*") if path.is_file())


def flip(whole: bytes, place: int, bit: int) -> bytes:
    changed = bytearray(whole)
    changed[place] ^= 1 << bit
    return bytes(changed)


def gathered(team: factories.Team, now: dt.datetime) -> tuple[Any, Recipient]:
    recipient = factories.make_authority(team, now)
    tip = disclosure.ready_tip(team, now, files=[("photo.jpg", PHOTO)])
    files = disclosure.files_of(team, tip.ref, now)
    ref = disclosure.draft(team, recipient, TipWish(tip.ref, attachment_ids=files), now)
    disclosure.propose(team, ref, now)
    found = write(lambda: proposals.gather(team.reviewer, ref, now))
    return found.handover, found.recipient


def signatures_of_a_stranger(now: dt.datetime) -> tuple[bytes, bytes]:
    from tipline.crypto import signatures

    return signatures.new_seal_certificate("Somebody else", now)


def certificate(folder: Path) -> None:
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:3072",
            "-nodes",
            "-keyout",
            "key.pem",
            "-out",
            "cert.pem",
            "-days",
            "30",
            "-subj",
            "/CN=unit",
            "-addext",
            "keyUsage=keyEncipherment",
        ],
        cwd=folder,
        check=True,
        capture_output=True,
    )
