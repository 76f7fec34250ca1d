"""Correctness and edit diversity within a loop, against the parser and the distance that work on Python's strings."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import collapsebench as cb
from collapsebench.analysis.likeness import edit_distance, edit_diversity
from collapsebench.datasets.texts import boolean
from collapsebench.maths.estimators import sentences

ENDS = sentences.END


def codes(text):
    """Places of the signs; a full stop is an end, any other sign is none of the language."""
    return [ENDS if sign == "." else sentences.SIGNS.find(sign) % 10 for sign in text]


def share(*rows, w=None):
    block = max(map(len, rows))
    x = jnp.asarray([codes(row.ljust(block, "?")) for row in rows])
    x = jnp.where(x == 9, sentences.OTHER, x)
    return float(jax.jit(sentences.correct_share)(x, jnp.ones(len(rows)) if w is None else jnp.asarray(w)))


def test_an_equation_is_judged_as_its_parser_does(random):
    """Equations that are true, with a sign changed, with a sign too many, and of random signs: 4000 of them in 40 rows."""
    found = []
    for _ in range(1000):
        left, value = boolean._expression(random, 4)
        true = f"{left}={'T' if value else 'F'}"
        at, sign = random.integers(len(true)), random.choice(list(sentences.SIGNS))
        noise = "".join(random.choice(list(sentences.SIGNS), random.integers(1, 8)))
        found += [true, true[:at] + sign + true[at + 1 :], true[:at] + sign + true[at:], noise]
    right = [boolean.correct(sentence) for sentence in found]
    assert 1000 < sum(right) < 2000
    for start in range(0, len(found), 100):
        row = "." + ".".join(found[start : start + 100]) + "."
        assert share(row.ljust(3000, "?")) == pytest.approx(np.mean(right[start : start + 100])), start


def test_only_whole_sentences_of_live_rows_count():
    assert share("T=T.T=F.T") == 0  # one whole sentence, a wrong one
    assert share(".T=T.F=T.", "T.F=F.(T", w=[1.0, 1.0]) == pytest.approx(2 / 3)
    assert share(".T=T.F=T.", "T.F=F.(T", w=[0.0, 1.0]) == 1
    assert share("T=T") == 0  # none is whole
    assert share("..T=T.") == 0.5  # an empty sentence is whole, and wrong
    assert share("." + "(" * 32 + "T" + "&T)" * 32 + "=T.") == 0  # deeper than is followed
    assert share("." + "(" * 31 + "T" + "&T)" * 31 + "=T.") == 1


def test_distances_are_those_of_the_slow_way(random):
    block = 7
    x = random.integers(0, 4, (12, block))
    lengths = random.integers(0, block + 1, 12)
    texts = ["".join(map(str, row[:size])) for row, size in zip(x, lengths, strict=True)]
    for i in range(11):
        found = sentences.edit_distance(*map(jnp.asarray, (x[i], x[i + 1], lengths[i], lengths[i + 1])))
        assert int(found) == edit_distance(texts[i], texts[i + 1])
    live = np.arange(12) != 4
    spread = sentences.edit_spread(jnp.asarray(x), jnp.asarray(lengths), jnp.asarray(live), jnp.float32)
    assert float(spread) == pytest.approx(edit_diversity([t for t, own in zip(texts, live, strict=True) if own]))
    one = sentences.edit_spread(jnp.asarray(x), jnp.asarray(lengths), jnp.arange(12) == 1, jnp.float32)
    assert one == 0  # no pair


def test_the_first_whole_sentence_of_a_row():
    x, lengths = sentences.first_sentences(jnp.asarray([[1, 9, 2, 3, 9, 4], [9, 9, 1, 2, 3, 4], [1, 2, 9, 3, 4, 5]]), 9)
    assert lengths.tolist() == [2, 0, -1]
    assert x[0, :2].tolist() == [2, 3]


BOOLEAN = cb.targets.Text("boolean", tokenizer="characters")


LOOP = cb.Experiment(
    target=BOOLEAN, model=cb.models.NGram(order=2), n=60, generations=2, trajectories=2,
    metrics=("correctness", cb.metrics.EditDiversity(rows=12)), holdout=1,
)  # fmt: skip


def test_real_text_is_true_and_as_varied_as_its_sentences():
    """Held-out rows of the language, by the experiment's own metrics."""
    target = BOOLEAN.prepare()
    rows = target.sample_holdout(jax.random.key(0), 60)

    @jax.jit
    def measured(rows):
        view = cb.View(target, LOOP.model, None, None, cb.Batch(rows, jnp.ones(60)), None, None, 0)
        return [metric.prepare(LOOP)(None, view) for metric in LOOP.metrics]

    correct, varied = measured(rows)
    assert correct == 1
    text = BOOLEAN.tokenised()
    said = [text.decode(row, end=".").split(".")[1:-1] for row in np.asarray(rows[:12])]
    assert float(varied) == pytest.approx(edit_diversity([own[0] for own in said if own]), rel=1e-6)


@pytest.mark.slow
def test_a_loop_of_bigrams_says_what_is_wrong():
    result = cb.run(LOOP)
    assert ((result.correctness >= 0) & (result.correctness < 0.9)).all()
    assert ((result.edit_diversity > 0) & (result.edit_diversity <= 1)).all()


def test_what_is_refused():
    for changes, why in (
        ({"target": cb.targets.Text(tokenizer="words"), "metrics": "correctness"}, "tokenizer = characters"),
        ({"target": "text", "model": cb.models.NGram(order=1), "handover": "summary", "metrics": "correctness"}, "single rows"),
        ({"target": BOOLEAN, "metrics": cb.metrics.EditDiversity(rows=1)}, "at least 2"),
        ({"target": "normal", "model": "gaussian", "metrics": "edit_diversity"}, "it measures text"),
    ):  # fmt: skip
        with pytest.raises(cb.RequestError, match=why):
            cb.Experiment(**{"model": "ngram", **changes})
