"""Finds latents of the bundled dictionaries that may raise the property they fire on, for `npm run bench -- steering`.

    python training/steering.py          # writes bench/steering-candidates.json

1. On Storyworld items: how well each latent's firing tells each property of `src/storyworld/recognisers`, on its own token
   or the next (F1).
2. Texts generated in batches with the direction added at several strengths, and what the properties' rates become.

Only a choice of what to measure: every figure that the page shows is measured by the page's own engine afterwards, on
other prompts and seeds.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from shipped import DICTIONARIES, HOOKS, ROOT, WORK, load_model, run
from tokenizers import Tokenizer

SEED, ITEMS = 11, 1200
PROMPT_TOKENS = 4
# Of the pairs of a latent and a property: F1 at least, properties a latent, latents of one dictionary a property.
LEAST_F1, PER_LATENT, PER_EFFECT = 0.3, 2, 4
# A first look at all of them, and a longer one at the best of each property.
LOOK = {"strengths": [0.5, 1, 2], "prompts": 8, "tokens": 24, "base": 64}
CHOOSE = {"strengths": [0.25, 0.5, 0.75, 1, 1.5, 2, 3], "prompts": 16, "tokens": 32, "base": 48, "per_effect": 4}
# Losses are noisy: what is chosen stays clear of the limit of 1.2.
FLUENCY = 1.15


def storyworld(seed: int, items: int) -> list[str]:
    command = ["npm", "run", "-s", "storyworld", "--", "--seed", str(seed), "--tokens", str(items * 110), "--no-spans", "--out", str(WORK)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return [json.loads(line)["text"] for line in open(WORK / f"storyworld-{seed}.jsonl")][:items]


def marks(rows: list[list[int]]) -> tuple[list[str], list[np.ndarray]]:
    """For each row [tokens, effects] 0 or 1."""
    (WORK / "ids.json").write_text(json.dumps(rows))
    paths = [str(WORK / name) for name in ("ids.json", "marks.bin", "effects.json")]
    subprocess.run(["node", "scripts/run.mjs", "scripts/recognise.ts", *paths], cwd=ROOT, check=True)
    names = json.loads((WORK / "effects.json").read_text())
    flat = np.fromfile(WORK / "marks.bin", dtype=np.uint8).reshape(-1, len(names))
    ends = np.cumsum([len(row) for row in rows])
    return names, np.split(flat, ends[:-1])


class Sae:
    def __init__(self, hook: str):
        tensors = {name: value.float() for name, value in load_file(DICTIONARIES / hook / "sae_weights.safetensors").items()}
        self.w_enc, self.b_enc, self.w_dec, self.b_dec = (tensors[name] for name in ("W_enc", "b_enc", "W_dec", "b_dec"))
        self.k = HOOKS[hook].k

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        values, indices = ((x - self.b_dec) @ self.w_enc + self.b_enc).relu().topk(self.k, dim=-1)
        return torch.zeros(*x.shape[:-1], len(self.b_enc)).scatter_(-1, indices, values)


def labels(model, saes: dict, rows: list[list[int]]) -> list[dict]:
    """Pairs of a latent and the properties it tells best, and the latent's largest activation."""
    names, marked = marks(rows)
    effects = len(names)
    hits = {hook: torch.zeros(len(sae.b_enc), 2 * effects) for hook, sae in saes.items()}
    fired = {hook: torch.zeros(len(sae.b_enc)) for hook, sae in saes.items()}
    most = {hook: torch.zeros(len(sae.b_enc)) for hook, sae in saes.items()}
    totals = torch.zeros(2 * effects)
    for ids, own in zip(rows, marked):
        after = np.concatenate([own[1:], np.zeros((1, effects), dtype=np.uint8)])
        truth = torch.from_numpy(np.concatenate([own, after], axis=1)[1:].astype(np.float32))
        totals += truth.sum(0)
        found = {}

        def keep(hook, x):
            found[hook] = x
            return x

        run(model, torch.tensor([ids]), keep)
        for hook, sae in saes.items():
            codes = sae.encode(found[hook][0, 1:])
            firing = (codes > 0).float()
            hits[hook] += firing.t() @ truth
            fired[hook] += firing.sum(0)
            most[hook] = torch.maximum(most[hook], codes.amax(0))
    pairs = []
    for hook in saes:
        f1 = 2 * hits[hook] / (fired[hook][:, None] + totals).clamp(min=1)
        for latent in range(len(f1)):
            if fired[hook][latent] < 20:
                continue
            best = f1[latent].reshape(2, effects).amax(0)
            for effect in best.argsort(descending=True)[:PER_LATENT].tolist():
                if best[effect] >= LEAST_F1:
                    pairs.append({"dictionary": hook, "feature": latent, "effect": names[effect], "f1": round(best[effect].item(), 3), "unit": most[hook][latent].item()})  # fmt: skip
    pairs.sort(key=lambda pair: -pair["f1"])
    kept, count = [], {}
    for pair in pairs:
        key = pair["effect"], pair["dictionary"]
        count[key] = count.get(key, 0) + 1
        if count[key] <= PER_EFFECT:
            kept.append(pair)
    return kept


