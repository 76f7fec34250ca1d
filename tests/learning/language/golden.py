"""Golden logits of tiny OPT, GPT-2 and Llama models by `transformers`.

    python tests/learning/language/golden.py    writes golden.json beside this file; needs torch and transformers

Weights are draws of NumPy in the order of the names, so that the file holds names and shapes and no weights.
"""

import json
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent / "golden.json"
TOKENS = np.random.default_rng(7).integers(0, 41, (2, 11))


def draw(shapes):
    """name -> float32 weights of a seed."""
    rng = np.random.default_rng(0)
    return {
        name: (rng.random(shape, np.float32) - 0.5) * 0.6 + ("norm" in name or "ln_" in name) * ("weight" in name)
        for name, shape in sorted(shapes.items())
    }


def main():
    import torch
    import transformers
    from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, OPTConfig, OPTForCausalLM

    ends = {"bos_token_id": None, "eos_token_id": None, "pad_token_id": None}
    small = {"vocab_size": 41, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4}
    models = {
        "opt": OPTForCausalLM(OPTConfig(
            **small, **ends, ffn_dim=24, max_position_embeddings=20, word_embed_proj_dim=16, dropout=0.0)),
        "gpt2": GPT2LMHeadModel(GPT2Config(**ends, vocab_size=41, n_embd=16, n_layer=2, n_head=4, n_positions=20)),
        "llama": LlamaForCausalLM(LlamaConfig(
            **small, **ends, intermediate_size=24, num_key_value_heads=2, max_position_embeddings=20)),
        "llama_tied": LlamaForCausalLM(LlamaConfig(
            **small, **ends, intermediate_size=24, num_key_value_heads=1, head_dim=6, max_position_embeddings=20,
            attention_bias=True, tie_word_embeddings=True, rms_norm_eps=1e-5,
            rope_parameters={"rope_type": "default", "rope_theta": 500.0})),
    }  # fmt: skip
    found = {"transformers": transformers.__version__, "torch": torch.__version__, "models": {}}
    for name, model in models.items():
        shapes = {key: list(value.shape) for key, value in model.named_parameters()}
        weights = draw(shapes)
        for key, value in model.named_parameters():
            value.data.copy_(torch.from_numpy(weights[key]))
        model.eval()
        tokens = torch.from_numpy(TOKENS)
        more = {"do_sample": False, "max_new_tokens": 6}
        with torch.no_grad():
            logits = model(tokens).logits.numpy()
            greedy = model.generate(tokens, repetition_penalty=1.7, **more)[:, 11:].tolist()
            beams = model.generate(tokens, num_beams=3, **more)[:, 11:].tolist()
        keep = {k: v for k, v in model.config.to_dict().items() if isinstance(v, int | float | str | bool | dict)}
        keep.pop("id2label", 0), keep.pop("label2id", 0)
        found["models"][name] = {
            "config": keep, "shapes": shapes, "logits": [[float(f"{v:.8g}") for v in row] for row in logits.reshape(-1, 41)],
            "penalised": greedy, "beams": beams,
        }  # fmt: skip
    HERE.write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
