"""The JSON files of a package, made of a handover: referral, custody, template of the acknowledgement, counts."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from tipline.services.handovers import (
    HANDLING,
    INFORMATION,
    LEGAL_BASES,
    PROTECTION,
    PURPOSES,
    REQUESTS,
    SOURCES,
    URGENCIES,
    HandedFile,
    HandedTip,
    Handover,
)

SCHEMA = "tipline.referral/1"


def marking(handover: Handover) -> dict[str, Any]:
    """The protection level, codes and grades that every JSON file carries (Art. 75)."""
    return {
        "protection_level": PROTECTION,
        "handling_codes": list(handover.handling),
        "handling_text": {code: HANDLING[code] for code in handover.handling},
        "grades": {tip.ref: tip.grade for tip in handover.tips},
        "use_as_evidence": "on_consent",
    }


def referral_document(handover: Handover) -> dict[str, Any]:
    """``referral.json``, schema ``tipline.referral/1``."""
    return {
        "schema": SCHEMA,
        "package": handover.package,
        "referral": handover.referral,
        "created": moment(handover.made_at),
        "made_with": f"tipline {handover.version}",
        "sender": {"authority": handover.sender.name, "contact_point": handover.sender.contact},
        "recipient": {
            "authority": handover.recipient.name,
            "country": handover.recipient.country,
            "type": handover.recipient.kind,
            "contact_point": handover.recipient.contact,
            "key_fingerprint": handover.fingerprint,
            "transfer_basis": handover.transfer_basis,
            "basis_expires": day(handover.basis_expires_on),
        },
        "purpose": {"code": handover.purpose, "text": PURPOSES[handover.purpose]},
        "legal_basis": {"code": handover.legal_basis, "text": LEGAL_BASES[handover.legal_basis]},
        "urgency": {"code": handover.urgency, "text": URGENCIES[handover.urgency]},
        "reply_by": moment(handover.reply_by),
        "request": {"code": handover.request, "text": REQUESTS[handover.request]},
        "marking": marking(handover),
        "conditions": handover.conditions or None,
        "why_you": handover.why_you,
        "tips": [_tip(tip) for tip in handover.tips],
        "also_sent_to": list(handover.also_sent_to),
        "retention": {
            "erase_by": day(handover.erase_by),
            "conditions": "Erase it when the purpose no longer needs it, at the latest on this day.",
        },
        "approval": {"proposed_by": handover.proposed_by, "reviewed_by": handover.reviewed_by},
        "supersedes": None,
    }


def custody_document(handover: Handover) -> dict[str, Any]:
    """``custody.json``: what happened to each tip until it was put into this package."""
    return {
        "schema": "tipline.custody/1",
        "package": handover.package,
        "marking": marking(handover),
        "tips": [
            {
                "ref": tip.ref,
                "events": [{"event": e.name, "at": moment(e.at), "by": e.by} for e in tip.custody],
            }
            for tip in handover.tips
        ],
    }


def acknowledgement_template(handover: Handover) -> dict[str, Any]:
    """``ack.template.json``: filled in and sent back by the recipient."""
    return {
        "schema": "tipline.acknowledgement/1",
        "package": handover.package,
        "marking": marking(handover),
        "tagmanifest_sha256": "",
        "received_at": "",
        "decrypted": None,
        "signature_ok": None,
        "reference": "",
        "contact_point": "",
        "tips": [{"ref": tip.ref, "answer": "", "reason": ""} for tip in handover.tips],
        "answers": ["accepted", "rejected"],
        "reasons": ["not_competent", "insufficient", "already_known"],
    }


def counts(handover: Handover) -> dict[str, Any]:
    """What the administrator sees: codes, counts and sizes; no word of a tip (SECURITY 22, 29)."""
    return {
        "tips": len(handover.tips),
        "grades": handover.grades,
        "languages": sorted({tip.language for tip in handover.tips}),
        "originals": sum(tip.original for tip in handover.tips),
        "sanitised": sum(not tip.original for tip in handover.tips),
        "identities": sum(tip.identity is not None for tip in handover.tips),
        "attachments": sum(len(tip.files) for tip in handover.tips),
        "attachment_bytes": sum(f.size for tip in handover.tips for f in tip.files),
        "attachments_unseen": sum(not f.viewed for tip in handover.tips for f in tip.files),
        "facts": sum(c.basis == "fact" for tip in handover.tips for c in tip.claims),
        "assessments": sum(c.basis == "assessment" for tip in handover.tips for c in tip.claims),
    }


def canonical(document: dict[str, Any]) -> bytes:
    """JSON as it goes out: UTF-8, sorted keys, readable."""
    return (json.dumps(document, sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode()


def moment(value: dt.datetime | None) -> str | None:
    """A time in UTC as RFC 3339 writes it."""
    return None if value is None else value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def day(value: dt.date | None) -> str | None:
    """A date as ISO 8601 writes it."""
    return None if value is None else value.isoformat()


def _tip(tip: HandedTip) -> dict[str, Any]:
    return {
        "ref": tip.ref,
        "received": day(tip.received_on),
        "language": {"title": tip.language, "tag": tip.language_tag},
        "translation": "none",
        "object": {"ref": tip.exhibit_ref, "title": tip.exhibit_title} if tip.exhibit_ref else None,
        "narrative": {
            "file": tip.narrative_path,
            "kind": "original" if tip.original else "sanitised",
            "reason": tip.narrative_reason or None,
        },
        "answers": {name: text for name, text in tip.answers.items() if text},
        "how_known": tip.how_known or None,
        "certainty": tip.certainty or None,
        "grade": {
            "code": tip.grade,
            "source": SOURCES[tip.grade[0]],
            "information": INFORMATION[tip.grade[1]],
            "reason": tip.grade_reason,
        },
        "independent_sources": None,
        "last_verified": day(tip.last_verified),
        "claims": [
            {"statement": c.text, "basis": c.basis, "as_of": day(c.as_of), "last_verified": day(c.verified_on)}
            for c in tip.claims
        ],
        "persons": [],
        "contact": _contact(tip),
        "attachments": [_attachment(file) for file in tip.files],
        "attachments_left_out": tip.files_left_out,
        "additions": [
            {
                "file": added.path,
                "kind": added.kind,
                "received": day(added.received_on),
                "language": {"title": added.language, "tag": added.language_tag},
            }
            for added in tip.additions
        ],
        "additions_left_out": tip.additions_left_out,
    }


def _attachment(file: HandedFile) -> dict[str, Any]:
    return {
        "file": file.path,
        "mime": file.media_type,
        "size": file.size,
        "sha256": file.sha256,
        "viewed_by_human": file.viewed,
        "screening": file.screening,
        "hidden_metadata": file.hidden,
        "hidden_metadata_may_remain": file.hidden != "removed",
        "original_name": file.sent_as,
    }


def _contact(tip: HandedTip) -> dict[str, Any]:
    if tip.identity is None:
        return {"included": False, "held_by_sender": tip.has_identity, "reason": None}
    return {
        "included": True,
        "held_by_sender": True,
        "reason": tip.identity.reason,
        "name": tip.identity.name or None,
        "email": tip.identity.email or None,
        "phone": tip.identity.phone or None,
    }