def generate(model, prompts: torch.Tensor, additions: dict, tokens: int, generator) -> torch.Tensor:
    """
    Continues rows of equal length by sampling.
    additions: hook -> [rows, width], added from the prompt's end on, but not where a special token stands
    """
    caches = [None] * len(model.h)
    ids, out, offset, start = prompts, prompts, 0, prompts.shape[1]
    for _ in range(tokens):
        length = ids.shape[1]
        x = model.wte(ids) + model.wpe.weight[offset : offset + length]
        scope = (ids != 0).float()[..., None] if offset >= start else None

        def at(hook, x):
            return x if scope is None or hook not in additions else x + scope * additions[hook][:, None]

        for layer, block in enumerate(model.h):
            x = at(f"blocks.{layer}.hook_resid_pre", x)
            rows, _, width = x.shape
            heads = model.config.n_head
            q, k, v = block.attn.c_attn(block.ln_1(x)).view(rows, length, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
            if caches[layer] is not None:
                k, v = (torch.cat(pair, dim=2) for pair in zip(caches[layer], (k, v)))
            caches[layer] = k, v
            z = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=length > 1)
            x = x + block.attn.c_proj(at(f"blocks.{layer}.attn.hook_z", z.transpose(1, 2).reshape(rows, length, width)))
            x = at(f"blocks.{layer}.hook_resid_post", x + block.mlp(block.ln_2(x)))
        probs = model.unembed(x[:, -1]).softmax(-1)
        ids = torch.multinomial(probs, 1, generator=generator)
        out = torch.cat([out, ids], dim=1)
        offset += length
    return out


def losses(model, rows: torch.Tensor, start: int) -> torch.Tensor:
    """Mean -ln p of the tokens from `start` on under the model as it is, one for each row."""
    logs = model(rows)[:, start - 1 : -1].log_softmax(-1)
    return -logs.gather(-1, rows[:, start:, None])[..., 0].mean(1)


