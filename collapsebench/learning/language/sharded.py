"""One model over all devices: a training step with a share of the batch on each, and generation of a share of the rows.

On two CPU cores, two virtual devices (XLA_FLAGS=--xla_force_host_platform_device_count=2) are faster than one of two
threads: each core runs its own half and small operations wait for nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import jax
import jax.numpy as jnp
from jax.sharding import AxisType, Mesh
from jax.sharding import PartitionSpec as P
from jaxtyping import Array, Float, Int, PyTree

from collapsebench.learning.language.architecture import Decoder
from collapsebench.learning.language.decoder import Tokens, block_nats, token_nats
from collapsebench.learning.language.decoding import Decoding
from collapsebench.learning.language.generate import check_length, generate
from collapsebench.learning.training import Training, gradient
from collapsebench.maths.compiling import network_options
from collapsebench.maths.streams import part
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Count, Key

AXIS = "batch"
Step = Callable[[PyTree, Count, Tokens, Tokens], tuple[PyTree, Float[Array, ""]]]
"""(state, number of the step, tokens, the token after each) -> the state after it, and the mean loss before it."""


def mesh(devices: Sequence[jax.Device] | None = None) -> Mesh:
    """Devices in a row (None: all there are)."""
    devices = jax.devices() if devices is None else devices
    return jax.make_mesh((len(devices),), (AXIS,), axis_types=(AxisType.Auto,), devices=devices)


def block_loss(shape: Decoder, start: int) -> Callable[[PyTree, Key, Tokens], Float[Array, ""]]:
    """Loss of blocks of tokens: mean nats a token; the first follows the token `start`."""
    return lambda params, key, blocks: block_nats(shape, params, blocks, start).mean()


def training_step(shape: Decoder, training: Training, over: Mesh | None = None) -> Step:
    """Compiled step of training, with `training.batch` sequences of which each device has its share.

    The state is (parameters, the optimiser's state), which it takes over; `begin` makes it. `training.pieces` counts for
    each device: with two sequences a piece, activations stay in a core's own cache.
    """
    over = mesh() if over is None else over
    devices = over.devices.size
    if training.batch % (devices * training.pieces):
        raise RequestError(
            f"training.batch = {training.batch}: it must be a multiple of {devices} devices x pieces = {training.pieces}"
        )
    transform = training.transform()

    def loss(params: PyTree, key: Key, rows: tuple[Tokens, Tokens]) -> Float[Array, ""]:
        return token_nats(shape, params, *rows).mean()

    def step(state: PyTree, i: Count, tokens: Tokens, after: Tokens) -> tuple[PyTree, Float[Array, ""]]:
        params, memory = state
        key = part(jax.random.key(0, impl="threefry2x32"), 0)  # the loss draws nothing
        value, slope = jax.lax.pmean(gradient(loss, training, params, key, (tokens, after)), AXIS)
        change, memory = transform.update(slope, memory, params)
        rate = training.rate_at(i)
        params = jax.tree.map(lambda p, c: p - (rate * c).astype(p.dtype), params, change)
        return (params, memory), value

    sharded = jax.shard_map(
        step, mesh=over, in_specs=(P(), P(), P(AXIS), P(AXIS)), out_specs=P(), check_vma=False
    )  # the optimiser's state is the same everywhere, which the check cannot see
    options = network_options(over.devices.flat[0].platform)
    return jax.jit(sharded, donate_argnums=0, compiler_options=options)


def begin(params: PyTree, training: Training) -> PyTree:
    """State of training before its first step, from copies of the parameters."""
    params = jax.tree.map(jnp.copy, params)
    return params, training.transform().init(params)


def sharded_generate(
    shape: Decoder, params: PyTree, key: Key, prompts: Tokens, steps: int, decoding: Decoding, over: Mesh | None = None
) -> Int[Array, "batch steps"]:
    """`steps` tokens behind each prompt, of which each device has its share.

    Raises RequestError beyond the context, or for prompts that the devices do not share evenly.
    """
    over = mesh() if over is None else over
    check_length(shape, prompts.shape[1], steps)
    decoding.check(shape.vocabulary)
    if prompts.shape[0] % over.devices.size:
        raise RequestError(f"prompts: {prompts.shape[0]} rows are not a multiple of {over.devices.size} devices")
    keys = jax.random.split(key, over.devices.size)
    return _sharded_generate(shape, params, keys, prompts, steps, decoding, over)


@partial(jax.jit, static_argnames=("shape", "steps", "over"))
def _sharded_generate(
    shape: Decoder, params: PyTree, keys: Array, prompts: Tokens, steps: int, decoding: Decoding, over: Mesh
) -> Array:
    def own(params: PyTree, keys: Array, prompts: Tokens, decoding: Decoding) -> Array:
        return generate(shape, params, keys[0], prompts, steps, decoding)

    each = jax.shard_map(
        own, mesh=over, in_specs=(P(), P(AXIS), P(AXIS), P()), out_specs=P(AXIS), check_vma=False
    )  # a loop's carry that begins as zeros is the same everywhere, and then is not
    return each(params, keys, prompts, decoding)
