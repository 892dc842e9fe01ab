"""Trains the bundled language model on Storyworld and English. Seeded and resumable.

    python training/train_lm.py --minutes 55     # goes on from training/work/lm.pt when there is one
    python training/train_lm.py --tune 500       # then: goes on from the exported model, with more "greater than"

The number of steps of the first stage is fixed from the measured speed at its start, so that the cosine ends with the
time. The second stage is short, at a low rate. A quarter of its rows are years, and where an item asks for a later year
the target is the generator's own distribution, uniform over the years that fit, instead of the one that was drawn: after
the first stage the probability on fitting years was 0.91, and single draws teach that boundary slowly.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from lm import Config, Gpt2
from shipped import MODEL, load_model
from torch.nn import functional as F

WORK = Path(__file__).parent / "work"
BATCH, LENGTH = 32, 256
STORYWORLD_SHARE, TUNE_YEARS_SHARE = 0.6, 0.25
PEAK, FLOOR, WARMUP = 3e-3, 1e-4, 200
TUNE_PEAK, TUNE_FLOOR, TUNE_YEARS_WEIGHT = 8e-4, 1e-5, 0.5
# Twice as fast where the processor has instructions for it, and many times slower where it has not.
HALF = torch.cpu._is_avx512_bf16_supported()


class Windows:
    """Windows of LENGTH + 1 tokens, each beginning with <|endoftext|>, as the page's prompts do."""

    def __init__(self, name: str, at_documents: bool):
        data = np.load(WORK / f"{name}.npz")
        self.tokens, starts = data["tokens"], data["starts"]
        self.starts = starts[starts < len(self.tokens) - LENGTH - 1]
        self.at_documents = at_documents

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        if self.at_documents or rng.random() < 0.2:
            start = self.starts[rng.integers(len(self.starts))]
            return self.tokens[start : start + LENGTH + 1]
        start = rng.integers(len(self.tokens) - LENGTH)
        return np.concatenate([[0], self.tokens[start : start + LENGTH]])


class Years:
    """Where a row of `years` asks for a later year, and which tokens fit there."""

    def __init__(self):
        vocabulary = json.loads((MODEL / "tokenizer.json").read_text())["model"]["vocab"]
        self.ids = torch.tensor([vocabulary[f"{value:02d}"] for value in range(100)])
        self.value = torch.full((Config().vocab_size,), -1, dtype=torch.long)
        self.value[self.ids] = torch.arange(100)

    def loss(self, logs: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, float]:
        """Mean cross-entropy with the generator's distribution at those places, and mean probability on what fits.

        @param logs [rows, length, vocabulary] log-probabilities; targets [rows, length], windows that begin with an item
        """
        values = self.value[targets]
        # Every sentence has two years, so from the start of an item they alternate: from, until.
        row, place = (values >= 0).nonzero(as_tuple=True)
        nth = torch.cat([torch.arange(int(n)) for n in (values >= 0).sum(1)])
        asked = nth % 2 == 1
        start = values[row, place].roll(1)[asked]
        at = logs[row[asked], place[asked]][:, self.ids]
        fits = torch.arange(100)[None, :] > start[:, None]
        loss = -(at * fits).sum(1) / fits.sum(1)
        return loss.mean(), (at.detach().exp() * fits).sum(1).mean().item()


def learning_rate(step: int, steps: int, peak: float, floor: float) -> float:
    if step < WARMUP:
        return peak * (step + 1) / WARMUP
    progress = min(1.0, (step - WARMUP) / max(1, steps - WARMUP))
    return floor + (peak - floor) * 0.5 * (1 + np.cos(np.pi * progress))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=55)
    parser.add_argument("--tune", type=int, metavar="STEPS")
    arguments = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(2)
    tuning = arguments.tune is not None
    model = load_model().train().requires_grad_(True) if tuning else Gpt2(Config())
    decayed = [p for p in model.parameters() if p.dim() > 1]
    plain = [p for p in model.parameters() if p.dim() == 1]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.05}, {"params": plain, "weight_decay": 0.0}], betas=(0.9, 0.98), fused=True
    )
    story, english = Windows("storyworld", True), Windows("english", False)
    years = Windows("years", True) if tuning else story
    years_until = int(BATCH * TUNE_YEARS_SHARE) if tuning else 0
    asked = Years()
    peak, floor = (TUNE_PEAK, TUNE_FLOOR) if tuning else (PEAK, FLOOR)
    step, steps, spent = 0, arguments.tune or 0, 0.0
    checkpoint = WORK / ("lm-tuned.pt" if tuning else "lm.pt")
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=False)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        step, steps, spent = saved["step"], saved["steps"], saved["spent"]
        print(f"goes on at step {step} of {steps}", flush=True)
    started, losses = time.time(), []

    def save() -> None:
        state = {
            "model": model.state_dict(), "optimizer": optimizer.state_dict(),
            "step": step, "steps": steps, "spent": spent + time.time() - started,
        }
        torch.save(state, checkpoint.with_suffix(".tmp"))
        checkpoint.with_suffix(".tmp").rename(checkpoint)

    while steps == 0 or step < steps:
        # The data of a step depend on its number alone, so a resumed run sees what an unbroken one would.
        rng = np.random.default_rng(step)
        sources = [years if i < years_until else story if i < BATCH * STORYWORLD_SHARE else english for i in range(BATCH)]
        rows = [source.draw(rng) for source in sources]
        batch = torch.from_numpy(np.stack(rows).astype(np.int64))
        rate = float(learning_rate(step, steps or 10**9, peak, floor))
        for group in optimizer.param_groups:
            group["lr"] = rate
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=HALF):
            logits = model(batch[:, :-1])
        loss = F.cross_entropy(logits.float().flatten(0, 1), batch[:, 1:].flatten())
        if tuning:
            year_loss, fitting = asked.loss(logits[:years_until].float().log_softmax(-1), batch[:years_until, 1:])
            loss = loss + TUNE_YEARS_WEIGHT * year_loss
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
        step += 1
        if step == 30 and steps == 0:
            per_step = (time.time() - started) / 30
            steps = int(arguments.minutes * 60 / per_step)
            print(f"{per_step:.3f} s a step, {BATCH * LENGTH / per_step:.0f} tokens/s: {steps} steps", flush=True)
        if step % 50 == 0:
            elapsed = spent + time.time() - started
            print(json.dumps({"step": step, "loss": round(float(np.mean(losses[-50:])), 4), "lr": round(float(rate), 6), "minutes": round(elapsed / 60, 1), **({"fitting years": round(fitting, 3)} if tuning else {})}), flush=True)
        if step % 200 == 0:
            save()
    save()
    print("done", flush=True)


if __name__ == "__main__":
    main()
