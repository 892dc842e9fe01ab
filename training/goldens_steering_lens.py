"""Writes what the logit lens says with transformer-lens, as is and with a vector added, for the tests to compare with.

    python training/goldens_steering_lens.py    # src/analysis/steering/goldens/lens.json

The residual stream before the first block and after each goes through ln_final, which
norms it by its own scale, W_U and the soft cap. Of every hook: the likeliest tokens with their probabilities, and the KL of
the steered distribution from the one as it is, in f64.
"""

import torch
from goldens_families import FOLDER, MODELS_MADE, hooked
from goldens_heads import TEXTS, bundled
from make_goldens import array, write
from shipped import MODEL, ROOT
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM

TOP = 8
FIRST = 2


def family(name: str):
    model_type, _, _, extra = MODELS_MADE[name]
    model = AutoModelForCausalLM.from_pretrained(FOLDER / name, dtype=torch.float32, attn_implementation="eager").eval()
    return hooked(model, model_type, extra(model.config))


def look(model, ids: torch.Tensor, row: int, edits=()) -> torch.Tensor:
    """[n_layers + 1, d_vocab] log-probabilities, f64."""
    with model.hooks(fwd_hooks=list(edits)):
        _, cache = model.run_with_cache(ids)
    hooks = ["blocks.0.hook_resid_pre", *(f"blocks.{layer}.hook_resid_post" for layer in range(model.cfg.n_layers))]
    stream = torch.stack([cache[hook][0, row] for hook in hooks])
    logits = model.unembed(model.ln_final(stream[None]))[0]
    cap = model.cfg.output_logits_soft_cap
    return (cap * torch.tanh(logits / cap) if cap > 0 else logits).double().log_softmax(-1)


@torch.no_grad()
def case(name: str, model, ids: list[int], hook: str, row: int, size: float) -> dict:
    vector = size * torch.randn(model.cfg.d_model)

    def add(x, hook):
        # The same tensor is in the cache as the output of the layer before.
        return torch.cat([x[:, :FIRST], x[:, FIRST:] + vector], 1)

    tokens = torch.tensor([ids])
    base, steered = look(model, tokens, row), look(model, tokens, row, [(hook, add)])
    tops = {side: found.topk(TOP) for side, found in (("base", base), ("steered", steered))}
    return {
        "model": name, "ids": ids, "hook": hook, "first": FIRST, "row": row, "vector": array(vector),
        "kl": array((base.exp() * (base - steered)).sum(-1)),
        **{side: {"ids": top.indices.tolist(), "probs": array(top.values.exp())} for side, top in tops.items()},
    }  # fmt: skip


def main() -> None:
    torch.manual_seed(11)
    tokenizer = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    ids = [0, *tokenizer.encode(TEXTS[0], add_special_tokens=False).ids]
    storyworld, gemma = bundled(), family("gemma2")
    few = torch.randint(1, gemma.cfg.d_vocab, (12,)).tolist()
    write(
        ROOT / "src" / "analysis" / "steering" / "goldens" / "lens.json",
        [
            case("bundled", storyworld, ids, "blocks.2.hook_resid_pre", len(ids) - 1, 1.5),
            case("bundled", storyworld, ids, "blocks.0.hook_resid_pre", 9, 0.5),
            case("bundled", storyworld, ids, "blocks.3.hook_mlp_out", 20, 2.0),
            case("gemma2", gemma, few, "blocks.1.hook_resid_pre", 11, 1.0),
            case("gemma2", gemma, few, "blocks.0.hook_resid_post", 7, 1.0),
        ],
    )


if __name__ == "__main__":
    main()
