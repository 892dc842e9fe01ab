"""Writes src/model/goldens/tokenizers: one small tokenizer of each kind and what the reference makes of tricky texts.

    python training/goldens_tokenizers.py [NAME=tokenizer.json ...]

`<kind>.json` holds {tokenizer, config, cases: [{text, ids, offsets}]}: contents of tokenizer.json and
tokenizer_config.json, and per text the ids and offsets of `transformers`' fast tokenizer without special tokens, with
those typed in the text read as text (`split_special_tokens`). Offsets are in UTF-16 code units, as JavaScript counts.

`NAME.ids.json` holds the ids alone, in the order of the cases, for a published tokenizer too large to be kept here.

`prepend-bos.json` holds transformer-lens' `default_prepend_bos` of each model family.
"""

import json
import sys
from collections import Counter
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformer_lens.config import TransformerBridgeConfig
from transformer_lens.factories.architecture_adapter_factory import ArchitectureAdapterFactory
from transformers import PreTrainedTokenizerFast

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "src" / "model" / "goldens" / "tokenizers"

GPT4_LIKE = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
ENDOFTEXT, SPACE = "<|endoftext|>", "\u2581"

CORPUS = [
    "When Mary and John went to the store, John gave a drink to Mary. They'll see that it's what we've wanted.",
    "The cat sat on the mat, and the other cats ran to the house in the rain. In 1732 and 1999 there were 100 of them.",
    "def add(first, second):\n    return first + second\n\n\nfor i in range(10):\n        print(i, '  ', i * i)\n",
    "Der Käse schmeckt über alles gut; où êtes-vous allé, élève? Ñandú, año, señor. Zażółć gęślą jaźń.",
    "Быстрая коричневая лиса прыгает. שלום עולם ושלום. مرحبا بالعالم. 今天天气很好。今日は世界。안녕하세요 세계.",
    "Hello, world! Hello there! hello again, Hello. <a> </a> <b> </b> <c> </c> <div> </div> <p> </p>",
    "🦊 🦊🦊 and 👩\u200d👩\u200d👧 and 🇩🇪 and ½ or ² or ٣ or Ⅷ",
] * 3

TEXTS = [
    "",
    " ",
    "  ",
    "a",
    " a",
    "  leading and trailing  ",
    "When Mary and John went to the store, John gave a drink to Mary.",
    "two  spaces,   three,    four,     five,      six",
    " " * 23 + "x" + " " * 50,
    "\n",
    "line\nline\n\nline\n\n\n\n",
    "a\r\nb\rc\td\t\te",
    "tabs\t\t\tand \t mixed \n\t ",
    "They'LL say it'S I'm don't 'tis 'ſ",
    "🦊",
    "a🦊b🦊🦊 👩\u200d👩\u200d👧\u200d👦 🇩🇪 👍🏽",
    "Cafe\u0301 e\u0301 a\u0323\u0307 a\u0307\u0323 n\u0303o \u00c5 \u212b \u2126",
    "\u0301 starts with a mark, x\u0334\u0301\u0316 z\u0351\u036b\u0343\u036a\u0302\u0348",
    "안녕하세요 \u1112\u1161\u11ab\u1100\u1173\u11af 세계",
    "שלום עולם \u202eabc\u202c مرحبا ١٢٣",
    "\0\u0001\u001b\u007f\u0080\u0085\u00a0\u00ad\u200b\u2028\u2029\u3000\ufeff!",
    "12345 1 22 333 4444 1,000.5 ½² ٣٤٥ Ⅷ",
    "pneumonoultramicroscopicsilicovolcanoconiosis" + "a" * 70,
    "今天天气很好。今日は、世界！吾輩は猫である。",
    "x<|endoftext|>y <s> </s><unk><bos><eos> <|im_start|>user",
    "<think> well </think><unused0><unused1> [multimodal] <mask>",
    "<0x41> <0xE2>\\xE2 \u2581 \u2581\u2581literal \u0120 \u010a \u00e2\u0122",
    "> </div> <p> </p> a> </b>",
    "ﬁ ﬀ ① ㎏ ｈａｌｆ Ｈｅｌｌｏ ｶﾞ",
    "Hello,Hello Hello  Helloworld  myHello <m>  x  <m>",
    "def f(x):\n    return x\n        # eight\n",
    "x²² = ²²²",
    "\U0010ffff\ud7ff\ue000\uffff\U00010000",
]


def utf16(text: str, offset: int) -> int:
    return len(text[:offset].encode("utf-16-le")) // 2


def train(tokenizer: Tokenizer, size: int, **options) -> Tokenizer:
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=size, show_progress=False, **options))
    return tokenizer


