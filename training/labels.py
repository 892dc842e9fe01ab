"""How well single latents of the bundled dictionaries tell Storyworld's labels (F1), and how well anything could.

    python training/labels.py            # writes training/labels.json and prints the summary
    python training/labels.py HOOK …     # measures only these dictionaries, and keeps what labels.json says of the others

A label is a pair name=value at token level (`src/storyworld/token-labels.ts`); `repeatOf`, which names a code unit, is none.
Labels on more than LEAST of the tokens of the choosing sample are listed. The latent and the threshold t of "activation > t"
with the highest F1 are chosen on that sample, and their F1 is taken on the measuring sample, where nothing is chosen.
The beginning-of-text position is left out.

Three figures per label:
strict   every token counts.
told     tokens where the text up to and including the token leaves the value open are not counted for that label.
bound    strict F1 of an ideal reader: it knows the generator, and is unsure only of what the text has not said (`Reader`).
         The cut is the best one for the sample measured, so the bound errs upwards.
"""

import json
import subprocess
import sys
from collections import Counter

import numpy as np
import torch
from scipy.sparse import csr_matrix
from shipped import DICTIONARIES, HOOKS, MODEL, ROOT, WORK, activation, load_model
from tokenizers import Tokenizer

CHOOSING, MEASURING, ITEMS = 41, 42, 4000
LEAST, GOOD, CUTS, LEAST_FIRES = 0.001, 0.8, 40, 5
NOT_LABELS = ("repeatOf",)


def token_labels(item: dict, offsets: list[tuple[int, int]]) -> list[dict]:
    """The rule of `labelTokens`."""
    span, found = 0, []
    for start, end in offsets:
        text = item["text"][start:end]
        rest = text.lstrip()
        at = start + (len(text) - len(rest) if rest else 0)
        while item["spans"][span]["end"] <= at:
            span += 1
        found.append({k: v for k, v in item["spans"][span]["labels"].items() if k not in NOT_LABELS})
    return found


