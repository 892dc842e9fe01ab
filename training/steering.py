"""Finds latents of the bundled dictionaries that may raise the property they fire on, for `npm run bench -- suggestions`.

    python training/steering.py          # writes bench/suggestions-candidates.json

1. On Storyworld items: how well each latent's firing tells each property of `src/storyworld/recognisers`, on its own token
   or the next (F1), and of which property it tells the next token best.
2. On texts of the model's own, by gradients at strength 0: how fast each latent raises the expected share of next tokens with
   the property, and how fast the texts get worse. A property is here the tokens that nearly always have it. Then, for the best
   of each property, the same expectations at the strength at which texts get noticeably worse.
3. Texts generated with the most promising, at several strengths, counted.

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
PROMPT_TOKENS = 2
TEMPERATURE = 0.5
# F1 of a latent's firing for a property, on its own token or the next, for it to be the latent's.
LEAST_F1 = 0.25
# Share of a token's occurrences that have a property for it to stand for the property.
TYPICAL = 0.9
PROMISE = {"texts": 16, "tokens": 60, "probes": 48, "loss": 0.12, "per_effect": 8}
COUNT = {"prompts": 32, "tokens": 64, "base": 24, "around": [0.85, 1.1, 1.4], "limit": 1.16, "per_effect": 4, "most": 72}


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


def labels(model, saes: dict, rows: list[list[int]], marked: list[np.ndarray]) -> dict:
    """For each hook: [latents, effects] F1, and [latents] the largest activation."""
    effects = marked[0].shape[1]
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
    found = {}
    for hook in saes:
        f1 = 2 * hits[hook] / (fired[hook][:, None] + totals).clamp(min=1)
        f1[fired[hook] < 20] = 0
        found[hook] = f1.view(-1, 2, effects).amax(1), most[hook]
    return found


def generate(model, prompts: torch.Tensor, additions: dict, tokens: int, generator) -> torch.Tensor:
    """
    Continues rows of equal length by sampling.
    additions: hook -> [rows, width], added everywhere
    """
    caches = [None] * len(model.h)
    ids, out, offset = prompts, prompts, 0
    for _ in range(tokens):
        length = ids.shape[1]
        x = model.wte(ids) + model.wpe.weight[offset : offset + length]

        def at(hook, x):
            return x + additions[hook][:, None] if hook in additions else x

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
        probs = (model.unembed(x[:, -1]) / TEMPERATURE).softmax(-1)
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


def promise(model, saes, tokenizer, names, tokens, told, generator) -> list[dict]:
    """
    Pairs of a latent and a property that it tells, with the strength at which texts should be a little below the limit and the
    logarithm of how many times the rate should rise there, to first order (the loss to second).
    """
    prompts = prompts_of(tokenizer, SEED + 1, PROMISE["texts"])
    ids = generate(model, prompts, {}, PROMISE["tokens"], generator)
    with torch.enable_grad():
        added = {hook: torch.zeros(sae.w_dec.shape[1], requires_grad=True) for hook, sae in saes.items()}
        x = run(model, ids, lambda hook, x: x + added[hook] if hook in added else x)
        logits = model.unembed(x)[:, PROMPT_TOKENS:].reshape(-1, tokens.shape[0])
        logs, base = (logits / TEMPERATURE).log_softmax(-1), logits.detach().log_softmax(-1)
        probs = logs.exp()
        rates = probs.mean(0) @ tokens
        loss = -(probs * base).sum(1).mean()
        gradient = lambda value: dict(zip(added, torch.autograd.grad(value, list(added.values()), retain_graph=True)))
        slopes = [gradient(rates[effect]) if rates[effect] > 1e-4 else None for effect in range(len(names))]
        loss_slope = gradient(loss)
        # Fisher information of all positions: chosen tokens with random signs.
        probes = []
        for _ in range(PROMISE["probes"]):
            chosen = torch.multinomial(probs.detach(), 1, generator=generator)
            signs = torch.randint(0, 2, chosen.shape, generator=generator) * 2.0 - 1
            probes.append(gradient((logs.gather(1, chosen) * signs).sum()))
    room = PROMISE["loss"] * loss.item()
    found = []
    for hook, sae in saes.items():
        f1, most = told[hook]
        directions = sae.w_dec * most[:, None]
        bend = torch.stack([(directions @ probe[hook]) ** 2 for probe in probes]).mean(0) / len(logs)
        tilt = (directions @ loss_slope[hook]).clamp(min=0)
        strengths = (-tilt + (tilt**2 + 2 * bend * room).sqrt()) / bend.clamp(min=1e-9)
        for effect, slope in enumerate(slopes):
            if slope is None:
                continue
            rise = strengths * (directions @ slope[hook]) / rates[effect]
            rise[(f1[:, effect] < LEAST_F1) | (most == 0)] = -1
            for value, latent in zip(*(each.tolist() for each in rise.topk(PROMISE["per_effect"]))):
                if value > 0.3:
                    found.append({"dictionary": hook, "feature": latent, "effect": names[effect], "f1": round(f1[latent, effect].item(), 3), "unit": most[latent].item(), "strength": strengths[latent].item(), "promise": value})  # fmt: skip
    return sorted(found, key=lambda each: -each["promise"])


class Expectation:
    """Next tokens after texts of the model's own, with a direction added to every row."""

    def __init__(self, model, ids: torch.Tensor, tokens: torch.Tensor):
        self.model, self.tokens, self.at = model, tokens, {}

        def keep(hook, x):
            self.at[hook] = x
            return x

        run(model, ids, keep)
        logits = self.logits(self.at["blocks.3.hook_resid_post"])
        self.base = logits.log_softmax(-1)
        self.base_rates, self.base_loss = self.figures(logits)

    def logits(self, x: torch.Tensor) -> torch.Tensor:
        return self.model.unembed(x)[:, PROMPT_TOKENS:].reshape(-1, self.tokens.shape[0])

    def figures(self, logits: torch.Tensor) -> tuple[torch.Tensor, float]:
        probs = (logits / TEMPERATURE).softmax(-1)
        return probs.mean(0) @ self.tokens, -(probs * self.base).sum(1).mean().item()

    def steered(self, hook: str, added: torch.Tensor) -> tuple[torch.Tensor, float]:
        """Rates of all properties, and the loss over that of the base."""
        layer, h = int(hook.split(".")[1]), self.model.h
        if hook.endswith("hook_resid_post"):
            x, layer = self.at[hook] + added, layer + 1
        elif hook.endswith("hook_resid_pre"):
            x = self.at[hook] + added
        else:
            x = self.at[f"blocks.{layer}.hook_resid_pre"]
            x = x + h[layer].attn.c_proj(self.at[hook] + added)
            x, layer = x + h[layer].mlp(h[layer].ln_2(x)), layer + 1
        for block in h[layer:]:
            x = block(x)
        rates, loss = self.figures(self.logits(x))
        return rates, loss / self.base_loss


