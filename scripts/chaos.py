#!/usr/bin/env python3
"""Kills, stops and suspends a small run again and again, resumes it, and compares it with the run that nobody touched.

"make chaos" calls this; the part over several processes is in chaos_ranks.py. Each session of the trainer gets a
SIGKILL: at any time from its start, while it steps, or while a checkpoint is being written. Checkpoints are made after
every second step. After each kill: no process is left, the checkpoint is there, of full length and no older than two
steps. The next session must start, which reads and verifies all of it. Some sessions get SIGTERM, SIGINT or SIGHUP
instead, to the whole group: they end with the code of that signal and, once they train, have saved their last step. Some
are suspended for a moment before. A run that gets to its end must equal the
unbroken one: weights, optimizer, bank, graph and position bit for bit, metrics but for the times, and no temporary
file may be left; then another run begins.

SIGKILL leaves the page cache alone, so it cannot show a missing fsync. For that the order of the system calls around
every checkpoint is checked with strace, where it is installed.
"""
import argparse
import collections
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from chaos_ranks import RanksChaos
from chaos_run import (
    ROOT,
    Fault,
    Trainer,
    check_equal,
    check_files,
    check_progress,
    file_number,
    header,
    logged_step,
    processes,
    saved_step,
    temporaries,
    write_data,
)
from chaos_signals import ASKING, Budget, check_saved, ends_by, number, suspend
from record import record

START_LIMIT = 60
ONE_PROCESS_SHARE = 0.75
SUSPENDED_SHARE = 0.15
DEPENDS_ON = (
    "src/main/java/org/invp/cli",
    "src/main/java/org/invp/distributed",
    "src/main/java/org/invp/io",
    "src/main/java/org/invp/train",
    "scripts/chaos.py",
    "scripts/chaos_ranks.py",
    "scripts/chaos_run.py",
    "scripts/chaos_signals.py",
)


