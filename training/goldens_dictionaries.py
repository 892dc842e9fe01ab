"""Writes what the reference libraries compute with small random dictionaries of every file format and option.

    python training/goldens_dictionaries.py     # src/dictionary/goldens/*.json, gemma-scope/params.npz

Needs, besides requirements.txt, `pip install --no-deps eai-sparsify==1.3.3 dictionary-learning==0.1.0 simple_parsing natsort`.
Each file is a list of cases {name, config, path, repository, weights, x, f, y}: `weights` is base64 of the weights file as
the library wrote it (converted with the page's own command where it wrote a pickle), x [T, d_in] the activation, f [T, d_sae]
the features, y [T, d_out] the reconstruction.
"""

import base64
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import types
from pathlib import Path

import numpy as np
import torch
from make_goldens import SAES, array
from safetensors.torch import load_file, save, save_file

from sae_lens import (
    SAE, BatchTopKTrainingSAE, BatchTopKTrainingSAEConfig, GatedSAE, GatedSAEConfig, JumpReLUSAE, JumpReLUSAEConfig,
    JumpReLUSkipTranscoder, JumpReLUSkipTranscoderConfig, JumpReLUTranscoder, JumpReLUTranscoderConfig,
    MatryoshkaBatchTopKTrainingSAE, MatryoshkaBatchTopKTrainingSAEConfig, SkipTranscoder, SkipTranscoderConfig, StandardSAE,
    StandardSAEConfig, TopKSAE, TopKSAEConfig, Transcoder, TranscoderConfig,
)  # fmt: skip

T, D, F, OUT = 7, 8, 21, 4
HOOK, HOOK_OUT = "blocks.1.hook_resid_pre", "blocks.1.hook_mlp_out"
COMMAND = re.search(r"CONVERSION =\n(.*?);\n", (SAES.parent / "find.ts").read_text(), re.S)[1]
CONVERSION = "".join(re.findall(r'"(.*?)"(?: \+)?$', COMMAND, re.M))


def case(name, config, weights: bytes, x, f, y, path="", repository=None) -> dict:
    x, f, y = (torch.as_tensor(v).detach().float().reshape(len(v), -1) for v in (x, f, y))
    assert (f > 0).any(), f"{name} has no active feature"
    return {
        "name": name, "config": config, "path": path, "repository": repository,
        "weights": base64.b64encode(weights).decode(), "x": array(x), "f": array(f), "y": array(y),
    }  # fmt: skip


