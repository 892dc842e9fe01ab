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

SEED, ITEMS = 11, 600
PROMPT_TOKENS = 4
# Pairs of a latent and a property: F1 at least (its own token or the next), and latents of one dictionary a property, those
# that tell it of the next token best: what is to be raised must be promoted before it stands there.
LEAST_F1, PER_EFFECT = 0.3, 2
# A first look at all of them, and a longer one at the best of each property at the strength chosen and those beside it. Losses
# are noisy: `limit` is on this side of 1.2 where strengths are chosen, and beyond where only what is hopeless is left out.
STRENGTHS = {
    "blocks.2.hook_resid_pre": [0.3, 0.6, 1.2],
    "blocks.3.hook_resid_post": [0.15, 0.3, 0.6],
    **{f"blocks.{layer}.attn.hook_z": [0.7, 1.5, 3] for layer in range(4)},
}
LOOK = {"prompts": 8, "tokens": 32, "base": 64, "limit": 1.25}
CHOOSE = {"prompts": 32, "tokens": 40, "base": 16, "limit": 1.16, "per_effect": 4, "most": 64}


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
        f1 = (2 * hits[hook] / (fired[hook][:, None] + totals).clamp(min=1)).view(-1, 2, effects)
        f1[fired[hook] < 20] = 0
        told, ahead = f1.amax(1), f1[:, 1]
        for effect in range(effects):
            ranked = (ahead[:, effect] * (told[:, effect] >= LEAST_F1)).topk(PER_EFFECT)
            for value, latent in zip(ranked.values.tolist(), ranked.indices.tolist()):
                if value > 0.1:
                    pairs.append({"dictionary": hook, "feature": latent, "effect": names[effect], "f1": round(told[latent, effect].item(), 3), "unit": most[hook][latent].item()})  # fmt: skip
    return pairs


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


def search(model, saes, tokenizer, names, pairs, seed: int, plan: dict, strengths, generator) -> list[dict]:
    """
    For each pair the strength with the highest rate that keeps fluency, the surest first.
    strengths: of a pair, those to be tried
    """
    prompts = prompts_of(tokenizer, seed, plan["prompts"])
    settings = {(p["dictionary"], p["feature"], s): p["unit"] for p in pairs for s in strengths(p)}
    asked = [{"strength": 0}] * plan["base"]
    asked += [{"dictionary": d, "feature": f, "unit": u, "strength": s} for (d, f, s), u in settings.items()]
    results = measure(model, saes, prompts, plan["tokens"], asked, generator)
    own, steered = results[: plan["base"]], results[plan["base"] :]
    base = np.concatenate([each["rates"] for each in own]).mean(0)
    base_loss = np.concatenate([each["loss"] for each in own]).mean()
    print(f"base loss {base_loss:.3f} nats a token", file=sys.stderr)
    found = dict(zip(settings, steered))
    best = []
    for pair in pairs:
        effect = names.index(pair["effect"])
        options = []
        for strength in strengths(pair):
            result = found[pair["dictionary"], pair["feature"], strength]
            rates, loss = result["rates"][:, effect], result["loss"].mean() / base_loss
            low = rates.mean() - rates.std() / len(rates) ** 0.5
            if loss < plan["limit"] and base[effect] > 0:
                options.append({"strength": strength, "rate": float(rates.mean()), "sure": float(low / base[effect]), "loss": float(loss)})
        if options:
            best.append({**pair, **max(options, key=lambda option: option["sure"]), "base": float(base[effect])})
    return sorted(best, key=lambda each: -each["sure"])


def beside(pair: dict) -> list[float]:
    """The strength chosen and the geometric means with those beside it."""
    tried = STRENGTHS[pair["dictionary"]]
    at = tried.index(pair["strength"])
    middle = lambda a, b: round((a * b) ** 0.5, 3)
    return [*(middle(tried[at - 1], tried[at]) for _ in range(at > 0)), tried[at], *(middle(tried[at], after) for after in tried[at + 1 : at + 2])]


def main() -> None:
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    WORK.mkdir(exist_ok=True)
    model = load_model()
    tokenizer = Tokenizer.from_file(str(ROOT / "public/models/storyworld-2m/tokenizer.json"))
    saes = {hook: Sae(hook) for hook in HOOKS}

    def kept(name: str, make):
        path = WORK / f"steering-{name}.json"
        if not path.exists():
            path.write_text(json.dumps(make(), indent=1))
        return json.loads(path.read_text())

    with torch.no_grad():
        texts = storyworld(SEED, ITEMS)
        rows = [[0, *tokenizer.encode(text, add_special_tokens=False).ids[:255]] for text in texts]
        pairs = kept("pairs", lambda: labels(model, saes, rows))
        names = json.loads((WORK / "effects.json").read_text())
        print(f"{len(pairs)} pairs, {len({(p['dictionary'], p['feature']) for p in pairs})} latents", file=sys.stderr)
        tried = lambda pair: STRENGTHS[pair["dictionary"]]
        looked = kept("looked", lambda: search(model, saes, tokenizer, names, pairs, SEED + 1, LOOK, tried, generator))
        again, count, seen = [], {}, set()
        for pair in looked:
            latent = pair["dictionary"], pair["feature"]
            if pair["sure"] > 1.5 and latent not in seen and count.get(pair["effect"], 0) < CHOOSE["per_effect"]:
                seen.add(latent)
                count[pair["effect"]] = count.get(pair["effect"], 0) + 1
                again.append({key: pair[key] for key in ("dictionary", "feature", "effect", "f1", "unit", "strength")})
        again = again[: CHOOSE["most"]]
        print(f"{len(again)} are looked at again", file=sys.stderr)
        chosen = search(model, saes, tokenizer, names, again, SEED + 2, CHOOSE, beside, generator)
    good = [each for each in chosen if each["rate"] >= 3 * each["base"]]
    (ROOT / "bench" / "steering-candidates.json").write_text(json.dumps(good, indent=1) + "\n")
    print(f"{len(good)} of {len(chosen)} reach 3", file=sys.stderr)


if __name__ == "__main__":
    main()
