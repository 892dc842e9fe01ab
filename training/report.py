"""Measures the shipped model and dictionaries on held-out text.

    python training/report.py            # writes public/models/storyworld-2m/report.json and the tables of training/README.md
    python training/report.py HOOK …     # measures only these dictionaries anew
    python training/report.py tables     # only the tables, from the report there is
"""

import json
import math
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from shipped import DICTIONARIES, HOOKS, MODEL, WORK, activation, load_model, logits_with
from tokenizers import Tokenizer

ITEMS, DEAD_TOKENS = 2500, 1_000_000


def batches(rows, size=32):
    for start in range(0, len(rows), size):
        group = rows[start : start + size]
        ids = torch.zeros(len(group), max(map(len, group)), dtype=torch.long)
        for i, row in enumerate(group):
            ids[i, : len(row)] = torch.tensor(row)
        yield group, ids


def storyworld(model, tokenizer) -> dict:
    """Items of seed 2, which training never saw."""
    items = [json.loads(line) for line, _ in zip(open(WORK / "storyworld-2.jsonl"), range(ITEMS))]
    items.sort(key=lambda item: len(item["text"]))
    encodings = [tokenizer.encode(item["text"], add_special_tokens=False) for item in items]
    losses, known, tasks = defaultdict(lambda: [0.0, 0]), defaultdict(lambda: [0.0, 0.0, 0]), defaultdict(lambda: [0.0, 0.0, 0])
    years = [tokenizer.token_to_id(f"{value:02d}") for value in range(100)]
    done = 0
    for group, ids in batches([[0, *e.ids][:256] for e in encodings]):
        with torch.no_grad():
            logs = model(ids).log_softmax(-1)
        for row, tokens in enumerate(group):
            item, offsets = items[done], encodings[done].offsets
            done += 1
            nats = [-logs[row, t, tokens[t + 1]].item() for t in range(len(tokens) - 1)]
            losses[item["register"]][0] += sum(nats)
            losses[item["register"]][1] += len(nats)
            starts = {start: index for index, (start, _) in enumerate(offsets[: len(nats)])}
            ends = {end: index for index, (_, end) in enumerate(offsets[: len(nats)])}
            for start, end, entropy in item["nats"]:
                if start in starts and end in ends:
                    entry = known[item["register"]]
                    entry[0] += sum(nats[starts[start] : ends[end] + 1])
                    entry[1] += entropy
                    entry[2] += 1
            for task in item["tasks"]:
                if task["at"] not in starts:
                    continue
                position = starts[task["at"]]
                prediction = logs[row, position]
                first = lambda text: tokenizer.encode(text, add_special_tokens=False).ids[0]
                entry = tasks[task["kind"]]
                entry[2] += 1
                if task["kind"] == "greater-than":
                    entry[0] += sum(math.exp(prediction[years[int(y)]]) for y in task["correct"])
                else:
                    right = max(prediction[first(c)].item() for c in task["correct"])
                    wrong = max((prediction[first(w)].item() for w in task["wrong"]), default=-math.inf)
                    entry[0] += prediction.argmax().item() in {first(c) for c in task["correct"]}
                    entry[1] += right > wrong
    return {
        "loss": {r: {"nats_per_token": total / n, "tokens": n} for r, (total, n) in losses.items()},
        "where_entropy_is_known": {r: {"model_nats_per_piece": a / n, "generator_nats_per_piece": b / n, "pieces": n} for r, (a, b, n) in known.items()},
        "tasks": {k: {"top1_or_probability": a / n, "right_over_wrong": b / n if k not in ("greater-than", "repeat") else None, "questions": n} for k, (a, b, n) in tasks.items()},
    }  # fmt: skip


def windows(count: int, seed: int) -> torch.Tensor:
    """60 % Storyworld of seed 2, 40 % held-out English, 256 tokens each."""
    rng = np.random.default_rng(seed)
    english = np.load(WORK / "english-held-out.npz")["tokens"]
    story = np.load(WORK / "storyworld-held-out.npz")["tokens"]
    rows = []
    for i in range(count):
        source = story if i % 5 < 3 else english
        start = rng.integers(len(source) - 255)
        rows.append(np.concatenate([[0], source[start : start + 255]]))
    return torch.from_numpy(np.stack(rows).astype(np.int64))


class Dictionary:
    def __init__(self, hook: str):
        tensors = {name: value.float() for name, value in load_file(DICTIONARIES / hook / "sae_weights.safetensors").items()}
        self.W_enc, self.b_enc, self.W_dec, self.b_dec = (tensors[name] for name in ("W_enc", "b_enc", "W_dec", "b_dec"))
        self.k = json.loads((DICTIONARIES / hook / "cfg.json").read_text())["k"]

    def encode(self, x):
        pre = (x - self.b_dec) @ self.W_enc + self.b_enc
        values, chosen = pre.topk(self.k, dim=-1)
        return torch.zeros_like(pre).scatter(-1, chosen, values.relu())

    def __call__(self, x):
        return self.encode(x) @ self.W_dec + self.b_dec