def byte_level(size: int, splits: list, specials: list[str], normalizer=None, prefix_space=False, **model) -> Tokenizer:
    """`splits`: pre-tokenizers before the one for bytes; when empty, that one splits by GPT-2's pattern."""
    tokenizer = Tokenizer(models.BPE(**model))
    last = pre_tokenizers.ByteLevel(add_prefix_space=prefix_space, use_regex=not splits or splits[-1] is None)
    chain = [split for split in splits if split is not None] + [last]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(chain) if len(chain) > 1 else last
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    return train(tokenizer, size, initial_alphabet=alphabet, special_tokens=specials)


def byte_fallback(size: int, specials: list[str], normalizer=None, pre_tokenizer=None, extra=()) -> Tokenizer:
    """
    SentencePiece's kind. The trainer knows words only, so it learns from text that has "▁" for spaces, cut at them;
    what reads texts is put in afterwards. `extra`: pairs merged last, as Gemma's across a space.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Replace(" ", SPACE)
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(f"{SPACE}*[^{SPACE}]*"), "isolated")
    # Which of equally frequent characters the trainer keeps is chance, so they are chosen here.
    counts = Counter("".join(CORPUS).replace(" ", SPACE))
    alphabet = [character for character, count in sorted(counts.items()) if count > 6]
    tokens = specials + [f"<0x{byte:02X}>" for byte in range(256)]
    train(tokenizer, size, special_tokens=tokens, initial_alphabet=alphabet, limit_alphabet=len(alphabet))
    learnt = json.loads(tokenizer.to_str())["model"]
    vocab, merges = learnt["vocab"], [tuple(pair) for pair in learnt["merges"]]
    for pair in extra:
        for part in (*pair, "".join(pair)):
            vocab.setdefault(part, len(vocab))
        merges.append(pair)
    tokenizer = Tokenizer(
        models.BPE(vocab=vocab, merges=merges, unk_token=specials[0], fuse_unk=True, byte_fallback=True)
    )
    tokenizer.add_special_tokens(specials)
    if normalizer:
        tokenizer.normalizer = normalizer
    if pre_tokenizer:
        tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return tokenizer


def merged(tokenizer: Tokenizer, pairs: list[tuple[str, str]]) -> Tokenizer:
    """With merges that training would not have found."""
    contents = json.loads(tokenizer.to_str())
    vocab, merges = contents["model"]["vocab"], contents["model"]["merges"]
    for pair in pairs:
        vocab.setdefault("".join(pair), len(vocab))
        merges.append(list(pair))
    return Tokenizer.from_str(json.dumps(contents))


def added(tokenizer: Tokenizer, contents: list[str], **options) -> Tokenizer:
    tokenizer.add_tokens([AddedToken(content, **options) for content in contents])
    return tokenizer


def kinds():
    """(name, tokenizer, tokenizer_config.json), after the published tokenizers each stands for."""
    llama = ["<unk>", "<s>", "</s>"]
    llama_config = {"bos_token": "<s>", "eos_token": {"content": "</s>"}}
    legacy = normalizers.Sequence([normalizers.Prepend(SPACE), normalizers.Replace(" ", SPACE)])
    replace = normalizers.Replace(" ", SPACE)

    yield "gpt2", byte_level(420, [], [ENDOFTEXT]), {"bos_token": ENDOFTEXT, "eos_token": ENDOFTEXT}

    neox = byte_level(400, [], [ENDOFTEXT, "<|padding|>"], normalizers.NFC())
    runs = [" " * n for n in range(24, 1, -1)]
    yield "pythia", added(neox, runs, normalized=True), {"bos_token": ENDOFTEXT, "eos_token": ENDOFTEXT}

    yield "llama2", byte_fallback(480, llama, legacy), llama_config
    first = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    tokenizer = added(byte_fallback(480, llama, None, first), ["<think>", "</think>"], normalized=False)
    yield "llama-metaspace-first", tokenizer, llama_config
    always = pre_tokenizers.Metaspace(prepend_scheme="always", split=True)
    tokenizer = added(byte_fallback(480, llama, None, always, [(SPACE, SPACE)]), ["Hello"], normalized=True)
    yield "llama-metaspace-split", tokenizer, llama_config

    llama3 = [pre_tokenizers.Split(Regex(GPT4_LIKE % "{1,3}"), "isolated")]
    tokenizer = byte_level(430, llama3, [], ignore_merges=True)
    vocab = json.loads(tokenizer.to_str())
    for word in ["ĠMaryland", "1732", "xyz"]:  # whole words no merge leads to
        vocab["model"]["vocab"][word] = len(vocab["model"]["vocab"])
    tokenizer = Tokenizer.from_str(json.dumps(vocab))
    tokenizer.add_special_tokens(["<|begin_of_text|>", "<|end_of_text|>"])
    yield "llama3", tokenizer, {"bos_token": "<|begin_of_text|>", "eos_token": "<|end_of_text|>"}

    qwen = byte_level(430, [pre_tokenizers.Split(Regex(GPT4_LIKE % ""), "isolated")], [], normalizers.NFC())
    qwen.add_special_tokens([ENDOFTEXT, "<|im_start|>", "<|im_end|>"])
    added(qwen, ["<think>", "</think>"], normalized=False)
    template = "{% for message in messages %}{{ message.content }}{% endfor %}"
    yield "qwen", qwen, {"bos_token": None, "eos_token": "<|im_end|>", "chat_template": template}

    gemma_runs = [(SPACE * n, SPACE) for n in range(1, 16)] + [("\n" * n, "\n") for n in range(1, 8)]
    tags = [("<", "/"), (SPACE, "</"), (">", f"{SPACE}</")]
    nothing = pre_tokenizers.Split(" ", "merged_with_previous")
    gemma = byte_fallback(480, ["<pad>", "<eos>", "<bos>", "<unk>"], replace, nothing, gemma_runs + tags)
    model = json.loads(gemma.to_str())
    model["model"]["unk_token"] = "<unk>"
    gemma = Tokenizer.from_str(json.dumps(model))
    plain = ["<mask>", "[multimodal]", "<unused0>", "<unused1>"] + ["\n" * n for n in range(1, 8)]
    plain += [SPACE * n for n in range(2, 17)]
    gemma.add_tokens([AddedToken(content, normalized=False) for content in plain])
    yield "gemma", gemma, {"bos_token": "<bos>", "eos_token": "<eos>"}

    smol = byte_level(420, [pre_tokenizers.Digits(individual_digits=True), None], [ENDOFTEXT, "<|im_start|>"])
    smol = merged(smol, [("\u00c2", "\u00b2"), ("\u00c2\u00b2", "\u00c2\u00b2")])  # "²²", which the split keeps apart
    yield "smollm2", smol, {"bos_token": ENDOFTEXT, "eos_token": ENDOFTEXT}

    # No model of its own: what the others leave out.
    rare = byte_level(400, [pre_tokenizers.Digits(), None], [ENDOFTEXT], normalizers.NFKC())
    added(rare, ["Hello"], single_word=True)
    added(rare, ["<m>"], lstrip=True, rstrip=True, normalized=False)
    added(rare, ["\u00e9"], normalized=True)
    yield "rare", rare, {}
    yield "prefix-space", byte_level(400, [], [ENDOFTEXT], normalizers.NFD(), prefix_space=True), {}


def prepend_bos() -> dict[str, bool]:
    families = {
        "gpt2": "GPT2LMHeadModel", "gpt_neo": "GPTNeoForCausalLM", "gpt_neox": "GPTNeoXForCausalLM",
        "llama": "LlamaForCausalLM", "qwen2": "Qwen2ForCausalLM", "qwen3": "Qwen3ForCausalLM",
        "gemma2": "Gemma2ForCausalLM", "gemma3_text": "Gemma3ForCausalLM",
    }  # fmt: skip
    defaults = {}
    for family, architecture in families.items():
        config = TransformerBridgeConfig(
            d_model=8, d_head=4, n_heads=2, n_layers=2, n_ctx=8, d_vocab=8, d_mlp=8, architecture=architecture
        )
        adapter = ArchitectureAdapterFactory.select_architecture_adapter(config)
        defaults[family] = adapter.cfg.default_prepend_bos
    return defaults


def texts() -> list[str]:
    """Without the half characters that JSON cannot carry."""
    return [text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for text in TEXTS]


def write(path: Path, contents) -> None:
    path.write_text(json.dumps(contents, separators=(",", ":"), ensure_ascii=False) + "\n")
    print(path.relative_to(ROOT), path.stat().st_size, "bytes")


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, tokenizer, config in kinds():
        reference = PreTrainedTokenizerFast(tokenizer_object=tokenizer, split_special_tokens=True)
        cases = []
        for text in texts():
            result = reference(text, add_special_tokens=False, return_offsets_mapping=True)
            offsets = [[utf16(text, at) for at in pair] for pair in result["offset_mapping"]]
            cases.append({"text": text, "ids": result["input_ids"], "offsets": offsets})
        write(FOLDER / f"{name}.json", {"tokenizer": json.loads(tokenizer.to_str()), "config": config, "cases": cases})
    for argument in sys.argv[1:]:
        name, file = argument.split("=", 1)
        reference = PreTrainedTokenizerFast(tokenizer_file=file, split_special_tokens=True)
        ids = [reference(text, add_special_tokens=False)["input_ids"] for text in texts()]
        write(FOLDER / f"{name}.ids.json", ids)
    write(FOLDER / "prepend-bos.json", prepend_bos())


main()
