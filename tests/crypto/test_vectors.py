"""tipline's own vectors: every format opens as it was written once, and stays shut in every way it must."""

from __future__ import annotations

import json

import pytest

from tests.crypto import make_vectors
from tests.crypto.vector_acts import ACTS, Case
from tipline.errors import Refused


def all_cases() -> list[tuple[str, Case]]:
    found = []
    for name in make_vectors.FILES:
        cases = json.loads((make_vectors.FOLDER / name).read_text(encoding="utf-8"))
        found += [(f"{name}: {case['name']}", case) for case in cases]
    return found


CASES = all_cases()


@pytest.mark.parametrize("case", [case for _, case in CASES], ids=[name for name, _ in CASES])
def test_a_vector(case: Case):
    act = ACTS[case["act"]]
    if "plain" in case:
        assert act(case) == case["plain"]
        return
    with pytest.raises(Refused) as refusal:
        act(case)
    assert refusal.value.code == case["refused"]
    assert str(refusal.value) == "", "a refusal carries nothing"


@pytest.mark.parametrize("name", make_vectors.FILES)
def test_the_vectors_are_what_the_code_writes_today(name: str):
    assert make_vectors.written(name) == (make_vectors.FOLDER / name).read_text(encoding="utf-8")


def test_every_format_has_vectors_that_open_and_vectors_that_do_not():
    for act in set(ACTS) - {"one_time_code"}:
        cases = [case for _, case in CASES if case["act"] == act]
        assert any("plain" in case for case in cases), act
        assert any("refused" in case for case in cases), act
