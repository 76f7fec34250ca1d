"""Claims of Riis (2026), and how each is measured."""

from __future__ import annotations

import numpy as np

from collapsebench import theory
from collapsebench.literature.measured import (
    Measured,
    Results,
    above,
    below,
    exact,
    measured_mean,
    measured_ratio,
    measured_share,
    ordered,
    together,
)
from collapsebench.literature.papers.riis.recursion import gaps
from collapsebench.literature.papers.riis.settings import (
    COUNT,
    GAP,
    GENERATIONS,
    HALF,
    LAST,
    LATER,
    LONG,
    RETENTION,
    SHARES,
    SHORT,
    SYMBOLS,
    TOKENS,
    TRIGRAMS,
)
from collapsebench.literature.study import Claim, Reason, Source
from collapsebench.runs.results import experiment_of

P = COUNT / TOKENS
STEP = float(theory.turnover_variance_law(TOKENS, HALF, P)) / (P * (1 - P) / TOKENS)
BOUND = (LONG - SHORT) * np.log2(SYMBOLS)


def frequency(results: Results, share: float) -> np.ndarray:
    """[trajectory, generation] frequency of the symbol, from p (1 - p) and (p - P)^2, whose sum is linear in p."""
    result = results["corpus"].sel({"regime.share": share})
    found = (result["variance"].values + result.mean_error.values - P**2) / (1 - 2 * P)
    return np.asarray(found.astype(float))


def words_left(results: Results, name: str) -> np.ndarray:
    """[trajectory, generation] share of the text's words that are in the corpus."""
    return np.asarray(results[name].survivors.values, float)


def trigrams_left(results: Results) -> np.ndarray:
    """[trajectory, k] share of the text's different trigrams that there are after k replacements of everything."""
    result = results["replaced"]
    experiment = experiment_of(result)
    rows = np.asarray(experiment.target.prepare().train)[: experiment.n]
    grams = np.lib.stride_tricks.sliding_window_view(rows, 3, axis=1).reshape(-1, 3)
    real = len(np.unique(grams, axis=0)) / len(grams)
    share = np.asarray(result.distinct_n.values, float) / real
    return np.concatenate([np.ones((len(share), 1)), share], axis=1)


def _fixed(results: Results, share: float) -> Measured | None:
    p = frequency(results, share)
    if p.shape[1] < LAST:
        return None
    return measured_share(p[:, -1] > 1 - 1e-3).against(theory.absorption_law([P, 1 - P])[0])


def _spread(results: Results, share: float) -> Measured | None:
    """Share of p (1 - p) that is left after LATER generations."""
    found = results["corpus"].sel({"regime.share": share})["variance"].values.astype(float)
    if found.shape[1] < LAST:
        return None
    norms = [theory.turnover_squared_norm_law(TOKENS, share, steps, [P, 1 - P]) for steps in (LATER, 0)]
    return measured_ratio(found[:, LATER], found[:, 0]).against((1 - norms[0]) / (1 - norms[1]))


def _step(results: Results) -> Measured | None:
    """Variance of a step in units of p (1 - p) / M, of half of the tokens replaced."""
    p = frequency(results, HALF)
    if p.shape[1] < LAST:
        return None
    return measured_ratio((p[:, 1] - p[:, 0]) ** 2, p[:, 0] * (1 - p[:, 0]) / TOKENS)


def _step_law(results: Results) -> Measured | None:
    found = _step(results)
    return found and found.against(STEP)


def _last(results: Results, name: str, points: int = 1) -> Measured | None:
    share = words_left(results, name)
    return measured_mean(share[:, GENERATIONS], points) if share.shape[1] > GENERATIONS else None


def _about_half(results: Results) -> Measured | None:
    found = _last(results, "replaced")
    low, high = (edge(first for first, _ in RETENTION.values()) for edge in (min, max))
    return found and found.judged(together(above(found, low - 0.1), below(found, high + 0.1)))


def _trigrams(results: Results) -> Measured | None:
    words, grams = words_left(results, "replaced"), trigrams_left(results)
    if words.shape[1] <= GENERATIONS:
        return None
    found = measured_mean(grams[:, GENERATIONS] - words[:, GENERATIONS])
    return found.judged(below(found, 0))


def _protocols(results: Results) -> Measured | None:
    """What is left where the other half is of the real text: above what is left where it is of the last corpus, and .75."""
    found = [_last(results, name, 3) for name in ("replaced", "kept", "original")]
    if None in found:
        return None
    return found[-1].judged(together(ordered(*found), below(found[1], 0.75), above(found[2], 0.75)))


