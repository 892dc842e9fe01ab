"""Finds latents of the bundled dictionaries that may raise the property they fire on, for `npm run bench -- steering`.

    python training/steering.py          # writes bench/steering-candidates.json

1. On Storyworld items: how well each latent's firing tells each property of `src/storyworld/recognisers`, on its own token
   or the next (F1), and of which property it tells the next token best.
2. On texts of the model's own: the expected share of next tokens with the property, and their expected loss under the model
   as it is, when the direction is added; the strength at which that loss is a little below the limit. A property is here the
   tokens that nearly always have it.
3. Texts generated with the most promising at that strength, counted.

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
# Pairs of a latent and a property: F1 at least, and latents of one dictionary a property. Of a kind of token, those that tell
# it of the next token best: what is to be raised must be promoted before it stands there. Of a single word, those that tell it
# best at all: heads of later layers copy it.
LEAST_F1, PER_EFFECT = 0.3, 2
# Share of a token's occurrences that have a property for it to stand for the property.
TYPICAL = 0.9
EXPECT = {"texts": 16, "tokens": 43, "loss": 1.13}
GENERATE = {"prompts": 32, "tokens": 48, "base": 16, "per_effect": 3, "most": 72}
FIRST_STRENGTH = {"blocks.2.hook_resid_pre": 0.6, "blocks.3.hook_resid_post": 0.4}


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


def typical(rows: list[list[int]], marked: list[np.ndarray]) -> np.ndarray:
    """[vocabulary, effects] 1 for tokens that nearly always have the property."""
    ids, own = np.concatenate(rows), np.concatenate(marked)
    seen, having = np.zeros(3072), np.zeros((3072, own.shape[1]))
    np.add.at(seen, ids, 1)
    np.add.at(having, ids, own)
    return (having >= TYPICAL * np.maximum(seen, 3)[:, None]).astype(np.float32)


def labels(model, saes: dict, rows: list[list[int]], names: list[str], marked: list[np.ndarray]) -> list[dict]:
    """Pairs of a latent and a property, and the latent's largest activation."""
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
            single = names[effect].startswith(("word-", "century-"))
            ranked = ((told if single else ahead)[:, effect] * (told[:, effect] >= LEAST_F1)).topk(PER_EFFECT)
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


class Expectation:
    """Next tokens after texts of the model's own, with a direction added to every generated row but special ones."""

    def __init__(self, model, ids: torch.Tensor, start: int, tokens: torch.Tensor):
        self.model, self.tokens = model, tokens
        self.scope = ((torch.arange(ids.shape[1]) >= start) & (ids != 0))[..., None].float()
        self.rows = self.scope[..., 0].bool()
        self.at = {}

        def keep(hook, x):
            self.at[hook] = x
            return x

        run(model, ids, keep)
        self.logs = self.predict(self.at["blocks.3.hook_resid_post"])
        self.base_rates, self.base_loss = self.figures(self.logs)

    def predict(self, x: torch.Tensor) -> torch.Tensor:
        return self.model.unembed(x[self.rows]).log_softmax(-1)

    def figures(self, logs: torch.Tensor) -> tuple[torch.Tensor, float]:
        probs = logs.exp()
        return probs.mean(0) @ self.tokens, -(probs * self.logs).sum(1).mean().item()

    def steered(self, hook: str, direction: torch.Tensor) -> tuple[torch.Tensor, float]:
        """Rates of all properties, and the loss over that of the base."""
        added = self.scope * direction
        layer = int(hook.split(".")[1])
        h = self.model.h
        if hook.endswith("hook_resid_post"):
            x, layer = self.at[hook] + added, layer + 1
        elif hook.endswith("hook_resid_pre"):
            x = self.at[hook] + added
        else:
            x = self.at[f"blocks.{layer}.hook_resid_pre"] + h[layer].attn.c_proj(self.at[hook] + added)
            x, layer = x + h[layer].mlp(h[layer].ln_2(x)), layer + 1
        for block in h[layer:]:
            x = block(x)
        rates, loss = self.figures(self.predict(x))
        return rates, loss / self.base_loss