class Chaos:
    """Over a run in one process."""

    title = "one process"

    def __init__(self, trainer, folder, args, deadline):
        self.trainer = trainer
        self.draw = random.Random(args.seed)
        self.deadline = deadline
        self.folder = folder
        self.unbroken = folder / "unbroken"
        self.run = folder / "run"
        self.counts = collections.Counter()
        self.budget = Budget(self.draw, self.counts, kills=args.kills, signals=args.signals)
        self.repeated = []
        self.start_seconds = 3.0
        self.renames = 0

    def all(self):
        begin = time.monotonic()
        self.trainer.to_the_end(self.unbroken)
        print(f"the unbroken run: {logged_step(self.unbroken)} steps, {time.monotonic() - begin:.1f} s", flush=True)
        shown = time.monotonic()
        while self.budget.left() and time.monotonic() < self.deadline:
            self.session()
            if time.monotonic() - shown > 30:
                shown = time.monotonic()
                print(f"  {shares(self.counts)}, {self.counts['runs']} runs completed", flush=True)
        if self.run.exists():
            self.trainer.to_the_end(self.run)
            self.compare()
        self.go_back()
        print(f"order of system calls: {self.order()}")

    def results(self):
        return {
            "kills": self.counts["kills"],
            "aimed": aimed(self.counts, "start", "step", "write"),
            "signals": {name: self.counts[f"signals: {name}"] for name in ASKING},
            "suspended": self.counts["suspended for a moment"],
            "temporary": self.counts["kills that left a temporary checkpoint"],
            "between_link_and_rename": self.counts["kills between the link and the rename"],
            "runs_compared": self.counts["runs"],
            "steps_lost_at_most": max(self.repeated, default=0),
        }

    def session(self):
        """Starts the trainer, kills or stops it and looks at what is left."""
        act = self.budget.next()
        name = "KILL" if act == "kills" else self.draw.choice(ASKING)
        kind = self.draw.choices(["start", "step", "write"], [20, 35, 45])[0]
        before = saved_step(self.run) if self.run.exists() else 0
        old = temporaries(self.run)
        process = self.trainer.start(self.run)
        alive = self.wait(process, kind, before)
        if alive and self.draw.random() < SUSPENDED_SHARE:
            suspend([process.pid], self.draw.uniform(0.05, 0.5))
            self.counts["suspended for a moment"] += 1
        if alive and process.poll() is None:
            os.killpg(process.pid, number(name))
        output, _ = process.communicate(timeout=60)
        if process.returncode == 0:
            self.compare()
            return
        if process.returncode not in ends_by(name):
            raise Fault(f"a resumed trainer ended with exit code {process.returncode} by {name}: {output.strip()}")
        self.counts[act] += 1
        self.counts[f"{act} aimed at: {kind}" if act == "kills" else f"{act}: {name}"] += 1
        check_saved(self.run, output)
        self.inspect(process, before, old)

    def wait(self, process, kind, before):
        """Until it is time to kill; false if the process ended by itself."""
        begin = time.monotonic()
        replaced = file_number(self.run / "metrics.jsonl")
        if kind == "start":
            return not self.ends_within(process, self.draw.uniform(0, 1.2 * self.start_seconds))
        while file_number(self.run / "metrics.jsonl") == replaced or logged_step(self.run) <= before:
            if process.poll() is not None:
                return False
            if time.monotonic() - begin > START_LIMIT:
                os.killpg(process.pid, signal.SIGKILL)
                raise Fault(f"no step in {START_LIMIT} s after step {before}")
            time.sleep(0.005)
        self.start_seconds = time.monotonic() - begin
        if self.ends_within(process, self.draw.uniform(0, 0.3)):
            return False
        if kind == "write":
            while not temporaries(self.run):
                if process.poll() is not None:
                    return False
                time.sleep(0.0005)
            until = time.monotonic() + 10 ** self.draw.uniform(-4, -1.3)  # 0.1 to 50 ms
            while time.monotonic() < until:
                pass
        return process.poll() is None

    @staticmethod
    def ends_within(process, seconds):
        try:
            process.wait(seconds)
            return True
        except subprocess.TimeoutExpired:
            return False

    def inspect(self, process, before, old):
        orphans = processes(process.pid)
        if orphans:
            raise Fault(f"processes {orphans} outlived the kill")
        latest, previous = self.run / "checkpoint.safetensors", self.run / "checkpoint-previous.safetensors"
        self.repeated.append(check_progress(self.run, before))
        if temporaries(self.run) - old:
            self.counts["kills that left a temporary checkpoint"] += 1
        if latest.exists() and previous.exists() and latest.samefile(previous):
            self.counts["kills between the link and the rename"] += 1
        for path in self.run.glob("checkpoint*.safetensors"):
            header(path)

    def compare(self):
        """A run that got to its end against the unbroken one."""
        check_equal(self.run, self.unbroken)
        check_files(self.run)
        self.counts["runs"] += 1
        shutil.rmtree(self.run)

    def go_back(self):
        """From a damaged checkpoint to the one before, to the same end."""
        shutil.copytree(self.unbroken, self.run)
        latest = self.run / "checkpoint.safetensors"
        damaged = bytearray(latest.read_bytes())
        damaged[self.draw.randrange(len(damaged))] ^= 1 << self.draw.randrange(8)
        latest.write_bytes(damaged)
        process = self.trainer.start(self.run)
        output, _ = process.communicate(timeout=600)
        if process.returncode != 1 or "--checkpoint previous" not in output:
            raise Fault(f"a damaged checkpoint: exit code {process.returncode}: {output.strip()}")
        self.trainer.to_the_end(self.run, "--checkpoint", "previous")
        (self.run / "checkpoint-set-aside.safetensors").unlink()
        self.compare()
        print("a flipped bit: noticed, and the run went on from the checkpoint before to the same end")

    def order(self):
        """Content before name, name before what comes after it: what a power cut needs."""
        if shutil.which("strace") is None:
            return "not checked: strace is not installed"
        trace = self.folder / "trace"
        traced = self.folder / "traced"
        words = ["strace", "-f", "-qq", "-o", str(trace)]
        words += ["-e", "trace=openat,fsync,fdatasync,rename,renameat,renameat2,link,linkat"]
        done = subprocess.run(
            [*words, *self.trainer.command(traced, "--set", "training.epochs=1")],
            cwd=ROOT,
            env=self.trainer.environment(),
            capture_output=True,
            text=True,
        )
        if "PTRACE" in done.stderr or "ptrace" in done.stderr:
            return "not checked: this machine does not let strace in"
        if done.returncode != 0:
            raise Fault(f"under strace the trainer ended with exit code {done.returncode}: {done.stderr.strip()}")
        renames = self.renames = check_order(trace.read_text().splitlines(), traced)
        if not renames:
            raise Fault("strace saw no checkpoint take its name")
        return f"{renames} renames over a checkpoint: content synced before, folder synced after"