def dictionary(model, hook: str) -> dict:
    """Position 0 is left out of every average and never replaced; so in the page's honesty strip."""
    sae, ids = Dictionary(hook), windows(200, 5)
    keep = lambda replaced: lambda x: torch.cat([x[:, :1], replaced(x)[:, 1:]], 1)
    fvu, spread, l0, count, mean = 0.0, 0.0, 0.0, 0, None
    xs = []
    ce = defaultdict(float)
    with torch.no_grad():
        for start in range(0, len(ids), 20):
            xs.append(activation(model, ids[start : start + 20], hook)[:, 1:].reshape(-1, 192))
        x = torch.cat(xs)
        mean = x.mean(0)
        codes = torch.cat([sae.encode(part) for part in x.split(8192)])
        fvu = ((x - (codes @ sae.W_dec + sae.b_dec)).pow(2).sum() / (x - mean).pow(2).sum()).item()
        l0 = (codes > 0).float().sum(1).mean().item()
        for start in range(0, len(ids), 20):
            part = ids[start : start + 20]
            targets = part[:, 2:]
            for name, replace in {"clean": None, "sae": sae, "zero": torch.zeros_like, "mean": lambda v: mean.expand_as(v)}.items():
                logits = model(part) if replace is None else logits_with(model, part, hook, keep(replace))
                logs = logits[:, 1:-1].log_softmax(-1)
                ce[name] -= logs.gather(2, targets[..., None]).mean().item() * len(part) / len(ids)
        fired, seen = torch.zeros(sae.W_dec.shape[0]), 0
        for start in range(0, DEAD_TOKENS // 255, 64):
            x = activation(model, windows(64, 1000 + start), hook)[:, 1:].reshape(-1, 192)
            fired += (sae.encode(x) > 0).sum(0)
            seen += len(x)
    return {
        "fvu": fvu, "explained_variance": 1 - fvu, "l0": l0, "ce": dict(ce),
        "ce_recovered_zero": (ce["zero"] - ce["sae"]) / (ce["zero"] - ce["clean"]),
        "ce_recovered_mean": (ce["mean"] - ce["sae"]) / (ce["mean"] - ce["clean"]),
        "dead_share": (fired == 0).float().mean().item(), "dead_over_tokens": seen, "k": sae.k, "d_sae": len(fired),
    }  # fmt: skip


def main() -> None:
    torch.set_num_threads(2)
    model, tokenizer = load_model(), Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    pieces = [np.array([0, *tokenizer.encode(json.loads(line)["text"], add_special_tokens=False).ids], dtype=np.uint16) for line in open(WORK / "storyworld-2.jsonl")]
    np.savez(WORK / "storyworld-held-out.npz", tokens=np.concatenate(pieces))
    report = storyworld(model, tokenizer)
    english = np.load(WORK / "english-held-out.npz")["tokens"]
    total, n = 0.0, 0
    with torch.no_grad():
        for start in range(0, 200 * 255, 20 * 255):
            part = torch.from_numpy(english[start : start + 20 * 255].astype(np.int64)).view(20, 255)
            part = torch.cat([torch.zeros(20, 1, dtype=torch.long), part], 1)
            logs = model(part[:, :-1]).log_softmax(-1).gather(2, part[:, 1:, None])
            total, n = total - logs.sum().item(), n + logs.numel()
    report["loss"]["english"] = {"nats_per_token": total / n, "tokens": n}
    report["dictionaries"] = {hook: dictionary(model, hook) for hook in HOOKS}
    (MODEL / "report.json").write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report, indent=1))
    write_tables(report)


def table(head: list[str], rows: list[list[str]]) -> str:
    """Padded as oxfmt pads, so that the formatter leaves it alone. Columns after the first are right-aligned."""
    widths = [max(3, *(len(row[i]) for row in [head, *rows])) for i in range(len(head))]
    pad = lambda row: "| " + " | ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths))) + " |"
    rule = "| " + " | ".join("-" * w if i == 0 else "-" * (w - 1) + ":" for i, w in enumerate(widths)) + " |"
    return "\n".join([pad(head), rule, *map(pad, rows)])


def write_tables(report: dict) -> None:
    known = report["where_entropy_is_known"]
    losses = []
    for register, loss in sorted(report["loss"].items()):
        both = known.get(register)
        exact = [f"{both['model_nats_per_piece']:.3f}", f"{both['generator_nats_per_piece']:.3f}"] if both else ["–", "–"]
        losses.append([register, f"{loss['nats_per_token']:.3f}", f"{loss['tokens']:,}", *exact])
    goals = {"indirect-object": "95 %", "greater-than": "95 %", "repeat": "90 %", "docstring": "85 %"}
    tasks = [
        [kind, f"{100 * task['top1_or_probability']:.1f} %", goals.get(kind, "–"), "–" if task["right_over_wrong"] is None else f"{100 * task['right_over_wrong']:.1f} %", f"{task['questions']:,}"]
        for kind, task in sorted(report["tasks"].items())
    ]
    dictionaries = [
        [hook, f"{d['fvu']:.3f}", f"{d['l0']:.1f}", f"{d['ce']['clean']:.3f} / {d['ce']['sae']:.3f} / {d['ce']['zero']:.3f}", f"{d['ce_recovered_zero']:.3f}", f"{d['ce_recovered_mean']:.3f}", f"{100 * d['dead_share']:.1f} %"]
        for hook, d in report["dictionaries"].items()
    ]
    text = "\n\n".join([
        table(["text", "nats / token", "tokens", "model, nats / piece", "generator, nats / piece"], losses),
        table(["task", "right", "wanted", "right above wrong", "questions"], tasks),
        table(["dictionary", "FVU", "L0", "CE as is / spliced / zeros", "CE recovered", "against the mean", "dead"], dictionaries),
    ])
    path = Path(__file__).parent / "README.md"
    before, _, rest = path.read_text().split("<!-- tables -->\n")
    path.write_text(f"{before}<!-- tables -->\n\n{text}\n\n<!-- tables -->\n{rest}")


def again(hooks: list[str]) -> None:
    path = MODEL / "report.json"
    report, model = json.loads(path.read_text()), load_model()
    for hook in hooks:
        report["dictionaries"][hook] = dictionary(model, hook)
    path.write_text(json.dumps(report, indent=1) + "\n")
    write_tables(report)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["tables"]:
            again([])
        case []:
            main()
        case hooks:
            again(hooks)
