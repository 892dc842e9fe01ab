"""Writes the reference outputs the tests compare with: transformers, transformer-lens and sae-lens on small inputs.

    python training/make_goldens.py random      # src/model/goldens/gpt2-random, src/dictionary/goldens/*
    python training/make_goldens.py bundled     # src/{model,dictionary,engine}/goldens/storyworld-2m

Arrays are {"shape", "b64"}: base64 of little-endian f32. Masked attention scores, -inf in the reference, are written as
the lowest f32, -3.4028234663852886e38.
"""

import base64
import json
import sys
from pathlib import Path

import numpy as np
import torch
from sae_lens import SAE, StandardSAE, StandardSAEConfig, TopKSAE, TopKSAEConfig
from safetensors.torch import load_file
from shipped import DICTIONARIES, HOOKS, MODEL, ROOT, load_model, logits_with
from tokenizers import Tokenizer
from transformer_lens import HookedTransformer
from transformers import GPT2Config, GPT2LMHeadModel

MODELS = ROOT / "src" / "model" / "goldens"
SAES = ROOT / "src" / "dictionary" / "goldens"
ANALYSES = ROOT / "src" / "engine" / "goldens"
# One dictionary of a kind is enough to compare activations with.
SAME_KIND = [f"blocks.{layer}.attn.hook_z" for layer in (0, 1, 3)]
LOWEST = float(np.finfo(np.float32).min)

# What is compared, in forward order; per block, then at the end.
BLOCK_HOOKS = """hook_resid_pre ln1.hook_scale ln1.hook_normalized attn.hook_q attn.hook_k attn.hook_v attn.hook_attn_scores
attn.hook_pattern attn.hook_z hook_attn_out hook_resid_mid ln2.hook_scale ln2.hook_normalized mlp.hook_pre mlp.hook_post
hook_mlp_out hook_resid_post""".split()


def array(values) -> dict:
    values = np.ascontiguousarray(torch.as_tensor(values).detach().float().numpy(), dtype="<f4")
    return {"shape": list(values.shape), "b64": base64.b64encode(values.tobytes()).decode()}


def write(path: Path, golden: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(golden) + "\n")
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size} bytes")


def hooked(model: GPT2LMHeadModel) -> HookedTransformer:
    """The same weights in transformer-lens, unprocessed."""
    return HookedTransformer.from_pretrained_no_processing("gpt2", hf_model=model, hf_config=model.config, tokenizer=None)


def lens(model: GPT2LMHeadModel) -> HookedTransformer:
    from transformer_lens import HookedTransformerConfig
    from transformer_lens.pretrained.weight_conversions import convert_gpt2_weights

    c = model.config
    cfg = HookedTransformerConfig(
        n_layers=c.n_layer, d_model=c.n_embd, n_ctx=c.n_positions, d_head=c.n_embd // c.n_head, n_heads=c.n_head,
        d_mlp=c.n_inner or 4 * c.n_embd, d_vocab=c.vocab_size, act_fn="gelu_new", eps=c.layer_norm_epsilon,
        normalization_type="LN", positional_embedding_type="standard", device="cpu", tokenizer_name=None,
    )  # fmt: skip
    made = HookedTransformer(cfg)
    made.load_and_process_state_dict(
        convert_gpt2_weights(model, cfg), fold_ln=False, center_writing_weights=False, center_unembed=False, fold_value_biases=False
    )
    return made


def all_hooks(model: GPT2LMHeadModel, ids: torch.Tensor) -> dict[str, torch.Tensor]:
    with torch.no_grad():
        _, cache = lens(model).run_with_cache(ids)
    names = ["hook_embed", "hook_pos_embed"]
    names += [f"blocks.{layer}.{hook}" for layer in range(model.config.n_layer) for hook in BLOCK_HOOKS]
    names += ["ln_final.hook_scale", "ln_final.hook_normalized"]
    return {name: cache[name][0].clamp(min=LOWEST) for name in names}


