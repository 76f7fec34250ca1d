"""PyTorch copies of the networks: writes golden.json, losses and gradients at equal weights.

Run from the repository root where torch is installed: python -m tests.learning.golden
"""

import json
import math
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from collapsebench.maths import samplers
from collapsebench.maths.streams import part, root_key
from collapsebench.models.diffusion import Diffusion
from collapsebench.models.flow import Flow
from collapsebench.models.vae import VAE

PATH = Path(__file__).with_name("golden.json")
KEY = root_key(0, "golden")
ROWS = 6


def cases():
    """(name, model, rows) of every network; pixels from 0 to 1."""
    random = np.random.default_rng(1)
    pixels, plane = random.random((ROWS, 64)), random.standard_normal((ROWS, 3))
    caption = random.integers(0, 4, (ROWS, 1)).astype(np.int32)
    yield "vae layers", VAE(dim=64, latent=3, hidden=(7, 5), likelihood="bernoulli"), pixels
    yield (
        "vae convolutions",
        VAE(dim=64, latent=3, hidden=(), channels=(4, 6), likelihood="bernoulli", beta=0.5),
        pixels,
    )
    yield "vae nature", VAE.nature(), random.random((2, 784))
    yield "vae gaussian", VAE(dim=3, latent=2, hidden=(5,), sd=0.3), plane
    yield "flow", Flow(dim=3, layers=3, hidden=(5,)), plane
    yield "diffusion layers", Diffusion(dim=3, hidden=(6, 8)), plane
    yield "diffusion ddpm", Diffusion(dim=3, hidden=(6,), objective="ddpm", sampler="ancestral"), plane
    yield (
        "diffusion u-net",
        Diffusion(dim=64, channels=(4, 8), words=(4,), unseen=0.0),
        {"x": pixels, "caption": caption},
    )


def weights(model):
    """Weights that any NumPy makes: the shapes of `init`, normal numbers of a tenth."""
    random = np.random.default_rng(2)
    shapes = jax.eval_shape(model.random_params, KEY)
    return jax.tree.map(lambda s: 0.1 * random.standard_normal(s.shape), shapes)


def probes(tree):
    """Two numbers of each array: its norm, and its product with numbers that any NumPy makes."""
    found = {}
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        name, a = jax.tree_util.keystr(path), np.asarray(leaf, float)
        found[name] = [float(np.linalg.norm(a)), float((a.ravel() * np.cos(np.arange(a.size))).sum())]
    return found


# --- the copies -----------------------------------------------------------------------------------------------------


def dense(p, x):
    return x @ p["kernel"] + p["bias"]


def image(x):
    return x.permute(0, 3, 1, 2).contiguous()


def rows(x):
    return x.permute(0, 2, 3, 1)


def halve(p, x):
    import torch.nn.functional as F

    return rows(F.conv2d(image(x), p["kernel"].permute(3, 2, 0, 1).contiguous(), p["bias"], stride=2, padding=1))


def double(p, x):
    import torch.nn.functional as F

    return rows(
        F.conv_transpose2d(image(x), p["kernel"].permute(0, 3, 1, 2).contiguous(), p["bias"], stride=2, padding=1)
    )


def keep(p, x):
    import torch.nn.functional as F

    return rows(F.conv2d(image(x), p["kernel"].permute(3, 2, 0, 1).contiguous(), p["bias"], padding=1))


def norm(p, x):
    import torch.nn.functional as F

    return rows(F.group_norm(image(x), math.gcd(x.shape[3], 8), p["scale"], p["bias"], eps=1e-6))


def vae(model, p, x, key):
    import torch
    import torch.nn.functional as F

    encoder, decoder, side = p["encoder"]["params"], p["decoder"]["params"], math.isqrt(model.dim)
    h = x
    if model.channels:
        h = x.reshape(-1, side, side, 1)
        for i in range(len(model.channels)):
            h = F.relu(halve(encoder[f"Halve_{i}"], h))
        h = h.reshape(len(x), -1)
    for i in range(len(model.hidden)):
        h = F.relu(dense(encoder[f"Dense_{i}"], h))
    mean, log_variance = dense(encoder["mean"], h), dense(encoder["log_variance"], h)
    noise = torch.tensor(np.asarray(samplers.normal(key, mean.shape, jnp.float32), np.float64))
    h = mean + (0.5 * log_variance).exp() * noise
    for i in range(len(model.hidden)):
        h = F.relu(dense(decoder[f"Dense_{i}"], h))
    h = dense(decoder[f"Dense_{len(model.hidden)}"], h)
    if model.channels:
        small = side >> len(model.channels)
        h = F.relu(h).reshape(-1, small, small, model.channels[-1])
        for i in range(len(model.channels)):
            h = double(decoder[f"Double_{i}"], F.relu(h) if i else h)
        h = h.reshape(len(x), -1)
    if model.likelihood == "bernoulli":
        error = F.binary_cross_entropy_with_logits(h, x, reduction="none").sum(1)
    else:
        error = 0.5 * (((x - h) / model.sd) ** 2).sum(1) + model.dim * (
            math.log(model.sd) + 0.5 * math.log(2 * math.pi)
        )
    kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(1)
    return (error + model.beta * kl).mean()


