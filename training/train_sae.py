"""Trains the bundled TopK dictionaries on the shipped model, all hooks of one call from the same tokens.

    python training/train_sae.py --steps 1000 --hooks resid       # those whose name contains the word
    python training/train_sae.py --steps 1000 --hooks attn        # resumable: training/work/sae-attn.pt

TopK with AuxK as in Gao et al. 2024 (arXiv:2406.04093): unit decoder rows, encoder initialised to the decoder's
transpose, b_dec to the mean activation, activations scaled to mean norm sqrt(d) and the scale folded away on export.
Position 0 (the beginning-of-text token) is left out.
"""

import argparse
import hashlib
import json
import time

import numpy as np
import torch
from safetensors.torch import save_file
from shipped import DICTIONARIES, HOOKS, MODEL, WORK, activations, load_model
from train_lm import LENGTH, STORYWORLD_SHARE, Windows

D, K_AUX, AUX = 192, 96, 1 / 32
WINDOWS, PEAK, WARMUP, DEAD_AFTER = 16, 1e-3, 50, 100_000


class Sae(torch.nn.Module):
    def __init__(self, first: torch.Tensor, d_sae: int, k: int):
        super().__init__()
        self.k = k
        self.scale = (D**0.5 / first.norm(dim=1).mean()).item()
        directions = torch.nn.functional.normalize(torch.randn(d_sae, D), dim=1)
        self.W_dec = torch.nn.Parameter(directions.clone())
        self.W_enc = torch.nn.Parameter(directions.t().clone())
        self.b_enc = torch.nn.Parameter(torch.zeros(d_sae))
        self.b_dec = torch.nn.Parameter((first * self.scale).mean(0))
        self.register_buffer("idle", torch.zeros(d_sae))

    def loss(self, x: torch.Tensor) -> tuple[torch.Tensor, float]:
        x = x * self.scale
        pre = (x - self.b_dec) @ self.W_enc + self.b_enc
        values, chosen = pre.topk(self.k, dim=1)
        values = values.relu()
        codes = torch.zeros_like(pre).scatter(1, chosen, values)
        reconstruction = codes @ self.W_dec + self.b_dec
        error = x - reconstruction
        variance = (x - x.mean(0)).pow(2).sum(1).mean()
        loss = error.pow(2).sum(1).mean() / variance
        with torch.no_grad():
            self.idle += len(x)
            self.idle[codes.amax(0) > 0] = 0
            dead = self.idle > DEAD_AFTER
        fvu = loss.item()
        if int(dead.sum()) > 0:
            count = min(K_AUX, int(dead.sum()))
            aux_values, aux_chosen = pre.masked_fill(~dead, -torch.inf).topk(count, dim=1)
            rows = torch.zeros_like(pre).scatter(1, aux_chosen, aux_values.relu())
            residual = error.detach()
            aux = (residual - rows @ self.W_dec).pow(2).sum(1).mean() / residual.pow(2).sum(1).mean()
            loss = loss + AUX * aux.nan_to_num()
        return loss, fvu

    @torch.no_grad()
    def project_gradient(self) -> None:
        self.W_dec.grad -= (self.W_dec.grad * self.W_dec).sum(1, keepdim=True) * self.W_dec

    @torch.no_grad()
    def renormalise(self) -> None:
        self.W_dec /= self.W_dec.norm(dim=1, keepdim=True)


