"""Writes what transformer-lens and sae-lens make of the bundled model's heads, for the tests to compare with.

    python training/goldens_heads.py attribution    # src/analysis/heads/goldens/attribution.json

Attribution pushes activations forward through frozen patterns and norms: z, values and patterns are transformer-lens'
caches, encoders sae-lens', and every component of the stream is taken through norm, W_V and W_O by itself.
"""

import sys

import torch
from make_goldens import array, lens, write
from sae_lens import SAE
from safetensors.torch import load_file
from shipped import DICTIONARIES, MODEL, ROOT
from tokenizers import Tokenizer
from transformers import GPT2LMHeadModel

TEXTS = [
    "When Mary and John went to the store, John gave a drink to Mary. The war lasted from 1732 to 17",
    " stone lamp seven river garden cloud table ; stone lamp seven river garden",
    "It is a truth universally acknowledged, that a single man in possession of a good fortune",
]
# Of the active features of the last token but one, by rank.
RANKS = (0, 2)


def bundled():
    return lens(GPT2LMHeadModel.from_pretrained(MODEL, dtype=torch.float32, attn_implementation="eager").eval())


def dictionary(hook: str) -> SAE:
    sae = SAE.load_from_disk(str(DICTIONARIES / hook), device="cpu", dtype="float32")
    for name, parameter in load_file(DICTIONARIES / hook / "sae_weights.safetensors").items():
        getattr(sae, name).data = parameter.float()
    return sae


def components(model, cache, layer: int, row: int) -> tuple[list[str], torch.Tensor]:
    """What wrote the stream before a layer on one row: names and [n, d_model]."""
    found = {"embedding": cache["hook_embed"][0, row], "position": cache["hook_pos_embed"][0, row]}
    for below in range(layer):
        results = torch.einsum("hd,hdm->hm", cache[f"blocks.{below}.attn.hook_z"][0, row], model.W_O[below])
        found |= {f"head {below}.{head}": result for head, result in enumerate(results)}
        found |= {f"b_O of layer {below}": model.b_O[below], f"MLP {below}": cache[f"blocks.{below}.hook_mlp_out"][0, row]}
    whole = cache[f"blocks.{layer}.hook_resid_pre"][0, row]
    assert torch.allclose(sum(found.values()), whole, atol=1e-4)
    return list(found), torch.stack(list(found.values()))


def brought(model, cache, parts: torch.Tensor, layer: int, head: int, row: int, source: int) -> torch.Tensor:
    """What parts [n, d_model] of the stream at `source` put into the head's z at `row`: [n, d_head]."""
    norm = model.blocks[layer].ln1
    centred = parts - parts.mean(-1, keepdim=True)
    normed = centred / cache[f"blocks.{layer}.ln1.hook_scale"][0, source] * norm.w
    return cache[f"blocks.{layer}.attn.hook_pattern"][0, head, row, source] * normed @ model.W_V[layer, head]


def step(model, cache, layer: int, head: int, row: int, source: int, onward) -> dict:
    """One step of a trail; `onward` takes [n, d_head] of the head's z at `row` to the number that is explained."""
    names, parts = components(model, cache, layer, source)
    values = onward(brought(model, cache, parts, layer, head, row, source))
    attended = cache[f"blocks.{layer}.attn.hook_pattern"][0, head, row, source]
    whole = onward((attended * cache[f"blocks.{layer}.attn.hook_v"][0, source, head])[None])[0]
    return {"layer": layer, "head": head, "source": source, "value": whole.item(), "names": names, "values": values}


def trail(model, cache, layer: int, row: int, dfa: torch.Tensor, encoder: torch.Tensor) -> list[dict]:
    """Into the largest head and source of a latent, and from there into the largest earlier head."""
    head, source = divmod(dfa.abs().argmax().item(), dfa.shape[1])
    first = step(model, cache, layer, head, row, source, lambda z: z @ encoder[head])
    heads = [(abs(value), name) for name, value in zip(first["names"], first["values"].tolist()) if name.startswith("head")]
    if not heads:
        return [first]
    below, inner = map(int, max(heads)[1].removeprefix("head ").split("."))
    pattern = cache[f"blocks.{below}.attn.hook_pattern"][0, inner, source]
    onward = lambda z: brought(model, cache, z @ model.W_O[below, inner], layer, head, row, source) @ encoder[head]
    return [first, step(model, cache, below, inner, source, pattern.argmax().item(), onward)]


@torch.no_grad()
def attribution() -> None:
    model, tokenizer = bundled(), Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    saes = [dictionary(f"blocks.{layer}.attn.hook_z") for layer in range(model.cfg.n_layers)]
    golden = []
    for text in TEXTS:
        ids = torch.tensor([[0, *tokenizer.encode(text, add_special_tokens=False).ids]])
        _, cache = model.run_with_cache(ids)
        row = ids.shape[1] - 2
        for layer, sae in enumerate(saes):
            z = cache[f"blocks.{layer}.attn.hook_z"][0]
            pattern = cache[f"blocks.{layer}.attn.hook_pattern"][0, :, row]
            f = sae.encode(z)[row]
            for latent in f.topk(max(RANKS) + 1).indices[list(RANKS)].tolist():
                encoder = sae.W_enc[:, latent].reshape(model.cfg.n_heads, model.cfg.d_head)
                v = cache[f"blocks.{layer}.attn.hook_v"][0]
                dfa = pattern * torch.einsum("shd,hd->hs", v, encoder)
                constant = sae.b_enc[latent] - sae.b_dec @ sae.W_enc[:, latent]
                golden.append({
                    "text": text, "ids": ids[0].tolist(), "row": row, "layer": layer, "latent": latent, "activation": f[latent].item(),
                    "constant": constant.item(), "pattern": array(pattern), "z": array(z[row].flatten()), "byHead": array((z[row] * encoder).sum(1)),
                    "dfa": array(dfa), "trail": [made | {"values": array(made["values"])} for made in trail(model, cache, layer, row, dfa, encoder)],
                })  # fmt: skip
    write(ROOT / "src" / "analysis" / "heads" / "goldens" / "attribution.json", golden)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["attribution"]:
            attribution()
        case _:
            sys.exit(__doc__)
