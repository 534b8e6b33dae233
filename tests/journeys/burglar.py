"""A thief with the whole database and every formula: tries each secret in hand on each thing that is sealed.

What opens is a new secret, tried in its turn, until nothing new opens. Everything that binds a blob to its place is in
clear in the database, so the thief uses the right contexts; that wrong ones fail is tested with the formats.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, MetaData, Table, inspect, select

from tipline.crypto import envelope, grants, opening, passwords, receipts, streams
from tipline.crypto.keys import KEY_SIZE, Label, Purpose
from tipline.errors import Refused

PURPOSES = {"content": Purpose.TIP_CONTENT, "identity": Purpose.TIP_IDENTITY, "mailbox": Purpose.TIP_MAILBOX}
KINDS: tuple[grants.Kind, ...] = ("content", "identity")
Row = dict[str, Any]


class Burglar:
    """Takes ``engine``'s database and the folder of ciphertext; ``secrets`` are what else is in hand."""

    def __init__(self, engine: Engine, instance: Path, *secrets: bytes, pepper: bytes = b"") -> None:
        self.secrets = {secret for secret in secrets if secret}
        self.pepper = pepper
        self._files = instance / "files"
        with engine.connect() as connection:
            metadata = MetaData()
            self.tables: dict[str, list[Row]] = {}
            for name in inspect(engine).get_table_names():
                table = Table(name, metadata, autoload_with=engine)
                self.tables[name] = [dict(row._mapping) for row in connection.execute(select(table))]

    def loot(self) -> bytes:
        """Everything that can be read in the end, one after the other."""
        untried = set(self.secrets)
        while untried:
            untried = set(self._openable(untried)) - self.secrets
            self.secrets |= untried
        return b"\n".join(itertools.chain(self._records(), self._attachments()))

    def try_passwords(self, typed: Iterable[str]) -> None:
        """Try passwords on every account."""
        for account, password in itertools.product(self.tables["account"], list(typed)):
            if account["locked_seed"]:
                with contextlib.suppress(Refused):
                    seed = passwords.unlock_seed(account["locked_seed"], password, self.pepper, account["id"])
                    self.secrets.add(seed)

    def take_everything_that_could_be_a_key(self, *folders: Path) -> None:
        """Every value of the database and every file in these folders that has the size of a key, raw or as text."""
        values = [value for rows in self.tables.values() for row in rows for value in row.values()]
        values += [path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()]
        for value in values:
            self.secrets |= set(_keys_in(value))

    def _openable(self, secrets: set[bytes]) -> Iterator[bytes]:
        for secret in secrets:
            for attempt in self._attempts(secret):
                with contextlib.suppress(Refused, ValueError, UnicodeDecodeError):
                    opened = attempt()
                    yield from (opened[n : n + KEY_SIZE] for n in range(0, len(opened) - KEY_SIZE + 1, KEY_SIZE))

    def _attempts(self, secret: bytes) -> Iterator[Callable[[], bytes]]:
        if len(secret) == KEY_SIZE:
            yield from self._with_seed(secret)
            yield from self._with_key(secret)
        for row in self.tables["account_session"]:
            yield lambda row=row: passwords.open_session(row["sealed_seed"], secret, row["id"])
        with contextlib.suppress(Refused, UnicodeDecodeError):
            receipt = receipts.parse_receipt(secret.decode("ascii"))
            yield lambda: receipts.mailbox_wrap_key(receipt)

    def _with_seed(self, seed: bytes) -> Iterator[Callable[[], bytes]]:
        """What a private key could open: grants, recovery codes, the keys of tips."""
        for row in self.tables["desk_grant"]:
            place = {"desk": row["desk_id"], "epoch": row["epoch"], "kind": row["kind"]}
            yield lambda row=row, place=place: grants.open_grant(row["sealed"], seed, **place, holder=row["account_id"])
        for row in self.tables["recovery_code"]:
            place = {"desk": row["desk_id"], "epoch": row["epoch"], "kind": row["kind"]}
            yield lambda row=row, place=place: grants.open_code_grant(row["sealed"], seed, **place, code_id=row["id"])
        for row in self.tables["tip_key"]:
            label = Label(PURPOSES[row["purpose"]], row["desk_id"], row["epoch"], row["tip_id"])
            yield lambda row=row, label=label: opening.open_sealed(row["sealed"], seed, label)
        for row, about in itertools.product(self.tables["referral_key"], self.tables["referral"]):
            label = Label(Purpose.PROPOSAL, about["desk_id"], about["epoch"], row["referral_id"])
            yield lambda row=row, label=label: opening.open_sealed(row["sealed"], seed, label)

    def _with_key(self, key: bytes) -> Iterator[Callable[[], bytes]]:
        """What a symmetric key, or one made of a cookie's secret, could unwrap."""
        for row in self.tables["draft"]:
            wraps = (("wrapped_keys", "draft-keys", "draft"), ("sealed_receipt", "draft-receipt", "sent"))
            for column, purpose, context in wraps:
                for wrapping in (key, envelope.derive_key(key, purpose=purpose)):
                    yield lambda row=row, w=wrapping, column=column, context=context: envelope.unwrap_key(
                        w, row[column] or b"", context=f"{context}:{row['lookup']}"
                    )
        for row in self.tables["mailbox"]:
            yield lambda row=row: envelope.unwrap_key(key, row["wrapped_key"], context=f"mailbox:{row['lookup']}")
        for row, visit in itertools.product(
            self.tables["mailbox_visit"], (key, envelope.derive_key(key, purpose="visit-key"))
        ):
            context = f"visit:{row['lookup']}:{row['tip_id']}"
            yield lambda row=row, visit=visit, context=context: envelope.unwrap_key(
                visit, row["wrapped_key"], context=context
            )
        for row in self.tables["attachment"]:
            for wrap in self.tables["attachment_key"]:
                context = f"attachment:{row['tip_id']}:{row['id']}"
                yield lambda wrap=wrap, context=context: envelope.unwrap_key(key, wrap["wrapped"], context=context)

    def _records(self) -> Iterator[bytes]:
        keys = [key for key in self.secrets if len(key) == KEY_SIZE]
        for row, key in itertools.product(self.tables["tip_record"], keys):
            with contextlib.suppress(Refused):
                yield envelope.decrypt_record(
                    key, row["ciphertext"], tip_id=row["tip_id"], part=row["part"], version=row["version"]
                )
        for row, key in itertools.product(self.tables["mailbox_message"], keys):
            with contextlib.suppress(Refused):
                part = f"{row['kind']}:{row['id']}"
                yield envelope.decrypt_record(key, row["ciphertext"], tip_id=row["tip_id"], part=part)
        for row, key in itertools.product(self.tables["referral"], keys):
            with contextlib.suppress(Refused):
                yield envelope.decrypt_record(key, row["sealed_proposal"], tip_id=row["id"], part="proposal")

    def _attachments(self) -> Iterator[bytes]:
        """A file's name and size are sealed under the file's own key: without them its bytes have no end."""
        keys = [key for key in self.secrets if len(key) == KEY_SIZE]
        for row, key in itertools.product(self.tables["attachment"], keys):
            path = self._files / row["stored_name"][:2] / row["stored_name"]
            with contextlib.suppress(Refused):
                part = f"details:{row['id']}"
                details = envelope.decrypt_record(key, row["details"], tip_id=row["tip_id"], part=part)
                yield details
                end = streams.sealed_size(json.loads(details)["size"])
                part = f"attachment:{row['id']}"
                yield from streams.decrypt_stream(key, [path.read_bytes()[:end]], tip_id=row["tip_id"], part=part)


def _keys_in(value: Any) -> Iterator[bytes]:
    if isinstance(value, bytes | memoryview):
        raw = bytes(value)
        yield raw[:KEY_SIZE]
        yield raw[-KEY_SIZE:]
        with contextlib.suppress(UnicodeDecodeError):
            yield from _keys_in(raw.decode("ascii").strip())
    elif isinstance(value, str) and len(value) <= 200:
        yield value.encode()
        with contextlib.suppress(ValueError):
            yield bytes.fromhex(value)[:KEY_SIZE]
        with contextlib.suppress(ValueError):
            yield base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))[:KEY_SIZE]


def found_in(folder: Path, *words: str | bytes) -> list[str]:
    """Which of these words stand in any file below the folder, however they were written."""
    seen = []
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            seen += [repr(word) for word in words if any(form in content for form in _forms(word))]
    return seen


def _forms(word: str | bytes) -> Iterator[bytes]:
    raw = word.encode() if isinstance(word, str) else word
    yield raw
    yield raw.hex().encode()
    yield from (base64.b64encode(b"x" * n + raw)[4 if n else 0 : -4] for n in range(3))
    if isinstance(word, str):
        yield word.encode("utf-16-le")
        yield word.encode("utf-16-be")
