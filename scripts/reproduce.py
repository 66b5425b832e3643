#!/usr/bin/env python3
"""Trains the arms of the long Fashion-MNIST recipe and evaluates each; "make reproduce" calls this.

Every command runs on one thread, two arms side by side, so that an arm's bits do not depend on the
other. What is done is not done again: a stopped arm goes on from its checkpoint. With every arm that
ends, the numbers so far are written to docs/results/fashion-mnist.json.
"""
import argparse
import concurrent.futures
import datetime
import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True

from record import ROOT, record  # noqa: E402

RESULTS = ROOT / "docs" / "results" / "fashion-mnist.json"
CONFIG = "configs/fashion-mnist-long.yaml"
TEMPLATE = "hard-paper"  # the arm whose settings the supervised network and the baselines share

ARMS = {
    "instance": ("instance discrimination only", ["objective.lambda=0"]),
    "easy": ("easy positives", ["objective.hard=false"]),
    "hard-official": ("hard positives, the program's definitions", ["objective.mode=official"]),
    "hard-paper": ("hard positives, the paper's definitions", []),
    "exact-graph": ("hard positives, exact graph", ["training.graph=epoch"]),
}
DEPENDS_ON = ["scripts/reproduce.py", CONFIG, "native/bank", "native/image", "native/nn",
              *(f"src/main/java/org/invp/{room}" for room in ("bank", "data", "eval", "nn", "objective", "train"))]
SUPERVISED = ("supervised", "supervised, all labels")

EVALUATIONS = {
    "knn": ["knn"],
    "retrieval": ["retrieval"],
    "linear": ["linear", "--views", "cached"],
    "semi": ["semi"],
}


class Reproduction:
    def __init__(self, args):
        self.data = args.data
        self.runs = Path(args.runs)
        self.extra = args.set
        self.results = Path(args.results)
        self.invp = shlex.split(os.environ.get("INVP", "bin/invp"))

    def arm(self, name):
        """Trains one arm to its end and evaluates it."""
        run = self.runs / name
        settings = [f"data.path={self.data}", *ARMS[name][1], *self.extra]
        if not complete(run):
            started = (run / "config.yaml").exists()
            words = ["train", *([] if started else [CONFIG]), "--run-dir", run]
            words += ["--resume"] if started else sets(settings)
            self.run(name, words)
        self.evaluate(name)

    def supervised(self):
        """The same network, trained with all labels."""
        name = SUPERVISED[0]
        run = self.runs / name
        if not (run / "weights.safetensors").exists():
            self.run(name, ["eval", "finetune", self.runs / TEMPLATE, "--from-scratch", "--out", run])
        self.evaluate(name)

    def evaluate(self, name):
        run = self.runs / name
        for evaluation, words in EVALUATIONS.items():
            if not (run / "eval" / f"{evaluation}.json").exists():
                self.run(name, ["eval", words[0], run, *words[1:]])
        self.write()

    def run(self, name, words):
        """Runs one invp command and returns what it printed."""
        command = [*self.invp, *map(str, words)]
        say(f"{name}: {shlex.join(command)}")
        begin = time.monotonic()
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{name}: ended with {done.returncode}: {done.stderr.strip()}")
        say(f"{name}: {words[0]} {words[1]} took {time.monotonic() - begin:.0f} s")
        return done.stdout

    def write(self):
        """Writes what is known so far; arms whose runs are not here keep what is written."""
        before = json.loads(self.results.read_text())["arms"] if self.results.exists() else {}
        arms = {name: about for name, (about, _) in ARMS.items()}
        arms[SUPERVISED[0]] = SUPERVISED[1]
        results = {**record("make reproduce", DEPENDS_ON), "arms": {}}
        for name, about in arms.items():
            found = sorted((self.runs / name / "eval").glob("*.json"))
            if found:
                results["arms"][name] = {
                    "about": about,
                    "settings": ARMS[name][1] if name in ARMS else [],
                    "epochs": epochs(self.runs / name),
                    "evaluations": {path.stem: json.loads(path.read_text()) for path in found},
                }
            elif name in before:
                results["arms"][name] = before[name]
        self.results.parent.mkdir(parents=True, exist_ok=True)
        self.results.write_text(json.dumps(results, indent=1) + "\n")


def complete(run):
    return any(line.get("final") for line in lines(run))


def epochs(run):
    return [line for line in lines(run) if "epoch" in line and "step" not in line]


def lines(run):
    path = run / "metrics.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def sets(settings):
    return [word for setting in settings for word in ("--set", setting)]


def say(text):
    print(f"{datetime.datetime.now():%H:%M:%S} {text}", file=sys.stderr, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="the folder with Fashion-MNIST's files")
    parser.add_argument("--runs", default="runs/reproduce", help="the folder of the runs")
    parser.add_argument("--results", default=str(RESULTS), help="the file that the numbers go to")
    parser.add_argument("--set", action="append", default=[], help="replaces a setting in every arm")
    parser.add_argument("--only", help="arms, separated by commas; default all")
    args = parser.parse_args()
    os.chdir(ROOT)
    everything = [TEMPLATE, *(name for name in ARMS if name != TEMPLATE), SUPERVISED[0]]
    names = args.only.split(",") if args.only else everything
    unknown = set(names) - set(everything)
    if unknown:
        parser.error(f"no such arm: {', '.join(sorted(unknown))}; there are {', '.join(everything)}")
    reproduction = Reproduction(args)
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as lanes:
        for future in [lanes.submit(reproduction.arm, name) for name in names if name in ARMS]:
            future.result()
    if SUPERVISED[0] in names:
        reproduction.supervised()


if __name__ == "__main__":
    main()
