#!/usr/bin/env python3
"""Converts WM-811K from its published pickle to the wm811k.safetensors that invp reads.

    python3 scripts/convert-wm811k.py LSWMD.pkl data/wm811k

The pickle, LSWMD.pkl or MIR-WM811K/Python/WM811K.pkl, holds a pandas table with a row per wafer.
Used are its columns waferMap (0 no die, 1 good, 2 failed), failureType (one of nine, or nothing)
and trianTestLabel, so spelt (WM811K.pkl: trainTestLabel): Training, Test or nothing. Reading a
pickle runs the code in it: convert only a file from a source you trust. Needs numpy and pandas;
the published file takes about 8 GB of memory.
"""

import argparse
import json
import os
import pickle
import struct
import sys
from pathlib import Path

import numpy as np

CLASSES = [
    "Center",
    "Donut",
    "Edge-Loc",
    "Edge-Ring",
    "Loc",
    "Near-full",
    "Random",
    "Scratch",
    "none",
]
LABELS = {name.lower(): label for label, name in enumerate(CLASSES)}
PARTS = {"training": 0, "test": 1, "": 2}


def fail(message):
    sys.exit("convert-wm811k: " + message)


def load(path):
    """LSWMD.pkl was written by Python 2 and a pandas whose modules had other names."""
    import pandas

    sys.modules.setdefault("pandas.indexes", pandas.core.indexes)
    sys.modules.setdefault("pandas.indexes.base", pandas.core.indexes.base)
    try:
        return pandas.read_pickle(path)
    except UnicodeDecodeError:
        pass
    with open(path, "rb") as file:
        return pickle.load(file, encoding="latin1")


def text(cell):
    """Cells are [['Center']], an empty array where nothing is known, or plain text."""
    values = np.asarray(cell, dtype=object).ravel()
    return "" if values.size == 0 or values[0] is None else str(values[0]).strip()


def column(table, *names):
    for name in names:
        if name in table.columns:
            return table[name]
    fail("the table has no column %s, but %s" % (names[0], ", ".join(map(str, table.columns))))


def number(values, known, what):
    numbers = np.empty(len(values), dtype=np.int32)
    for i, cell in enumerate(values):
        value = text(cell).lower()
        if value not in known:
            fail("row %d: %s is %r, expected one of %s" % (i, what, value, ", ".join(known)))
        numbers[i] = known[value]
    return numbers


def check(maps):
    for i, wafer in enumerate(maps):
        if wafer.ndim != 2 or wafer.size == 0 or wafer.min() < 0 or wafer.max() > 2:
            fail("row %d: waferMap is not a map of 0, 1 and 2" % i)


def save(path, tensors, maps):
    """The safetensors format: length of the header, the header, the tensors without gaps."""
    total = sum(wafer.size for wafer in maps)
    header = {"__metadata__": {"source": "WM-811K"}}
    at = 0
    for name, tensor in tensors:
        dtype = {"int32": "I32", "uint8": "U8"}[str(tensor.dtype)]
        shape = list(tensor.shape)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + tensor.nbytes]}
        at += tensor.nbytes
    header["maps"] = {"dtype": "U8", "shape": [total], "data_offsets": [at, at + total]}
    encoded = json.dumps(header).encode()
    encoded += b" " * (-len(encoded) % 8)
    temporary = path.with_name(path.name + ".tmp")
    with open(temporary, "wb") as file:
        file.write(struct.pack("<Q", len(encoded)) + encoded)
        for _, tensor in tensors:
            file.write(tensor.tobytes())
        for wafer in maps:
            file.write(wafer.astype(np.uint8).tobytes())
    os.replace(temporary, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pickle", type=Path, help="LSWMD.pkl")
    parser.add_argument("folder", type=Path, help="where wm811k.safetensors goes")
    parser.add_argument("--labelled", action="store_true", help="leave out wafers without a label")
    arguments = parser.parse_args()
    if not arguments.pickle.is_file():
        fail("%s: no such file" % arguments.pickle)
    table = load(arguments.pickle)
    labels = number(column(table, "failureType"), {**LABELS, "": -1}, "failureType")
    parts = number(column(table, "trianTestLabel", "trainTestLabel"), PARTS, "trianTestLabel")
    maps = [np.asarray(wafer) for wafer in column(table, "waferMap")]
    if arguments.labelled:
        kept = np.flatnonzero(labels >= 0)
        labels, parts, maps = labels[kept], parts[kept], [maps[i] for i in kept]
    check(maps)
    sizes = np.array([wafer.shape for wafer in maps], dtype=np.int32).reshape(-1, 2)
    tensors = [("sizes", sizes), ("labels", labels), ("parts", parts.astype(np.uint8))]
    arguments.folder.mkdir(parents=True, exist_ok=True)
    save(arguments.folder / "wm811k.safetensors", tensors, maps)
    print("%d wafers, %d of them labelled" % (len(maps), int((labels >= 0).sum())))


if __name__ == "__main__":
    main()