_SECOND = "as a second source reports it"
_CORPUS = f"{TOKENS} tokens, {COUNT} of them in the mean the symbol; a random share is drawn anew; {LAST} generations"
_TEXT = f"trigrams of pydoc_data's topics in words, by maximum likelihood with back-off; {GENERATIONS} generations"
_CODE = "the exact recursion with the settings and seeds of the paper's code; nothing is sampled"
_PRINTED = ", ".join(f"{name} {first}" for name, (first, _) in RETENTION.items())
_HALVES = ", ".join(f"{name} {half}" for name, (_, half) in RETENTION.items())
_GRAMS = ", ".join(f"{name} {share}" for name, share in TRIGRAMS.items())

CLAIMS = (
    *(
        Claim(
            name=f"fixation-at-{share:g}", statement=f"a symbol of k = {COUNT} of M = {TOKENS} tokens is alone in the end with "
                f"probability k / M, whatever share is replaced (here {share:g})",
            where="theorem 1c", source=Source.DERIVED, law="absorption_law", basis="a martingale",
            chosen=_CORPUS, read=lambda results, share=share: _fixed(results, share),
        )
        for share in SHARES
    ),
    *(
        Claim(
            name=f"effective-size-at-{share:g}", statement=f"p (1 - p) falls as with an effective size of M / (a (2 - a)), a = "
                f"{share:g}, in the diploid convention of the paper M / (2 a (2 - a)): what is left after {LATER} generations",
            where="theorem 1d", source=Source.DERIVED, law="turnover_squared_norm_law", chosen=_CORPUS,
            basis="an exact law, with a (1 - a) M / (M - 1) for a (1 - a)",
            read=lambda results, share=share: _spread(results, share),
        )
        for share in SHARES
    ),
    Claim(
        name="one-step", statement=f"of half of the tokens replaced, a step's variance is {STEP:.3f} p (1 - p) / M",
        where="theorem 1", source=Source.DERIVED, law="turnover_variance_law", chosen=_CORPUS,
        basis="an exact law: a + a (1 - a) M / (M - 1), a = .5", read=_step_law,
    ),
    Claim(
        name="one-step-printed", statement="a step's variance is a^2 p (1 - p) / M: a factor of .25 at a = .5",
        where="theorem 1", source=Source.SECOND, published=0.25, basis=f"{_SECOND}; ours in units of p (1 - p) / M",
        chosen=_CORPUS, read=_step,
        reasons=(Reason(
            "a^2 is the soft mixture's, (1 - a) p + a p_hat, as in the demo of the paper's code, where no token is ever lost; "
            "the effective size and the fixation are those of tokens that are replaced, a (2 - a)", 0.7, 0.85, disputed=True,
        ),),
    ),
    Claim(
        name="about-half-is-left", statement=f"after {GENERATIONS} generations of everything replaced about half of the words "
            f"are left ({_PRINTED})",
        where="vocabulary retention", source=Source.CODE, basis="ours, within .1 of the range of the three texts", chosen=_TEXT,
        read=_about_half,
    ),
    Claim(
        name="trigrams-go-first", statement=f"the share of trigrams left is smaller than that of words ({_GRAMS})",
        where="trigram-type retention", source=Source.CODE, basis="ours: the difference, whose interval must lie below 0",
        chosen=_TEXT, read=_trigrams,
    ),
    Claim(
        name="two-protocols", statement="the shares printed for half of the tokens replaced "
            f"({_HALVES}) are of another half drawn from the real text in each generation, as in the paper's code; kept from "
            "the last corpus, as in theorem 1, far less is left",
        where="vocabulary retention", source=Source.CODE, chosen=f"{_TEXT}; real rows without replacement",
        basis="ours: of the three in their order the intervals must not touch, and only the one with real text is above .75",
        read=_protocols,
    ),
    Claim(
        name="selection-keeps-bits", statement=f"selection of a fixed law of {LONG} tokens holds the corpus {GAP} bits away from "
            f"what its own {SHORT}-grams say ({SYMBOLS} symbols)",
        where="theorem 2, matched run", source=Source.SECOND, published=GAP, tolerance=0.005, basis=f"rounding. {_CODE}",
        read=lambda results: exact(gaps()["normative"][-1]),
    ),
    Claim(
        name="selection-bound", statement=f"and no farther than L log2 s = {BOUND:.2f} bits in any generation",
        where="theorem 2b", source=Source.TEXT, basis=_CODE,
        read=lambda results: exact(gaps()["normative"].max()).judged(gaps()["normative"].max() <= BOUND),
    ),
    Claim(
        name="description-loses-bits", statement="a corpus that is published as it is comes to say what its grams say: 0 bits",
        where="theorem 2a, matched run", source=Source.TEXT, basis=f"ours: below .001 bits in the end. {_CODE}",
        read=lambda results: exact(gaps()["descriptive"][-1]).judged(gaps()["descriptive"][-1] < 1e-3),
    ),
)  # fmt: skip
