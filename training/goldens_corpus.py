"""Parquet files as pyarrow writes them, one for each way to compress, for the readers of texts.

    python training/goldens_corpus.py     writes src/corpus/goldens/*.parquet (pyarrow 26)

Two row groups; a column of texts with one that is null, numbers, times, a record inside each row, a list, bytes.
`src/corpus/formats/parquet.test.ts` says what must be read of them.
"""

import datetime
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

TABLE = pa.table(
    {
        "id": pa.array([1, 2, 3, 2**60], pa.int64()),
        "text": pa.array(["one", "zwei 🦊\nlines", None, "x" * 300], pa.string()),
        "when": pa.array([datetime.datetime(2024, 2, 29, 12, 30)] * 3 + [None], pa.timestamp("ms")),
        "meta": pa.array(
            [
                {"by": "me", "score": 0.5},
                {"by": None, "score": 1.0},
                None,
                {"by": "you", "score": None},
            ],
            pa.struct([("by", pa.string()), ("score", pa.float64())]),
        ),
        "tags": pa.array([["a", "b"], [], None, ["c"]], pa.list_(pa.string())),
        "raw": pa.array([b"\x00\xff", b"", None, b"abc"], pa.binary()),
        "__proto__": pa.array(["p", "q", "r", "s"], pa.string()),
    }
)


def main() -> None:
    folder = pathlib.Path(__file__).parent.parent / "src/corpus/goldens"
    folder.mkdir(exist_ok=True)
    for codec in ["none", "snappy", "gzip", "zstd", "brotli", "lz4"]:
        for version in ["1.0", "2.0"]:
            path = folder / f"{codec}-v{version[0]}.parquet"
            pq.write_table(
                TABLE,
                path,
                row_group_size=2,
                compression=codec,
                data_page_version=version,
                store_schema=False,
                write_statistics=False,
            )


if __name__ == "__main__":
    main()
