"""Trains the bundled Matryoshka TopK dictionary on the shipped model's activations on whole Storyworld items.

    python training/train_matryoshka.py --steps 8000        # resumable: training/work/sae-matryoshka.pt

The loss is the mean of the losses of nested dictionaries, the first m latents for every m of the plan's `prefixes`
(Bussmann et al. 2025, arXiv:2503.17547), so the first latents must stand for wide classes of tokens and need not leave
parts of them to narrower ones. Which latents are active is TopK's choice among all of them, as in Gao et al. 2024
(arXiv:2406.04093), and everything else is as in `train_sae.py`. Few active latents, so that one stands for one property.
No label is used. Every item is a sequence of its own behind the beginning-of-text token, which is left out.
"""

import argparse
import hashlib
import json
import time

import numpy as np
import torch
from shipped import HOOKS, MODEL, WORK, activation, load_model
from torch.nn import functional as F
from train_sae import AUX, D, DEAD_AFTER, K_AUX, PEAK, WARMUP, Sae, export

TOKENS, ROWS, DECAY = 1_000_000, 1024, 0.3


class Matryoshka(Sae):
    def __init__(self, first: torch.Tensor, d_sae: int, k: int, prefixes: tuple[int, ...]):
        super().__init__(first, d_sae, k)
        self.prefixes = prefixes

    def loss(self, x: torch.Tensor) -> tuple[torch.Tensor, list[float]]:
        x = x * self.scale
        pre = (x - self.b_dec) @ self.W_enc + self.b_enc
        values, chosen = pre.topk(self.k, dim=1)
        values = values.relu()
        variance = (x - x.mean(0)).pow(2).sum(1).mean()
        error, losses = x - self.b_dec, []
        for start, end in zip((0, *self.prefixes), self.prefixes):
            part = values * ((chosen >= start) & (chosen < end))
            error = error - F.embedding_bag(chosen, self.W_dec, per_sample_weights=part, mode="sum")
            losses.append(error.pow(2).sum(1).mean() / variance)
        loss = torch.stack(losses).mean()
        with torch.no_grad():
            self.idle += len(x)
            self.idle[chosen[values > 0]] = 0
            dead = (self.idle > DEAD_AFTER).nonzero()[:, 0]
        if len(dead) > 0:
            aux_values, aux_chosen = pre[:, dead].topk(min(K_AUX, len(dead)), dim=1)
            residual = error.detach()
            rows = F.embedding_bag(dead[aux_chosen], self.W_dec, per_sample_weights=aux_values.relu(), mode="sum")
            aux = (residual - rows).pow(2).sum(1).mean() / residual.pow(2).sum(1).mean()
            loss = loss + AUX * aux.nan_to_num()
        return loss, [round(part.item(), 4) for part in losses]


def collect(hook: str, digest: str) -> np.ndarray:
    """Activations of about TOKENS tokens of Storyworld items in random order, [tokens, d], f16; kept in training/work."""
    path = WORK / f"activations-{hook}-{digest[:8]}.npy"
    if path.exists():
        return np.load(path)
    data = np.load(WORK / "storyworld.npz")
    ends = np.append(data["starts"][1:], len(data["tokens"]))
    items, total = [], 0
    for i in np.random.default_rng(7).permutation(len(ends)):
        items.append(data["tokens"][data["starts"][i] : ends[i]][:256].astype(np.int64))
        total += len(items[-1]) - 1
        if total > TOKENS:
            break
    items.sort(key=len)
    model, parts = load_model(), []
    for begin in range(0, len(items), 64):
        group = items[begin : begin + 64]
        ids = torch.nn.utils.rnn.pad_sequence([torch.from_numpy(item) for item in group], batch_first=True)
        x = activation(model, ids, hook)
        parts += [x[j, 1 : len(item)].to(torch.float16).numpy() for j, item in enumerate(group)]
    found = np.concatenate(parts)
    np.save(path, found)
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(arguments.threads)
    [(hook, plan)] = [(hook, plan) for hook, plan in HOOKS.items() if plan.prefixes]
    digest = hashlib.sha256((MODEL / "model.safetensors").read_bytes()).hexdigest()
    data = collect(hook, digest)
    draw = lambda step: torch.from_numpy(data[np.random.default_rng([20, step]).integers(len(data), size=ROWS)]).float()
    sae = Matryoshka(torch.cat([draw(10**9 + i) for i in range(20)]), plan.d_sae, plan.k, plan.prefixes)
    optimizer = torch.optim.Adam(sae.parameters(), betas=(0.9, 0.999), fused=True)
    checkpoint, step = WORK / "sae-matryoshka.pt", 0
    saved = torch.load(checkpoint, weights_only=True) if checkpoint.exists() else {}
    if saved.get("model") == digest:
        sae.load_state_dict(saved["sae"])
        optimizer.load_state_dict(saved["optimizer"])
        sae.scale, step = saved["scale"], saved["step"]
    started = time.time()
    while step < arguments.steps:
        rate = 2 * PEAK * min(1.0, (step + 1) / WARMUP, (1 - step / arguments.steps) / DECAY)
        for group in optimizer.param_groups:
            group["lr"] = rate
        loss, fvus = sae.loss(draw(step))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        sae.project_gradient()
        torch.nn.utils.clip_grad_norm_(sae.parameters(), 1.0)
        optimizer.step()
        sae.renormalise()
        step += 1
        if step % 100 == 0:
            idle = int((sae.idle > DEAD_AFTER).sum())
            print(json.dumps({"step": step, "minutes": round((time.time() - started) / 60, 1), "fvu": fvus, "idle": idle}), flush=True)
        if step % 500 == 0 or step == arguments.steps:
            state = {"sae": sae.state_dict(), "optimizer": optimizer.state_dict(), "scale": sae.scale, "step": step, "model": digest}
            torch.save(state, checkpoint)
    export(hook, sae, arguments.steps * ROWS, "storyworld")
    print("done", flush=True)


if __name__ == "__main__":
    main()
