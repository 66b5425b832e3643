#!/usr/bin/env python3
"""Writes the golden cases of random positives (src/test/resources/golden/*_random*.safetensors).

A reference in NumPy, float64, straight from docs/design.md and, for the draw, invp/bank.h: whole matrices of scores, Python
sets, and the gradient of the losses written out. It shares nothing with the engine; the cases are committed, so only who
changes a definition runs it. Needs numpy.
"""
import json
import struct
from pathlib import Path

import numpy as np

OUT = Path(__file__).resolve().parent.parent / "src/test/resources/golden"
MASK = (1 << 64) - 1
EPSILON = 1e-7  # of the published program's losses


def mix(x):
    """SplitMix64: the increment, then the finaliser."""
    x = (x + 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def drawn(positives, anchor, draw, count):
    """The positives that the draw ranks first: the largest upper halves, among equals the smaller place."""
    stream = mix(draw ^ anchor)
    places = sorted(range(len(positives)), key=lambda j: (-(mix(stream ^ j) >> 32), j))
    return [positives[j] for j in places[:count]]


def walk(graph, anchor, steps, mode):
    layer, found = [anchor], []
    seen = {anchor}
    for _ in range(steps):
        reached = [int(n) for i in layer for n in graph[i]]
        if mode == "official":
            found += reached
            layer = reached
        else:
            layer = sorted(set(reached) - seen)
            seen |= set(layer)
    return found if mode == "official" else sorted(seen - {anchor})


def step(case):
    """Losses, gradient, positives, and what the step writes."""
    bank, graph = case["bank"].astype(np.float64), case["neighbours"]
    mode, tau, weight, k = case["mode"], case["tau"], case["lambda_inv"], graph.shape[1]
    batch = len(case["indices"])
    width = sum(k**hop for hop in range(1, case["steps"] + 1))
    out = {
        "loss_ins": 0.0,
        "loss_inv": 0.0,
        "grad": np.zeros(case["embeddings"].shape),
        "positives": np.full((batch, width), -1),
        "neighbours_after": np.zeros((batch, k), int),
        "bank_rows_after": np.zeros(case["embeddings"].shape),
    }
    for b, anchor in enumerate(int(i) for i in case["indices"]):
        x = case["embeddings"][b].astype(np.float64)
        norm = np.linalg.norm(x)
        v = x / norm
        scores = bank @ v
        order = sorted(range(len(bank)), key=lambda j: (-scores[j], j))
        nearest = order[: case["negatives"]]
        positives = walk(graph, anchor, case["steps"], mode)
        out["positives"][b, : len(positives)] = positives
        chosen = drawn(positives, anchor, case["draw"], case["positives"])
        e = np.exp(scores / tau)
        slope = np.zeros(len(bank))  # of the loss with respect to each row's score, times tau
        if mode == "paper":
            around = set(nearest) | {anchor}
            total = sum(e[j] for j in around)
            out["loss_ins"] += -np.log(e[anchor] / total) / batch
            for j in around:
                slope[j] += e[j] / total
            slope[anchor] -= 1
            if chosen:
                hard = sum(e[j] for j in chosen)
                others = set(nearest) - set(positives) - ({anchor} if case["exclusive"] else set())
                everything = sum(e[j] for j in others | set(chosen))
                out["loss_inv"] += -np.log(hard / everything) / batch
                for j in others | set(chosen):
                    slope[j] += weight * e[j] / everything
                for j in chosen:
                    slope[j] -= weight * e[j] / hard
        else:
            total = sum(e[j] for j in nearest)
            p = e[anchor] / total
            out["loss_ins"] += -np.log(p + EPSILON) / batch
            slope[anchor] -= p / (p + EPSILON)
            for j in nearest:
                slope[j] += p / (p + EPSILON) * e[j] / total
            hard = sum(e[j] for j in chosen)
            rest = total - (e[anchor] if case["exclusive"] else 0)
            q = hard / rest
            out["loss_inv"] += -np.log(q + EPSILON) / batch
            for j in chosen:
                slope[j] -= weight * e[j] / rest / (q + EPSILON)
            for j in nearest:
                slope[j] += weight * q / (q + EPSILON) * e[j] / rest
            if case["exclusive"]:
                slope[anchor] -= weight * q / (q + EPSILON) * e[anchor] / rest
        toward = slope @ bank / tau / batch
        out["grad"][b] = (toward - v * (v @ toward)) / norm
        best = list(order[: k + 1]) if mode == "official" else [j for j in order if j != anchor]
        if mode == "official" and anchor in best:
            best[best.index(anchor)] = best[k]
        out["neighbours_after"][b] = best[:k]
        row = case["momentum"] * bank[anchor] + (1 - case["momentum"]) * v
        out["bank_rows_after"][b] = row / np.linalg.norm(row)
    return out


def write(name, case, expected):
    tensors = {
        "bank": case["bank"],
        "neighbours": case["neighbours"].astype(np.int32),
        "indices": case["indices"].astype(np.int32),
        "embeddings": case["embeddings"],
        "loss_ins": np.array([expected["loss_ins"]], np.float32),
        "loss_inv": np.array([expected["loss_inv"]], np.float32),
        "grad": expected["grad"].astype(np.float32),
        "positives": expected["positives"].astype(np.int32),
        "neighbours_after": expected["neighbours_after"].astype(np.int32),
        "bank_rows_after": expected["bank_rows_after"].astype(np.float32),
    }
    header, data = {}, b""
    for key, value in tensors.items():
        raw = value.tobytes()
        kind = "F32" if value.dtype == np.float32 else "I32"
        header[key] = {"dtype": kind, "shape": list(value.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    settings = ("mode", "tau", "negatives", "positives", "steps", "lambda_inv", "momentum", "exclusive", "draw")
    header["__metadata__"] = {key: str(case[key]) for key in settings} | {
        "k": str(case["neighbours"].shape[1]),
        "selection": "random",
    }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (OUT / f"{name}.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)


def draw_case(seed, mode, **settings):
    random = np.random.default_rng(seed)
    rows, dimension, k, batch = settings.pop("rows", 90), settings.pop("dimension", 12), settings.pop("k", 3), 6
    bank = random.normal(size=(rows, dimension))
    bank /= np.linalg.norm(bank, axis=1, keepdims=True)
    case = {
        "bank": bank.astype(np.float32),
        "neighbours": random.integers(0, rows, (rows, k)),
        "indices": random.choice(rows, batch, replace=False),
        "embeddings": (3 * random.normal(size=(batch, dimension))).astype(np.float32),
        "mode": mode, "tau": 0.2, "negatives": 40, "positives": 5, "steps": 3, "lambda_inv": 0.6,
        "momentum": 0.5, "exclusive": True, "draw": int(random.integers(0, 1 << 63)) * 2 + 1,
    }
    return case | settings


for mode in ("paper", "official"):
    for name, settings in {
        "random": {},
        "random_more_than_found": {"positives": 30, "steps": 1},
        "random_keeps_self": {"exclusive": False, "tau": 0.07},
        "random_all_negatives": {"negatives": 90, "k": 5, "steps": 2},
    }.items():
        case = draw_case(len(name), mode, **settings)
        write(f"{mode}_{name}", case, step(case))