def export(hook: str, sae: Sae, tokens: int, text: str) -> None:
    folder = DICTIONARIES / hook
    folder.mkdir(parents=True, exist_ok=True)
    half = lambda t: t.detach().to(torch.float16).contiguous()
    tensors = {"W_enc": half(sae.W_enc), "b_enc": half(sae.b_enc / sae.scale), "W_dec": half(sae.W_dec), "b_dec": half(sae.b_dec / sae.scale)}
    save_file(tensors, folder / "sae_weights.safetensors")
    config = {
        "architecture": "topk", "d_in": D, "d_sae": len(sae.b_enc), "k": sae.k, "dtype": "float16", "device": "cpu",
        "apply_b_dec_to_input": True, "normalize_activations": "none", "reshape_activations": "hook_z" if hook.endswith("hook_z") else "none",
        "rescale_acts_by_decoder_norm": False,
        "metadata": {
            "model_name": "storyworld-2m", "hook_name": hook, "hook_head_index": None, "prepend_bos": True, "sae_lens_version": "6.54.12", "context_size": 256,
            "dataset_path": text, "training_tokens": tokens,
        },
    }  # fmt: skip
    (folder / "cfg.json").write_text(json.dumps(config, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--hooks", default="resid")
    arguments = parser.parse_args()
    hooks = {hook: plan for hook, plan in HOOKS.items() if arguments.hooks in hook and not plan.prefixes}
    torch.manual_seed(1)
    torch.set_num_threads(2)
    model = load_model()
    story, english = Windows("storyworld", True), Windows("english", False)

    def draw(step: int) -> dict[str, torch.Tensor]:
        rng = np.random.default_rng(10_000_000 + step)
        rows = [(story if i < WINDOWS * STORYWORLD_SHARE else english).draw(rng)[:LENGTH] for i in range(WINDOWS)]
        with torch.no_grad():
            found = activations(model, torch.from_numpy(np.stack(rows).astype(np.int64)))
        return {hook: x[:, 1:].reshape(-1, D) for hook, x in found.items() if hook in hooks}

    first = draw(0)
    saes = {hook: Sae(first[hook], plan.d_sae, plan.k) for hook, plan in hooks.items()}
    optimizers = {hook: torch.optim.Adam(sae.parameters(), betas=(0.9, 0.999), fused=True) for hook, sae in saes.items()}
    checkpoint, step = WORK / f"sae-{arguments.hooks}.pt", 0
    # Half-trained dictionaries of another model are of no use.
    digest = hashlib.sha256((MODEL / "model.safetensors").read_bytes()).hexdigest()
    saved = torch.load(checkpoint, weights_only=True) if checkpoint.exists() else {}
    if saved.get("model") == digest:
        for hook in hooks:
            saes[hook].load_state_dict(saved["saes"][hook])
            optimizers[hook].load_state_dict(saved["optimizers"][hook])
            saes[hook].scale = saved["scales"][hook]
        step = saved["step"]
    started = time.time()
    while step < arguments.steps:
        progress = step / arguments.steps
        rate = PEAK * min(1.0, (step + 1) / WARMUP, (1 - progress) / 0.3)
        fvus = {}
        for hook, x in draw(step).items():
            sae, optimizer = saes[hook], optimizers[hook]
            for group in optimizer.param_groups:
                group["lr"] = rate
            loss, fvus[hook] = sae.loss(x)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            sae.project_gradient()
            torch.nn.utils.clip_grad_norm_(sae.parameters(), 1.0)
            optimizer.step()
            sae.renormalise()
        step += 1
        if step % 25 == 0:
            idle = {hook: int((sae.idle > DEAD_AFTER).sum()) for hook, sae in saes.items()}
            print(json.dumps({"step": step, "minutes": round((time.time() - started) / 60, 1), "fvu": {h: round(v, 4) for h, v in fvus.items()}, "idle": idle}), flush=True)
        if step % 200 == 0 or step == arguments.steps:
            state = {
                "saes": {h: s.state_dict() for h, s in saes.items()}, "optimizers": {h: o.state_dict() for h, o in optimizers.items()},
                "scales": {h: s.scale for h, s in saes.items()}, "step": step, "model": digest,
            }  # fmt: skip
            torch.save(state, checkpoint)
    for hook, sae in saes.items():
        export(hook, sae, arguments.steps * WINDOWS * (LENGTH - 1), "storyworld and public-domain English")
    print("done", flush=True)


if __name__ == "__main__":
    main()
