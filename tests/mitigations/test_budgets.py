"""Equal budgets, counted: the rows that the engine draws and hands to each entrant's regime, not what it says it takes."""

import dataclasses

import jax
import pytest

import collapsebench as cb
from collapsebench.engine.draws import real_and_holdout
from collapsebench.engine.generation import empty_carry, generate
from collapsebench.engine.handover import Samples
from collapsebench.literature.studies.league import arm, arms, families
from collapsebench.maths.streams import root_key
from collapsebench.parts.mitigation import Budget
from collapsebench.runs.runner import make_program

BUDGET = Budget(real=20, n=10, fits=4, each=2)
NORMAL = dataclasses.replace(families(1)["normal"], metrics=("kept",), holdout=16)
ARMS = arms(NORMAL, BUDGET)


def counted(experiment, monkeypatch):
    """(real rows, synthetic rows, fits) of a loop that is run one generation after another, uncompiled."""
    drawn, seen, fits = [], [], []
    model, regime = type(experiment.model), type(experiment.regime)
    synthetic, update, fit = Samples.synthetic, regime.update, model.fit

    def weight(data):
        return 0.0 if data is None else float(data.weight)

    def traced(data):
        return any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(data))

    def draw(self, *given):
        data = synthetic(self, *given)
        drawn.extend([] if traced(data) else [weight(data)])
        return data

    def updated(self, key, pool, synthetic, fresh, t):
        seen.extend([] if traced(synthetic) else [weight(fresh)])
        return update(self, key, pool, synthetic, fresh, t)

    def fitted(self, key, params, data):
        fits.extend([] if traced(data) else [weight(data)])
        return fit(self, key, params, data)

    monkeypatch.setattr(Samples, "synthetic", draw)
    monkeypatch.setattr(regime, "update", updated)
    monkeypatch.setattr(model, "fit", fitted)
    with jax.disable_jit():
        program, key = make_program(experiment), root_key(0, "count")
        carry, (real, holdout) = empty_carry(program, key), real_and_holdout(program, key)
        for generation in range(experiment.generations):
            carry, _ = generate(program, key, real, holdout, generation, carry)
    return weight(real) + sum(seen), sum(drawn[:-1]), len(fits)  # the last model's draws are fitted by none


PLAIN = [name for name, own in ARMS.items() if own.curator is None]


@pytest.mark.slow
@pytest.mark.parametrize("name", [*PLAIN, "replace-deduplicate", "fresh-verifier"])  # what is rejected counts as drawn
def test_every_entrant_has_the_same_rows_and_fits(name, monkeypatch):
    assert counted(ARMS[name], monkeypatch) == (20, 30, 4)


@pytest.mark.slow
def test_another_number_of_rows_is_another_count(monkeypatch):
    more = dataclasses.replace(ARMS["fresh-none"], regime=cb.regimes.Fresh(rows=3))
    assert counted(more, monkeypatch) == (23, 30, 4)


def test_every_mitigation_plays_in_every_family_that_its_curator_accepts():
    played = {family: set(arms(base, BUDGET)) for family, base in families(2).items()}
    assert set().union(*played.values()) == set(ARMS)
    assert {family for family, own in played.items() if own == set(ARMS)} >= {"normal", "zipf", "mixture", "kernel"}
    assert set(ARMS) - played["regression"] == {"replace-best_of", "replace-deduplicate"}


class Greedy(cb.Mitigation):
    """Real rows alone, more than there are."""

    bases = ("fresh",)

    def regime(self, base, budget):
        return cb.regimes.Fresh(rows=budget.real)


class Growing(cb.Mitigation):
    """More and more synthetic rows."""

    bases = ("replace",)

    def regime(self, base, budget):
        return cb.regimes.Grow()


def test_an_entrant_that_takes_more_than_its_budget_is_one_line():
    for entrant, why in (
        (Greedy(), "Greedy: 60 fresh real rows; it has 20"),
        (Growing(), "90 synthetic rows; it has 30"),
    ):
        with pytest.raises(cb.RequestError, match=why):
            arm(NORMAL, entrant, entrant.bases[0], BUDGET)


def test_a_class_that_is_registered_plays(monkeypatch):
    monkeypatch.setattr(cb.MITIGATIONS, "_entries", dict(cb.MITIGATIONS.items()))

    @cb.MITIGATIONS.register("mine")
    class Mine(cb.Mitigation):
        """Rows that a truncation leaves."""

        def curator(self, target):
            return cb.curators.Truncate()

    assert set(arms(NORMAL, BUDGET)) - set(ARMS) == {"replace-mine", "fresh-mine"}
