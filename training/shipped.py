"""The model as it ships: weights rounded to f16, computed in f32. Everything is measured on this."""

import json
from pathlib import Path

import torch
from lm import Config, Gpt2
from safetensors.torch import load_file, save_file

ROOT = Path(__file__).parent.parent
WORK = Path(__file__).parent / "work"
MODEL = ROOT / "public" / "models" / "storyworld-2m"
DICTIONARIES = ROOT / "public" / "dictionaries" / "storyworld-2m"
HOOKS = {"blocks.2.hook_resid_pre": "Middle of the residual stream", "blocks.3.hook_resid_post": "End of the residual stream"}


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


def residuals(model: Gpt2, ids: torch.Tensor) -> dict[str, torch.Tensor]:
    """Activations at HOOKS, [batch, length, n_embd]."""
    x, found = model.embed(ids), {}
    for layer, block in enumerate(model.h):
        found[f"blocks.{layer}.hook_resid_pre"] = x
        x = block(x)
        found[f"blocks.{layer}.hook_resid_post"] = x
    return {hook: found[hook] for hook in HOOKS}


def logits_with(model: Gpt2, ids: torch.Tensor, hook: str, replace) -> torch.Tensor:
    """Logits when `replace` is applied to the activation at `hook`."""
    x = model.embed(ids)
    for layer, block in enumerate(model.h):
        if hook == f"blocks.{layer}.hook_resid_pre":
            x = replace(x)
        x = block(x)
        if hook == f"blocks.{layer}.hook_resid_post":
            x = replace(x)
    return model.unembed(x)