def expect(model, saes, tokenizer, names, tokens, pairs, generator) -> list[dict]:
    """For each pair the strength at which the expected loss is as wanted, and how many times the property's rate rises."""
    ids = generate(model, prompts_of(tokenizer, SEED + 1, PROMISE["texts"]), {}, PROMISE["tokens"], generator)
    expectation = Expectation(model, ids, tokens)
    found = []
    latents = {(p["dictionary"], p["feature"]): p for p in pairs}
    for done, ((hook, feature), first) in enumerate(latents.items()):
        direction = saes[hook].w_dec[feature] * first["unit"]
        strength, tried = 0.4 * first["strength"], []
        for _ in range(5):
            rates, loss = expectation.steered(hook, strength * direction)
            tried.append((strength, rates, loss))
            # The loss rises with about the square of the strength; more steeply where it is large.
            rise = min(max(PROMISE["loss"] / max(loss - 1, 1e-3), 0.1), 6)
            if 0.8 < rise < 1.25:
                break
            strength = round(strength * rise**0.5, 3)
        strength, rates, loss = min(tried, key=lambda each: abs(each[2] - 1 - PROMISE["loss"]))
        for pair in pairs:
            effect = names.index(pair["effect"])
            if (pair["dictionary"], pair["feature"]) == (hook, feature) and loss < 1.25 and expectation.base_rates[effect] > 1e-4:
                ratio = (rates[effect] / expectation.base_rates[effect]).item()
                found.append({**pair, "strength": strength, "ratio": ratio, "loss": loss})
        if done % 50 == 0:
            print(f"{done} of {len(latents)}", file=sys.stderr)
    return sorted(found, key=lambda each: -each["ratio"])


