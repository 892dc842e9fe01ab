"""Writes tiny random models of every family and what the reference implementations compute with them.

    python training/goldens_families.py [NAME ...]      # src/model/goldens/families/NAME; all by default

A folder holds model.safetensors, config.json as transformers 5 writes it, config-v4.json with the fields files on the hub
have, and golden.json: logits of `transformers` (float32, eager) for prompts of several lengths, and every hook of
`transformer-lens` loaded with the same weights, unprocessed, where it has the variant. Sizes are odd and small, windows
shorter than the prompts, and every cap, scale, bias and norm has a value that changes the numbers.
"""

import json
import sys

import torch
from make_goldens import LOWEST, MODELS, array, write
from safetensors.torch import load_file, save_file
from transformer_lens import HookedTransformer, HookedTransformerConfig
from transformer_lens.pretrained import weight_conversions as convert
from transformers import AutoConfig, AutoModelForCausalLM

FOLDER = MODELS / "families"
LENGTHS = (1, 11, 24)
HOOKED = 11
COMMON = {"vocab_size": 61, "bos_token_id": 0, "eos_token_id": 0, "pad_token_id": None}
DECODER = COMMON | {"num_hidden_layers": 2, "hidden_size": 24, "intermediate_size": 44, "max_position_embeddings": 40}
LLAMA3 = {"rope_type": "llama3", "factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 3.0, "original_max_position_embeddings": 16}

# name: (model_type, fields of the configuration, dtype of the file, arguments of transformer-lens or None)
MODELS_MADE = {
    "gpt_neo": ("gpt_neo", COMMON | {
        "hidden_size": 24, "num_layers": 2, "num_heads": 3, "attention_types": [[["global", "local"], 1]], "window_size": 5,
        "max_position_embeddings": 40, "intermediate_size": 44,
    }, "F32", lambda c: {"attn_scale": 1.0, "use_attn_scale": False, "use_local_attn": True, "attn_types": c.attention_layers, "window_size": 5}),
    "gpt_neox": ("gpt_neox", DECODER | {
        "num_attention_heads": 2, "rope_parameters": {"rope_type": "default", "rope_theta": 300.0, "partial_rotary_factor": 0.4},
    }, "F32", lambda c: {"parallel_attn_mlp": True, "rotary_dim": 4, "rotary_base": 300}),
    "gpt_neox-sequential": ("gpt_neox", DECODER | {
        "num_attention_heads": 3, "use_parallel_residual": False, "tie_word_embeddings": True, "hidden_act": "relu",
        "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 1.0},
    }, "F32", None),
    "llama": ("llama", DECODER | {
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 12, "tie_word_embeddings": False,
        "rope_parameters": {"rope_theta": 500.0} | LLAMA3,
    }, "F32", lambda c: {
        "use_NTK_by_parts_rope": True, "NTK_by_parts_low_freq_factor": 1.0, "NTK_by_parts_high_freq_factor": 3.0, "NTK_by_parts_factor": 4.0,
        "NTK_original_ctx_len": 16, "rotary_dim": 12, "rotary_base": 500,
    }),
    "llama-biases": ("llama", DECODER | {
        "num_attention_heads": 3, "num_key_value_heads": 1, "attention_bias": True, "mlp_bias": True, "tie_word_embeddings": True,
        "rope_parameters": {"rope_type": "linear", "rope_theta": 10000.0, "factor": 2.5}, "hidden_act": "gelu",
    }, "F32", None),
    "qwen2": ("qwen2", DECODER | {
        "num_attention_heads": 6, "num_key_value_heads": 3, "tie_word_embeddings": True, "use_sliding_window": True, "sliding_window": 5,
        "max_window_layers": 1, "rope_parameters": {"rope_type": "default", "rope_theta": 1000.0},
    }, "F32", lambda c: {"use_local_attn": True, "attn_types": ["global", "local"], "window_size": 5, "rotary_dim": 4, "rotary_base": 1000}),
    "qwen3": ("qwen3", DECODER | {
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 12, "tie_word_embeddings": False,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1000.0},
    }, "F16", lambda c: {"use_qk_norm": True, "rotary_dim": 12, "rotary_base": 1000}),
    "gemma2": ("gemma2", DECODER | {
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 12, "query_pre_attn_scalar": 24, "sliding_window": 5,
        "attn_logit_softcapping": 5.0, "final_logit_softcapping": 3.0, "rope_parameters": {"rope_type": "default", "rope_theta": 1000.0},
    }, "BF16", lambda c: {
        "use_local_attn": True, "attn_types": ["local", "global"], "window_size": 5, "attn_scale": 24**0.5, "attn_scores_soft_cap": 5.0,
        "output_logits_soft_cap": 3.0, "use_normalization_before_and_after": True, "rotary_dim": 12, "rotary_base": 1000,
    }),
    "gemma3": ("gemma3_text", DECODER | {
        "num_hidden_layers": 3, "intermediate_size": 28, "num_attention_heads": 4, "num_key_value_heads": 1, "head_dim": 8, "query_pre_attn_scalar": 24, "sliding_window": 5,
        "layer_types": ["sliding_attention", "sliding_attention", "full_attention"],
        "rope_parameters": {
            "full_attention": {"rope_type": "linear", "rope_theta": 5000.0, "factor": 8.0}, "sliding_attention": {"rope_type": "default", "rope_theta": 100.0},
        },
    }, "F32", lambda c: {
        "use_local_attn": True, "attn_types": ["local", "local", "global"], "window_size": 5, "attn_scale": 24**0.5, "use_qk_norm": True,
        "use_normalization_before_and_after": True, "rotary_dim": 8, "rotary_base": 5000, "rotary_base_local": 100, "rotary_scaling_factor": 8.0,
    }),
}  # fmt: skip

