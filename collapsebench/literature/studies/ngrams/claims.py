"""Claims of the n-gram study, and how each is measured."""

from __future__ import annotations

import numpy as np

from collapsebench.literature.measured import Measured, Results, mean_curve, measured_mean, ordered, within
from collapsebench.literature.studies.ngrams.read import (
    distinct,
    distinct_law,
    drop_law,
    dropped,
    first_loss_times,
    first_losses,
    losses_by_order,
    smooth_loss,
    survival,
    survival_law,
)
from collapsebench.literature.studies.ngrams.settings import COUNTS, FEW, SHARES, SIZES
from collapsebench.literature.study import Claim, Source


def _survival(results: Results, i: int) -> Measured | None:
    share = survival(results, i)
    if share.shape[1] < 13:
        return None
    k = np.arange(1, 13)
    return mean_curve(list(share[:, 1:13].T), survival_law(results, COUNTS[i], k), effect=1.0)


def _distinct(results: Results) -> Measured | None:
    share, k = distinct(results), np.arange(1, 11)
    if share.shape[1] < 11:
        return None
    return mean_curve(list(share[:, k].T), distinct_law(results, k), effect=1.0)


def _half(results: Results) -> Measured | None:
    """First generation by which fewer than half of the words that occur once are left, by trajectory."""
    share = survival(results, 0)
    if share.shape[1] < 13:
        return None
    found = measured_mean((share < 0.5).argmax(axis=1))
    return found.judged(within(found, 0.05, 2))


def _rising(losses: list[np.ndarray]) -> Measured | None:
    """Rise of the loss from generation 0 to 8, the smallest first; judged by whether their intervals are apart."""
    if min(own.shape[1] for own in losses) < 9:
        return None
    rises = [measured_mean(own[:, 8] - own[:, 0], len(losses)) for own in losses]
    return rises[-1].judged(ordered(*rises))


def _sizes(results: Results) -> Measured | None:
    return _rising([smooth_loss(results, i, 1.0) for i in reversed(range(len(SIZES)))])


def _cold(results: Results) -> Measured | None:
    return _rising([smooth_loss(results, 1, t) for t in (1.0, 0.9)])


def _orders(results: Results) -> Measured | None:
    found = losses_by_order(results)
    return _rising([found[order] for order in (1, 2, 3)]) if 3 in found else None


def _advantage(results: Results) -> Measured | None:
    """What order 3 has over order 1 at generation 8, negative where it is worse; judged against generation 0."""
    found = losses_by_order(results)
    if 3 not in found or found[3].shape[1] < 9:
        return None
    gains = [measured_mean(found[1][:, g].mean() - found[3][:, g]) for g in (8, 0)]
    return gains[0].judged(ordered(*gains))


def _dropped(results: Results) -> Measured | None:
    lost = [dropped(results, share) for share in SHARES]
    return mean_curve(lost, drop_law(np.array(SHARES)), effect=1.0) if len(lost[0]) >= 20 else None


def _first(results: Results) -> Measured | None:
    times = first_losses(results)
    if (times < 0).any() or times.size < 1000:
        return None
    law = float(first_loss_times(results, np.arange(4000)).sum())
    found = measured_mean(times - law)
    return found.judged(within(found, 3.0))


def _early(results: Results) -> Measured | None:
    """Whether the rare words go first: the share left after three refits, of each class above the rarer one."""
    if results["unigram"].sizes["generation"] < 4:
        return None
    shares = [measured_mean(survival(results, i)[:, 3], len(COUNTS)) for i in range(len(COUNTS))]
    return shares[0].judged(ordered(*shares))


def _claims() -> tuple[Claim, ...]:
    exact = "an exact law; the effect is the whole share"
    own = "pydoc_data's topics in words, as many tokens a generation as the text has"
    rise = "ours: the rises over eight generations, whose intervals must not touch"
    return (
        *(
            Claim(
                name=f"survival-of-{count}", statement=f"words that occur {count} times survive by the chain of their count",
                where="unigrams", source=Source.DERIVED, law="survival_law", basis=exact, chosen=own,
                read=lambda results, i=i: _survival(results, i),
            )
            for i, count in enumerate(COUNTS)
        ),
        Claim(
            name="distinct-words", statement="share of distinct words after 1 to 10 refits, by the text's own counts",
            where="Suresh et al., figure of words", source=Source.DERIVED, law="survival_law", basis=exact, chosen=own,
            read=_distinct,
        ),
        Claim(
            name="rare-words-go-first", statement="the rarer the word, the sooner it is lost (three refits)",
            where="early collapse", source=Source.DERIVED, basis="ours: the shares left, whose intervals must not touch",
            chosen=own, read=_early,
        ),
        Claim(
            name="half-life", statement="half of the words that occur once are gone by generation 2", where="unigrams",
            source=Source.DERIVED, basis="ours: the mean generation, within .05 of 2; by the law .469 are left there",
            chosen=own, read=_half,
        ),
        Claim(
            name="fewer-tokens", statement="the fewer tokens a generation has, the more the loss rises",
            where="statistical error", source=Source.DERIVED, basis=rise, chosen=own,
            read=_sizes,
        ),
        Claim(
            name="lower-temperature", statement="a temperature of .9 makes the loss rise faster than one of 1",
            where="approximation error", source=Source.DERIVED, basis=rise, chosen=own, read=_cold,
        ),
        Claim(
            name="higher-order", statement="the higher the order, the more the loss rises", where="expressivity error",
            source=Source.DERIVED, basis=rise, chosen=own, read=_orders,
        ),
        Claim(
            name="advantage-lost", statement="what order 3 has over order 1 shrinks from the first generation to the ninth",
            where="expressivity error", source=Source.DERIVED, basis="ours: both gains, whose intervals must not touch",
            chosen=own, read=_advantage,
        ),
        Claim(
            name="single-token-drop-out", statement="a word that occurs once is lost with probability a exp(-a) in one step",
            where="Riis, drop-out", source=Source.DERIVED, law="a exp(-a)", basis=exact,
            chosen="tokens of a pydoc text are replaced, shares .2, .5 and 1", read=_dropped,
        ),
        Claim(
            name="first-loss", statement="the first token is lost as late as the diffusion limit says, within three generations",
            where="Benati et al.", source=Source.DERIVED, basis="ours: mean time less the law's, within 3 generations",
            chosen=f"the boolean language's nine tokens, {FEW} blocks of 64 a generation", read=_first,
        ),
    )  # fmt: skip


CLAIMS = _claims()
