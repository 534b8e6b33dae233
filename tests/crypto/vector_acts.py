"""What can be done with a vector: its fields in, plain text as hexadecimal out. One act per format."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tipline.crypto import envelope, grants, keys, opening, padding, passwords, receipts, signatures, streams

Case = dict[str, Any]


def raw(case: Case, name: str) -> bytes:
    return bytes.fromhex(case[name])


def open_sealed(case: Case) -> str:
    label = keys.Label(keys.Purpose(case["purpose"]), case["desk"], case["epoch"], case["subject"])
    return opening.open_sealed(raw(case, "blob"), raw(case, "seed"), label).hex()


def decrypt_record(case: Case) -> str:
    return envelope.decrypt_record(
        raw(case, "key"), raw(case, "blob"), tip_id=case["tip_id"], part=case["part"], version=case["version"]
    ).hex()


def unwrap_key(case: Case) -> str:
    return envelope.unwrap_key(raw(case, "key"), raw(case, "blob"), context=case["context"]).hex()


def decrypt_stream(case: Case) -> str:
    chunks = streams.decrypt_stream(raw(case, "key"), [raw(case, "blob")], tip_id=case["tip_id"], part=case["part"])
    return b"".join(chunks).hex()


def unpad(case: Case) -> str:
    return padding.unpad(raw(case, "blob")).hex()


def receipt(case: Case) -> str:
    typed = receipts.parse_receipt(case["typed"])
    return typed.encode().hex() + receipts.lookup_id(typed) + receipts.mailbox_wrap_key(typed).hex()


def open_grant(case: Case) -> str:
    return grants.open_grant(
        raw(case, "blob"),
        raw(case, "seed"),
        desk=case["desk"],
        epoch=case["epoch"],
        kind=case["kind"],
        holder=case["holder"],
    ).hex()


def recovery_code(case: Case) -> str:
    return grants.parse_recovery_code(case["typed"]).hex()


def unlock_seed(case: Case) -> str:
    return passwords.unlock_seed(raw(case, "blob"), case["password"], raw(case, "pepper"), case["account"]).hex()


def one_time_code(case: Case) -> str:
    return passwords.hash_one_time_code(case["typed"], raw(case, "pepper"))


def open_session(case: Case) -> str:
    return passwords.open_session(raw(case, "blob"), raw(case, "cookie_secret"), case["session"]).hex()


def verify_bytes(case: Case) -> str:
    signatures.verify_bytes(raw(case, "public"), raw(case, "data"), raw(case, "signature"))
    return case["data"]


ACTS: dict[str, Callable[[Case], str]] = {
    act.__name__: act
    for act in (
        open_sealed,
        decrypt_record,
        unwrap_key,
        decrypt_stream,
        unpad,
        receipt,
        open_grant,
        recovery_code,
        unlock_seed,
        one_time_code,
        open_session,
        verify_bytes,
    )
}