def write(name: str, cases: list[dict]) -> None:
    file = SAES / f"{name}.json"
    file.write_text("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
    print(f"{file.name}: {len(cases)} cases, {file.stat().st_size} bytes")


def randomise(module, scale=0.5):
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.normal_(0, scale)
            if "threshold" in name:
                parameter.add_(0.3)
    return module


def convert(state: dict) -> bytes:
    """As the page tells its visitors to."""
    with tempfile.TemporaryDirectory() as folder:
        torch.save(state, f"{folder}/it.pt")
        subprocess.run([sys.executable, "-c", CONVERSION, f"{folder}/it.pt"], check=True)
        return Path(f"{folder}/it.safetensors").read_bytes()


def package(name: str) -> None:
    """Makes the modules of a package importable without its own imports, which pull in a whole training stack."""
    module = types.ModuleType(name)
    module.__path__ = [str(Path(at, *name.split("."))) for at in sys.path if Path(at, *name.split(".")).is_dir()]
    sys.modules[name] = module


# ---------------------------------------------------------------- SAELens


def saved(name, sae, x, change=None, forward=None, path="", repository=None, dtype="float32", hooks=None) -> dict:
    """Saves, changes the configuration, loads again as SAELens does, and runs."""
    metadata = {"hook_name": HOOK, "model_name": "random", **(hooks or {})}
    for key, value in metadata.items():
        setattr(sae.cfg.metadata, key, value)
    with tempfile.TemporaryDirectory() as folder:
        sae.save_model(folder)
        config = json.loads(Path(folder, "cfg.json").read_text())
        if dtype != "float32":
            state = {k: v.to(getattr(torch, dtype)) for k, v in load_file(f"{folder}/sae_weights.safetensors").items()}
            save_file(state, f"{folder}/sae_weights.safetensors")
            config["dtype"] = dtype
        if change:
            config = change(config)
        Path(folder, "cfg.json").write_text(json.dumps(config))
        again = SAE.load_from_disk(folder, dtype="float32")
        with torch.no_grad():
            f = again.encode(x)
            y = again(x)
        if forward:
            f, y = forward(again, x)
        return case(name, config, Path(folder, "sae_weights.safetensors").read_bytes(), x, f, y, path, repository)


def old(**fields):
    """The configuration as SAELens 5 and older wrote it: flat, and with other names."""

    def change(config):
        flat = {k: v for k, v in config.items() if k in ("d_in", "d_sae", "apply_b_dec_to_input", "normalize_activations")}
        return {
            "architecture": "standard", **flat, "dtype": "torch.float32", "model_name": "random", "hook_name": HOOK, "hook_layer": 1,
            "hook_head_index": None, "activation_fn_str": "relu", "activation_fn_kwargs": {}, "finetuning_scaling_factor": False,
            "prepend_bos": True, "context_size": 128, "dataset_path": "none", "sae_lens_training_version": None,
            **{k: v for k, v in fields.items() if v is not ...},
        }  # fmt: skip

    return change


def older(config):
    config = old()(config)
    config = {k: v for k, v in config.items() if k not in ("architecture", "hook_name", "hook_layer", "hook_head_index", "activation_fn_str")}
    return {**config, "hook_point": HOOK, "hook_point_layer": 1, "hook_point_head_index": None, "normalize_activations": False}


def sae_lens() -> None:
    torch.manual_seed(11)
    x = torch.randn(T, D) + 0.3
    size = {"d_in": D, "d_sae": F, "dtype": "float32", "device": "cpu"}
    out = {**size, "d_out": OUT, "apply_b_dec_to_input": False}
    both = {"hook_name": "blocks.1.ln2.hook_normalized", "hook_name_out": HOOK_OUT}
    standard = lambda **options: randomise(StandardSAE(StandardSAEConfig(**size, **options)))
    jumprelu = lambda **options: randomise(JumpReLUSAE(JumpReLUSAEConfig(**size, **options)))
    gated = lambda **options: randomise(GatedSAE(GatedSAEConfig(**size, **options)))
    topk = lambda **options: randomise(TopKSAE(TopKSAEConfig(**size, k=5, **options)))
    cases = [
        saved("standard", standard(), x),
        saved("standard, bias kept", standard(apply_b_dec_to_input=False), x),
        saved("standard, layer_norm", standard(normalize_activations="layer_norm"), x * 3),
        saved("standard, constant_norm_rescale", standard(normalize_activations="constant_norm_rescale"), x * 3),
        saved("standard, expected_average_only_in without a factor", standard(normalize_activations="expected_average_only_in"), x),
        saved("standard, f16", standard(), x, dtype="float16"),
        saved("standard, bf16", standard(), x, dtype="bfloat16"),
        saved("gated", gated(), x),
        saved("gated, layer_norm, bias kept", gated(normalize_activations="layer_norm", apply_b_dec_to_input=False), x),
        saved("jumprelu", jumprelu(apply_b_dec_to_input=False), x),
        saved("jumprelu, bias off, constant_norm_rescale", jumprelu(normalize_activations="constant_norm_rescale"), x * 2),
        saved("topk, layer_norm", topk(normalize_activations="layer_norm"), x * 3),
        saved("topk, decoder norms, constant_norm_rescale",
              topk(normalize_activations="constant_norm_rescale", rescale_acts_by_decoder_norm=True), x),
        saved("transcoder", randomise(Transcoder(TranscoderConfig(**out))), x, hooks=both),
        saved("skip_transcoder", randomise(SkipTranscoder(SkipTranscoderConfig(**out))), x, hooks=both),
        saved("jumprelu_transcoder, layer_norm",
              randomise(JumpReLUTranscoder(JumpReLUTranscoderConfig(**out, normalize_activations="layer_norm"))), x, hooks=both),
        saved("jumprelu_skip_transcoder", randomise(JumpReLUSkipTranscoder(JumpReLUSkipTranscoderConfig(**out))), x, hooks=both),
        saved("hook_z", standard(reshape_activations="hook_z"), x.reshape(T, 2, 4), hooks={"hook_name": "blocks.1.attn.hook_z"}),
        saved("one head", standard(), x, hooks={"hook_name": "blocks.1.attn.hook_z", "hook_head_index": 2}),
        saved("version 5", standard(), x, old()),
        saved("version 5, topk", standard(), x, old(activation_fn_str="topk", activation_fn_kwargs={"k": 4})),
        saved("version 5, jumprelu", jumprelu(apply_b_dec_to_input=False), x, old(architecture="jumprelu")),
        saved("version 5, gated, layer_norm", gated(normalize_activations="layer_norm"), x, old(architecture="gated")),
        saved("version 3", standard(), x, older),
    ]  # fmt: skip

    # Loaded by name, SAELens folds the factor of its list; a folder of the list's repository has it in ours.
    factor = 0.3619728926727644

    def folded(sae, x):
        sae.fold_activation_norm_scaling_factor(factor)
        centred = x - x.mean(1, keepdim=True)
        with torch.no_grad():
            f = sae.encode(centred)
            return f, sae.decode(f) + x.mean(1, keepdim=True)

    cases.append(saved(
        "expected_average_only_in and centred weights, from the list", standard(normalize_activations="expected_average_only_in"), x,
        old(normalize_activations="expected_average_only_in", hook_name=HOOK_OUT), folded,
        path="sae_group_gpt2_blocks.10.hook_mlp_out_24576:v0/sae_weights.safetensors", repository="tommmcgrath/gpt2-small-mlp-out-saes",
    ))  # fmt: skip

    def centred(sae, x):
        with torch.no_grad():
            f = sae.encode(x - x.mean(1, keepdim=True))
            return f, sae.decode(f) + x.mean(1, keepdim=True)

    kwargs = {"model_from_pretrained_kwargs": {"center_writing_weights": True}}
    cases.append(saved("centred writing weights", standard(), x, forward=centred, hooks=kwargs))
    cases.append(saved("centred writing weights, which hook_z does not see", standard(), x,
                       hooks={**kwargs, "hook_name": "blocks.1.attn.hook_z"}))  # fmt: skip

    # SAELens 5 multiplied by the factor before decoding; 6 cannot load it any more.
    sae = standard()
    factors = torch.rand(F) + 0.5
    with torch.no_grad():
        f = sae.encode(x)
        y = sae.decode(f * factors)
    state = {**sae.state_dict(), "finetuning_scaling_factor": factors}
    config = old(finetuning_scaling_factor=True)(sae.cfg.to_dict())
    cases.append(case("version 5, finetuning_scaling_factor", config, save(state), x, f, y))
    state = {**sae.state_dict(), "scaling_factor": torch.ones(F)}
    with torch.no_grad():
        cases.append(case("version 4, scaling_factor of ones", old()(sae.cfg.to_dict()), save(state), x, f, sae.decode(f)))

    # The logarithm of the threshold, in checkpoints of older versions.
    sae = jumprelu(apply_b_dec_to_input=False)
    with torch.no_grad():
        sae.threshold.abs_()
        state = {**sae.state_dict(), "log_threshold": sae.threshold.log()}
        del state["threshold"]
        config = json.loads(json.dumps({**sae.cfg.to_dict(), "metadata": {"hook_name": HOOK, "sae_lens_version": "6.10.0"}}))
        f = sae.encode(x)
        cases.append(case("jumprelu, log_threshold", config, save(state), x, f, sae.decode(f)))

    # Saved in the middle of training, and for use: both are JumpReLU.
    for rescale in (False, True):
        options = {**size, "k": 4.5, "rescale_acts_by_decoder_norm": rescale}
        for sae in (
            BatchTopKTrainingSAE(BatchTopKTrainingSAEConfig(**options)),
            MatryoshkaBatchTopKTrainingSAE(MatryoshkaBatchTopKTrainingSAEConfig(**options, matryoshka_widths=[8, F])),
        ):
            randomise(sae)
            sae.topk_threshold.fill_(1.25)
            sae.cfg.metadata.hook_name = HOOK
            name = f"{sae.cfg.architecture()}{', decoder norms' if rescale else ''}"
            with tempfile.TemporaryDirectory() as folder:
                sae.save_model(f"{folder}/training")
                sae.save_inference_model(f"{folder}/use")
                again = SAE.load_from_disk(f"{folder}/use")
                with torch.no_grad():
                    f = again.encode(x)
                    y = again.decode(f)
                for kind in ("training", "use"):
                    config = json.loads(Path(folder, kind, "cfg.json").read_text())
                    weights = Path(folder, kind, "sae_weights.safetensors").read_bytes()
                    cases.append(case(f"{name}, saved for {kind}", config, weights, x, f, y))
    write("sae-lens", cases)


# ---------------------------------------------------------------- sparsify


def sparsify() -> None:
    os.environ["SPARSIFY_DISABLE_TRITON"] = "1"
    package("sparsify")
    from sparsify.sparse_coder import SparseCoder, SparseCoderConfig

    torch.manual_seed(12)
    x = torch.randn(T, D)
    cases = []
    for name, folder, options in (
        ("topk", "layers.3", {"num_latents": F, "k": 5}),
        ("topk, expansion factor", "model.layers.2.mlp", {"expansion_factor": 3, "k": 4, "normalize_decoder": False}),
        ("fewer above zero than k", "h.1.attn", {"num_latents": F, "k": 18}),
        ("groupmax", "embed_tokens", {"num_latents": 40, "k": 8, "activation": "groupmax"}),
        ("transcoder", "layers.1.mlp", {"num_latents": F, "k": 6, "transcode": True}),
        ("skip transcoder", "model.layers.1.mlp", {"num_latents": F, "k": 6, "transcode": True, "skip_connection": True}),
        # Older versions computed what this one does with transcode False, whatever they trained on, and did not save the field.
        ("skip transcoder of old", "layers.1.mlp", {"num_latents": F, "k": 6, "skip_connection": True}),
    ):
        coder = randomise(SparseCoder(D, SparseCoderConfig(**options)))
        with tempfile.TemporaryDirectory() as at:
            coder.save_to_disk(at)
            config = json.loads(Path(at, "cfg.json").read_text())
            weights = Path(at, "sae.safetensors").read_bytes()
            again = SparseCoder.load_from_disk(at)
        with torch.no_grad():
            output = again(x)
            f = torch.zeros(T, again.num_latents).scatter_(1, output.latent_indices, output.latent_acts)
        if name.endswith("of old"):
            config = {k: config[k] for k in ("expansion_factor", "normalize_decoder", "num_latents", "k", "multi_topk", "skip_connection", "d_in")}
        cases.append(case(name, config, weights, x, f, output.sae_out, f"{folder}/sae.safetensors", "EleutherAI/sae-SmolLM2-135M-64x"))
    write("sparsify", cases)


# ---------------------------------------------------------------- dictionary_learning


def dictionary_learning() -> None:
    package("dictionary_learning")
    package("dictionary_learning.trainers")
    from dictionary_learning.dictionary import AutoEncoder, AutoEncoderNew, GatedAutoEncoder, JumpReluAutoEncoder
    from dictionary_learning.trainers.batch_top_k import BatchTopKSAE
    from dictionary_learning.trainers.matryoshka_batch_top_k import MatryoshkaBatchTopKSAE
    from dictionary_learning.trainers.top_k import AutoEncoderTopK

    torch.manual_seed(13)
    x = torch.randn(T, D)
    cases = []
    for made, threshold, submodule in (
        (AutoEncoder(D, F), None, None), (AutoEncoderNew(D, F), None, "mlp_out_layer_3"),
        (GatedAutoEncoder(D, F), None, "attention_out_layer_3"), (JumpReluAutoEncoder(D, F), None, "resid_post_layer_3"),
        (AutoEncoderTopK(D, F, 5), None, "resid_post_layer_3"), (BatchTopKSAE(D, F, 5), 0.8, "resid_pre_layer_3"),
        (BatchTopKSAE(D, F, 5), None, "resid_post_layer_3"), (MatryoshkaBatchTopKSAE(D, F, 5, [8, F - 8]), 0.8, "resid_post_layer_3"),
    ):  # fmt: skip
        name = type(made).__name__
        randomise(made)
        if threshold is not None:
            made.threshold.fill_(threshold)
        with tempfile.TemporaryDirectory() as at:
            torch.save(made.state_dict(), f"{at}/ae.pt")
            kind = type(made)
            again = kind.from_pretrained(f"{at}/ae.pt", k=5) if "TopK" in name else kind.from_pretrained(f"{at}/ae.pt")
        with torch.no_grad():
            f, y = again.encode(x), again(x)
        trainer = {"dict_class": name, "activation_dim": D, "dict_size": F, "layer": 3, "lm_name": "EleutherAI/pythia-70m-deduped"}
        if "TopK" in name:
            trainer["k"] = 5
        if submodule:
            trainer["submodule_name"] = submodule
        config = {"trainer": trainer, "buffer": {"ctx_len": 128, "d_submodule": D}}
        without = ", threshold never set" if name == "BatchTopKSAE" and threshold is None else ""
        cases.append(case(name + without, config, convert(made.state_dict()), x, f, y, f"{name}/trainer_0/ae.safetensors"))
    write("dictionary-learning", cases)


# ---------------------------------------------------------------- Gemma Scope 1 and 2


def gemma_scope() -> None:
    """npz files as published, run by the SAELens classes that its loaders make of them."""
    torch.manual_seed(14)
    x = torch.randn(T, D)
    cases = []
    weights = lambda out: {
        "W_enc": torch.randn(D, F) / 2, "W_dec": torch.randn(F, out) / 2, "b_enc": torch.randn(F) / 2, "b_dec": torch.randn(out) / 2,
        "threshold": torch.rand(F),
    }  # fmt: skip
    size = {"d_in": D, "d_sae": F, "apply_b_dec_to_input": False}

    def run(make, config, state):
        sae = make(config)
        sae.load_state_dict(state)
        with torch.no_grad():
            return sae.encode(x), sae(x)

    for name, repository, folder, out in (
        ("residual", "google/gemma-scope-2b-pt-res", "layer_12/width_16k/average_l0_82", D),
        ("mlp", "google/gemma-scope-2b-pt-mlp", "layer_3/width_16k/average_l0_60", D),
        ("attention", "google/gemma-scope-9b-pt-att", "layer_0/width_16k/average_l0_60", D),
        ("transcoder", "google/gemma-scope-2b-pt-transcoders", "layer_4/width_16k/average_l0_60", OUT),
        ("embedding", "google/gemma-scope-2b-pt-res", "embedding/width_4k/average_l0_6", D),
    ):
        state = weights(out)
        if name == "residual":
            (SAES / "gemma-scope").mkdir(exist_ok=True)
            np.savez(SAES / "gemma-scope" / "params.npz", **{k: v.numpy() for k, v in state.items()})
        used = dict(state)
        if name == "embedding":
            # Trained before the factor √d_model, which hook_embed has. SAELens leaves b_dec unscaled: a deliberate difference.
            root = math.sqrt(D)
            used |= {"W_enc": state["W_enc"] / root, "W_dec": state["W_dec"] * root, "b_dec": state["b_dec"] * root}
        if name == "transcoder":
            f, y = run(JumpReLUTranscoder, JumpReLUTranscoderConfig(**size, d_out=out), used)
        else:
            f, y = run(JumpReLUSAE, JumpReLUSAEConfig(**size), used)
        cases.append(case(name, None, save(state), x, f, y, f"{folder}/params.npz", repository))
    write("gemma-scope", cases)

    cases = []
    point = "model.layers.5."
    for name, folder, into, end, out, skip in (
        ("residual", "resid_post/layer_5_width_16k_l0_small", "output", None, D, False),
        ("attention", "attn_out/layer_5_width_16k_l0_small", "self_attn.o_proj.input", None, D, False),
        ("mlp", "mlp_out_all/layer_5_width_16k_l0_small", "post_feedforward_layernorm.output", None, D, False),
        ("transcoder", "transcoder/layer_5_width_16k_l0_small", "pre_feedforward_layernorm.output", "post_feedforward_layernorm.output", D, False),
        ("affine transcoder", "transcoder_all/layer_5_width_16k_l0_small_affine", "pre_feedforward_layernorm.output",
         "post_feedforward_layernorm.output", OUT, True),
        ("without a configuration", "resid_post_all/layer_5_width_16k_l0_small", None, None, D, False),
    ):  # fmt: skip
        state = weights(out)
        stored = {k.lower(): v for k, v in state.items()}
        config = None
        if into:
            config = {"architecture": "jump_relu", "model_name": "gemma-v3-270m-pt", "hf_hook_point_in": point + into, "width": F, "l0": 20, "type": "sae"}
        if end:
            config |= {"hf_hook_point_out": point + end, "affine_connection": skip, "type": "transcoder"}
        if skip:
            stored["affine_skip_connection"] = torch.randn(D, out) / 2
            state["W_skip"] = stored["affine_skip_connection"].T.contiguous()
            f, y = run(JumpReLUSkipTranscoder, JumpReLUSkipTranscoderConfig(**size, d_out=out), state)
        elif end:
            f, y = run(JumpReLUTranscoder, JumpReLUTranscoderConfig(**size, d_out=out), state)
        else:
            f, y = run(JumpReLUSAE, JumpReLUSAEConfig(**size), state)
        cases.append(case(name, config, save(stored), x, f, y, f"{folder}/params.safetensors", "google/gemma-scope-2-270m-pt"))
    write("gemma-scope-2", cases)


# ---------------------------------------------------------------- OpenAI, Kissane et al.


def openai() -> None:
    """`Autoencoder.forward` of openai/sparse_autoencoder, whose package is not published: its lines."""
    torch.manual_seed(15)
    x = torch.randn(T, D) * 2 + 0.5
    state = lambda: {
        "pre_bias": torch.randn(D) / 2, "latent_bias": torch.randn(F) / 2, "encoder.weight": torch.randn(F, D) / 2,
        "decoder.weight": torch.randn(D, F) / 2, "stats_last_nonzero": torch.zeros(F, dtype=torch.long),
    }  # fmt: skip
    cases = []
    for name, location, k in (("TopK", "resid_post_mlp_v5_32k", 6), ("TopK, delta", "resid_delta_attn_v5_128k", 3), ("ReLU", "mlp_post_act", None)):
        s = state()
        h, mu, std = x, 0, 1
        if k:
            mu = x.mean(-1, keepdim=True)
            h = x - mu
            std = h.std(-1, keepdim=True)
            h = h / (std + 1e-5)
        pre = (h - s["pre_bias"]) @ s["encoder.weight"].T + s["latent_bias"]
        if k:
            values, indices = pre.topk(k, -1)
            f = torch.zeros_like(pre).scatter_(-1, indices, values.relu())
        else:
            f = pre.relu()
        y = f @ s["decoder.weight"].T + s["pre_bias"]
        y = y * std + mu
        extra = {"activation": "TopK", "activation_state_dict": {"k": k, "postact_fn": "ReLU"}} if k else {"activation": "ReLU"}
        cases.append(case(name, None, convert({**s, **extra}), x, f, y, f"{location}/autoencoders/6.safetensors"))
    write("openai", cases)


def attention_output() -> None:
    torch.manual_seed(16)
    x = torch.randn(T, D)
    sae = randomise(StandardSAE(StandardSAEConfig(d_in=D, d_sae=F)))
    with torch.no_grad():
        f, y = sae.encode(x), sae(x)
    name = "gpt2-small_L7_Hcat_z_lr1.20e-03_l11.80e+00_ds49152_bs4096_dc1.00e-06_rsanthropic_rie25000_nr4_v9"
    config = {"act_name": "blocks.7.attn.hook_z", "act_size": D, "dict_size": F, "l1_coeff": 1.8, "enc_dtype": "fp32", "model_name": "gpt2-small"}
    write("attention-output", [case("Hcat_z", config, convert(sae.state_dict()), x, f, y, f"{name}.safetensors", "ckkissane/attn-saes-gpt2-small-all-layers")])


if __name__ == "__main__":
    sae_lens()
    sparsify()
    dictionary_learning()
    gemma_scope()
    openai()
    attention_output()
