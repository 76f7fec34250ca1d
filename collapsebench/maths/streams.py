"""Random keys derived from an address (seed, name, trajectory, stream, generation), never carried from step to step."""

from __future__ import annotations

import enum
import zlib

import jax
import jax.numpy as jnp
import numpy as np

from collapsebench.maths.samplers.bits import hash_words, key_words, threefry
from collapsebench.specs.pytree import Count, Key


class Stream(enum.IntEnum):
    """Purpose of a random key. Values are part of every result: append, never renumber."""

    REAL = 0
    HOLDOUT = 1
    INIT = 2
    FIT = 3
    SAMPLE = 4
    FRESH = 5
    REGIME = 6
    CURATE = 7
    METRIC = 8
    SNAPSHOT = 9
    TRAJECTORY = 10
    PART = 11


# First counter word of every derivation: away from zero, where jax.random counts, and from the samplers' own words.
_DERIVE = 0x57000000
# Added to the first word of a key that is derived without a hash.
_NEAR = 0x6E000000


def root_key(seed: int, name: str) -> Key:
    """Root key of an experiment from its seed (up to 64 bits) and name.

    It is jax.random.key(seed) with the name's CRC-32 folded in, by NumPy: JAX would compile programs for it.
    """
    high, low = divmod(int(seed), 2**32)
    words = np.zeros((1,), np.uint32), np.array([low], np.uint32)
    for more in (*([high] if high else []), zlib.crc32(name.encode())):
        words = threefry(*words, np.zeros((1,), np.uint32), np.array([more], np.uint32))
    return jax.random.wrap_key_data(jax.device_put(np.concatenate(words)), impl="threefry2x32")


def derive(key: Key, purpose: int, index: Count) -> Key:
    """Key of a purpose and an index: the threefry-2x32 hash of both under `key`, in one call."""
    words = hash_words(*key_words(key), np.uint32(_DERIVE + purpose), jnp.asarray(index, jnp.uint32))
    # A stack, where a kernel ends: fused with what follows, all hashes before it would be made anew for each word.
    return jax.random.wrap_key_data(jnp.stack(words), impl="threefry2x32")


def trajectory_key(root: Key, trajectory: Count) -> Key:
    """Key of one trajectory, independent of which others run beside it."""
    return derive(root, Stream.TRAJECTORY, trajectory)


def key_for(key: Key, stream: Stream, generation: Count = 0) -> Key:
    """Key of one stream in one generation of a trajectory."""
    return derive(key, stream, generation)


def key_near(key: Key, stream: Stream, generation: Count) -> Key:
    """Key of one stream in one generation that costs no hash: for draws so few that it would be a third of their cost.

    Its words are those of the trajectory's key with stream and generation added, which a sampler's own hash scatters as it
    does counters (Salmon et al., 2011). Of two trajectories that are G generations long one in 2^63 / G pairs has a key in
    common.
    """
    # Added to both words at once: a stack of what differs by lane would be stored.
    added = jnp.stack([jnp.uint32(_NEAR + stream), jnp.asarray(generation, jnp.uint32)])
    return jax.random.wrap_key_data(jax.random.key_data(key) + added, impl="threefry2x32")


def part(key: Key, i: Count) -> Key:
    """The i-th of several keys for one purpose."""
    return derive(key, Stream.PART, i)


def fingerprint(root: Key) -> str:
    """A word that changes with the root key, with the streams' numbers, and with the hash that makes the bits."""
    first = threefry(*(np.array([word], np.uint32) for word in (1, 2, _DERIVE, 3)))
    known = (
        *np.asarray(jax.random.key_data(root)).tolist(),
        *(int(word[0]) for word in first),
        *map(int, Stream),
        _NEAR,
    )
    return f"{zlib.crc32(repr(known).encode()):08x}"
