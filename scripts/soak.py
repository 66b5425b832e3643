#!/usr/bin/env python3
"""Trains for a while and watches the process: memory, file handles and threads must stay what they are.

"make soak" calls this. After the warm-up the resident memory, as medians of a tenth of the remaining time at its
beginning and at its end, may differ by 2 %; the counts of file handles and threads may not grow. The run makes
checkpoints every 20 steps and evaluates every second epoch, so that neither can leak unseen. It ends by SIGTERM,
with exit code 143.
"""
import argparse
import collections
import json
import os
import re
import shlex
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True

from record import ROOT, record  # noqa: E402

TOLERANCE = 0.02
SETTINGS = [
    "data.limit=4608",
    "objective.negatives=1024",
    "optimizer.schedule_epochs=100000",
    "training.epochs=100000",
    "training.checkpoint_every_steps=20",
    "evaluation.every=2",
    "evaluation.baselines=false",
]
DEPENDS_ON = ["scripts/soak.py", "native/bank/cpu", "native/image", "native/nn",
              *(f"src/main/java/org/invp/{room}" for room in (
                  "bank", "data", "eval", "io", "nn", "objective", "tensor", "train"))]


def sample(pid):
    """Resident KiB, open files and threads of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    figures = dict(re.findall(r"^(\w+):\s+(\d+)", status, re.MULTILINE))
    return {
        "rss": int(figures["VmRSS"]),
        "anon": int(figures["RssAnon"]),
        "handles": len(os.listdir(f"/proc/{pid}/fd")),
        "threads": int(figures["Threads"]),
    }


def watch(process, seconds, every):
    samples = []
    begin = time.monotonic()
    while time.monotonic() - begin < seconds:
        if process.poll() is not None:
            sys.exit(f"soak: the trainer ended with exit code {process.returncode} before its time")
        try:
            samples.append({"second": round(time.monotonic() - begin, 1), **sample(process.pid)})
        except (OSError, KeyError):
            pass  # It ended, or a handle closed, between two looks.
        time.sleep(every)
    return samples


def mode(samples, key):
    """The most common value: a file that is open for a moment is none that leaks."""
    return collections.Counter(s[key] for s in samples).most_common(1)[0][0]


def judge(samples, warmup):
    warm = [s for s in samples if s["second"] >= warmup]
    tenth = max(1, len(warm) // 10)
    if len(warm) < 20:
        sys.exit(f"soak: only {len(warm)} samples after the warm-up, at least 20 are needed")
    first, last = warm[:tenth], warm[-tenth:]
    middle = lambda part, key: statistics.median(s[key] for s in part)
    drift = middle(last, "rss") / middle(first, "rss") - 1
    spread = [s["rss"] for s in warm]
    result = {
        "samples": len(warm),
        "rss_mib_first": round(middle(first, "rss") / 1024, 1),
        "rss_mib_last": round(middle(last, "rss") / 1024, 1),
        "rss_drift": round(drift, 5),
        "rss_mib_lowest": round(min(spread) / 1024, 1),
        "rss_mib_highest": round(max(spread) / 1024, 1),
        "handles_first": mode(first, "handles"),
        "handles_last": mode(last, "handles"),
        "threads_first": mode(first, "threads"),
        "threads_last": mode(last, "threads"),
    }
    faults = []
    if abs(drift) > TOLERANCE:
        faults.append(f"resident memory changed by {drift:+.2%}, allowed are {TOLERANCE:.0%}")
    for what in ("handles", "threads"):
        if result[f"{what}_last"] > result[f"{what}_first"]:
            faults.append(f"{what} grew from {result[f'{what}_first']} to {result[f'{what}_last']}")
    return result, faults


def steps(run):
    lines = (run / "metrics.jsonl").read_text().splitlines()
    epochs = [json.loads(line) for line in lines if '"step"' not in line]
    return len(epochs), sum(e.get("images", 0) for e in epochs)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of Fashion-MNIST")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--warmup", type=float, help="minutes that do not count (default: a sixth)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--results", type=Path, help="write the figures here, as JSON")
    args = parser.parse_args()
    warmup = (args.minutes / 6 if args.warmup is None else args.warmup) * 60

    with tempfile.TemporaryDirectory(prefix="invp-soak-") as folder:
        run = Path(folder) / "run"
        settings = [f"data.path={args.data}", f"training.threads={args.threads}", "data.workers=1", *SETTINGS]
        words = shlex.split(os.environ.get("INVP", "bin/invp"))
        words += ["train", "configs/fashion-mnist.yaml", "--run-dir", str(run)]
        for setting in settings:
            words += ["--set", setting]
        process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True)
        try:
            samples = watch(process, args.minutes * 60, max(0.5, min(5, args.minutes * 60 / 360)))
            process.send_signal(signal.SIGTERM)
            code = process.wait(120)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        result, faults = judge(samples, warmup)
        epochs, images = steps(run)
    result |= {"minutes": args.minutes, "warmup_minutes": round(warmup / 60, 2), "epochs": epochs, "images": images}
    result |= {"exit_code": code, "load_average": os.getloadavg()[2]}
    if code != 143:
        faults.append(f"the trainer ended with exit code {code} after SIGTERM, expected 143")
    for key, value in result.items():
        print(f"{key:18} {value}")
    if args.results:
        command = f"make soak MINUTES={args.minutes:g}"
        report = {**record(command, DEPENDS_ON), "result": result, "samples": samples}
        args.results.write_text(json.dumps(report, indent=1).replace('\n   "', ' "').replace("\n  }", "}") + "\n")
    for fault in faults:
        print(f"soak: {fault}", file=sys.stderr)
    sys.exit(1 if faults else 0)


main()
