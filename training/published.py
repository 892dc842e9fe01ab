"""Writes public/published.json: published dictionaries for models that fit a browser.

Repositories, folders, hooks, L0, explained variance and Neuronpedia ids come from the list that the installed sae-lens
carries (pretrained_saes.yaml); models, revisions, sizes and the sparsify sets are stated below. Whatever neither says is
left out. Run: python training/published.py
"""

import json
import re
from pathlib import Path

import sae_lens
import yaml

SAE_LENS = yaml.safe_load((Path(sae_lens.__file__).parent / "pretrained_saes.yaml").read_text())
OUT = Path(__file__).parent.parent / "public" / "published.json"

# Where the list is wrong.
NEURONPEDIA = {("pythia-70m-deduped-res-sm", "e-res-sm"): "pythia-70m-deduped/e-res-sm"}

LEGACY_HOOK = re.compile(r"^(blocks\.\d+)\.hook_z$")


def sae_lens_set(release, title, *, hook=None, keep=lambda path: True, width=None, d_in=None, **facts):
    """A release of the list. hook: pattern with {layer} where the list's ids are not hooks; width: path -> d_sae."""
    entry = SAE_LENS[release]
    dictionaries = []
    for sae in entry["saes"]:
        path = sae["path"]
        if not keep(path):
            continue
        if hook:
            name = hook.format(layer=re.search(r"layer_(\d+)", path).group(1))
        else:
            name = LEGACY_HOOK.sub(r"\1.attn.hook_z", re.sub(r"_\d+$", "", sae["id"]))
        found = {"path": path, "hook": name}
        if width:
            found["dSae"] = width(path)
        if "l0" in sae:
            found["l0"] = sae["l0"]
        if "variance_explained" in sae:
            found["explainedVariance"] = sae["variance_explained"]
        if "neuronpedia" in sae:
            found["neuronpedia"] = NEURONPEDIA.get((release, path), sae["neuronpedia"])
        dictionaries.append(found)
    dictionaries.sort(key=lambda d: ([int(n) for n in re.findall(r"\d+", d["hook"])], d["hook"], d.get("dSae", 0), d["path"]))
    links = {"about": entry["links"]["publication"]} if "publication" in entry.get("links", {}) else {}
    return {"id": release, "title": title, "repo": entry["repo_id"], **facts, **links, "dictionaries": dictionaries}


def layered(set_id, title, repo, layers, path, hook, **facts):
    dictionaries = [{"path": path.format(layer=n), "hook": hook.format(layer=n)} for n in layers]
    return {"id": set_id, "title": title, "repo": repo, **facts, "dictionaries": dictionaries}


def scope(size, tuned):
    """Gemma Scope 2 at the depths it calls its main ones; the sweep over all layers is found by looking."""
    suffix = "it" if tuned else "pt"
    widths = {"16k": 16384, "65k": 65536, "262k": 262144, "1m": 1048576}

    def width(path):
        return widths[re.search(r"width_(\w+?)_l0", path).group(1)]

    def small(path):
        # Above this a dictionary alone outgrows a browser.
        return width(path) <= 65536 and "seed" not in path

    sites = [
        ("res", "residual stream", "blocks.{layer}.hook_resid_post"),
        ("mlp", "MLP outputs", "blocks.{layer}.hook_mlp_out"),
        ("att", "attention heads", "blocks.{layer}.attn.hook_z"),
    ]
    return [
        sae_lens_set(
            f"gemma-scope-2-{size}-{suffix}-{site}", f"Gemma Scope 2, {name}", hook=hook, keep=small, width=width,
            format="gemma-scope-2", architecture="jumprelu", author="Google DeepMind",
        )
        for site, name, hook in sites
    ]


NEEDS_CONVERSION = "Published as PyTorch pickles, which this page never runs. Convert the files to safetensors, then drop them here."

OAI_SITES = [("attn-out", "attention outputs"), ("mlp-out", "MLP outputs"), ("resid-mid", "middle of the residual stream"), ("resid-post", "residual stream")]
E2E = ["sle", "slefr", "sll", "sce", "scefr", "scl"]

