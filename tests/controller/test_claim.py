"""Who may write: the claim, on the simulated engine as on a real one (tests/contract)."""

from pathlib import Path

import pytest

from reconciler.controller.claim import Claimant, Standing, judge_and_take, still_ours
from reconciler.engines.simulated import SimulatedEngine, World


def claimant(state: str = "one", folder: str = "/state", source: str = "/src") -> Claimant:
    return Claimant("demo", state, Path(folder), source)


@pytest.fixture
def engine() -> SimulatedEngine:
    return SimulatedEngine(World("local", lambda: 0.0))


def take(
    engine: SimulatedEngine, who: Claimant, *, take_over: bool = False
) -> tuple[Standing, int]:
    told: list[None] = []
    standing, _ = judge_and_take(engine, who, lambda: told.append(None), take_over=take_over)
    return standing, len(told)


def test_the_first_comer_holds_it(engine: SimulatedEngine) -> None:
    assert take(engine, claimant()) == (Standing.OURS, 0)
    assert take(engine, claimant()) == (Standing.OURS, 0)
    assert still_ours(engine, claimant())


@pytest.mark.parametrize(
    "other",
    [claimant("two", "/elsewhere"), claimant(source="/other"), claimant("two", source="/o")],
)
def test_another_state_or_source_is_foreign(engine: SimulatedEngine, other: Claimant) -> None:
    take(engine, claimant())
    assert take(engine, other) == (Standing.FOREIGN, 0)
    assert still_ours(engine, claimant()), "a refusal changes nothing"


def test_take_over_is_seen_by_the_former_holder(engine: SimulatedEngine) -> None:
    take(engine, claimant())
    assert take(engine, claimant("two", "/elsewhere"), take_over=True) == (Standing.OURS, 0)
    assert not still_ours(engine, claimant())


def test_a_claim_of_this_folder_with_another_ledger_means_a_lost_one(
    engine: SimulatedEngine,
) -> None:
    take(engine, claimant())
    assert take(engine, claimant("two")) == (Standing.OURS, 1)
    assert still_ours(engine, claimant("two"))


def test_the_claim_stays_until_the_loss_is_on_record(engine: SimulatedEngine) -> None:
    take(engine, claimant())

    def crash() -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        judge_and_take(engine, claimant("two"), crash, take_over=False)
    assert take(engine, claimant("three")) == (Standing.OURS, 1), "the next start is told again"


def test_a_claim_that_was_pruned_away_is_put_up_again(engine: SimulatedEngine) -> None:
    take(engine, claimant())
    engine.release("demo")
    assert still_ours(engine, claimant())
    assert not still_ours(engine, claimant("two", "/elsewhere"))


def test_a_refusal_says_whose_it_is(engine: SimulatedEngine) -> None:
    take(engine, claimant())
    found = engine.claimed_by("demo") or {}
    said = claimant("two", "/elsewhere").refusal("local", found)
    assert "/src" in said
    assert "/state" in said
    assert "--take-over" in said
