"""Trains the byte-level BPE and turns text into token arrays.

    python training/prepare.py      # reads training/work/{english,storyworld-1,storyworld-2,storyworld-3}.jsonl

Writes public/models/storyworld-2m/tokenizer*.json and training/work/{storyworld,years,english,english-held-out}.npz, each with
`tokens` (uint16) and `starts` (first token of each document, an <|endoftext|>).
"""

import json
import random
from pathlib import Path

import numpy as np
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

WORK = Path(__file__).parent / "work"
MODEL = Path(__file__).parent.parent / "public" / "models" / "storyworld-2m"
VOCABULARY = 3072
END = "<|endoftext|>"
# GPT-2's split, with digits in groups of at most two, so that " 1732" is " 17" + "32".
SPLIT = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}{1,2}| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
HELD_OUT = 0.02


def read(name: str) -> list[dict]:
    with open(WORK / name) as file:
        return [json.loads(line) for line in file]


def train_tokenizer(story: list[str], english: list[str]) -> Tokenizer:
    texts = story + english
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(SPLIT), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    # Every pair of digits, with and without a space, often enough to become one token.
    digits = [f" {value:02d}.{value:02d}" for value in range(100)] * 3000
    # Every word of Storyworld too, so that its names, objects and arguments are single tokens.
    words = sorted({word for text in story for word in text.split() if word.isalpha()})
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts + digits + [f" {word}" for word in words] * 1000, trainer)
    return tokenizer


def encode(tokenizer: Tokenizer, texts: list[str], path: Path) -> None:
    end = tokenizer.token_to_id(END)
    pieces, starts, at = [], [], 0
    for begin in range(0, len(texts), 4096):
        for encoding in tokenizer.encode_batch(texts[begin : begin + 4096], add_special_tokens=False):
            starts.append(at)
            pieces.append(np.array([end, *encoding.ids], dtype=np.uint16))
            at += len(encoding.ids) + 1
    np.savez(path, tokens=np.concatenate(pieces), starts=np.array(starts, dtype=np.int64))
    print(f"{path.name}: {len(texts)} documents, {at} tokens")


def main() -> None:
    story = [item["text"] for item in read("storyworld-1.jsonl")]
    documents = {item["text"]: item["source"] for item in read("english.jsonl")}
    english = list(documents)
    random.Random(0).shuffle(english)
    held = max(1, int(len(english) * HELD_OUT))
    # The tokenizer sees about as much of each.
    tokenizer = train_tokenizer(story[:40000], english[held:])
    MODEL.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(MODEL / "tokenizer.json"), pretty=False)
    settings = {
        "tokenizer_class": "GPT2Tokenizer",
        "bos_token": END,
        "eos_token": END,
        "unk_token": END,
        "add_prefix_space": False,
        "add_bos_token": False,
        "clean_up_tokenization_spaces": False,
        "model_max_length": 256,
    }
    (MODEL / "tokenizer_config.json").write_text(json.dumps(settings, indent=1) + "\n")
    encode(tokenizer, story, WORK / "storyworld.npz")
    encode(tokenizer, [item["text"] for item in read("storyworld-3.jsonl")], WORK / "years.npz")
    encode(tokenizer, english[held:], WORK / "english.npz")
    encode(tokenizer, english[:held], WORK / "english-held-out.npz")
    for probe in (" Mary gave Tom the year 1732", "def load(self, file):\n    :param file", "( [ { red } ] )."):
        print(tokenizer.encode(probe).tokens)
    words = {w for item in read("storyworld-2.jsonl") for w in item["text"].split() if w.isalpha()}
    split = sorted(w for w in words if len(tokenizer.encode(" " + w).ids) > 1)
    print(f"{len(split)} of {len(words)} Storyworld words are several tokens: {split[:40]}")


if __name__ == "__main__":
    main()