def sample(seed: int) -> tuple[list[list[int]], list[list[dict]]]:
    """Token ids of each item, and the labels of its tokens but the first."""
    command = ["npm", "run", "-s", "storyworld", "--", "--seed", str(seed), "--tokens", str(ITEMS * 65), "--out", str(WORK)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    tokenizer, rows, labels = Tokenizer.from_file(str(MODEL / "tokenizer.json")), [], []
    with open(WORK / f"storyworld-{seed}.jsonl") as file:
        for line, _ in zip(file, range(ITEMS)):
            item = json.loads(line)
            encoding = tokenizer.encode(item["text"], add_special_tokens=False)
            rows.append([0, *encoding.ids][:256])
            labels.append(token_labels(item, encoding.offsets[:255]))
    assert len(rows) == ITEMS, f"only {len(rows)} items"
    return rows, labels


class Reader:
    """What the text so far leaves open: for tokens and labels where it does, the probability given the text up to the token."""

    def __init__(self, labels: list[list[dict]], keys: list[tuple]):
        self.places = {key: i for i, key in enumerate(keys)}
        self.values = {}
        for name, value in keys:
            self.values.setdefault(name, []).append(value)
        self.open = {}
        at = 0
        for item in labels:
            rule = getattr(self, item[0]["register"].replace("-", "_"), None)
            if rule:
                rule(at, item)
            at += len(item)

    def put(self, at: int, name: str, probability) -> None:
        for value in self.values.get(name, []):
            self.open[at, self.places[name, value]] = probability(value)

    def indirect_object(self, at: int, item: list[dict]) -> None:
        seen, told = [], False
        for j, labels in enumerate(item):
            role = labels.get("role")
            if role in ("IO", "S1"):
                seen.append(labels["name"])
                for other in ("IO", "S1"):
                    if ("role", other) in self.places:
                        self.open[at + j, self.places["role", other]] = 0.5
            told = told or role == "S2"
            if not told:
                both = lambda value: 0.5 if value in seen else (0.0 if len(seen) == 2 else 0.5 / 39 if seen else 1 / 40)
                self.put(at + j, "io", both)
                self.put(at + j, "subject", both)
                self.put(at + j, "order", lambda value: 0.5)
            if labels["slot"] == "punctuation" and j and item[j - 1].get("role") == "IO-answer":
                seen, told = [], False

    def greater_than(self, at: int, item: list[dict]) -> None:
        century = start = end = False
        for j, labels in enumerate(item):
            century = century or labels["slot"] == "century"
            start = start or (labels["slot"] == "year" and labels["role"] == "start")
            end = end or (labels["slot"] == "year" and labels["role"] == "end")
            first = labels["startYear"]
            if not century:
                self.put(at + j, "century", lambda value: 1 / 8)
            if not start:
                self.put(at + j, "startYear", lambda value: 1 / 96)
                self.put(at + j, "endYear", lambda value: sum(1 / 96 / (99 - year) for year in range(2, min(value, 98))))
            elif not end:
                self.put(at + j, "endYear", lambda value: 1 / (99 - first) if value > first else 0.0)
            if end and labels["slot"] == "punctuation":
                century = start = end = False

    def stories(self, at: int, item: list[dict]) -> None:
        for j, labels in enumerate(item):
            if labels["slot"] == "place":
                return
            self.put(at + j, "place", lambda value: 1 / 16)

    def quotes(self, at: int, item: list[dict]) -> None:
        told = False
        for j, labels in enumerate(item):
            told = "speaker" in labels and (told or labels["slot"] == "name")
            if "speaker" in labels and not told:
                self.put(at + j, "speaker", lambda value: 1 / 40)
            if told and labels["slot"] == "punctuation":
                told = False


class Sample:
    def __init__(self, model, seed: int, hooks: list[str], keys: list[tuple] | None = None):
        self.rows, labels = sample(seed)
        self.tokens = sum(map(len, labels))
        counts = Counter(pair for item in labels for token in item for pair in token.items())
        self.keys = keys or sorted((key for key, n in counts.items() if n > LEAST * self.tokens), key=str)
        self.occurring = len(counts)
        places = {key: i for i, key in enumerate(self.keys)}
        flat = [token for item in labels for token in item]
        cells = [(t, places[pair]) for t, token in enumerate(flat) for pair in token.items() if pair in places]
        shape = (self.tokens, len(self.keys))
        sparse = lambda at: csr_matrix((np.ones(len(at), np.float32), tuple(np.array(at).T)), shape=shape)
        self.truth = sparse(cells)
        self.probability = Reader(labels, self.keys).open
        self.open = sparse(list(self.probability))
        self.open_truth = self.truth.multiply(self.open).tocsr()
        self.total = np.asarray(self.truth.sum(0))[0]
        self.told_total = self.total - np.asarray(self.open_truth.sum(0))[0]
        self.x = {hook: self.activations(model, hook) for hook in hooks}

    @torch.no_grad()
    def activations(self, model, hook: str) -> torch.Tensor:
        order = sorted(range(len(self.rows)), key=lambda i: len(self.rows[i]))
        found = [None] * len(order)
        for begin in range(0, len(order), 64):
            group = order[begin : begin + 64]
            ids = torch.zeros(len(group), max(len(self.rows[i]) for i in group), dtype=torch.long)
            for j, i in enumerate(group):
                ids[j, : len(self.rows[i])] = torch.tensor(self.rows[i])
            x = activation(model, ids, hook)
            for j, i in enumerate(group):
                found[i] = x[j, 1 : len(self.rows[i])].clone()
        return torch.cat(found)

    def bound(self) -> np.ndarray:
        """F1 of the ideal reader, who fires wherever the probability is above the cut that suits this sample best."""
        best, opened = np.zeros(len(self.keys)), [[] for _ in self.keys]
        truth = self.truth.tocsc()
        for (t, label), p in self.probability.items():
            opened[label].append((p, t))
        for label in range(len(self.keys)):
            true = set(truth.indices[truth.indptr[label] : truth.indptr[label + 1]].tolist())
            hits = fires = self.told_total[label]
            best[label] = 2 * hits / (fires + self.total[label])
            ranked = sorted(opened[label], reverse=True)
            for i, (p, t) in enumerate(ranked):
                hits, fires = hits + (t in true), fires + 1
                if i + 1 == len(ranked) or ranked[i + 1][0] < p:
                    best[label] = max(best[label], 2 * hits / (fires + self.total[label]))
        return best


class Firing:
    """The positive activations of one dictionary on one sample, latent by latent, largest first."""

    def __init__(self, hook: str, x: torch.Tensor):
        from report import Dictionary

        sae = Dictionary(hook)
        with torch.no_grad():
            parts = [sae.encode(part).topk(sae.k, dim=1) for part in x.split(8192)]
        values = torch.cat([part.values for part in parts]).numpy().ravel()
        latents = torch.cat([part.indices for part in parts]).numpy().ravel()
        rows = np.repeat(np.arange(len(x)), sae.k)
        order = np.lexsort((-values, latents))
        order = order[values[order] > 0]
        self.rows, self.values, self.tokens = rows[order], values[order], len(x)
        self.ends = np.searchsorted(latents[order], np.arange(sae.W_enc.shape[1] + 1))

    def candidates(self) -> list[tuple[int, float, int, int]]:
        """(latent, threshold, from, to): the activations above the threshold are those of from … to."""
        found = []
        for latent, (start, end) in enumerate(zip(self.ends, self.ends[1:])):
            count = end - start
            if count < LEAST_FIRES:
                continue
            values = self.values[start:end]
            for cut in sorted({int(np.ceil(i * count / CUTS)) for i in range(1, CUTS + 1)}):
                if cut == count:
                    found.append((latent, 0.0, start, end))
                elif values[cut - 1] > values[cut]:
                    found.append((latent, float(values[cut]), start, start + cut))
        return found

    def counts(self, sample: Sample, spans: list[tuple[int, int]], truth, opened, open_truth):
        """(hits, fires, open fires, open hits), each [spans, labels] or [spans, 1]."""
        lengths = np.array([end - start for start, end in spans])
        rows = np.concatenate([self.rows[start:end] for start, end in spans])
        fired = csr_matrix((np.ones(len(rows), np.float32), rows, np.append(0, np.cumsum(lengths))), shape=(len(spans), self.tokens))
        return tuple((fired @ matrix).toarray() for matrix in (truth, opened, open_truth)) + (lengths[:, None].astype(np.float32),)


def scores(firing: Firing, sample: Sample, spans) -> tuple[np.ndarray, np.ndarray]:
    """[spans, labels] F1 strict and told."""
    hits, open_fires, open_hits, fires = firing.counts(sample, spans, sample.truth, sample.open, sample.open_truth)
    strict = 2 * hits / (fires + sample.total).clip(1)
    told = 2 * (hits - open_hits) / (fires - open_fires + sample.told_total).clip(1)
    return strict, told


def best_latents(hook: str, choosing: Sample, measuring: Sample) -> dict[str, list[tuple]]:
    """For each figure and label: (F1 choosing, F1 measuring, hook, latent, threshold)."""
    first, second = Firing(hook, choosing.x[hook]), Firing(hook, measuring.x[hook])
    found = first.candidates()
    size, labels = len(choosing.keys), range(len(choosing.keys))
    kinds = ("strict", "told", "strict at 0")
    best = {kind: [(-1.0, 0)] * size for kind in kinds}
    for begin in range(0, len(found), 2000):
        chunk = found[begin : begin + 2000]
        strict, told = scores(first, choosing, [(start, end) for _, _, start, end in chunk])
        zero = np.where(np.array([t == 0 for _, t, _, _ in chunk])[:, None], strict, -1)
        for kind, f1 in zip(kinds, (strict, told, zero)):
            top = f1.argmax(0)
            for label in labels:
                if f1[top[label], label] > best[kind][label][0]:
                    best[kind][label] = (float(f1[top[label], label]), begin + int(top[label]))
    result = {kind: [] for kind in kinds}
    for kind in kinds:
        spans = []
        for _, at in best[kind]:
            latent, threshold, _, _ = found[at]
            start, end = second.ends[latent], second.ends[latent + 1]
            spans.append((start, start + int((second.values[start:end] > threshold).sum())))
        strict, told = scores(second, measuring, spans)
        measured = told if kind == "told" else strict
        result[kind] = [(f1, float(measured[i, i]), hook, found[at][0], found[at][1]) for i, (f1, at) in enumerate(best[kind])]
    return result


def main() -> None:
    torch.set_num_threads(1)
    model, path = load_model(), ROOT / "training" / "labels.json"
    hooks, before = sys.argv[1:] or list(HOOKS), json.loads(path.read_text())["labels"] if sys.argv[1:] else []
    choosing = Sample(model, CHOOSING, hooks)
    measuring = Sample(model, MEASURING, hooks, choosing.keys)
    bound = measuring.bound()
    if any(row[kind]["hook"] in hooks for row in before for kind in ("strict", "told", "strict at 0")):
        sys.exit("labels.json does not say which latent would be best without these dictionaries: measure all of them.")
    assert not before or [(row["name"], row["value"]) for row in before] == choosing.keys
    found = {}
    for hook in hooks:
        found[hook] = best_latents(hook, choosing, measuring)
        print(hook, {kind: sum(row[1] >= GOOD for row in rows) for kind, rows in found[hook].items()}, flush=True)
    last = lambda kind, i: [tuple(before[i][kind][part] for part in ("chosenAt", "f1", "hook", "latent", "threshold"))] if before else []
    pick = lambda kind, i: max(last(kind, i) + [found[hook][kind][i] for hook in hooks], key=lambda row: row[0])
    table = []
    for i, (name, value) in enumerate(choosing.keys):
        row = {"name": name, "value": value, "share": round(float(measuring.total[i] / measuring.tokens), 5), "bound": round(float(bound[i]), 3)}
        for kind in ("strict", "told", "strict at 0"):
            chosen, f1, hook, latent, threshold = pick(kind, i)
            row[kind] = {"f1": round(f1, 3), "chosenAt": round(chosen, 3), "hook": hook, "latent": latent, "threshold": round(threshold, 4)}
        table.append(row)
    reach = {kind: sum(row[kind]["f1"] >= GOOD for row in table) for kind in ("strict", "told", "strict at 0")}
    summary = {
        "items": ITEMS, "seeds": [CHOOSING, MEASURING], "tokens": [choosing.tokens, measuring.tokens], "occurring": choosing.occurring,
        "listed": len(table), "atLeast": GOOD, **reach, "bound": int((bound >= GOOD).sum()),
    }  # fmt: skip
    lines = ",\n".join(json.dumps(row) for row in table)
    path.write_text(f'{{"summary": {json.dumps(summary)},\n"labels": [\n{lines}\n]}}\n')
    print(json.dumps(summary))
    for name in sorted({row["name"] for row in table}):
        rows = [row for row in table if row["name"] == name]
        good = lambda key: sum((row["bound"] if key == "bound" else row[key]["f1"]) >= GOOD for row in rows)
        medians = [float(np.median([row[kind]["f1"] for row in rows])) for kind in ("strict", "told")]
        print(f"{name:17} {len(rows):3}  strict {good('strict'):3}  told {good('told'):3}  bound {good('bound'):3}  medians {medians[0]:.2f} {medians[1]:.2f}")


if __name__ == "__main__":
    main()
