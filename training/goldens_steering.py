"""Writes what transformer-lens, with hooks, and sae-lens make of interventions on the bundled model.

    python training/goldens_steering.py     # src/analysis/steering/goldens/storyworld-2m.json

Interventions are written as the product takes them. Every hook function below says what one does in a line; several on one
hook act in the order of the list. Last row: the likeliest tokens and their logits.
"""

import torch
from goldens_heads import bundled, dictionary
from make_goldens import array, write
from shipped import MODEL, ROOT
from tokenizers import Tokenizer

TEXT = 'The key (to the old doors) is here, and the boys "near the river" are happy. The war lasted'
MORE = " from 1732 to 17"
OTHER = "When Mary and John went to the store, John gave a drink to Mary."
MIDDLE, END = "blocks.2.hook_resid_pre", "blocks.3.hook_resid_post"
LIKELY = 20

ALL, WORDS, SPECIAL, PROMPT, GENERATED = ({"kind": kind} for kind in ["all", "text", "special", "prompt", "generated"])
SOME = {"kind": "rows", "ranges": [[3, 5], [9, 9], [20, 22]]}


def z(layer: int) -> str:
    return f"blocks.{layer}.attn.hook_z"


def in_scope(scope: dict, row: int, prompt_rows: int) -> bool:
    match scope["kind"]:
        case "all":
            return True
        case "special":
            return row == 0
        case "text":
            return row > 0
        case "prompt":
            return 0 < row < prompt_rows
        case "generated":
            return row >= prompt_rows
    return any(first <= row <= last for first, last in scope["ranges"])


