"""Random bits by threefry in elementwise arithmetic, so that XLA fuses it with the code that uses the bits.

`jax.random.bits` calls a rolled loop on a CPU, whose every round goes through memory, and keeps one of the two words
each hash makes.

XLA's CPU compiler copies a cheap chain (the hash is all adds, shifts and xors) into every kernel that needs it, and
starts a new kernel at a division, root, logarithm or exponential that is used more than once. So everything here that
follows a hash ends in one array and uses each costly result once: that is why refusals are coded inside the value.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.custom_batching import custom_vmap
from jaxtyping import PyTree

from collapsebench.maths import gpu

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = np.uint32(0x1BD11BDA)
_NUMPY = np.add, np.bitwise_xor, np.bitwise_or, np.left_shift, np.right_shift
_LAX = lax.add, lax.bitwise_xor, lax.bitwise_or, lax.shift_left, lax.shift_right_logical
_GOLDEN = np.uint32(0x9E3779B9)  # 2**32 times the golden ratio

# First counter word of each sampler. jax.random keeps its own first word at zero for anything below 2**32 draws, so a
# key that was also split or folded elsewhere still gives other bits here. Refusals count up from the tag.
NORMAL, GAMMA, GAMMA_BOOST, _, BINOMIAL, POISSON, CHAIN_TOP, CHAIN, UNIFORM, PERMUTE = (
    np.uint32(0x4B000000 + (i << 24)) for i in range(10)
)

# Beyond the words that streams.py derives keys with.
COIN, WAITING, SLOT = (np.uint32(0x58000000 + (i << 24)) for i in range(3))

_GROUP, _FEW, _TOGETHER = 8, 64, 16
REFUSED = -2  # what a proposal says instead of a value; all values here are above -1


def key_words(key: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Two uint32 words of a typed threefry key."""
    if not jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
        raise TypeError(f"key: a typed key is needed (jax.random.key), not an array of {key.dtype}")
    data = jax.random.key_data(key)
    if data.shape != (2,):
        raise TypeError(f"key: one threefry key is needed, not shape {key.shape} of {key.dtype}")
    return data[0], data[1]


def threefry(k0: Any, k1: Any, x0: Any, x1: Any) -> tuple[Any, Any]:
    """Threefry-2x32 hash, 20 rounds, of the counter (x0, x1) under the key (k0, k1); uint32 arrays, NumPy or JAX.

    Everything broadcasts. Source: Salmon et al. (2011), Parallel random numbers: as easy as 1, 2, 3.
    """
    # Primitives: `jax.numpy` would take half of the time in which a small program is traced.
    numpy = isinstance(x1, np.ndarray)
    add, xor, unite, left, right = _NUMPY if numpy else _LAX
    k0, k1, x0, x1 = (np.broadcast_arrays if numpy else jnp.broadcast_arrays)(k0, k1, x0, x1)
    schedule = (k0, k1, xor(xor(k0, k1), _PARITY))
    x0, x1 = add(x0, k0), add(x1, k1)
    for block in range(5):
        for turn in _ROTATIONS[block % 2]:
            x0 = add(x0, x1)
            x1 = xor(x0, unite(left(x1, np.uint32(turn)), right(x1, np.uint32(32 - turn))))
        x0 = add(x0, schedule[(block + 1) % 3])
        x1 = add(add(x1, schedule[(block + 2) % 3]), np.uint32(block + 1))
    return x0, x1