def expect(model, saes, tokenizer, names, tokens, pairs, generator) -> list[dict]:
    """For each pair the strength at which the expected loss is as wanted, and how many times the property's rate rises."""
    prompts = prompts_of(tokenizer, SEED + 1, EXPECT["texts"])
    expectation = Expectation(model, generate(model, prompts, {}, EXPECT["tokens"], generator), prompts.shape[1], tokens)
    found = []
    latents = {(p["dictionary"], p["feature"]): p["unit"] for p in pairs}
    for done, ((hook, feature), unit) in enumerate(latents.items()):
        direction = saes[hook].w_dec[feature] * unit
        strength, tried = FIRST_STRENGTH.get(hook, 2.0), []
        for _ in range(4):
            rates, loss = expectation.steered(hook, strength * direction)
            tried.append((strength, rates, loss))
            # The loss rises with about the square of the strength; more steeply where it is large.
            rise = min(max((EXPECT["loss"] - 1) / max(loss - 1, 1e-3), 0.1), 9)
            if 0.8 < rise < 1.25:
                break
            strength = round(strength * rise**0.5, 3)
        strength, rates, loss = min(tried, key=lambda each: abs(each[2] - EXPECT["loss"]))
        for pair in pairs:
            if (pair["dictionary"], pair["feature"]) == (hook, feature) and loss < 1.18:
                effect = names.index(pair["effect"])
                if expectation.base_rates[effect] > 1e-4:
                    ratio = (rates[effect] / expectation.base_rates[effect]).item()
                    found.append({**pair, "strength": strength, "ratio": ratio, "loss": loss, "base": expectation.base_rates[effect].item()})  # fmt: skip
        if done % 50 == 0:
            print(f"{done} of {len(latents)}", file=sys.stderr)
    return sorted(found, key=lambda each: -each["ratio"])


def count(model, saes, tokenizer, names, pairs, generator) -> list[dict]:
    """What texts generated with each of the pairs are like."""
    prompts = prompts_of(tokenizer, SEED + 2, GENERATE["prompts"])
    asked = [{"strength": 0}] * GENERATE["base"] + pairs
    results = measure(model, saes, prompts, GENERATE["tokens"], asked, generator)
    own, steered = results[: GENERATE["base"]], results[GENERATE["base"] :]
    base = np.concatenate([each["rates"] for each in own]).mean(0)
    base_loss = np.concatenate([each["loss"] for each in own]).mean()
    print(f"base loss {base_loss:.3f} nats a token", file=sys.stderr)
    found = []
    for pair, result in zip(pairs, steered):
        effect = names.index(pair["effect"])
        rates = result["rates"][:, effect]
        low = rates.mean() - 1.5 * rates.std() / len(rates) ** 0.5
        found.append({**pair, "base": float(base[effect]), "rate": float(rates.mean()), "sure": float(low / max(base[effect], 1e-4)), "loss": float(result["loss"].mean() / base_loss)})  # fmt: skip
    return sorted(found, key=lambda each: -each["sure"])


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
        names, marked = marks(rows)
        tokens = torch.from_numpy(typical(rows, marked))
        pairs = kept("pairs", lambda: labels(model, saes, rows, names, marked))
        print(f"{len(pairs)} pairs, {len({(p['dictionary'], p['feature']) for p in pairs})} latents", file=sys.stderr)
        expected = kept("expected", lambda: expect(model, saes, tokenizer, names, tokens, pairs, generator))
        again, used, seen = [], {}, set()
        for pair in expected:
            latent = pair["dictionary"], pair["feature"]
            if pair["ratio"] > 2.5 and latent not in seen and used.get(pair["effect"], 0) < GENERATE["per_effect"]:
                seen.add(latent)
                used[pair["effect"]] = used.get(pair["effect"], 0) + 1
                again.append(pair)
        again = again[: GENERATE["most"]]
        print(f"{len(again)} are generated with", file=sys.stderr)
        counted = count(model, saes, tokenizer, names, again, generator)
        (WORK / "steering-counted.json").write_text(json.dumps(counted, indent=1))
    good = [each for each in counted if each["rate"] >= 3 * each["base"] and each["loss"] < 1.22]
    fields = ("dictionary", "feature", "effect", "f1", "unit", "strength")
    (ROOT / "bench" / "steering-candidates.json").write_text(json.dumps([{key: each[key] for key in fields} for each in good], indent=1) + "\n")
    print(f"{len(good)} of {len(counted)} reach 3", file=sys.stderr)


if __name__ == "__main__":
    main()
