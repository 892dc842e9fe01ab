"""Writes what transformer-lens makes of the bundled model's heads: patterns, value weighting, induction and copying scores,
QK and OV pairs, and losses with heads ablated by its hooks.

    python training/goldens_heads_scores.py     # src/analysis/heads/goldens/storyworld-2m.json

Weights are processed as transformer-lens does by default (gains folded, writing weights and unembedding centred), except
for the length of what a head writes, which is that of the model's own weights.
"""

import torch
from make_goldens import LOWEST, array, lens, write
from shipped import MODEL, ROOT
from tokenizers import Tokenizer
from transformer_lens import HookedTransformer
from transformer_lens.pretrained.weight_conversions import convert_gpt2_weights
from transformers import GPT2LMHeadModel

HEADS = [(0, 1), (2, 3)]
PAIRS = 12
TEXTS = [
    "When Mary and John went to the store, John gave a drink to Mary. The war lasted from 1732 to 17",
    "The key (to the old doors) is here, and the boys \"near the river\" are happy. The key (to the old doors) is here.",
]


def processed(model: GPT2LMHeadModel) -> HookedTransformer:
    made = lens(model)
    made.load_and_process_state_dict(
        convert_gpt2_weights(model, made.cfg), fold_ln=True, center_writing_weights=True, center_unembed=True, fold_value_biases=False
    )
    return made


def losses(logits: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
    return -logits[0, :-1].log_softmax(-1).gather(1, ids[0, 1:, None])[:, 0]


def ablated(model: HookedTransformer, ids: torch.Tensor, values: dict) -> torch.Tensor:
    """Logits with z of some heads, rows 1 and up, set to given vectors."""

    def hook(layer):
        def replace(z, hook):
            for (own, head), value in values.items():
                if own == layer:
                    z[:, 1:, head] = value
            return z

        return replace

    layers = sorted({layer for layer, _ in values})
    return model.run_with_hooks(ids, fwd_hooks=[(f"blocks.{layer}.attn.hook_z", hook(layer)) for layer in layers])


def pairs(matrix: torch.Tensor) -> list:
    values, places = matrix.flatten().topk(PAIRS)
    return [[p // matrix.shape[1], p % matrix.shape[1], v] for p, v in zip(places.tolist(), values.tolist())]


@torch.no_grad()
def main() -> None:
    torch.manual_seed(5)
    source = GPT2LMHeadModel.from_pretrained(MODEL, dtype=torch.float32, attn_implementation="eager").eval()
    plain, model = lens(source), processed(source)
    tokenizer = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    all_ids = [torch.tensor([[0, *tokenizer.encode(text, add_special_tokens=False).ids]]) for text in TEXTS]
    n_layers, n_heads = model.cfg.n_layers, model.cfg.n_heads
    every = [(layer, head) for layer in range(n_layers) for head in range(n_heads)]
    ids = all_ids[0]
    _, cache = plain.run_with_cache(ids)
    golden = {"texts": [each[0].tolist() for each in all_ids], "patterns": []}
    for layer, head in HEADS:
        pattern = cache["pattern", layer][0, head]
        written = (cache["v", layer][0, :, head] @ plain.W_O[layer, head]).norm(dim=-1)
        scores = cache["attn_scores", layer][0, head].clamp(min=LOWEST)
        golden["patterns"].append({"layer": layer, "head": head, "attention": array(pattern), "value": array(pattern * written), "scores": array(scores)})

    half = torch.randperm(3000)[:20] + 50
    repeated = torch.cat([torch.tensor([0]), half, half])[None]
    _, twice = plain.run_with_cache(repeated)
    golden["repeated"] = repeated[0].tolist()
    golden["induction"] = [twice["pattern", layer][0, head].diagonal(offset=1 - len(half))[2:].mean().item() for layer, head in every]
    golden["previous"] = [cache["pattern", layer][0, head].diagonal(offset=-1).mean().item() for layer, head in every]

    golden["copying"], golden["circuits"] = [], []
    for layer, head in every:
        ov = model.OV[layer, head]
        values = (model.W_E @ ov @ model.W_U).eigenvalues
        golden["copying"].append((values.real.sum() / values.abs().sum()).item())
    for layer, head in HEADS:
        qk = (model.W_E @ model.QK[layer, head] @ model.W_E.T).AB / model.cfg.d_head**0.5
        golden["circuits"].append({"layer": layer, "head": head, "qk": pairs(qk), "ov": pairs((model.W_E @ model.OV[layer, head] @ model.W_U).AB)})

    _, own = model.run_with_cache(ids)
    rises = []
    for layer, head in every:
        written = own["v", layer][0, :, head] @ model.W_O[layer, head]
        rise = (written * model.W_U[:, ids[0]].T).sum(1)
        attended = own["pattern", layer][0, head][:, 1:] @ rise[1:] / own["ln_final.hook_scale"][0, :, 0]
        rises.append(attended[1:].mean().item())
    golden["rise"] = rises

    caches = [plain.run_with_cache(each)[1] for each in all_ids]
    clean = torch.cat([losses(plain(each), each)[1:] for each in all_ids])
    golden["ablation"] = {"loss": clean.mean().item(), "rises": []}
    for layer, head in HEADS:
        mean = torch.cat([each["z", layer][0, 1:, head] for each in caches]).mean(0)
        lost = torch.cat([losses(ablated(plain, each, {(layer, head): mean}), each)[1:] for each in all_ids])
        golden["ablation"]["rises"].append({"layer": layer, "head": head, "rise": (lost - clean).mean().item()})

    golden["together"] = {}
    before = plain(ids)[0].log_softmax(-1)
    for kind in ("mean", "zero"):
        value = {(layer, head): cache["z", layer][0, 1:, head].mean(0) * (kind == "mean") for layer, head in HEADS}
        logits = ablated(plain, ids, value)
        kl = (before.exp() * (before - logits[0].log_softmax(-1))).sum(-1)
        golden["together"][kind] = {"loss": array(losses(logits, ids)), "kl": array(kl)}
    write(ROOT / "src" / "analysis" / "heads" / "goldens" / "storyworld-2m.json", golden)


if __name__ == "__main__":
    main()
