#!/usr/bin/env python3
"""Measures invp and its peers side by side; "make bench" calls this.

Both sides run on the same cores with the same number of threads, in turns (A B A B). A ratio is the
median over the rounds of the ratios within a round. Prints a table, writes bench/results/*.json.
"""
import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent
PEERS = BENCH / "peers"
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "scripts"))

from record import record  # noqa: E402

UNSET = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

IMAGENET = dict(rows=1281167, dim=128, batch=128, top=4096)
SMALL = dict(rows=60000, dim=128, batch=64, top=4096)
GRAPH = dict(rows=60000, dim=128)
TRAIN_IMAGES = 20000
LOADER_IMAGES = 400


class Bench:
    """Runs one command after the other on the same cores."""

    def __init__(self, args):
        self.threads = args.threads
        self.rounds = args.rounds
        self.tiny = args.tiny
        self.experiment = None
        self.invp = shlex.split(os.environ.get("INVP", str(ROOT / "bin" / "invp")))
        self.python = find_peers(os.environ.get("PEERS_PYTHON"))
        self.modules = installed(self.python)
        self.cores = sorted(os.sched_getaffinity(0))[: args.threads]
        self.environment = {k: v for k, v in os.environ.items() if k not in UNSET}
        self.environment.update({name: str(args.threads) for name in THREAD_VARIABLES})
        self.environment["PYTHONDONTWRITEBYTECODE"] = "1"

    def size(self, sizes, **changes):
        """The sizes of an experiment; --tiny makes them small enough to try the script."""
        sizes = {**sizes, **changes}
        if self.tiny:
            shrink = dict(rows=300, batch=16, top=64, dim=4)
            sizes = {k: max(8, v // shrink[k]) if k in shrink else v for k, v in sizes.items()}
        return sizes

    def ours(self, part, repeats, **sizes):
        """A round of ours: `invp bench PART`."""
        command = [*self.invp, "bench", part, "--json", "--repeats", repeats]
        command += ["--threads", self.threads, *options(sizes)]
        return lambda: self.run(command)[-1]

    def peer(self, script, needs, *words, **sizes):
        """A round of a peer; None where Python lacks what it needs."""
        if not set(needs) <= self.modules:
            return None
        command = [self.python, PEERS / script, *words, "--threads", self.threads, *options(sizes)]
        return lambda: self.run(command)[-1]

    def run(self, command):
        """Runs a command and returns the JSON objects that it printed."""
        words = [str(word) for word in command]
        done = subprocess.run(words, env=self.environment, capture_output=True, text=True,
                              preexec_fn=lambda: os.sched_setaffinity(0, self.cores))
        if done.returncode != 0:
            raise SystemExit(f"{shlex.join(words)}\nended with {done.returncode}: {done.stderr}")
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    def interleave(self, **sides):
        """Runs all sides in turns; what each measured, by name, round by round."""
        runs = {name: [] for name, side in sides.items() if side is not None}
        for done in range(self.rounds):
            for name in runs:
                progress(f"{self.experiment}, round {done + 1} of {self.rounds}: {name}")
                runs[name].append(sides[name]())
        progress("")
        return runs


def progress(text):
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text}")
        sys.stderr.flush()


def options(sizes):
    return [word for name, value in sizes.items() for word in (f"--{name}", value)]


def find_peers(named):
    venv = ROOT / ".deps" / "peers" / "bin" / "python"
    return named or (str(venv) if venv.exists() else "python3")


def installed(python):
    """Which of the peers' packages a Python has."""
    probe = ("import importlib.util as u;"
             "print(*[m for m in ('torch', 'faiss', 'torchvision', 'PIL') if u.find_spec(m)])")
    found = subprocess.run([python, "-c", probe], capture_output=True, text=True)
    return set(found.stdout.split())


def median(runs, figure):
    return statistics.median(run[figure] for run in runs)


def ratio(over, under, figure="median_s"):
    return statistics.median(a[figure] / b[figure] for a, b in zip(over, under))


def row(what, ours, peer, value, target, at_least=True):
    """A line of the table; peer and value are None where there is no peer."""
    met = None if value is None else value >= target if at_least else value <= target
    bound = f"{'at least' if at_least else 'at most'} {target}"
    return dict(what=what, ours=ours, peer=peer, ratio=value, target=bound, met=met)


def faster(what, runs, peer, target):
    """Ours against a peer by time."""
    ours = f"{median(runs['ours'], 'median_s'):.3g} s"
    if peer not in runs:
        return row(what, ours, None, None, target)
    theirs = f"{median(runs[peer], 'median_s'):.3g} s"
    return row(what, ours, theirs, ratio(runs[peer], runs["ours"]), target)


def step(bench):
    """A whole step over a bank of ImageNet's size."""
    sizes = bench.size(IMAGENET)
    runs = bench.interleave(
        ours=bench.ours("bank", 5, mode="official", **sizes),
        torch=bench.peer("bank_step_torch.py", ["torch"], repeats=2, **sizes))
    memory = median(runs["ours"], "extra_mb")
    theirs = f"{median(runs['torch'], 'extra_mb'):.0f} MiB" if "torch" in runs else None
    what = "whole step, N = {rows:,}, B = {batch}".format(**sizes)
    return runs, [
        faster(f"{what}, against PyTorch", runs, "torch", 10),
        row(f"{what}, extra memory in MiB", f"{memory:.1f} MiB", theirs, memory, 64, False)]


def small_step(bench):
    """A whole step over a bank of Fashion-MNIST's size."""
    sizes = bench.size(SMALL)
    runs = bench.interleave(
        ours=bench.ours("bank", 40, mode="official", **sizes),
        torch=bench.peer("bank_step_torch.py", ["torch"], repeats=20, **sizes))
    what = "whole step, N = {rows:,}, B = {batch}, against PyTorch".format(**sizes)
    return runs, [faster(what, runs, "torch", 6)]


def nearest(bench):
    """The search against both paths of Faiss."""
    sizes = bench.size(IMAGENET)
    faiss = lambda path, repeats: bench.peer(
        "nearest_faiss.py", ["faiss"], "--path", path, repeats=repeats, **sizes)
    runs = bench.interleave(
        ours=bench.ours("nearest", 7, **sizes), shipped=faiss("shipped", 2), blas=faiss("blas", 5))
    what = "nearest, N = {rows:,}, B = {batch}, against Faiss".format(**sizes)
    return runs, [
        faster(f"{what} as shipped", runs, "shipped", 9),
        faster(f"{what} with its BLAS threshold lowered", runs, "blas", 1.7)]


def share(bench):
    """The search's share of what the cores can do."""
    batches = (128, 256)
    runs = bench.interleave(**{
        f"B = {batch}": bench.ours("nearest", 7, **bench.size(IMAGENET, batch=batch))
        for batch in batches})
    rows = []
    for name, side in runs.items():
        ours, peak = (f"{median(side, figure):.0f} GFLOP/s" for figure in ("gflops", "peak_gflops"))
        value = median(side, "peak_share")
        rows.append(row(f"nearest, {name}, share of the FMA peak", ours, peak, value, 0.8))
    return runs, rows


def growth(bench):
    """How the search's time grows with each size."""
    runs = bench.interleave(base=bench.ours("nearest", 5, **bench.size(IMAGENET)), **{
        name: bench.ours("nearest", 5, **bench.size(IMAGENET, **{name: 2 * IMAGENET[name]}))
        for name in ("rows", "batch", "dim", "top")})
    rows = []
    for name, letter in dict(rows="N", batch="B", dim="D", top="M").items():
        times = [f"{median(runs[side], 'median_s'):.3g} s" for side in (name, "base")]
        value = ratio(runs[name], runs["base"])
        limit = 1.3 if name == "top" else 2.1
        rows.append(row(f"nearest, twice {letter} against once", *times, value, limit, False))
    return runs, rows


def graph(bench):
    """The exact graph of a whole bank."""
    sizes = bench.size(GRAPH)
    runs, rows = {}, []
    for k in (4, 50):
        part = bench.interleave(
            ours=bench.ours("graph", 1, neighbours=k, **sizes),
            faiss=bench.peer("graph_faiss.py", ["faiss"], neighbours=k, **sizes))
        runs[f"k = {k}"] = part
        what = f"exact kNN graph, N = {sizes['rows']:,}, k = {k}, against Faiss's faster path"
        rows.append(faster(what, part, "faiss", 1.5))
    return runs, rows


def train(bench):
    """One epoch of the demo, the whole objective from the start."""
    found = subprocess.run([ROOT / "scripts" / "fetch-fashion-mnist.sh"], capture_output=True,
                           text=True)
    if found.returncode != 0:
        raise SystemExit(found.stderr)
    data, images = found.stdout.strip(), 640 if bench.tiny else TRAIN_IMAGES
    settings = {"data.path": data, "data.limit": images, "training.epochs": 1,
                "training.threads": bench.threads, "data.workers": bench.threads,
                "objective.ramp_epochs": 0, "objective.negatives": min(images, 4096),
                "evaluation.every": 0, "evaluation.baselines": "false"}

    def ours():
        with tempfile.TemporaryDirectory() as folder:
            command = [*bench.invp, "train", ROOT / "configs" / "fashion-mnist.yaml"]
            command += ["--run-dir", Path(folder) / "run"]
            command += [w for key, value in settings.items() for w in ("--set", f"{key}={value}")]
            bench.run(command)
            metrics = (Path(folder) / "run" / "metrics.jsonl").read_text()
            return json.loads(metrics.splitlines()[0])

    runs = bench.interleave(ours=ours, torch=bench.peer(
        "train_torch.py", ["torch"], data, "--ramp-epochs", 0, images=images, epochs=1))
    speed = lambda side: f"{median(runs[side], 'images_per_second'):.0f} images/s"
    what = "training on Fashion-MNIST, against PyTorch"
    if "torch" not in runs:
        return runs, [row(what, speed("ours"), None, None, 1.25)]
    value = ratio(runs["ours"], runs["torch"], "images_per_second")
    return runs, [row(what, speed("ours"), speed("torch"), value, 1.25)]


def loader(bench):
    """Reading, decoding and augmenting JPEG files for ImageNet, with nobody training."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "pictures"  # made by the first run of ours, read by all others
        sizes = dict(images=32 if bench.tiny else LOADER_IMAGES, batch=64, data=data)
        runs = bench.interleave(
            scaled=bench.ours("loader", 3, decode="scaled", **sizes),
            exact=bench.ours("loader", 3, decode="exact", **sizes),
            torch=bench.peer("loader_torch.py", ["torch", "torchvision", "PIL"], repeats=2, **sizes))
    speed = lambda side: f"{median(runs[side], 'images_per_second'):.0f} images/s"
    rows = []
    for decode, target in dict(scaled=4, exact=1).items():
        what = f"loader, 500 x 375 JPEG, {decode} decoding, against PyTorch with Pillow"
        peer, value = None, None
        if "torch" in runs:
            peer, value = speed("torch"), ratio(runs[decode], runs["torch"], "images_per_second")
        rows.append(row(what, speed(decode), peer, value, target))
    return runs, rows


EXPERIMENTS = {"step": step, "small-step": small_step, "nearest": nearest, "share": share,
               "growth": growth, "graph": graph, "train": train, "loader": loader}

# What each of them measures: a change there makes its results old.
SEARCH = ["native/bank/cpu", *(f"native/bank/{name}" for name in (
    "nearest.cpp", "ranking.h", "sampling.h", "thread_pool.cpp"))]
BANK = [*SEARCH, *(f"native/bank/{name}" for name in (
    "objective.cpp", "loss_terms.h", "rows.cpp", "select.cpp", "walk.cpp", "weighted_rows.cpp"))]
JAVA = "src/main/java/org/invp/"
DEPENDS_ON = {
    "step": [*BANK, "bench/peers/bank_step_torch.py"],
    "small-step": [*BANK, "bench/peers/bank_step_torch.py"],
    "nearest": [*SEARCH, "bench/peers/nearest_faiss.py"],
    "share": [*SEARCH, "native/bank/peak.cpp"],
    "growth": SEARCH,
    "graph": [*SEARCH, "bench/peers/graph_faiss.py"],
    "train": [*BANK, "native/image", "native/nn", f"{JAVA}bank", f"{JAVA}data", f"{JAVA}nn", f"{JAVA}objective",
              f"{JAVA}train", "configs/fashion-mnist.yaml", "bench/peers/train_torch.py"],
    "loader": ["native/image", f"{JAVA}data", "configs/imagenet-resnet50.yaml", "bench/peers/loader_torch.py"],
}


def write(bench, name, runs, rows):
    options = "" if bench.threads == 2 else f" THREADS={bench.threads}"
    result = dict(record(f"make bench ONLY={name}{options}", DEPENDS_ON[name]),
                  threads=bench.threads, rounds=bench.rounds, rows=rows, runs=runs)
    folder = BENCH / "results"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n")


def table(rows):
    """The rows as a Markdown table."""
    lines = [("what", "ours", "peer", "ratio", "target", "met?")]
    for r in rows:
        value = "" if r["ratio"] is None else f"{r['ratio']:.2f}"
        met = {None: "", True: "yes", False: "no"}[r["met"]]
        lines.append((r["what"], r["ours"], r["peer"] or "", value, r["target"], met))
    widths = [max(len(line[c]) for line in lines) for c in range(6)]
    lines.insert(1, tuple("-" * width for width in widths))
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |"
        for line in lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", help=f"some of {','.join(EXPERIMENTS)} (default: all)")
    parser.add_argument("--threads", type=int, default=2, help="threads and cores of both sides")
    parser.add_argument("--rounds", type=int, default=3, help="how often each side runs")
    parser.add_argument("--tiny", action="store_true",
                        help="tiny sizes, to try this script; writes no results")
    args = parser.parse_args()
    names = args.only.split(",") if args.only else list(EXPERIMENTS)
    unknown = [name for name in names if name not in EXPERIMENTS]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; allowed: {', '.join(EXPERIMENTS)}")
    if not 1 <= args.threads <= len(os.sched_getaffinity(0)):
        parser.error(f"--threads is {args.threads}, allowed: 1 to {len(os.sched_getaffinity(0))}")
    bench = Bench(args)
    missing = {"torch", "faiss"} - bench.modules
    if missing:
        print(f"{bench.python} has no {' and no '.join(sorted(missing))}: these columns stay empty"
              " (bench/peers/README.md says how to install)")
    rows = []
    for name in names:
        bench.experiment = name
        runs, found = EXPERIMENTS[name](bench)
        rows += found
        if not args.tiny:
            write(bench, name, runs, found)
    print(table(rows))


if __name__ == "__main__":
    main()
