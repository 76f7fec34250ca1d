"""Tokens per second of a decoder of .8M parameters, training and cached sampling, against PyTorch eager and compiled."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from collapsebench.engine import devices
from collapsebench.learning.language.architecture import Decoder
from collapsebench.learning.language.decoding import Decoding
from collapsebench.learning.language.sharded import begin, sharded_generate, training_step
from collapsebench.learning.training import Training

VOCABULARY = 256


def decoder(jax_benchmark):
    """Width 128, 4 layers and a context of 128; at the smoke tier, one narrow layer."""
    devices.mesh()  # before any array is made: the first one starts the backend, with one device if nobody has asked for more
    width, layers, context = jax_benchmark.pick((16, 1, 8), (128, 4, 128), (128, 4, 128))
    return Decoder(VOCABULARY, context, width, layers, 4)


def rivals(jax_benchmark, what, shape, batch):
    """PyTorch, eager and compiled, on one thread and on two; none where it is not installed, and none at the smoke tier."""
    if jax_benchmark.tier == "smoke":
        return {}
    pytest.importorskip("torch", reason="the rival is PyTorch")
    from benchmarks import torch_language

    sizes = (VOCABULARY, shape.context, shape.width, shape.layers, shape.heads)
    if jax.default_backend() != "cpu":
        made = {
            name: getattr(torch_language, what)(sizes, batch, 8, name == "compiled") for name in ("eager", "compiled")
        }
        return {f"pytorch, {name}": (float(batch * shape.context), call) for name, call in made.items()}
    return {
        f"pytorch, {'compiled' if compiled else 'eager'}, {n} thread{'s' * (n > 1)}": (
            float(batch * shape.context), getattr(torch_language, what)(sizes, batch, n, compiled),
        )
        for compiled in (False, True) for n in (1, 2)
    }  # fmt: skip


def bench_training_of_a_transformer(jax_benchmark):
    """One step of AdamW on 32 sequences: on a CPU two at a time on each device, which stay in a core's cache."""
    batch = jax_benchmark.pick(4, 32, 32)
    shape = decoder(jax_benchmark)
    found = rivals(jax_benchmark, "training", shape, batch)
    params = shape.random(jax.random.key(0))
    tokens, after = np.random.default_rng(1).integers(0, VOCABULARY, (2, batch, shape.context)).astype(np.int32)
    pieces = max(1, batch // 2 // len(jax.devices())) if jax.default_backend() == "cpu" else 1
    plan = Training(batch=batch, rate=1e-3, decay=0.01, decoupled=True, pieces=pieces)
    jax_benchmark(
        training_step(shape, plan), setup=lambda: (begin(params, plan), jnp.int32(0), tokens, after),
        units=float(batch * shape.context), unit="tokens", rivals=found,
        check=lambda answer: abs(float(answer[1]) - np.log(VOCABULARY)) < 0.1,
    )  # fmt: skip


def bench_sampling_of_a_transformer(jax_benchmark):
    """64 sequences drawn over a cache of keys and values, a group at a time on each device."""
    batch = jax_benchmark.pick(4, 64, 64)
    shape = decoder(jax_benchmark)
    found = rivals(jax_benchmark, "sampling", shape, batch)
    params, first = shape.random(jax.random.key(0)), jnp.zeros((batch, 1), jnp.int32)

    def draws(params, key, first):
        return sharded_generate(shape, params, key, first, shape.context, Decoding())

    def uniform(tokens):
        """Whether weights that are next to nothing draw next to uniform tokens."""
        counts = np.bincount(np.asarray(tokens).ravel(), minlength=VOCABULARY)
        law = tokens.size / VOCABULARY
        return len(counts) == VOCABULARY and ((counts - law) ** 2 / law).sum() < 3 * VOCABULARY

    jax_benchmark(
        draws, setup=lambda: (params, jax.random.key(1), first), units=float(batch * shape.context), unit="tokens",
        check=uniform, rivals=found,
    )  # fmt: skip