gpt2_sets = [
    sae_lens_set(
        "gpt2-small-res-jb", "res-jb: residual stream, every layer", revision="57d08a4fd333fbf18caf3fbea63ceeb88e2f50d9",
        width=lambda path: 24576, format="sae-lens", architecture="standard", author="Joseph Bloom", year=2024, bytes=151096640,
    ),
    sae_lens_set(
        "gpt2-small-res-jb-feature-splitting", "Feature splitting: layer 8 in eight widths",
        width=lambda path: int(path.rsplit("_", 1)[1]), format="sae-lens", architecture="standard", author="Joseph Bloom",
    ),
    *[
        sae_lens_set(
            f"gpt2-small-{site}-v5-{size}", f"OpenAI v5 {size}: {name}", width=lambda path, d=d_sae: d, format="sae-lens",
            architecture="topk", k=32, author="OpenAI; converted by Joseph Bloom", arxiv="2406.04093", year=2024,
        )
        for site, name in OAI_SITES
        for size, d_sae in [("32k", 32768), ("128k", 131072)]
    ],
    *[
        sae_lens_set(f"gpt2-small-res_{kind}-ajt", f"Apollo e2e: {kind}", format="sae-lens", author="Apollo Research")
        for kind in E2E
    ],
    sae_lens_set(
        "gpt2-small-hook-z-kk", "att-kk: attention heads (hook_z), every layer",
        width=lambda path: int(re.search(r"_ds(\d+)_", path).group(1)), format="attention-output", architecture="standard",
        author="Kissane, Krzyzanowski, Bloom, Conmy, Nanda", arxiv="2406.17759", year=2024, unreadable=NEEDS_CONVERSION,
        note="Explained variance is low in early layers and below 0 from layer 7 on: there the mean alone would do better.",
    ),
    sae_lens_set(
        "gpt2-small-mlp-tm", "mlp-tm: MLP outputs, every layer", width=lambda path: 24576, format="sae-lens",
        architecture="standard", author="Tom McGrath",
        note="Each layer is scaled by a factor that SAELens keeps in its own list; files under this name get it here too.",
    ),
]

pythia_sweeps = [
    sae_lens_set(
        f"sae_bench_pythia70m_sweep_{kind}", f"SAE Bench sweep: {name}", format="dictionary-learning", architecture=architecture,
        author="Can Rager", unreadable=NEEDS_CONVERSION, keep=lambda path: "checkpoints" not in path,
        hook=None,
    )
    for kind, name, architecture in [
        ("standard_ctx128_0712", "standard", "standard"), ("topk_ctx128_0730", "TopK", "topk"), ("gated_ctx128_0730", "gated", "gated"),
    ]
]
# Dozens of trainers a sweep, none of them readable before conversion: the repository lists them.
for sweep in pythia_sweeps:
    sweep["dictionaries"] = []

pythia_70m_deduped_sets = [
    sae_lens_set(f"pythia-70m-deduped-{site}-sm", f"{site}-sm: {name}", format="sae-lens", architecture="standard", author="Samuel Marks and others; converted by Curt Tigges", width=lambda path: 32768)
    for site, name in [("res", "residual stream"), ("mlp", "MLP outputs"), ("att", "attention outputs")]
] + pythia_sweeps

