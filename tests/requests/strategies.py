"""Requests of every kind of wrongness: words of a command line, and values and calls in Python."""

import dataclasses

import jax.numpy as jnp
import numpy as np
from hypothesis import strategies as st

import collapsebench as cb
from collapsebench.cli.arguments import FIELDS

NOUNS = {"model": cb.MODELS, "target": cb.TARGETS, "regime": cb.REGIMES, "curator": cb.CURATORS, "metrics": cb.METRICS}
PATHS = [
    *FIELDS,
    *sorted(
        {
            f"{noun}.{field.name}"
            for noun, registry in NOUNS.items()
            for _, cls in registry.items()
            for field in dataclasses.fields(cls)
        }
    ),
    *(f"model.training.{field.name}" for field in dataclasses.fields(cb.Training)),
]
STRANGE = [
    "", " ", ".", "..", "=", ",", ":", "::", "a:", ":b", "()", "[]", "{}", "(1,", "None", "true", "nan", "inf", "-inf", "1e400",
    "-1", "0", "1", "2", "3.5", "20", "1e10", "10000000000", "9" * 30, "9" * 5000, "0x10", "1_0", "1j", "+".join("1" * 3000),
    "(" * 3000, "-" * 3000, "[" * 500 + "]" * 500, "1,2,3", "1,a", ",".join("1" * 500), "x" * 5000, "\x1b[2J", "a\nb", "a\0b",
    "\udcff", "\u202e", "ß", "<script>", "$\\frac$", "=cmd()", "sys:exit", "json:loads", "os:getcwd", "os:nothing", "nobody:X",
    "subprocess:Popen", "tests.requests.strange:Needs", "tests.requests.strange:Raises", "tests.requests.strange:Exits",
    "tests.requests.strange:Lazy", "tests.requests.strange:Plain", "tests.requests.strange:Asks", "tests.requests.lazy:X",
    "tests.requests.raising:X", "tests.requests.leaving:X", "nobody.py:X", "\x1b.py:X", "samples", "summary", "population",
]  # fmt: skip
"""Words that once were, or could be, more than a value."""
NAMES = [name for registry in NOUNS.values() for name in registry.names()]


def values():
    """A value as a word of a command line."""
    return st.one_of(
        st.sampled_from(STRANGE),
        st.sampled_from(NAMES),
        st.integers(-(10**12), 10**40).map(str),
        st.floats().map(str),
        st.text(max_size=12),
    )


def changes():
    """FIELD=VALUE, mostly of fields that there are."""
    path = st.one_of(st.sampled_from(PATHS), st.sampled_from(PATHS), st.text(max_size=8), st.sampled_from(STRANGE))
    return st.one_of(
        st.builds("{}={}".format, path, values()),
        st.builds("{}={}".format, st.sampled_from(list(NOUNS)), st.sampled_from(NAMES)),
        values(),
    )


def requests():
    """Words after `run`, `ablate` or `profile`."""
    name = st.one_of(st.sampled_from(sorted(cb.MODELS.names())), values())
    short = st.tuples(st.sampled_from(["--n", "--seed", "--generations", "--trajectories"]), values())
    sets = st.tuples(st.just("--set"), changes())
    more = st.lists(st.one_of(sets, sets, sets, short, st.tuples(values())), max_size=4)
    return st.builds(lambda name, pairs: [name, *(word for pair in pairs for word in pair)], name, more)


def command_lines():
    """The words of a whole command line, without --out."""
    ablate = st.lists(
        st.tuples(st.sampled_from(["--rich", "--statistic", "--population"]), values()).map(list), max_size=1
    )
    return st.one_of(
        requests().map(lambda words: ["run", *words]),
        requests().map(lambda words: ["run", *words]),
        requests().map(lambda words: ["profile", *words]),
        st.builds(lambda words, own: ["ablate", *words, *(word for pair in own for word in pair)], requests(), ablate),
        values().map(lambda word: ["reproduce", word]),
        values().map(lambda word: ["list", word]),
        values().map(lambda word: ["check", word]),
        st.builds(lambda a, b: ["compare", a, b], values(), values()),
        st.builds(lambda a, b: ["bench", "--rounds", a, "--tier", f"not {b}"], values(), values()),
        st.lists(values(), min_size=1, max_size=3),
    )


class Odd:
    """What no code expects: it cannot be compared or counted, and says much of itself."""

    def __repr__(self):
        return "\x1b[2J\n" * 2000

    def __eq__(self, other):
        raise RuntimeError("no comparison")

    __hash__ = None


def things():
    """A value in Python: mostly of a type that the place does not take."""
    numbers = st.one_of(
        st.integers(-3, 30), st.integers(-(10**20), 10**20), st.just(10**4000), st.floats(), st.booleans(), st.none(),
        st.sampled_from([np.float32(2), np.int64(3), np.bool_(True), np.nan, np.inf, 1j]),
    )  # fmt: skip
    arrays = st.sampled_from(
        [np.zeros(3), np.zeros(0), np.zeros((2, 2)), np.array("word"), np.array([None, 1]), np.array(2.0), jnp.ones(3),
         jnp.asarray(2), np.array([1 + 2j]), np.zeros(2, "datetime64[s]")]
    )  # fmt: skip
    fixed = st.sampled_from([object(), len, dict, cb.Experiment, cb.models.Gaussian, cb.models.Gaussian(), cb.regimes.Mix(),
                             cb.targets.Normal(), cb.Training(), range(3), b"bytes", Odd(), ..., cb, {1: 2}])  # fmt: skip
    words = st.one_of(st.sampled_from(STRANGE), st.sampled_from(NAMES), st.text(max_size=8))
    plain = st.one_of(numbers, words, arrays, fixed)
    nested = st.one_of(
        st.lists(plain, max_size=3),
        st.lists(plain, max_size=3).map(tuple),
        st.dictionaries(st.one_of(words, st.integers(0, 3)), plain, max_size=2),
    )
    return st.one_of(numbers, plain, nested)


def keywords(names):
    """Keyword arguments, mostly of these names."""
    known = st.sampled_from(sorted(names) or ["field"])
    named = st.dictionaries(known, things(), min_size=1, max_size=2)
    return st.integers(0, 7).flatmap(
        lambda i: named if i else st.dictionaries(st.text(max_size=6), things(), max_size=1)
    )
