"""Tiny models of each family, as folders of weights."""

import importlib.util
import json
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import save_file

from collapsebench.learning.language import weights

_SPEC = importlib.util.spec_from_file_location("language_golden", Path(__file__).parent / "golden.py")
golden = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(golden)
MODELS = json.loads(golden.HERE.read_text())["models"]


def write(folder, model, shards=1):
    """Folder of a golden model, in one file or several with an index."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(model["config"]))
    tensors = golden.draw(model["shapes"])
    if shards == 1:
        save_file(tensors, folder / "model.safetensors")
        return folder
    names, places = sorted(tensors), {}
    for i in range(shards):
        file = f"model-{i + 1:05}-of-{shards:05}.safetensors"
        save_file({name: tensors[name] for name in names[i::shards]}, folder / file)
        places |= dict.fromkeys(names[i::shards], file)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))
    return folder


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """name -> weights of the golden models."""
    root = tmp_path_factory.mktemp("models")
    return {name: weights.load(write(root / name, model)) for name, model in MODELS.items()}


@pytest.fixture(scope="session")
def tokens():
    return jnp.asarray(golden.TOKENS, jnp.int32)


@pytest.fixture(scope="session")
def expected():
    """name -> logits by `transformers`."""
    return {name: np.array(model["logits"], np.float32).reshape(2, 11, 41) for name, model in MODELS.items()}
