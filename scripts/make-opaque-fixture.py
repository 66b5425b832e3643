#!/usr/bin/env python3
"""Writes src/test/resources/weights/opaque.pth: the tensors of new.pth in a pickle of protocol 5 that
also holds what training programs keep beside them, as argparse's namespaces, dates, sets and paths.

Needs no PyTorch: tensors are what their pickles say of them.
"""
import argparse
import collections
import datetime
import functools
import io
import pathlib
import pickle
import sys
import types
import zipfile

FOLDER = pathlib.Path(__file__).parent.parent / "src/test/resources/weights"


class Storage:
    def __init__(self, description):
        self.description = description


class Tensor:
    def __init__(self, *arguments):
        self.arguments = arguments

    def __reduce__(self):
        return sys.modules["torch._utils"]._rebuild_tensor_v2, self.arguments


def rebuild(*arguments):
    return Tensor(*arguments)


def fake_torch():
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for name in "FloatStorage", "LongStorage", "DoubleStorage", "HalfStorage", "BFloat16Storage":
        setattr(torch, name, type(name, (), {"__module__": "torch"}))
    rebuild.__module__, rebuild.__qualname__, rebuild.__name__ = "torch._utils", "_rebuild_tensor_v2", "_rebuild_tensor_v2"
    torch._utils, utils._rebuild_tensor_v2 = utils, rebuild
    sys.modules.update({"torch": torch, "torch._utils": utils})


class Reader(pickle.Unpickler):
    def persistent_load(self, description):
        return Storage(description)


class Writer(pickle.Pickler):
    def persistent_id(self, value):
        return value.description if isinstance(value, Storage) else None


class Meter:
    """Of a class that nobody who reads the file has."""

    __slots__ = ("values", "name")


def beside():
    meter = Meter()
    meter.values, meter.name = [0.5, 0.25], "loss"
    counts = collections.defaultdict(functools.partial(int, 3), a=1)
    return {
        "args": argparse.Namespace(lr=0.03, out=pathlib.PurePosixPath("/tmp/x"), seen={1, 2}, frozen=frozenset("ab")),
        "when": datetime.datetime(2020, 12, 6, 9, 30, tzinfo=datetime.timezone.utc),
        "meters": [meter, collections.deque([1, 2], maxlen=5), counts, collections.Counter("aab")],
        "by pair": {("a", 1): 2, frozenset("c"): 3},
        "bytes": bytearray(b"abc" * 100),
        "seed": 1 << 3000,
        "complex": 1 + 2j,
    }


fake_torch()
with zipfile.ZipFile(FOLDER / "new.pth") as old, zipfile.ZipFile(FOLDER / "opaque.pth", "w") as new:
    for entry in old.infolist():
        content = old.read(entry)
        if entry.filename.endswith("/data.pkl"):
            out = io.BytesIO()
            Writer(out, protocol=5).dump(beside() | Reader(io.BytesIO(content)).load())
            content = out.getvalue()
        new.writestr(zipfile.ZipInfo(entry.filename), content)