CONVERSIONS = {
    "gpt_neo": convert.convert_neo_weights, "gpt_neox": convert.convert_neox_weights, "llama": convert.convert_llama_weights,
    "qwen2": convert.convert_qwen2_weights, "qwen3": convert.convert_qwen3_weights, "gemma2": convert.convert_gemma_weights,
    "gemma3_text": convert.convert_gemma_weights,
}  # fmt: skip


def randomise(model: torch.nn.Module, dtype: torch.dtype) -> None:
    """Values spread enough for every variant to matter; rounded to what the file will hold."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.normal_(0, 0.25)
            if ("norm" in name or "ln_" in name) and name.endswith("weight"):
                parameter.add_(0.0 if model.config.model_type.startswith("gemma") else 1.0)  # Gemma's gain is 1 + weight
            parameter.copy_(parameter.to(dtype).float())


def v4_config(model_type: str, config: dict) -> dict:
    old = {key: value for key, value in config.items() if key not in ("rope_parameters", "dtype", "layer_types")}
    old["torch_dtype"] = config.get("dtype", "float32")
    rope = config.get("rope_parameters")
    if model_type == "gpt_neox":
        old |= {"rotary_pct": rope["partial_rotary_factor"], "rotary_emb_base": rope["rope_theta"]}
    elif model_type == "gemma3_text":
        full = {**rope["full_attention"]}
        old |= {"rope_theta": full.pop("rope_theta"), "rope_local_base_freq": rope["sliding_attention"]["rope_theta"], "rope_scaling": full}
        old |= {"sliding_window_pattern": 3}
    elif rope:
        scaling = {key: value for key, value in rope.items() if key != "rope_theta"}
        if scaling.get("rope_type") == "linear":
            scaling["type"] = scaling.pop("rope_type")
        old |= {"rope_theta": rope["rope_theta"], "rope_scaling": None if scaling.get("rope_type") == "default" else scaling}
    return old


def first(config, *names: str):
    return next(value for name in names if (value := getattr(config, name, None)) is not None)


def hooked(model, model_type: str, extra: dict) -> HookedTransformer:
    c = model.config
    rms = model_type not in ("gpt_neo", "gpt_neox")
    heads = c.num_attention_heads
    kv = getattr(c, "num_key_value_heads", None)
    cfg = HookedTransformerConfig(**({
        "n_layers": c.num_hidden_layers, "d_model": c.hidden_size, "n_ctx": c.max_position_embeddings,
        "d_head": getattr(c, "head_dim", None) or c.hidden_size // heads, "n_heads": heads, "n_key_value_heads": kv,
        "d_mlp": c.intermediate_size, "d_vocab": c.vocab_size, "act_fn": first(c, "hidden_act", "hidden_activation", "activation_function"),
        "eps": first(c, "rms_norm_eps", "layer_norm_eps", "layer_norm_epsilon"),
        "normalization_type": "RMS" if rms else "LN", "final_rms": rms, "gated_mlp": rms,
        "positional_embedding_type": "standard" if model_type == "gpt_neo" else "rotary",
        "rotary_adjacent_pairs": False, "use_hook_mlp_in": True, "device": "cpu", "tokenizer_name": None, "dtype": torch.float32,
        "original_architecture": "Gemma2ForCausalLM" if model_type == "gemma2" else "Gemma3ForCausalLM" if model_type == "gemma3_text" else None,
    } | extra))  # fmt: skip
    made = HookedTransformer(cfg)
    made.load_and_process_state_dict(
        CONVERSIONS[model_type](model, cfg), fold_ln=False, center_writing_weights=False, center_unembed=False, fold_value_biases=False
    )
    return made


def make(name: str) -> None:
    model_type, fields, stored, extra = MODELS_MADE[name]
    torch.manual_seed(sum(map(ord, name)))
    dtype = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}[stored]
    config = AutoConfig.for_model(model_type, **fields)
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager", dtype=torch.float32).eval()
    randomise(model, dtype)
    folder = FOLDER / name
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    tensors = {key: value.to(dtype).contiguous() for key, value in load_file(folder / "model.safetensors").items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "model.safetensors").chmod(0o644)
    written = json.loads((folder / "config.json").read_text())
    written["dtype"] = str(dtype).removeprefix("torch.")
    (folder / "config.json").write_text(json.dumps(written, indent=1) + "\n")
    (folder / "config-v4.json").write_text(json.dumps(v4_config(model_type, written), indent=1) + "\n")
    prompts = {str(length): torch.randint(0, 61, (1, length)) for length in LENGTHS}
    golden = {"ids": {length: ids[0].tolist() for length, ids in prompts.items()}}
    with torch.no_grad():
        logits = {length: model(ids).logits[0] for length, ids in prompts.items()}
    golden["logits"] = {length: array(values) for length, values in logits.items()}
    golden["hooks"] = {}
    if extra:
        lens = hooked(model, model_type, extra(model.config))
        with torch.no_grad():
            theirs, cache = lens.run_with_cache(prompts[str(HOOKED)])
        off = (theirs[0] - logits[str(HOOKED)]).abs().max().item()
        print(f"{name}: transformer-lens is {off:.1e} from transformers; logits up to {logits['24'].abs().max():.1f}")
        assert off < 1e-4, "the two references disagree"
        last = model.config.num_hidden_layers - 1
        kept = [key for key in cache.keys() if not key.startswith("unembed.") and (last == 1 or not key.startswith("blocks.1."))]
        # The residual after a block is the one before the next; one of them is enough. Gemma's middle layer is like its first.
        kept = [key for key in kept if not (key.endswith("hook_resid_pre") and not key.startswith("blocks.0."))]
        unbatched = lambda values, key: values if "attn.q_norm" in key or "attn.k_norm" in key else values[0]
        golden["hooks"] = {key: array(unbatched(cache[key], key).clamp(min=LOWEST)) for key in kept}
    write(folder / "golden.json", golden)


if __name__ == "__main__":
    for each in sys.argv[1:] or MODELS_MADE:
        make(each)