def count(model, saes, tokenizer, names, pairs, seed: int, plan: dict, generator) -> list[dict]:
    """For each pair the strength around its own at which generated texts have the property most often and stay fluent."""
    prompts = prompts_of(tokenizer, seed, plan["prompts"])
    settings = {(p["dictionary"], p["feature"], round(p["strength"] * factor, 3)): p["unit"] for p in pairs for factor in plan["around"]}
    asked = [{"strength": 0}] * plan["base"]
    asked += [{"dictionary": d, "feature": f, "unit": u, "strength": s} for (d, f, s), u in settings.items()]
    results = measure(model, saes, prompts, plan["tokens"], asked, generator)
    own, steered = results[: plan["base"]], dict(zip(settings, results[plan["base"] :]))
    base = np.concatenate([each["rates"] for each in own]).mean(0)
    base_loss = np.concatenate([each["loss"] for each in own]).mean()
    print(f"base loss {base_loss:.3f} nats a token", file=sys.stderr)
    best = []
    for pair in pairs:
        effect = names.index(pair["effect"])
        options = []
        for factor in plan["around"]:
            strength = round(pair["strength"] * factor, 3)
            result = steered[pair["dictionary"], pair["feature"], strength]
            rates, loss = result["rates"][:, effect], float(result["loss"].mean() / base_loss)
            low = rates.mean() - rates.std() / len(rates) ** 0.5
            if loss < plan["limit"] and base[effect] > 0:
                options.append({"strength": strength, "rate": float(rates.mean()), "sure": float(low / base[effect]), "loss": loss})
        if options:
            best.append({**pair, "base": float(base[effect]), **max(options, key=lambda option: option["sure"])})
    return sorted(best, key=lambda each: -each["sure"])


def best_of(pairs: list[dict], plan: dict) -> list[dict]:
    """Each latent once, at most so many of a property."""
    kept, used, seen = [], {}, set()
    for pair in pairs:
        latent = pair["dictionary"], pair["feature"]
        if latent not in seen and used.get(pair["effect"], 0) < plan["per_effect"]:
            seen.add(latent)
            used[pair["effect"]] = used.get(pair["effect"], 0) + 1
            kept.append(pair)
    return kept[: plan["most"]]


def main() -> None:
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
        rows = [[0, *tokenizer.encode(text, add_special_tokens=False).ids[:255]] for text in storyworld(SEED, ITEMS)]
        names, marked = marks(rows)
        tokens = torch.from_numpy(typical(rows, marked))
        pairs = kept(
            "promising",
            lambda: promise(model, saes, tokenizer, names, tokens, labels(model, saes, rows, marked), generator),
        )
        print(f"{len(pairs)} pairs, {len({(p['dictionary'], p['feature']) for p in pairs})} latents", file=sys.stderr)
        expected = kept("expected", lambda: expect(model, saes, tokenizer, names, tokens, pairs, generator))
        again = best_of([pair for pair in expected if pair["ratio"] > 2], COUNT)
        print(f"{len(again)} are generated with", file=sys.stderr)
        counted = kept("counted", lambda: count(model, saes, tokenizer, names, again, SEED + 2, COUNT, generator))
    good = [each for each in counted if each["rate"] >= 3 * each["base"]]
    fields = ("dictionary", "feature", "effect", "f1", "unit", "strength")
    (ROOT / "bench" / "suggestions-candidates.json").write_text(json.dumps([{key: each[key] for key in fields} for each in good], indent=1) + "\n")
    print(f"{len(good)} of {len(counted)} reach 3", file=sys.stderr)


if __name__ == "__main__":
    main()
