"""Write tipline's own vectors again: ``python -m tests.crypto.make_vectors``.

Everything random is replaced by bytes counted from a hash, so that the files come out the same each time. Sealed
blobs are built from the published X-Wing encapsulation by the key schedule in ``reference``. A changed file means a
changed format: then the version byte has to change as well.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.crypto import reference
from tipline.crypto import envelope, grants, keys, padding, passwords, receipts, signatures, streams

FOLDER = Path(__file__).parent / "vectors"

Case = dict[str, Any]

KEY = hashlib.sha256(b"key").digest()
OTHER_KEY = hashlib.sha256(b"other key").digest()
PEPPER = hashlib.sha256(b"pepper").digest()


@contextmanager
def counted_bytes(name: str) -> Iterator[None]:
    """Random bytes that are the same each time; each draw is new."""
    drawn = 0

    def draw(size: int) -> bytes:
        nonlocal drawn
        drawn += 1
        return hashlib.shake_256(f"{name} {drawn}".encode()).digest(size)

    with mock.patch("secrets.token_bytes", draw):
        yield


def refused(case: Case, name: str, refusal: str, **changed: Any) -> Case:
    return {
        **{key: value for key, value in case.items() if key != "plain"},
        **changed,
        "name": name,
        "refused": refusal,
    }


def broken(case: Case) -> list[Case]:
    """The ways in which every encrypted format must stay shut."""
    blob = bytes.fromhex(case["blob"])

    def flip(place: int) -> str:
        changed = bytearray(blob)
        changed[place] ^= 1
        return changed.hex()

    return [
        refused(case, "last bit flipped", "damaged", blob=flip(-1)),
        refused(case, "bit flipped in the middle", "damaged", blob=flip(len(blob) // 2)),
        refused(case, "one byte short", "damaged", blob=blob[:-1].hex()),
        refused(case, "header only", "damaged", blob=blob[:10].hex()),
        refused(case, "one byte more", "damaged", blob=blob.hex() + "00"),
        refused(case, "empty", "damaged", blob=""),
        refused(case, "unknown version", "damaged", blob=flip(0)),
        refused(case, "unknown suite", "damaged", blob=flip(1)),
    ]


def seal_by_hand(label: keys.Label, plaintext: bytes) -> tuple[bytes, bytes]:
    """The seed of the published X-Wing vector, and a blob sealed to it."""
    vector = json.loads((FOLDER / "xwing.json").read_text())
    header = bytes((1, 1)) + hashlib.sha256(bytes.fromhex(vector["public"])).digest()[:8]
    info = reference.fields(label.info(), header)
    shared = bytes.fromhex(vector["shared_secret"])
    key, nonce = reference.hpke_key_schedule(shared, info, kem_id=0x647A, kdf_id=1, aead_id=2, key_size=32)
    blob = header + bytes.fromhex(vector["ciphertext"]) + AESGCM(key).encrypt(nonce, plaintext, b"")
    return bytes.fromhex(vector["seed"]), blob


def sealing_cases() -> list[Case]:
    label = keys.Label(keys.Purpose.TIP_CONTENT, "desk-1", 1, "tip-1")
    seed, blob = seal_by_hand(label, KEY)
    good = {
        "name": "opens",
        "act": "open_sealed",
        "purpose": "tip-content",
        "desk": "desk-1",
        "epoch": 1,
        "subject": "tip-1",
        "seed": seed.hex(),
        "blob": blob.hex(),
        "plain": KEY.hex(),
    }
    _, emptied = seal_by_hand(label, b"")
    return [
        good,
        refused(good, "another purpose", "damaged", purpose="tip-identity"),
        refused(good, "another desk", "damaged", desk="desk-2"),
        refused(good, "another epoch", "damaged", epoch=2),
        refused(good, "another tip", "damaged", subject="tip-2"),
        refused(good, "sealed to somebody else", "not-for-this-key", seed=OTHER_KEY.hex()),
        refused(good, "no plain text inside", "damaged", blob=emptied.hex()),
        *broken(good),
    ]


def envelope_cases() -> list[Case]:
    cases = []
    for name, plaintext, padded in (("opens", b"I know this bag.", True), ("opens, not padded", b"short", False)):
        with counted_bytes(name):
            blob = envelope.encrypt_record(KEY, plaintext, tip_id="tip-1", part="answers", version=1, pad=padded)
        good = {
            "name": name,
            "act": "decrypt_record",
            "key": KEY.hex(),
            "tip_id": "tip-1",
            "part": "answers",
            "version": 1,
            "blob": blob.hex(),
            "plain": plaintext.hex(),
        }
        cases.append(good)
    short = cases[1]
    cases += [
        refused(short, "another key", "damaged", key=OTHER_KEY.hex()),
        refused(short, "another tip", "damaged", tip_id="tip-2"),
        refused(short, "another part", "damaged", part="identity"),
        refused(short, "another version", "damaged", version=2),
        refused(short, "said to be padded", "damaged", blob=short["blob"][:4] + "01" + short["blob"][6:]),
        *broken(short),
    ]
    with counted_bytes("wrap"):
        wrap = envelope.wrap_key(KEY, OTHER_KEY, context="draft/content")
    good = {"name": "unwraps", "act": "unwrap_key", "key": KEY.hex(), "context": "draft/content"}
    good |= {"blob": wrap.hex(), "plain": OTHER_KEY.hex()}
    return [
        *cases,
        good,
        refused(good, "wrap, another context", "damaged", context="draft/identity"),
        refused(good, "wrap, another key", "damaged", key=OTHER_KEY.hex()),
        *(case | {"name": f"wrap, {case['name']}"} for case in broken(good)),
    ]


def stream_cases() -> list[Case]:
    with counted_bytes("stream"):
        encryptor = streams.StreamEncryptor(KEY, tip_id="tip-1", part="attachment:1")
    blob = encryptor.header + encryptor.update(b"a small file") + encryptor.finish()
    good = {
        "name": "decrypts",
        "act": "decrypt_stream",
        "key": KEY.hex(),
        "tip_id": "tip-1",
        "part": "attachment:1",
        "blob": blob.hex(),
        "plain": b"a small file".hex(),
    }
    with counted_bytes("empty stream"):
        nothing = streams.StreamEncryptor(KEY, tip_id="tip-1", part="attachment:1")
    return [
        good,
        good | {"name": "decrypts to nothing", "blob": (nothing.header + nothing.finish()).hex(), "plain": ""},
        refused(good, "another key", "damaged", key=OTHER_KEY.hex()),
        refused(good, "another tip", "damaged", tip_id="tip-2"),
        refused(good, "another file", "damaged", part="attachment:2"),
        refused(good, "another chunk size", "damaged", blob=blob[:2].hex() + "00020000" + blob[6:].hex()),
        *broken(good),
    ]


def padding_cases() -> list[Case]:
    padded = padding.pad(b"words")
    good = {"name": "unpads", "act": "unpad", "blob": padded.hex(), "plain": b"words".hex()}
    larger = padding.pad(bytes(range(256)) * 20)
    return [
        good,
        good | {"name": "unpads a larger one", "blob": larger.hex(), "plain": (bytes(range(256)) * 20).hex()},
        refused(good, "length too large", "damaged", blob="ff" * 8 + padded[8:].hex()),
        refused(good, "rest not zero", "damaged", blob=padded[:-1].hex() + "01"),
        refused(good, "cut", "damaged", blob=padded[:-1].hex()),
        refused(good, "empty", "damaged", blob=""),
    ]


def receipt_cases() -> list[Case]:
    symbols = "7K3M9-QXT2A-BC4DE-FGH1J"
    derived = receipts.lookup_id(symbols) + receipts.mailbox_wrap_key(symbols).hex()
    good = {"act": "receipt", "plain": symbols.encode().hex() + derived}
    typed = {
        "as written": symbols,
        "lower case, no dashes": "7k3m9qxt2abc4defgh1j",
        "spaces and other dashes": " 7K3M9 – QXT2A — BC4DE FGH1J\n",
        "I and l for 1": "7K3M9QXT2ABC4DEFGHlJ",
        "greek capitals that look the same": "7Κ3Μ9-QΧΤ2Α-ΒC4DΕ-FGΗ1J",
    }
    bad = {
        "one symbol short": symbols[:-1],
        "one symbol more": symbols + "7",
        "U is no symbol": symbols.replace("K", "U"),
        "a sign": symbols.replace("K", "*"),
        "nothing": "",
        "very long": symbols * 100,
    }
    return [good | {"name": name, "typed": text} for name, text in typed.items()] + [
        refused(good, name, "receipt-mistyped", typed=text) for name, text in bad.items()
    ]


def grant_cases() -> list[Case]:
    seed, blob = seal_by_hand(keys.Label(keys.Purpose.GRANT_CONTENT, "desk-1", 1, "account-1"), OTHER_KEY)
    good = {"name": "opens", "act": "open_grant", "desk": "desk-1", "epoch": 1, "kind": "content"}
    good |= {"holder": "account-1", "seed": seed.hex(), "blob": blob.hex(), "plain": OTHER_KEY.hex()}
    _, short = seal_by_hand(keys.Label(keys.Purpose.GRANT_CONTENT, "desk-1", 1, "account-1"), b"no seed")
    written = grants.write_recovery_code(KEY)
    code = {"name": "code reads", "act": "recovery_code", "typed": written, "plain": KEY.hex()}
    swapped = written[1] + written[0] + written[2:]
    return [
        good,
        refused(good, "another kind", "damaged", kind="identity"),
        refused(good, "another holder", "damaged", holder="account-2"),
        refused(good, "another desk", "damaged", desk="desk-2"),
        refused(good, "another epoch", "damaged", epoch=2),
        refused(good, "another account's key", "not-for-this-key", seed=KEY.hex()),
        refused(good, "not a seed inside", "damaged", blob=short.hex()),
        *broken(good),
        code,
        code | {"name": "code reads in lower case", "typed": written.lower().replace("-", " ")},
        refused(code, "code with two symbols swapped", "recovery-code-mistyped", typed=swapped),
        refused(code, "code cut", "recovery-code-mistyped", typed=written[:-2]),
        refused(code, "code with another checksum", "recovery-code-mistyped", typed=written[:-4] + "0000"),
    ]


def password_cases() -> list[Case]:
    cost = passwords.Cost(memory_kib=64, iterations=1, lanes=1)
    with counted_bytes("password"):
        blob = passwords.lock_seed(KEY, "six plain words – é", PEPPER, "account-1", cost)
    with counted_bytes("password"), mock.patch.object(passwords, "LOCK_VERSION", passwords.FORMER_LOCK_VERSION):
        former = passwords.lock_seed(KEY, "six plain words – é", PEPPER, "account-1", cost)
    good = {"name": "unlocks", "act": "unlock_seed", "password": "six plain words – é", "pepper": PEPPER.hex()}
    good |= {"account": "account-1", "blob": blob.hex(), "plain": KEY.hex()}
    flipped = [case | {"refused": "wrong-password"} for case in broken(good) if "flipped" in case["name"]]
    cut = [
        case for case in broken(good) if case["name"] in {"header only", "empty", "unknown version", "unknown suite"}
    ]
    with counted_bytes("session"):
        session = passwords.seal_session(KEY, OTHER_KEY, "session-1")
    signed_in = {"name": "session opens", "act": "open_session", "cookie_secret": OTHER_KEY.hex()}
    signed_in |= {"session": "session-1", "blob": session.hex(), "plain": KEY.hex()}
    code = {"act": "one_time_code", "pepper": PEPPER.hex()}
    code_hash = passwords.hash_one_time_code("K7QM-93XD-2R5T", PEPPER)
    return [
        good,
        good | {"name": "unlocks what was locked by the former version", "blob": former.hex()},
        good | {"name": "unlocks in another normal form", "password": "six plain words – e\u0301"},
        refused(good, "another password", "wrong-password", password="six plain words"),
        refused(good, "another pepper", "wrong-password", pepper=KEY.hex()),
        refused(good, "another account", "wrong-password", account="account-2"),
        refused(good, "asks for too much memory", "damaged", blob=blob[:2].hex() + "ffffffff" + blob[6:].hex()),
        *flipped,
        *cut,
        signed_in,
        refused(signed_in, "another cookie", "damaged", cookie_secret=KEY.hex()),
        refused(signed_in, "another session", "damaged", session="session-2"),
        code | {"name": "code", "typed": "K7QM-93XD-2R5T", "plain": code_hash},
        code | {"name": "code, as typed", "typed": "k7qm 93xd 2r5t", "plain": code_hash},
        code | {"name": "no code", "typed": "K7QM", "plain": passwords.hash_one_time_code("K7QM", PEPPER)},
    ]


def signature_cases() -> list[Case]:
    public, data = signatures.signing_public(KEY), b"the head of a day"
    signature = signatures.sign_bytes(KEY, data)
    good = {"name": "verifies", "act": "verify_bytes", "public": public.hex(), "data": data.hex()}
    good |= {"signature": signature.hex(), "plain": data.hex()}
    return [
        good,
        refused(good, "other bytes", "damaged", data=(data + b".").hex()),
        refused(good, "another key", "damaged", public=signatures.signing_public(OTHER_KEY).hex()),
        refused(good, "signature cut", "damaged", signature=signature[:-1].hex()),
        refused(good, "no key", "damaged", public=""),
    ]


FILES = {
    "sealing.json": sealing_cases,
    "envelope.json": envelope_cases,
    "streams.json": stream_cases,
    "padding.json": padding_cases,
    "receipts.json": receipt_cases,
    "grants.json": grant_cases,
    "passwords.json": password_cases,
    "signatures.json": signature_cases,
}


def written(name: str) -> str:
    """The text of one vector file."""
    return json.dumps(FILES[name](), indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    for name in FILES:
        (FOLDER / name).write_text(written(name), encoding="utf-8")


if __name__ == "__main__":
    main()
