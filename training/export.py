"""Writes the shipped model from the newest checkpoint, and the catalogue of everything under public/.

    python training/export.py model       # public/models/storyworld-2m from training/work/lm.pt
    python training/export.py tuned       # the same from training/work/lm-tuned.pt
    python training/export.py catalogue   # public/catalogue.json, after the dictionaries are there
"""

import hashlib
import json
import sys

from shipped import DICTIONARIES, HOOKS, MODEL, ROOT, WORK, export_model


def files(folder, names) -> list[dict]:
    found = []
    for name in names:
        data = (folder / name).read_bytes()
        found.append({"path": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()})
    return found


def catalogue() -> dict:
    public = ROOT / "public"
    dictionaries = []
    for hook, plan in HOOKS.items():
        folder = DICTIONARIES / hook
        config = json.loads((folder / "cfg.json").read_text())
        dictionaries.append({
            "id": hook, "hook": hook, "title": plan.title, "base": str(folder.relative_to(public)),
            "dSae": config["d_sae"], "k": config["k"], "files": files(folder, ["cfg.json", "sae_weights.safetensors"]),
        })  # fmt: skip
    model = {
        "id": "storyworld-2m", "title": "Storyworld 2M", "license": "MIT", "base": str(MODEL.relative_to(public)),
        "files": files(MODEL, ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors", "steering.json"]),
        "dictionaries": dictionaries,
    }  # fmt: skip
    return {"version": 1, "models": [model]}


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["model"]:
            export_model(WORK / "lm.pt")
        case ["tuned"]:
            export_model(WORK / "lm-tuned.pt")
        case ["catalogue"]:
            (ROOT / "public" / "catalogue.json").write_text(json.dumps(catalogue(), indent=2) + "\n")
        case _:
            sys.exit(__doc__)
