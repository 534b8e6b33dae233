"""``case.jsonld``: the same referral as a CASE/UCO graph, for machines.

Written with the standard library and checked in the tests with the CASE validator. Vocabulary values are plain
strings, identifiers end in a UUID and are made of the package's name, so the same handover gives the same graph.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from tipline.services.handovers import PROTECTION, Claim, HandedAddition, HandedFile, HandedTip, Handover

_SPACE = uuid.UUID("2b1f4f0e-6a53-5d0c-9a7e-3f6f1f0d7b11")
_UCO = "https://ontology.unifiedcyberontology.org/uco"
_CASE = "https://ontology.caseontology.org/case"

CONTEXT = {
    "kb": "urn:tipline:kb:",
    "case-investigation": f"{_CASE}/investigation/",
    "uco-action": f"{_UCO}/action/",
    "uco-core": f"{_UCO}/core/",
    "uco-identity": f"{_UCO}/identity/",
    "uco-location": f"{_UCO}/location/",
    "uco-marking": f"{_UCO}/marking/",
    "uco-observable": f"{_UCO}/observable/",
    "uco-tool": f"{_UCO}/tool/",
    "uco-types": f"{_UCO}/types/",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}

Node = dict[str, Any]


def case_document(handover: Handover) -> dict[str, Any]:
    """``case.jsonld`` of a handover; identities of tipsters are never in it."""
    graph = _Graph(handover)
    return {"@context": CONTEXT, "@graph": graph.nodes()}


class _Graph:
    def __init__(self, handover: Handover) -> None:
        self.handover = handover
        self.recipient = self._id("org-recipient")
        self.actor = self._id("identity-proposer")
        self.tool = self._id("tool")
        self.markings = [{"@id": self._id("marking-handling")}, {"@id": self._id("marking-release")}]

    def nodes(self) -> list[Node]:
        nodes = [*self._people(), *self._marking_nodes()]
        handed: list[Node] = []
        for tip in self.handover.tips:
            handed += self._tip_nodes(tip)
        nodes += handed
        tips = [{"@id": self._id("tip", tip.ref)} for tip in self.handover.tips]
        nodes.append(self._export(tips))
        inside = [{"@id": node["@id"]} for node in (*handed, nodes[-1])]
        nodes.append(
            {
                "@id": self._id("case"),
                "@type": "case-investigation:Investigation",
                "uco-core:name": self.handover.package,
                "case-investigation:investigationForm": "suspicious-activity",
                "case-investigation:investigationStatus": "referred",
                "uco-core:objectMarking": self.markings,
                "uco-core:object": inside,
            }
        )
        return nodes

    def _people(self) -> list[Node]:
        sender = {
            "@id": self._id("org-sender"),
            "@type": "uco-identity:Organization",
            "uco-core:name": self.handover.sender.name,
        }
        recipient = {
            "@id": self.recipient,
            "@type": "uco-identity:Organization",
            "uco-core:name": self.handover.recipient.name,
        }
        actor = {
            "@id": self.actor,
            "@type": "uco-identity:Identity",
            "uco-core:name": f"{self.handover.proposed_by} (pseudonym)",
        }
        tool = {
            "@id": self.tool,
            "@type": "uco-tool:Tool",
            "uco-core:name": "tipline",
            "uco-tool:version": self.handover.version,
        }
        return [sender, recipient, actor, tool]

    def _marking_nodes(self) -> list[Node]:
        words = (
            f"protection={PROTECTION};handling={';'.join(self.handover.handling)};"
            f"grade={self.handover.grades};tlp=AMBER+STRICT"
        )
        return [
            {
                "@id": self._id("marking-handling"),
                "@type": "uco-marking:MarkingDefinition",
                "uco-marking:definitionType": "statement",
                "uco-marking:definition": [
                    {
                        "@id": self._id("marking-handling-model"),
                        "@type": "uco-marking:StatementMarking",
                        "uco-marking:definitionType": "statement",
                        "uco-marking:statement": words,
                    }
                ],
            },
            {
                "@id": self._id("marking-release"),
                "@type": "uco-marking:MarkingDefinition",
                "uco-marking:definitionType": "release-to",
                "uco-marking:definition": [
                    {
                        "@id": self._id("marking-release-model"),
                        "@type": "uco-marking:ReleaseToMarking",
                        "uco-marking:definitionType": "release-to",
                        "uco-marking:authorizedIdentities": self.recipient,
                    }
                ],
            },
        ]

    def _tip_nodes(self, tip: HandedTip) -> list[Node]:
        tip_id = self._id("tip", tip.ref)
        files = [self._file(tip, file) for file in tip.files]
        added = [self._addition(tip, addition) for addition in tip.additions]
        nodes: list[Node] = [
            self._message(tip),
            *added,
            *files,
            *self._objects(tip),
            *self._places(tip),
            self._grade(tip),
        ]
        nodes += [self._claim(tip, number, claim) for number, claim in enumerate(tip.claims)]
        nodes.append(
            {
                "@id": self._id("provenance", tip.ref),
                "@type": "case-investigation:ProvenanceRecord",
                "uco-core:description": f"Tip as handed over: {'original' if tip.original else 'sanitised'} narrative",
                "case-investigation:exhibitNumber": tip.ref,
                "uco-core:object": [{"@id": tip_id}, *({"@id": node["@id"]} for node in (*added, *files))],
            }
        )
        return nodes

    def _message(self, tip: HandedTip) -> Node:
        return {
            "@id": self._id("tip", tip.ref),
            "@type": "uco-observable:Message",
            "uco-core:objectMarking": self.markings,
            "uco-core:name": f"Tip {tip.ref}",
            "uco-core:hasFacet": [
                {
                    "@id": self._id("tip-message", tip.ref),
                    "@type": "uco-observable:MessageFacet",
                    "uco-observable:messageText": tip.narrative,
                    "uco-observable:sentTime": _time(f"{tip.received_on.isoformat()}T00:00:00+00:00"),
                }
            ],
        }

    def _addition(self, tip: HandedTip, addition: HandedAddition) -> Node:
        return {
            "@id": self._id("addition", addition.path),
            "@type": "uco-observable:Message",
            "uco-core:objectMarking": self.markings,
            "uco-core:name": f"Addition to tip {tip.ref}",
            "uco-core:hasFacet": [
                {
                    "@id": self._id("addition-message", addition.path),
                    "@type": "uco-observable:MessageFacet",
                    "uco-observable:messageText": addition.text,
                    "uco-observable:sentTime": _time(f"{addition.received_on.isoformat()}T00:00:00+00:00"),
                }
            ],
        }

    def _file(self, tip: HandedTip, file: HandedFile) -> Node:
        name = f"{tip.ref}/{file.path}"
        return {
            "@id": self._id("file", name),
            "@type": "uco-observable:File",
            "uco-core:objectMarking": self.markings,
            "uco-core:hasFacet": [
                {
                    "@id": self._id("file-facet", name),
                    "@type": "uco-observable:FileFacet",
                    "uco-observable:fileName": file.path.rsplit("/", 1)[-1],
                    "uco-observable:sizeInBytes": file.size,
                },
                {
                    "@id": self._id("file-content", name),
                    "@type": "uco-observable:ContentDataFacet",
                    "uco-observable:mimeType": file.media_type,
                    "uco-observable:hash": [
                        {
                            "@id": self._id("file-sha256", name),
                            "@type": "uco-types:Hash",
                            "uco-types:hashMethod": "SHA256",
                            "uco-types:hashValue": {"@type": "xsd:hexBinary", "@value": file.sha256},
                        }
                    ],
                },
            ],
        }

    def _objects(self, tip: HandedTip) -> Iterable[Node]:
        if tip.exhibit_ref is None:
            return
        exhibit = self._id("object", tip.exhibit_ref, tip.ref)
        yield {
            "@id": exhibit,
            "@type": "uco-core:UcoObject",
            "uco-core:name": f"Appeal object {tip.exhibit_ref}",
            "uco-core:description": tip.exhibit_title or "",
        }
        yield self._relation("identifies", tip, exhibit, "Identifies")

    def _places(self, tip: HandedTip) -> Iterable[Node]:
        claimed = tip.answers.get("countries")
        if not claimed:
            return
        place = self._id("place", tip.ref)
        yield {
            "@id": place,
            "@type": "uco-location:Location",
            "uco-core:name": f"Claimed countries: {claimed}",
            "uco-core:hasFacet": [
                {
                    "@id": self._id("place-address", tip.ref),
                    "@type": "uco-location:SimpleAddressFacet",
                    "uco-location:country": claimed,
                }
            ],
        }
        yield self._relation("origin", tip, place, "Claims_Origin")

    def _relation(self, name: str, tip: HandedTip, target: str, kind: str) -> Node:
        return {
            "@id": self._id(f"relation-{name}", tip.ref),
            "@type": "uco-core:Relationship",
            "uco-core:source": {"@id": self._id("tip", tip.ref)},
            "uco-core:target": {"@id": target},
            "uco-core:kindOfRelationship": kind,
            "uco-core:isDirectional": True,
        }

    def _grade(self, tip: HandedTip) -> Node:
        return {
            "@id": self._id("evaluation", tip.ref),
            "@type": "uco-core:Annotation",
            "uco-core:statement": (
                f"evaluation={tip.grade} (source {tip.grade[0]}, information {tip.grade[1]}; "
                "Art. 29 Reg. (EU) 2016/794)"
            ),
            "uco-core:tag": [f"eval:{tip.grade}"],
            "uco-core:object": [{"@id": self._id("tip", tip.ref)}],
        }

    def _claim(self, tip: HandedTip, number: int, claim: Claim) -> Node:
        fact = claim.basis == "fact"
        return {
            "@id": self._id("claim", tip.ref, str(number)),
            "@type": "uco-core:Annotation",
            "uco-core:statement": f"{'Fact' if fact else 'Personal assessment'} as of {claim.as_of}: {claim.text}",
            "uco-core:tag": ["basis:fact" if fact else "basis:personal-assessment"],
            "uco-core:object": [{"@id": self._id("tip", tip.ref)}],
        }

    def _export(self, tips: list[Node]) -> Node:
        at = _time(self.handover.made_at.strftime("%Y-%m-%dT%H:%M:%S+00:00"))
        return {
            "@id": self._id("action-export"),
            "@type": "case-investigation:InvestigativeAction",
            "uco-core:name": "export",
            "uco-action:startTime": at,
            "uco-action:endTime": at,
            "uco-action:performer": {"@id": self.actor},
            "uco-action:instrument": [{"@id": self.tool}],
            "uco-action:object": tips,
            "uco-action:result": [{"@id": self._id("provenance", tip.ref)} for tip in self.handover.tips],
        }

    def _id(self, kind: str, *subject: str) -> str:
        name = "/".join((self.handover.package, kind, *subject))
        return f"kb:{kind}-{uuid.uuid5(_SPACE, name)}"


def _time(text: str) -> Node:
    return {"@type": "xsd:dateTime", "@value": text}