def check_order(lines, run):
    """Counts the renames to a checkpoint's name; a thread's calls are in order."""
    opened, synced, pending, renames = {}, set(), {}, 0
    for line in lines:
        call = re.match(r"(\d+)\s+(\w+)\((.*)\)\s*=\s*(-?\d+)", line)
        if not call:
            continue
        thread, name, text, result = call[1], call[2], call[3], int(call[4])
        paths = re.findall(r'"([^"]*)"', text)
        if name == "openat" and result >= 0:
            opened[thread, result] = paths[0]
        elif name in ("fsync", "fdatasync"):
            path = opened.get((thread, int(text)), "")
            synced.add(path)
            if path == str(run):
                pending.pop(thread, None)
        elif name in ("link", "linkat") and paths[0] in synced:
            synced.add(paths[1])
        elif name.startswith("rename") and Path(paths[1]).name == "checkpoint.safetensors":
            if paths[0] not in synced:
                raise Fault(f"{Path(paths[1]).name} was renamed before its content was synced")
            if thread in pending:
                raise Fault("the folder was not synced after a rename")
            pending[thread] = paths[1]
            renames += 1
    if pending:
        raise Fault("the folder was not synced after the last rename")
    return renames


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100, help="of a run in one process")
    parser.add_argument("--signals", type=int, default=20, help="to a run in one process that ask it to stop")
    parser.add_argument("--rank-kills", type=int, default=20, help="of a run in several")
    parser.add_argument("--rank-signals", type=int, default=10, help="to a run in several")
    parser.add_argument("--suspensions", type=int, default=2, help="of all ranks, for longer than they wait")
    parser.add_argument("--ranks", type=int, default=2, help="the processes of that")
    parser.add_argument("--minutes", type=float, default=10, help="stop after this time, whatever is done")
    parser.add_argument("--seed", type=int, default=0, help="of the instants")
    parser.add_argument("--results", type=Path, help="write what was done there, if all of it was")
    args = parser.parse_args()
    begin = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="invp-chaos-"))
    write_data(folder / "data")
    trainer = Trainer(folder)
    last = begin + 60 * args.minutes
    several = args.rank_kills + args.rank_signals + args.suspensions > 0
    first = begin + 60 * args.minutes * ONE_PROCESS_SHARE if several else last
    parts = {}
    try:
        trainer.share_classes(folder)
        if args.kills + args.signals > 0:
            parts["one"] = Chaos(trainer, folder, args, first)
            parts["one"].all()
        if several:
            parts["several"] = RanksChaos(trainer, folder, args, last)
            parts["several"].all()
    except Fault as fault:
        print(f"chaos: {fault}\nchaos: seed {args.seed}; the run is kept in {folder}", file=sys.stderr)
        sys.exit(1)
    finally:
        for part in parts.values():
            summary(part)
        print(f"{time.monotonic() - begin:.0f} s in all")
    shutil.rmtree(folder)
    for part in parts.values():
        if part.budget.left():
            sys.exit(f"chaos: {args.minutes:g} minutes were not enough for all; left of {part.title}: {part.budget.left()}")
    if args.results:
        write(args.results, args.seed, time.monotonic() - begin, parts)


def write(path, seed, seconds, parts):
    words = re.sub(r"--results[= ]\S+", "", " ".join(sys.argv[1:])).split()
    command = "make chaos" + (f" ARGS='{' '.join(words)}'" if words else "")
    report = record(command, DEPENDS_ON)
    report["seed"] = seed
    report["kills"] = sum(part.counts["kills"] for part in parts.values())
    report["seconds"] = round(seconds)
    report |= {name: part.results() for name, part in parts.items()}
    if "one" in parts:
        report["synced_renames"] = parts["one"].renames
    path.write_text(json.dumps(report, indent=1) + "\n")


def shares(counts):
    return ", ".join(f"{counts[what]} {what}" for what in ("kills", "signals", "suspensions") if counts[what])


def aimed(counts, *kinds):
    return {kind: counts[f"kills aimed at: {kind}"] for kind in kinds}


def summary(part):
    counts = part.counts
    print(f"{part.title}: {shares(counts)}; {counts['runs']} runs compared with the unbroken one")
    for key, count in sorted(part.counts.items()):
        if key not in ("kills", "signals", "suspensions", "runs"):
            print(f"  {key}: {count}")
    if part.repeated:
        print(f"  steps that a kill cost: {max(part.repeated)} at most")


main()