class Bench:
    def __init__(self):
        self.model, self.saes = bundled(), {}
        tokenizer = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
        encode = lambda text: [0, *tokenizer.encode(text, add_special_tokens=False).ids]
        self.ids, self.prompt_rows, self.other = encode(TEXT + MORE), len(encode(TEXT)), encode(OTHER)
        self.clean, self.cache = self.model.run_with_cache(torch.tensor([self.ids]))
        _, self.others = self.model.run_with_cache(torch.tensor([self.other]))
        _, self.prompt = self.model.run_with_cache(torch.tensor([self.ids[: self.prompt_rows]]))

    def sae(self, hook: str):
        if hook not in self.saes:
            self.saes[hook] = dictionary(hook)
        return self.saes[hook]

    def encode(self, hook: str, x: torch.Tensor) -> torch.Tensor:
        """[T, d_in] → [T, d_sae]; sae-lens wants heads apart."""
        heads = (self.model.cfg.n_heads, self.model.cfg.d_head)
        return self.sae(hook).encode(x.unflatten(1, heads) if hook.endswith("hook_z") else x)

    def hooks(self, asked: dict) -> list:
        """[(hook, function)] for transformer-lens; functions get and return [T, width]."""
        rows = torch.tensor([in_scope(asked["scope"], row, self.prompt_rows) for row in range(len(self.ids))])
        target = asked.get("target", asked)

        def flat(edit):
            def run(x, hook):
                own = x[0].flatten(1)
                return torch.where(rows[:, None], edit(own), own).reshape(x.shape)

            return run

        if target["kind"] in ("head", "hook"):
            hook = z(target["layer"]) if target["kind"] == "head" else target["hook"]
            width = self.model.cfg.d_head
            columns = slice(target["head"] * width, (target["head"] + 1) * width) if target["kind"] == "head" else slice(None)

            def within(change):
                def edit(x):
                    y = x.clone()
                    y[:, columns] = change(x[:, columns])
                    return y

                return [(hook, flat(edit))]

            if asked["kind"] == "scale":
                return within(lambda x: x * asked["factor"])
            if asked["kind"] == "ablate":
                mean = self.prompt[hook][0].flatten(1)[1:, columns].mean(0)
                return within(lambda x: torch.zeros_like(x) if asked["with"] == "zero" else mean.expand_as(x))
            source = self.others[hook][0].flatten(1)[:, columns]
            shift = 0 if asked["align"] == "start" else len(source) - self.prompt_rows
            found = lambda row: 0 <= row + shift < len(source) and (row + shift == 0) == (row == 0)
            return within(lambda x: torch.stack([source[t + shift] if found(t) else own for t, own in enumerate(x)]))
        sae = self.sae(target["dictionary"])
        hook = target["dictionary"]
        if asked["kind"] == "splice":

            def splice(x):
                reconstruction = sae.decode(self.encode(hook, x)).reshape(x.shape)
                return reconstruction + (x - reconstruction) if asked["error"] else reconstruction

            return [(hook, flat(splice))]
        feature, direction = target["feature"], sae.W_dec[target["feature"]]
        activation = lambda x: self.encode(hook, x)[:, feature, None]
        match asked["kind"]:
            case "add":
                edit = flat(lambda x: x + asked["strength"] * asked["unit"] * direction)
                first, last = asked.get("layers", [int(hook.split(".")[1])] * 2)
                return [(".".join(["blocks", str(layer), *hook.split(".")[2:]]), edit) for layer in range(first, last + 1)]
            case "clamp":
                wanted = lambda x: asked["strength"] * asked["unit"]
            case "scale":
                wanted = lambda x: asked["factor"] * activation(x)
            case "ablate":
                mean = self.encode(hook, self.prompt[hook][0].flatten(1))[1:, feature].mean()
                wanted = lambda x: 0 if asked["with"] == "zero" else mean
        return [(hook, flat(lambda x: x + (wanted(x) - activation(x)) * direction))]

    def frozen(self) -> list:
        hold = lambda pattern, hook: self.cache[hook.name]
        return [(f"blocks.{layer}.attn.hook_pattern", hold) for layer in range(self.model.cfg.n_layers)]

    def run(self, name: str, *asked: dict, frozen: bool = False) -> dict:
        hooks = [hook for each in asked for hook in self.hooks(each)] + (self.frozen() if frozen else [])
        logits = self.model.run_with_hooks(torch.tensor([self.ids]), fwd_hooks=hooks)
        base, own = self.clean[0].log_softmax(-1), logits[0].log_softmax(-1)
        values, tokens = logits[0, -1].topk(LIKELY)
        return {
            "name": name, "interventions": asked, "frozen": frozen,
            "loss": array(-own[:-1].gather(1, torch.tensor(self.ids)[1:, None])[:, 0]),
            "kl": array((base.exp() * (base - own)).sum(-1)), "likely": tokens.tolist(), "logits": array(values),
        }  # fmt: skip

    def features(self, hook: str) -> list[int]:
        """Two features that are active on several rows of the text but not on most, the stronger first."""
        f = self.encode(hook, self.cache[hook][0].flatten(1))[1:]
        fires = (f > 0).sum(0)
        strength = torch.where((fires >= 3) & (fires <= len(f) // 2), f.amax(0), 0)
        return strength.topk(2).indices.tolist()


@torch.no_grad()
def main() -> None:
    bench = Bench()
    (f, g), (h, _), (e, _) = bench.features(MIDDLE), bench.features(z(1)), bench.features(END)
    add = {"kind": "add", "dictionary": MIDDLE, "feature": f, "strength": 1.5, "unit": 6}
    clamp = {"kind": "clamp", "dictionary": z(1), "feature": h, "strength": 2, "unit": 1.5}
    latent = {"kind": "latent", "dictionary": MIDDLE, "feature": f}
    another = {"kind": "latent", "dictionary": z(2), "feature": bench.features(z(2))[0]}
    head = {"kind": "head", "layer": 1, "head": 2}
    hook = lambda name: {"kind": "hook", "hook": name}
    cases = [
        *((f"add, {scope['kind']}", add | {"scope": scope}) for scope in [ALL, WORDS, SPECIAL, PROMPT, GENERATED, SOME]),
        ("add, negative, at the end", add | {"dictionary": END, "feature": e, "strength": -2, "scope": WORDS}),
        ("add to heads", clamp | {"kind": "add", "scope": SOME}),
        ("add in all layers", add | {"layers": [0, 3], "strength": 0.5, "scope": WORDS}),
        ("clamp heads", clamp | {"scope": WORDS}),
        ("clamp to 0", add | {"kind": "clamp", "strength": 0, "scope": ALL}),
        ("clamp, generated", add | {"kind": "clamp", "feature": g, "scope": GENERATED}),
        ("scale latent", {"kind": "scale", "target": latent, "factor": 3, "scope": WORDS}),
        ("scale latent of heads", {"kind": "scale", "target": another, "factor": -2, "scope": PROMPT}),
        ("scale head", {"kind": "scale", "target": head, "factor": 0.25, "scope": WORDS}),
        ("scale hook", {"kind": "scale", "target": hook("blocks.2.hook_mlp_out"), "factor": 2, "scope": SOME}),
        ("ablate latent, zero", {"kind": "ablate", "target": latent, "with": "zero", "scope": WORDS}),
        ("ablate latent, mean", {"kind": "ablate", "target": latent, "with": "mean", "scope": WORDS}),
        ("ablate latent of heads, mean", {"kind": "ablate", "target": another, "with": "mean", "scope": SOME}),
        ("ablate head, zero", {"kind": "ablate", "target": head, "with": "zero", "scope": ALL}),
        ("ablate head, mean", {"kind": "ablate", "target": head, "with": "mean", "scope": WORDS}),
        ("ablate attention, zero", {"kind": "ablate", "target": hook("blocks.1.hook_attn_out"), "with": "zero", "scope": WORDS}),
        ("ablate MLP, mean", {"kind": "ablate", "target": hook("blocks.0.hook_mlp_out"), "with": "mean", "scope": GENERATED}),
        ("ablate neurons, mean", {"kind": "ablate", "target": hook("blocks.3.mlp.hook_post"), "with": "mean", "scope": WORDS}),
        ("ablate embedding", {"kind": "ablate", "target": hook("hook_embed"), "with": "zero", "scope": SOME}),
        ("patch head", {"kind": "patch", "target": head, "text": OTHER, "align": "start", "scope": WORDS}),
        ("patch stream from the start", {"kind": "patch", "target": hook(MIDDLE), "text": OTHER, "align": "start", "scope": ALL}),
        ("patch stream from the end", {"kind": "patch", "target": hook(MIDDLE), "text": OTHER, "align": "end", "scope": ALL}),
        ("splice", {"kind": "splice", "dictionary": MIDDLE, "error": False, "scope": WORDS}),
        ("splice heads", {"kind": "splice", "dictionary": z(2), "error": False, "scope": ALL}),
        ("splice with error", {"kind": "splice", "dictionary": MIDDLE, "error": True, "scope": ALL}),
        (
            "several", add | {"scope": WORDS}, clamp | {"scope": PROMPT}, {"kind": "ablate", "target": head, "with": "zero", "scope": WORDS},
            {"kind": "patch", "target": hook("blocks.3.hook_mlp_out"), "text": OTHER, "align": "start", "scope": SOME},
        ),
        ("in order: add, scale", add | {"scope": WORDS}, {"kind": "scale", "target": latent, "factor": 0.5, "scope": WORDS}),
        ("in order: scale, add", {"kind": "scale", "target": latent, "factor": 0.5, "scope": WORDS}, add | {"scope": WORDS}),
        ("in order: add, splice", add | {"feature": g, "scope": WORDS}, {"kind": "splice", "dictionary": MIDDLE, "error": False, "scope": SOME}),
        ("in order: head, latent", {"kind": "scale", "target": head, "factor": 3, "scope": ALL}, clamp | {"scope": WORDS}),
    ]  # fmt: skip
    golden = {
        "ids": bench.ids, "promptRows": bench.prompt_rows, "text": TEXT, "more": MORE, "other": OTHER, "otherIds": bench.other,
        "cases": [bench.run(*case) for case in cases] + [bench.run("frozen attention", add | {"scope": WORDS}, frozen=True)],
    }  # fmt: skip
    write(ROOT / "src" / "analysis" / "steering" / "goldens" / "storyworld-2m.json", golden)


if __name__ == "__main__":
    main()