def measure(model, saes, prompts: torch.Tensor, tokens: int, asked: list[dict], generator, batch: int = 256) -> list[dict]:
    """For each asked {dictionary, feature, unit, strength}: rates of all effects [texts, effects] and losses [texts]."""
    start = prompts.shape[1]
    rows_of = len(prompts)
    texts, loss = [], []
    at_once = max(1, batch // rows_of)
    for first in range(0, len(asked), at_once):
        part = asked[first : first + at_once]
        additions: dict[str, torch.Tensor] = {}
        for i, each in enumerate(part):
            if each["strength"] == 0:
                continue
            hook = each["dictionary"]
            direction = saes[hook].w_dec[each["feature"]] * each["unit"] * each["strength"]
            rows = additions.setdefault(hook, torch.zeros(rows_of * len(part), direction.shape[0]))
            rows[i * rows_of : (i + 1) * rows_of] = direction
        out = generate(model, prompts.repeat(len(part), 1), additions, tokens, generator)
        loss.append(losses(model, out, start))
        texts.extend(out.tolist())
        if first % (20 * at_once) == 0:
            print(f"{first} of {len(asked)}", file=sys.stderr)
    _, marked = marks(texts)
    rates = np.stack([each[start:].mean(0) for each in marked])
    all_losses = torch.cat(loss).numpy()
    return [
        {"rates": rates[i * rows_of : (i + 1) * rows_of], "loss": all_losses[i * rows_of : (i + 1) * rows_of]}
        for i in range(len(asked))
    ]


def prompts_of(tokenizer, seed: int, items: int) -> torch.Tensor:
    texts = storyworld(seed, items)
    return torch.tensor([[0, *tokenizer.encode(text, add_special_tokens=False).ids[:PROMPT_TOKENS]] for text in texts])


def search(model, saes, tokenizer, names, pairs, seed: int, plan: dict, generator) -> list[dict]:
    """For each pair the strength with the highest rate that keeps fluency, the best first."""
    prompts = prompts_of(tokenizer, seed, plan["prompts"])
    latents = {(pair["dictionary"], pair["feature"]): pair["unit"] for pair in pairs}
    asked = [{"strength": 0}] * plan["base"]
    asked += [{"dictionary": d, "feature": f, "unit": u, "strength": s} for (d, f), u in latents.items() for s in plan["strengths"]]
    results = measure(model, saes, prompts, plan["tokens"], asked, generator)
    own, steered = results[: plan["base"]], results[plan["base"] :]
    base = np.concatenate([each["rates"] for each in own]).mean(0)
    base_loss = np.concatenate([each["loss"] for each in own]).mean()
    print(f"base loss {base_loss:.3f} nats a token", file=sys.stderr)
    found = {
        (each["dictionary"], each["feature"], each["strength"]): (result["rates"].mean(0), result["loss"].mean() / base_loss)
        for each, result in zip(asked[plan["base"] :], steered)
    }
    best = []
    for pair in pairs:
        effect = names.index(pair["effect"])
        options = []
        for strength in plan["strengths"]:
            rates, loss = found[pair["dictionary"], pair["feature"], strength]
            if loss < FLUENCY:
                options.append({"strength": strength, "rate": float(rates[effect]), "loss": round(float(loss), 3)})
        if options and base[effect] > 0:
            choice = max(options, key=lambda option: option["rate"])
            best.append({**pair, **choice, "base": float(base[effect]), "ratio": round(choice["rate"] / float(base[effect]), 2)})
    return sorted(best, key=lambda each: -each["ratio"])


def main() -> None:
    generator = torch.Generator().manual_seed(0)
    WORK.mkdir(exist_ok=True)
    model = load_model()
    tokenizer = Tokenizer.from_file(str(ROOT / "public/models/storyworld-2m/tokenizer.json"))
    saes = {hook: Sae(hook) for hook in HOOKS}
    pairs_path = WORK / "steering-pairs.json"
    with torch.no_grad():
        if not pairs_path.exists():
            rows = [[0, *tokenizer.encode(text, add_special_tokens=False).ids[:255]] for text in storyworld(SEED, ITEMS)]
            pairs_path.write_text(json.dumps(labels(model, saes, rows)))
        pairs = json.loads(pairs_path.read_text())
        names = json.loads((WORK / "effects.json").read_text())
        print(f"{len(pairs)} pairs, {len({(p['dictionary'], p['feature']) for p in pairs})} latents", file=sys.stderr)
        looked_path = WORK / "steering-looked.json"
        if not looked_path.exists():
            looked_path.write_text(json.dumps(search(model, saes, tokenizer, names, pairs, SEED + 1, LOOK, generator), indent=1))
        looked = json.loads(looked_path.read_text())
        kept, count, seen = [], {}, set()
        for pair in looked:
            latent = pair["dictionary"], pair["feature"]
            if pair["ratio"] < 2 or latent in seen or count.get(pair["effect"], 0) >= CHOOSE["per_effect"]:
                continue
            seen.add(latent)
            count[pair["effect"]] = count.get(pair["effect"], 0) + 1
            kept.append({key: pair[key] for key in ("dictionary", "feature", "effect", "f1", "unit")})
        print(f"{len(kept)} are looked at again", file=sys.stderr)
        chosen = search(model, saes, tokenizer, names, kept, SEED + 2, CHOOSE, generator)
    out = ROOT / "bench" / "steering-candidates.json"
    out.write_text(json.dumps([each for each in chosen if each["ratio"] >= 3], indent=1) + "\n")
    print(f"{sum(each['ratio'] >= 3 for each in chosen)} of {len(chosen)} reach 3", file=sys.stderr)


if __name__ == "__main__":
    main()
