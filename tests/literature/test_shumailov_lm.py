"""Shumailov's language model: the published setting in a folder of weights, and how its claims judge."""

import json

import numpy as np
import pytest
import xarray as xr

import collapsebench as cb
from collapsebench.literature.papers.shumailov_lm import KEPT, ShumailovLM, opt
from collapsebench.literature.study import Scale
from tests.learning.language.conftest import MODELS, write


def test_the_published_setting_is_made_of_a_folder_of_weights(tmp_path):
    folder = write(tmp_path / "opt-125m", MODELS["opt"])
    said = json.loads((folder / "config.json").read_text()) | {"bos_token_id": 2, "eos_token_id": 2}
    (folder / "config.json").write_text(json.dumps(said))
    (tmp_path / "text").mkdir()
    random = np.random.default_rng(0)
    for i in range(20):
        (tmp_path / "text" / f"{i:02}.txt").write_text("".join(random.choice(list("abcdef "), 300)))
    text = cb.targets.Text(str(tmp_path / "text"), tokenizer="characters", block=8).pinned()
    made = opt(folder, text)
    assert [int(e.model.training.steps) for e in made.values()] == [-(-k * text.blocks // 128) for k in (0, 5, 10)]
    assert [float(e.regime.real_fraction) for e in made.values()] == [0, 0, 0.1]
    assert {(e.model.decoding.beams, e.model.prompted, e.model.first, e.n) for e in made.values()} == {
        (5, True, 2, text.blocks)
    }


def test_without_weights_the_published_numbers_are_not_run(monkeypatch, tmp_path):
    monkeypatch.setenv("COLLAPSEBENCH_DATA", str(tmp_path))
    assert list(ShumailovLM().experiments(Scale.PAPER)) == ["beams"]
    words = {claim.name: claim.verdict("own", {"beams": result(1.0, 0.3)}) for claim in ShumailovLM.claims}
    assert {words[name]["verdict"] for name in ("zero-shot", "fine-tuned", "no-real-data-loses")} == {"not run"}
    assert "a folder opt-125m of config.json" in words["zero-shot"]["why"]


def result(without, kept, spread=0.1, runs=5):
    """Perplexities e^0 in generation 0 that end at e^without and e^kept, but for a spread between trajectories."""
    noise = spread * (np.arange(runs) - (runs - 1) / 2)
    last = np.stack([without + noise, kept - noise])
    values = np.exp(np.stack([np.zeros_like(last), last], axis=-1))
    return xr.Dataset(
        {"perplexity": (("regime.real_fraction", "trajectory", "generation"), values)},
        {"regime.real_fraction": list(KEPT)},
    )


@pytest.mark.parametrize(
    ("without", "kept", "wanted"),
    [(1.0, 0.2, [True, True]), (1.0, 0.9, [True, False]), (0.3, 0.1, [False, False])],
)
def test_a_difference_counts_from_five_standard_errors_on(without, kept, wanted):
    """The standard errors are .071 of a rise and .141 of a difference."""
    claims = ShumailovLM.claims[:2]
    assert [claim.read({"beams": result(without, kept)}).holds for claim in claims] == wanted[:2]
    assert claims[0].read({"beams": result(1.0, 0.3, runs=4)}) is None