def flow(model, p, x, key):
    import torch
    import torch.nn.functional as F

    p, half = p["params"], model.dim // 2
    z = (x - p["centre"]) * (-p["log_scale"]).exp()
    volume = -p["log_scale"].sum()
    for i in range(model.layers):
        stays, moves = (z[:, :half], z[:, half:]) if i % 2 else (z[:, half:], z[:, :half])
        h = stays
        for j in range(len(model.hidden)):
            h = F.silu(dense(p[f"layer_{i}"][f"Dense_{j}"], h))
        scale, shift = dense(p[f"layer_{i}"][f"Dense_{len(model.hidden)}"], h).chunk(2, 1)
        scale = 2 * torch.tanh(scale / 2)
        moves = (moves - shift) * (-scale).exp()
        volume = volume - scale.sum(1)
        z = torch.cat([stays, moves] if i % 2 else [moves, stays], 1)
    return -(volume - 0.5 * (z**2).sum(1) - 0.5 * model.dim * math.log(2 * math.pi)).mean()


def condition(p, t, caption):
    import torch
    import torch.nn.functional as F

    rates = 2 * math.pi * torch.exp(torch.linspace(-math.log(4.0), math.log(250.0), 16, dtype=t.dtype))
    angle = t[:, None] * rates
    h = dense(p["Dense_0"], F.silu(dense(p["Dense_1"], torch.cat([angle.sin(), angle.cos()], 1))))
    for i in range(caption.shape[1]):
        h = h + p[f"word_{i}"]["embedding"][caption[:, i] + 1]
    return F.silu(h)


def layers(model, p, x, t, caption):
    import torch.nn.functional as F

    told, i = condition(p["Condition_0"], t, caption), 1
    h = dense(p["Dense_0"], x)
    for width in model.hidden:
        shift, inner = dense(p[f"Dense_{i}"], told), dense(p[f"Dense_{i + 2}"], F.silu(h))
        change, i = dense(p[f"Dense_{i + 1}"], F.silu(inner + shift)), i + 3  # flax numbers the outer layer first
        if h.shape[1] != width:
            h, i = dense(p[f"Dense_{i}"], h), i + 1
        h = change + h
    return dense(p[f"Dense_{i}"], F.silu(h))


def block(p, x, told):
    import torch.nn.functional as F

    scale, shift = dense(p["Dense_0"], told)[:, None, None].chunk(2, -1)
    h = keep(p["Keep_0"], F.silu(norm(p["GroupNorm_0"], x)))
    h = keep(p["Keep_1"], F.silu(norm(p["GroupNorm_1"], h) * (1 + scale) + shift))
    return h + (dense(p["Dense_1"], x) if "Dense_1" in p else x)


def unet(model, p, x, t, caption):
    import torch
    import torch.nn.functional as F

    side, told = math.isqrt(model.dim), condition(p["Condition_0"], t, caption)
    h, passed, count = keep(p["Keep_0"], x.reshape(-1, side, side, 1)), [], len(model.channels)
    for i in range(count):
        h = block(p[f"Block_{i}"], h, told)
        passed.append(h)
        h = halve(p[f"Halve_{i}"], h)
    h = block(p[f"Block_{count}"], h, told)
    for i in range(count):
        h = torch.cat([double(p[f"Double_{i}"], h), passed.pop()], -1)
        h = block(p[f"Block_{count + 1 + i}"], h, told)
    return keep(p["Keep_1"], F.silu(norm(p["GroupNorm_0"], h))).reshape(x.shape)


def diffusion(model, p, x, key):
    import torch

    x, caption = (x["x"], x["caption"]) if model.words else (x, torch.zeros((len(x), 0), dtype=torch.long))
    u = float(jax.random.uniform(part(key, 0), dtype=jnp.float32))
    t = (torch.arange(len(x), dtype=torch.float64) + u) / len(x)
    noise = torch.tensor(np.asarray(samplers.normal(part(key, 1), x.shape, jnp.float32), np.float64))
    if model.objective == "flow":
        here, wanted = (1 - t[:, None]) * x + t[:, None] * noise, noise - x
    else:
        t = torch.clamp(t, min=1e-3)
        kept = torch.exp(-(0.1 * t + 0.5 * 19.9 * t**2))[:, None]
        here, wanted = kept.sqrt() * x + (1 - kept).sqrt() * noise, noise
    network = unet if model.channels else layers
    return ((network(model, p["network"]["params"], here, t, caption) - wanted) ** 2).mean()


def main():
    import torch

    found = {}
    for name, model, x in cases():

        def tensor(a):
            return torch.tensor(np.asarray(a), dtype=torch.long if np.asarray(a).dtype == np.int32 else torch.float64)

        params = jax.tree.map(lambda a: tensor(a).requires_grad_(), weights(model))
        copy = {"vae": vae, "flow": flow, "diffusion": diffusion}[name.split()[0]]
        loss = copy(model, params, jax.tree.map(tensor, x), KEY)
        loss.backward()
        slope = jax.tree.map(lambda a: np.zeros(a.shape) if a.grad is None else a.grad.numpy(), params)
        found[name] = {"loss": loss.item(), "gradient": probes(slope)}
    PATH.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    main()
