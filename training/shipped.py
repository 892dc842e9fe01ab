"""The model as it ships: weights rounded to f16, computed in f32. Everything is measured on this."""

import json
from pathlib import Path
from typing import NamedTuple

import torch
from lm import Config, Gpt2
from safetensors.torch import load_file, save_file

ROOT = Path(__file__).parent.parent
WORK = Path(__file__).parent / "work"
MODEL = ROOT / "public" / "models" / "storyworld-2m"
DICTIONARIES = ROOT / "public" / "dictionaries" / "storyworld-2m"


class Plan(NamedTuple):
    title: str
    d_sae: int
    k: int
    # Sizes of the nested dictionaries of a Matryoshka dictionary.
    prefixes: tuple[int, ...] = ()


HOOKS = {
    "blocks.2.hook_resid_pre": Plan("Middle of the residual stream", 2048, 24),
    "blocks.3.hook_resid_post": Plan("End of the residual stream", 2048, 24),
    **{f"blocks.{layer}.attn.hook_z": Plan(f"Attention heads of layer {layer}", 1024, 16) for layer in range(Config().n_layer)},
    "blocks.1.hook_resid_mid": Plan("Few features per token, early", 640, 5, (16, 32, 64, 128, 640)),
}


def export_model(checkpoint: Path) -> None:
    state = torch.load(checkpoint, weights_only=False)["model"]
    config = Config()
    tensors = {f"transformer.{name}": value.to(torch.float16).contiguous() for name, value in state.items()}
    save_file(tensors, MODEL / "model.safetensors", metadata={"format": "pt"})
    (MODEL / "config.json").write_text(json.dumps(config.hugging_face(), indent=1) + "\n")


def load_model() -> Gpt2:
    model = Gpt2(Config())
    tensors = load_file(MODEL / "model.safetensors")
    model.load_state_dict({name.removeprefix("transformer."): value.float() for name, value in tensors.items()})
    return model.eval().requires_grad_(False)


def activations(model: Gpt2, ids: torch.Tensor) -> dict[str, torch.Tensor]:
    """Activations at HOOKS, [batch, length, n_embd]; those at hook_z with the heads side by side."""
    found = {}

    def keep(hook: str, x: torch.Tensor) -> torch.Tensor:
        found[hook] = x
        return x

    run(model, ids, keep)
    return {hook: found[hook] for hook in HOOKS}


class Found(Exception):
    """Carries an activation out of `run`."""


def activation(model: Gpt2, ids: torch.Tensor, hook: str) -> torch.Tensor:
    """The activation at one hook, without computing what follows."""

    def keep(name: str, x: torch.Tensor) -> torch.Tensor:
        if name == hook:
            raise Found(x)
        return x

    try:
        run(model, ids, keep)
    except Found as found:
        return found.args[0]
    raise ValueError(f"there is no {hook}")


def logits_with(model: Gpt2, ids: torch.Tensor, hook: str, replace) -> torch.Tensor:
    """Logits when `replace` is applied to the activation at `hook`."""
    return model.unembed(run(model, ids, lambda name, x: replace(x) if name == hook else x))


def run(model: Gpt2, ids: torch.Tensor, at) -> torch.Tensor:
    """The residual stream's end; `at(hook, activation)` says what each activation becomes."""
    x = model.embed(ids)
    for layer, block in enumerate(model.h):
        x = at(f"blocks.{layer}.hook_resid_pre", x)
        x = x + block.attn.c_proj(at(f"blocks.{layer}.attn.hook_z", block.attn.mix(block.ln_1(x))))
        x = at(f"blocks.{layer}.hook_resid_mid", x)
        x = at(f"blocks.{layer}.hook_resid_post", x + block.mlp(block.ln_2(x)))
    return x