@jax.jit  # a call, which XLA inlines: traced and lowered once for each shape, and a third of a loop's trace is saved
def hash_words(k0: jax.Array, k1: jax.Array, tag, index: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Two independent uint32 words for each counter (tag, index) under the key (k0, k1), by `threefry`."""
    return threefry(k0, k1, jnp.asarray(tag).astype(jnp.uint32), index.astype(jnp.uint32))


def indices(shape: tuple[int, ...]) -> jax.Array:
    """Flat positions of an array of this shape, as uint32."""
    return lax.iota(jnp.uint32, int(np.prod(shape))).reshape(shape)


def uniform_from(high: jax.Array, low: jax.Array | None, dtype) -> jax.Array:
    """Uniform draw on (0, 1], as fine as floats near 0: from 32 bits, or from 64 where `low` is given."""
    u = (high.astype(dtype) + (0.5 if low is None else low.astype(dtype) * 2.0**-32 + 2.0**-33)) * 2.0**-32
    return u.astype(dtype)


def test_from(high: jax.Array, low: jax.Array, dtype) -> jax.Array:
    """Uniform draw on (0, 1] for the test of a proposal that these 64 bits have made already.

    All that matters is that it is uniform among the words that make the same proposal. They are many, and multiples of the
    golden ratio spread evenly over any run of them.
    """
    return uniform_from(high + low * _GOLDEN, None, dtype)


def half_from(high: jax.Array, low: jax.Array, dtype) -> tuple[jax.Array, jax.Array]:
    """(upper, v): a fair coin and a uniform v on (0, 1/2], so that v or 1 - v is uniform and both ends are fine."""
    v = uniform_from((high << np.uint32(1)) | (low >> np.uint32(31)), low << np.uint32(1), dtype)
    return high >= np.uint32(1 << 31), v * 0.5


def product(a: jax.Array, b: jax.Array) -> tuple[jax.Array, jax.Array]:
    """High and low word of the 64-bit product of two uint32."""
    half, low = np.uint32(16), np.uint32(0xFFFF)
    top, rest = a >> half, a & low
    high, other = b >> half, b & low
    middle = top * other + ((rest * other) >> half)
    return top * high + (middle >> half) + ((rest * high + (middle & low)) >> half), a * b


def whole_below(high: jax.Array, low: jax.Array, size: jax.Array) -> jax.Array:
    """floor(bits * size / 2**64) as uint32: whole, below `size`, uniform to within size / 2**56.

    The low word only decides whether its product carries: a float says that well enough.
    """
    top, rest = product(high, size)
    more = (low >> np.uint32(1)).astype(jnp.int32).astype(jnp.float32) * (size.astype(jnp.float32) * 2.0**-31)
    more = jnp.minimum(more.astype(jnp.uint32), size - 1)  # it may be rounded up to `size`
    return top + (rest + more < rest).astype(jnp.uint32)


def words_below(high: jax.Array, low: jax.Array, total: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
    """bits * total / 2**64 as two words, below the two words of `total` and uniform to within 2 / 2**64."""
    top, rest = product(high, total[0])
    first = rest + product(high, total[1])[0]
    second = first + product(low, total[0])[0]
    return top + (first < rest).astype(jnp.uint32) + (second < first).astype(jnp.uint32), second


def to_words(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """High and low word of floor(2**32 x) for floats 0 <= x < 2**32."""
    whole = jnp.floor(x)
    return whole.astype(jnp.uint32), ((x - whole) * 2.0**32).astype(jnp.uint32)


def float_dtype(*values) -> np.dtype:
    """Floating dtype of the parameters, or JAX's default float for integers and Python numbers."""
    dtype = jnp.result_type(*values)
    return dtype if jnp.issubdtype(dtype, jnp.floating) else jnp.result_type(float)


def over_lanes(function: Callable) -> Callable:
    """Decorator: let `vmap` of a function of arrays with a leading axis of lanes keep one shared loop.

    A batched `while_loop` selects its whole carry at every step and its counters become arrays. Here another mapped
    axis only multiplies the lanes, so that loop bounds stay scalars. `function` must treat every lane alone and alike.
    The result takes one lane without its axis; its attribute `lanes` is the function of many.
    """
    lanes = custom_vmap(function)

    @lanes.def_vmap
    def _rule(axis_size, in_batched, *args):
        flat = []
        for value, batched in zip(args, in_batched, strict=True):
            value = value if batched else jnp.broadcast_to(value, (axis_size, *value.shape))
            flat.append(value.reshape(-1, *value.shape[2:]))
        out = lanes(*flat)
        batched_out = jax.tree.map(lambda _: True, out)
        return jax.tree.map(lambda value: value.reshape(axis_size, -1, *value.shape[1:]), out), batched_out

    @wraps(function)
    def one_lane(*args):
        return jax.tree.map(lambda value: value[0], lanes(*(jnp.asarray(value)[None] for value in args)))

    one_lane.lanes = lanes  # type: ignore[attr-defined]
    return one_lane


_WRITTEN_OUT, _LEAST_TURNS, _STRIPS = 5, 16, 64


def accelerated() -> bool:
    """Whether the program is for an accelerator, where a kernel's start costs more than what a few thousand threads do."""
    return jax.default_backend() != "cpu"


def over_places(
    step: Callable, parts: int, places: int, k0: jax.Array, k1: jax.Array, *each: jax.Array
) -> tuple[jax.Array, ...]:
    """One float32 total or two, [lanes], of step(totals, [(place, live), ...], k0, k1, *each) over all places of every lane.

    They are 0 .. places - 1, and no draw is stored: some are written out in a kernel, and turns of it follow each other.
    live: whether a place is one of them (None: it is). On a CPU a kernel has one output, for XLA hashes anew for each: two
    totals are one complex number; long lanes are cut into strips, whose totals are added, as XLA's own sums are not
    vectorised. On an accelerator without a kernel of our own every turn is a strip: more places in a kernel took as long.
    """
    steps = -(-places // _WRITTEN_OUT)

    def turn(totals: tuple[jax.Array, ...], first: jax.Array, lanes: Sequence[jax.Array], exact: bool) -> PyTree:
        here = [first + np.uint32(i) for i in range(_WRITTEN_OUT)]
        return step(totals, [(place, None if exact else place < places) for place in here], *lanes)

    if gpu.available():
        exact = places == steps * _WRITTEN_OUT

        def one(totals: PyTree, i: jax.Array, lanes: PyTree) -> PyTree:
            return turn(totals, (i * _WRITTEN_OUT).astype(jnp.uint32), lanes, exact)

        return gpu.sums_in_registers(one, parts, steps, (k0, k1, *each))
    strips = steps if accelerated() else min(_STRIPS, 1 << max(0, (steps // _LEAST_TURNS).bit_length() - 1))
    turns = -(-steps // strips)
    exact = places == strips * turns * _WRITTEN_OUT
    first = jnp.repeat(jnp.arange(strips, dtype=jnp.uint32), k0.shape[0]) * np.uint32(turns * _WRITTEN_OUT)
    lanes = [jnp.tile(value, strips) for value in (k0, k1, *each)]

    def body(j: jax.Array, total: jax.Array) -> jax.Array:
        totals = (total.real, total.imag) if parts == 2 else (total,)
        totals = turn(totals, first + jnp.asarray(j * _WRITTEN_OUT, jnp.uint32), lanes, exact)
        return lax.complex(*totals) if parts == 2 else totals[0]

    zero = np.complex64(0) if parts == 2 else np.float32(0)
    total = lax.fori_loop(0, turns, body, jnp.full(first.shape, zero)).reshape(strips, -1)
    # Parts one by one: a sum of complex numbers is not vectorised.
    return tuple(part.sum(0) for part in ((total.real, total.imag) if parts == 2 else (total,)))


def _by_groups(mask: jax.Array) -> jax.Array:
    """How many flags of each of the columns [groups] of a flat mask, read as a table of _GROUP rows, are true.

    A product with ones, as XLA's CPU compiler does not vectorise sums of flags.
    """
    return jnp.ones(_GROUP, jnp.float32) @ mask.reshape(_GROUP, -1).astype(jnp.float32)


def by_turns(
    propose: Callable, first: Sequence[Callable], k0: jax.Array, k1: jax.Array, tag, place: jax.Array,
    *parameters: jax.Array,
) -> jax.Array:  # fmt: skip
    """Rejection sampling of values [draws]: propose(high, low, *parameters) until its real part is not REFUSED.

    k0, k1, place: words of each draw's key, and its counter under it. first: cheaper forms of `propose` for one sort of
    parameters each, from the same bits, that refuse what they are not sure of: all draws try the first, and where many are
    left the next. Between them they leave few; groups of draws with one of these among them take their turns alone, from
    the same bits on, _TOGETHER groups at a time. Bits depend on the key, the place and how often the draw was refused.
    """
    size = place.size
    if size == 0:
        return parameters[0]
    if accelerated():
        return _all_at_once(propose, k0, k1, tag, place, *parameters)
    groups = -(-size // _GROUP)
    draws = groups * _GROUP
    table = [jnp.resize(array, (draws,)) for array in (k0, k1, place, *parameters)]
    refusals = lambda value: _by_groups(value.real == REFUSED)  # noqa: E731

    def attempt(propose, turn, value, table):
        # Tied to the turn: what its turns have in common would be moved before the loop, and made even if it has none.
        turn, (k0, k1, place, *parameters) = lax.optimization_barrier((turn, table))
        new = propose(*hash_words(k0, k1, tag + turn, place), *parameters)
        return turn + 1, jnp.where(value.real == REFUSED, new, value)

    value = first[0](*hash_words(*table[:2], tag, table[2]), *table[3:])
    value = lax.optimization_barrier(value)  # stored: else all that makes it would be made anew for the count
    left = refusals(value)
    for form in first[1:]:

        def once(state, form=form):
            turn, value = attempt(form, *state[:2], table)
            return turn, value, refusals(value)

        many = lambda state: (state[0] == 0) & (jnp.sum(state[2]) > draws // _FEW)  # noqa: E731
        # A loop of one turn or none: of a conditional's result a copy might be made.
        _, value, left = lax.while_loop(many, once, (np.uint32(0), value, left))

    def some_again(state):
        # The loop writes to `done` and reads `value`: an array that is both is copied whole at every step.
        left, done = state
        found, mine = lax.top_k(left, min(groups, _TOGETHER))
        cut = lambda array: array.reshape(_GROUP, groups).at[:, mine].get(mode="promise_in_bounds")  # noqa: E731
        own, begun = [cut(array) for array in table], (np.uint32(0), jnp.where(found[None] > 0, cut(value), 0))
        refused = lambda state: jnp.any(state[1].real == REFUSED)  # noqa: E731
        fresh = lax.while_loop(refused, lambda state: attempt(propose, *state, own), begun)[1]
        to = jnp.where(found > 0, mine, groups)
        return left.at[mine].set(0), done.at[:, to].set(fresh, mode="drop", unique_indices=True)

    state = left, value.reshape(_GROUP, groups)
    done = lax.while_loop(lambda state: jnp.any(state[0] > 0), some_again, state)[1]
    return done.reshape(-1)[:size]


_TURNS_AT_ONCE = 4


def _all_at_once(
    propose: Callable, k0: jax.Array, k1: jax.Array, tag, place: jax.Array, *parameters: jax.Array
) -> jax.Array:
    """`by_turns` for an accelerator: the first turns of all draws in one kernel, and a loop that hardly ever begins."""

    def attempt(turn: Any, value: jax.Array) -> jax.Array:
        new = propose(*hash_words(k0, k1, tag + turn, place), *parameters)
        return jnp.where(value.real == REFUSED, new, value)

    value = propose(*hash_words(k0, k1, tag, place), *parameters)
    for turn in range(1, _TURNS_AT_ONCE):
        value = attempt(np.uint32(turn), value)
    state = np.uint32(_TURNS_AT_ONCE), value
    again = lambda state: (state[0] + 1, attempt(*state))  # noqa: E731
    return lax.while_loop(lambda state: jnp.any(state[1].real == REFUSED), again, state)[1]
