"""The three errors of a language model: tokens a generation, width, and steps of the learner."""

from __future__ import annotations

from collapsebench.analysis.ablation import Ablation
from collapsebench.experiment.experiment import Experiment
from collapsebench.learning.training import Training
from collapsebench.literature.measured import Measured, Results
from collapsebench.literature.study import Claim, Request, Scale, Source, Study
from collapsebench.models.transformer import Transformer
from collapsebench.show.attribution import error_panel
from collapsebench.show.figures import Figure
from collapsebench.specs.registry import STUDIES
from collapsebench.targets.text import Text
from collapsebench.targets.trained import Trained

FLOOR = 0.01
"""Share of the divergence with all errors that may be left without any."""


@STUDIES.register("language_errors")
class LanguageErrors(Study):
    """Share of each of the three errors in a transformer's loop; a wider transformer, trained on real text, is the truth."""

    title = "The three errors of a language model"
    citation = "The project's own"
    when_named = True

    def experiments(self, scale: Scale) -> dict[str, Request]:
        """A 2^3 factorial: finite sets of text or a stream, a narrow or the truth's width, few steps or an exact learner."""
        words = scale.pick(20, 60, 500)
        wide = Transformer(
            width=scale.pick(8, 16, 64), layers=1, classes=words, block=16,
            training=Training(steps=scale.pick(20, 600, 4000), batch=32, rate=1e-2, schedule="cosine"),
        )  # fmt: skip
        narrow = Transformer(
            width=scale.pick(4, 4, 16),
            layers=1,
            training=Training(steps=100, batch=16, rate=1e-2, decay=0.01, decoupled=True),
        )
        loop = Experiment(
            name="language-errors", target=Trained(model=wide, target=Text(tokenizer="words", vocabulary=words, block=16)),
            model=narrow, metrics=("nll",), n=scale.pick(32, 512, 4096), generations=scale.pick(2, 3, 8),
            trajectories=scale.pick(2, 4, 10), holdout=64,
        )  # fmt: skip
        return {"transformer": Ablation(loop, statistic="mean", checks=scale is Scale.PAPER)}


def draw(results: Results) -> Figure:
    """Figure of each error's contribution by generation."""
    note = (
        "Shapley values of the mean over trajectories in nats a block of 16 tokens; bands are 95% bootstrap intervals"
    )
    return Figure("The three errors of a language model", (error_panel(results["transformer"], "transformer"),), note)


def _value(results: Results, name: str, error: str) -> Measured:
    own = results["transformer"].isel(generation=-1).sel(error=error)
    return Measured(*(float(own[name + end]) for end in ("", "_low", "_high")))


def _alone(error: str) -> object:
    def read(results: Results) -> Measured:
        found = _value(results, "alone", error)
        return found.judged(found.low > 0)

    return read


def _rests(results: Results) -> Measured:
    own = results["transformer"].isel(generation=-1)
    share = float(own.floor / (own.total + own.floor))
    return Measured(share, share, share).judged(abs(share) < FLOOR)


_BASIS = (
    "divergence with this error alone less that with none, at the last generation; its 95% bootstrap interval above 0"
)
LanguageErrors.figures = {"errors": draw}
LanguageErrors.claims = (
    *(
        Claim(
            name=f"{error}-harms", statement=f"the {error} error alone makes a transformer diverge from the truth",
            where="the project's own question", source=Source.DERIVED, basis=_BASIS, read=_alone(error),
        )
        for error in ("statistical", "expressivity", "approximation")
    ),
    Claim(
        name="no-error-no-drift", statement="without the three errors next to nothing of the divergence is left",
        where="the project's own question", source=Source.DERIVED, read=_rests,
        basis=f"share of the divergence with all errors that is there with none, at the last generation: below {FLOOR:g}",
    ),
)  # fmt: skip
