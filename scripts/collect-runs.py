#!/usr/bin/env python3
"""Writes a results file about complete runs that differ in their seed alone: each one's last figures, and what they are together.

    python3 scripts/collect-runs.py --out docs/results/demo.json --command "make demo SEED=n" runs/demo-0 runs/demo-1

Figures are shares at every k of the runs; "best" is the highest of them, each representation at its own k.
"""
import argparse
import json
import re
import statistics
import sys
from pathlib import Path

sys.dont_write_bytecode = True

from record import record  # noqa: E402

CODE = (
    "native/bank",
    "native/image",
    "native/nn",
    "src/main/java/org/invp/bank",
    "src/main/java/org/invp/data",
    "src/main/java/org/invp/eval",
    "src/main/java/org/invp/nn",
    "src/main/java/org/invp/objective",
    "src/main/java/org/invp/train",
)
REPRESENTATIONS = {
    "embedding": "embedding_knn_by_k",
    "backbone": "backbone_knn_by_k",
    "pixels": "pixel_knn_by_k",
    "untrained": "untrained_knn_by_k",
    "held_out_embedding": "held_out_embedding_knn_by_k",
    "held_out_backbone": "held_out_backbone_knn_by_k",
}
SECONDS = ("seconds", "refresh_seconds", "graph_seconds", "walk_seconds")


def read(folder):
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    last = next((line for line in lines if line.get("final")), None)
    if last is None:
        sys.exit(f"collect-runs: {folder} is not complete")
    epochs = [line for line in lines if "epoch" in line and "step" not in line]
    run = {"seed": last["seed"]}
    for name, key in REPRESENTATIONS.items():
        by_k = last.get(key)
        if by_k:
            best = max(by_k, key=by_k.get)
            run[name] = {f"k{k}": share for k, share in by_k.items()} | {"best": by_k[best], "best_k": int(best)}
    for name in SECONDS:
        run[name] = round(sum(epoch[name] for epoch in epochs), 1)
    run["images_per_second"] = round(sum(epoch["images"] for epoch in epochs) / run["seconds"])
    run["positives_right"] = epochs[-1]["positives_right"]
    if "pixels" in run:
        run["best_of_both"] = max(run["embedding"]["best"], run["backbone"]["best"])
        run["over_pixels_best"] = 100 * (run["best_of_both"] - run["pixels"]["best"])
        k = re.search(r"(?m)^  k: (\d+)", (folder / "config.yaml").read_text())[1]
        run["over_pixels"] = 100 * (run["embedding"][f"k{k}"] - run["pixels"][f"k{k}"])
    return run


def together(values):
    spread = statistics.stdev(values) if len(values) > 1 else None
    return {"mean": statistics.fmean(values), "least": min(values), "most": max(values), "deviation": spread}


def summary(runs):
    """The same tree as a run's, with the mean, least, most and standard deviation at every number."""
    result = {}
    for key, value in runs[0].items():
        if key in ("seed", "best_k") or not all(run.get(key) is not None for run in runs):
            continue
        values = [run[key] for run in runs]
        result[key] = summary(values) if isinstance(value, dict) else together(values)
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--command", required=True, help="what was run")
    parser.add_argument("--config", required=True, help="the recipe, a path from the root")
    parser.add_argument("--processor", help="unless it is this machine's")
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    args = parser.parse_args()
    runs = sorted((read(folder) for folder in args.runs), key=lambda run: run["seed"])
    named = ", ".join(str(run["seed"]) for run in runs)
    fields = record(args.command, [*CODE, args.config], args.processor)
    args.out.write_text(json.dumps(fields | {"n": len(runs), "seeds": named, "runs": runs, "all": summary(runs)}, indent=1) + "\n")


main()