MODELS = [
    {
        "repo": "openai-community/gpt2", "revision": "607a30d783dfa663caf39e06633721c8d4cfcd7e", "title": "GPT-2 small", "family": "gpt2",
        "parameters": 124439808, "bytes": 548000000, "sets": gpt2_sets,
    },
    {"repo": "EleutherAI/pythia-70m-deduped", "title": "Pythia 70M deduped", "family": "gpt_neox", "parameters": 70426624, "sets": pythia_70m_deduped_sets},
    {
        "repo": "EleutherAI/pythia-70m", "title": "Pythia 70M", "family": "gpt_neox", "parameters": 70426624,
        "sets": [layered("sae-pythia-70m-32k", "sparsify 32k: residual stream", "EleutherAI/sae-pythia-70m-32k", range(6), "layers.{layer}", "blocks.{layer}.hook_resid_post", format="sparsify", architecture="topk", author="EleutherAI", dSae=32768)],
    },
    {
        "repo": "EleutherAI/pythia-160m", "revision": "50f5173d932e8e61f858120bcb800b97af589f46", "title": "Pythia 160M", "family": "gpt_neox", "parameters": 162322944,
        "sets": [layered("sae-pythia-160m-32k", "sparsify 32k: residual stream", "EleutherAI/sae-pythia-160m-32k", range(12), "layers.{layer}", "blocks.{layer}.hook_resid_post", revision="2046768ae0c8cb69a2e8ed64f2eafb9f8c5fa294", format="sparsify", architecture="topk", k=32, dSae=32768, bytes=201461072, author="EleutherAI")],
    },
    {
        "repo": "EleutherAI/pythia-160m-deduped", "title": "Pythia 160M deduped", "family": "gpt_neox", "parameters": 162322944,
        "sets": [layered("sae-pythia-160m-deduped-32k", "sparsify 32k: residual stream", "EleutherAI/sae-pythia-160m-deduped-32k", range(12), "layers.{layer}", "blocks.{layer}.hook_resid_post", format="sparsify", architecture="topk", author="EleutherAI", dSae=32768)],
    },
    {
        "repo": "HuggingFaceTB/SmolLM2-135M", "revision": "93efa2f097d58c2a74874c7e644dbc9b0cee75a2", "title": "SmolLM2 135M", "family": "llama",
        "parameters": 134515008, "bytes": 270000000,
        "sets": [
            layered("sae-SmolLM2-135M-64x", "sparsify 64×: MLP outputs", "EleutherAI/sae-SmolLM2-135M-64x", range(30), "layers.{layer}.mlp", "blocks.{layer}.hook_mlp_out", revision="57ea2cb986e2545844cdd4a5bb2eb39523243494", format="sparsify", architecture="topk", k=32, dSae=36864, bytes=170019400, author="EleutherAI"),
            layered("skip-transcoder-SmolLM2-135M-128x", "sparsify 128×: skip transcoders", "EleutherAI/skip-transcoder-SmolLM2-135M-128x", range(30), "model.layers.{layer}.mlp", "blocks.{layer}.hook_mlp_out", revision="651f51421f2e1aa8fbd907e02ef421d3da55ff6d", format="sparsify", architecture="skip_transcoder", k=128, author="EleutherAI"),
        ],
    },
    {
        "repo": "google/gemma-3-270m", "title": "Gemma 3 270M", "family": "gemma3_text", "parameters": 268098176, "gated": True,
        "mirror": "unsloth/gemma-3-270m", "sets": scope("270m", False),
    },
    {"repo": "google/gemma-3-270m-it", "title": "Gemma 3 270M instruct", "family": "gemma3_text", "parameters": 268098176, "gated": True, "sets": scope("270m", True)},
    {
        "repo": "google/gemma-3-1b-pt", "title": "Gemma 3 1B", "family": "gemma3_text", "gated": True,
        "sets": [
            *scope("1b", False),
            sae_lens_set("gemma-3-1b-res-matryoshka-dc", "Matryoshka 32k: residual stream, every layer", format="sae-lens", architecture="jumprelu", author="David Chanin", width=lambda path: 32768),
        ],
    },
    {
        "repo": "meta-llama/Llama-3.2-1B", "title": "Llama 3.2 1B", "family": "llama", "parameters": 1235814400, "bytes": 2500000000, "gated": True, "mirror": "unsloth/Llama-3.2-1B",
        "sets": [
            layered("sae-Llama-3.2-1B-131k", "sparsify 131k: MLP outputs", "EleutherAI/sae-Llama-3.2-1B-131k", range(16), "layers.{layer}.mlp", "blocks.{layer}.hook_mlp_out", format="sparsify", architecture="topk", k=32, dSae=131072, author="EleutherAI"),
            layered("skip-transcoder-Llama-3.2-1B-131k", "sparsify 131k: skip transcoders", "EleutherAI/skip-transcoder-Llama-3.2-1B-131k", range(16), "layers.{layer}.mlp", "blocks.{layer}.hook_mlp_out", format="sparsify", architecture="skip_transcoder", k=32, dSae=131072, author="EleutherAI"),
        ],
    },
    *[
        {
            "repo": f"roneneldan/TinyStories-{size}", "title": f"TinyStories {size}", "family": "gpt_neo", "parameters": parameters,
            "note": "The repository may hold pytorch_model.bin only, a pickle that this page never runs. Convert it to safetensors, then drop the folder here.",
            "sets": [],
        }
        for size, parameters in [("1M", 3745984), ("8M", 19702528), ("33M", 68514048)]
    ],
]

OUT.write_text(json.dumps({"version": 1, "models": MODELS}, separators=(",", ":")).replace('{"repo":', '\n{"repo":').replace('{"id":', '\n {"id":').replace('{"path":', '\n  {"path":') + "\n")
print(OUT, OUT.stat().st_size, "bytes", sum(len(s["dictionaries"]) for m in MODELS for s in m["sets"]), "dictionaries")