def random_model() -> None:
    torch.manual_seed(7)
    config = GPT2Config(
        n_layer=2, n_head=3, n_embd=36, vocab_size=61, n_positions=40, bos_token_id=0, eos_token_id=0, attn_implementation="eager"
    )
    model = GPT2LMHeadModel(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.normal_(0, 0.3)
            if "ln_" in name and name.endswith("weight"):
                parameter.add_(1.0)
    folder = MODELS / "gpt2-random"
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    prompts = {str(length): torch.randint(0, 61, (1, length)) for length in (1, 20, 40)}
    with torch.no_grad():
        logits = {length: model(ids).logits[0] for length, ids in prompts.items()}
    write(folder / "golden.json", {
        "ids": {length: ids[0].tolist() for length, ids in prompts.items()},
        "logits": {length: array(values) for length, values in logits.items()},
        "hooks": {name: array(values) for name, values in all_hooks(model, prompts["20"]).items()},
    })  # fmt: skip


def random_dictionaries() -> None:
    torch.manual_seed(8)
    x = torch.randn(9, 12)
    for name, rescale in (("topk-random", False), ("topk-rescaled", True)):
        sae = TopKSAE(TopKSAEConfig(d_in=12, d_sae=37, k=5, dtype="float32", device="cpu", rescale_acts_by_decoder_norm=rescale))
        save_dictionary(name, sae, x)
    sae = StandardSAE(StandardSAEConfig(d_in=12, d_sae=37, dtype="float32", device="cpu"))
    save_dictionary("standard-random", sae, x)


def save_dictionary(name: str, sae: SAE, x: torch.Tensor) -> None:
    with torch.no_grad():
        for parameter in sae.parameters():
            parameter.normal_(0, 0.5)
        sae.cfg.metadata.hook_name = "blocks.1.hook_resid_pre"
        sae.save_model(str(SAES / name))
        f = sae.encode(x)
        write(SAES / name / "golden.json", {"x": array(x), "f": array(f), "x_hat": array(sae.decode(f))})


def bundled() -> None:
    model = GPT2LMHeadModel.from_pretrained(MODEL, dtype=torch.float32, attn_implementation="eager").eval()
    tokenizer = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    texts = {
        "short": "When Mary and John went to the store, John gave a drink to Mary. The war lasted from 1732 to 17",
        "long": "It is a truth universally acknowledged, that a single man in possession of a good fortune, must be in want of a wife. "
        "def load(file, size, mode):\n    \"\"\"Load a file.\n\n    :param file: the name\n    :param size: the number\n    :param",
    }
    golden = {}
    for name, text in texts.items():
        ids = torch.tensor([[0, *tokenizer.encode(text, add_special_tokens=False).ids]])
        with torch.no_grad():
            logits = model(ids).logits[0]
        lse = logits.logsumexp(1)
        golden[name] = {
            "text": text, "ids": ids[0].tolist(), "last_logits": array(logits[-4:]), "lse": array(lse), "argmax": logits.argmax(1).tolist(),
            "loss": array(lse[:-1] - logits[:-1].gather(1, ids[0, 1:, None])[:, 0]),
        }  # fmt: skip
    short = torch.tensor([golden["short"]["ids"]])
    hooks = all_hooks(model, short)
    kept = [name for name in hooks if name.endswith(("hook_resid_pre", "hook_resid_post", "ln_final.hook_normalized"))]
    golden["short"]["hooks"] = {name: array(hooks[name]) for name in kept}
    finite = {name: values.clamp(min=-1e6) for name, values in hooks.items()}
    golden["short"]["norms"] = {
        name: array(values.reshape(len(short[0]), -1).norm(dim=1)) for name, values in finite.items() if not name.endswith(("attn_scores", "pattern"))
    }
    write(MODELS / "storyworld-2m" / "golden.json", golden)
    for hook in HOOKS:
        sae = SAE.load_from_disk(str(DICTIONARIES / hook), device="cpu", dtype="float32")
        for name, parameter in load_file(DICTIONARIES / hook / "sae_weights.safetensors").items():
            getattr(sae, name).data = parameter.float()
        with torch.no_grad():
            # sae-lens takes hook_z head by head, and gives it back so.
            f = sae.encode(hooks[hook])
            x, x_hat = hooks[hook].flatten(1), sae.decode(f).flatten(1)
            values, indices = f.topk(sae.cfg.k, dim=1)
            if hook not in SAME_KIND:
                write(SAES / "storyworld-2m" / f"{hook}.json", {
                    "x": array(x), "indices": indices.tolist(), "values": array(values), "x_hat": array(x_hat),
                })  # fmt: skip
            write(ANALYSES / "storyworld-2m" / f"{hook}.json", {
                "ids": short[0].tolist(), "honesty": honesty(short, hook, x, f, x_hat), "feature": feature(model, hook, sae, f),
            })  # fmt: skip


def honesty(ids: torch.Tensor, hook: str, x: torch.Tensor, f: torch.Tensor, x_hat: torch.Tensor) -> dict:
    """How well the dictionary stands for the model on one prompt; position 0 is neither judged nor replaced."""
    model = load_model()
    keep = lambda new: lambda old: torch.cat([old[:, :1], new[None, 1:]], 1)
    logs = {
        "clean": model(ids),
        "spliced": logits_with(model, ids, hook, keep(x_hat)),
        "zero": logits_with(model, ids, hook, keep(torch.zeros_like(x))),
    }
    logs = {name: logits[0, 1:].log_softmax(-1) for name, logits in logs.items()}
    ce = {name: -log[:-1].gather(1, ids[0, 2:, None]).mean().item() for name, log in logs.items()}
    x, x_hat, f = x[1:], x_hat[1:], f[1:]
    error = (x - x_hat).pow(2).sum(1)
    return {
        "tokens": len(x), "l0": (f > 0).float().sum(1).mean().item(),
        "explainedVariance": 1 - (error.sum() / (x - x.mean(0)).pow(2).sum()).item(),
        "errorShare": (error / x.pow(2).sum(1)).mean().item(),
        "ceClean": ce["clean"], "ceSpliced": ce["spliced"], "ceZero": ce["zero"],
        # Says nothing where removing the activation does no harm.
        "ceRecovered": (ce["zero"] - ce["spliced"]) / (ce["zero"] - ce["clean"]) if ce["zero"] - ce["clean"] > 1e-3 else None,
        "kl": (logs["clean"].exp() * (logs["clean"] - logs["spliced"])).sum(1).mean().item(),
    }  # fmt: skip


def feature(model: GPT2LMHeadModel, hook: str, sae: SAE, f: torch.Tensor) -> dict:
    """Direct effect on the logits, and neighbours, of the second strongest feature of the last token."""
    index = f[-1].topk(2).indices[1].item()
    row = sae.W_dec[index]
    out = row @ model.transformer.h[int(hook.split(".")[1])].attn.c_proj.weight if hook.endswith("hook_z") else row
    effects = ((out - out.mean()) * model.transformer.ln_f.weight) @ model.transformer.wte.weight.T
    effects = effects - effects.mean()
    cosines = torch.nn.functional.cosine_similarity(sae.W_dec, row[None])
    cosines[index] = -2
    top = lambda values, k, sign=1: [[i.item(), sign * v.item()] for v, i in zip(*(sign * values).topk(k))]
    return {
        "index": index, "promoted": top(effects, 5), "suppressed": top(effects, 5, -1), "neighbours": top(cosines, 5),
        "decoderNorm": row.norm().item(),
    }  # fmt: skip


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["random"]:
            random_model()
            random_dictionaries()
        case ["bundled"]:
            bundled()
        case _:
            sys.exit(__doc__)
