#!/usr/bin/env python3
"""Kills a small run again and again, resumes it, and compares it with the run that nobody killed.

"make chaos" calls this. Each session of the trainer gets a SIGKILL: at any time from its start, while it steps, or
while a checkpoint is being written. Checkpoints are made after every second step. After each kill: no process is left,
the checkpoint is there, of full length and no older than two steps. The next session must start, which reads and verifies
all of it. A run that gets to its end must equal the unbroken one: weights, optimizer, bank, graph and position bit
for bit, metrics but for the times, and no temporary file may be left; then another run begins.

SIGKILL leaves the page cache alone, so it cannot show a missing fsync. For that the order of the system calls around
every checkpoint is checked with strace, where it is installed.
"""
import argparse
import collections
import json
import os
import random
import re
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SIDE = 12
IMAGES = {"train": 128, "t10k": 40}
START_LIMIT = 60
INTERVAL = 2
EXPECTED_FILES = re.compile(
    r"(config\.yaml|metrics\.jsonl|log\.txt|run\.lock|tensorboard|weights\.safetensors"
    r"|checkpoint(-previous|-best)?\.safetensors)"
)
CONFIG = """\
seed: 3
data: {format: idx, path: %s, workers: 1}
augmentation:
  {size: 12, saturation: 0, hue: 0, gray: 0, blur_probability: 0, mean: [0.5], std: [0.25]}
network:
  {architecture: resnet18, stem: cifar, width: 8, dimension: 16, head: linear, head_batch_norm: true}
objective: {negatives: 64, positives: 5, neighbours: 4, steps: 2, ramp_epochs: 1}
optimizer: {learning_rate: 0.05, per: step, warmup_steps: 4}
training: {epochs: 6, batch_size: 8, threads: 1, checkpoint_every_steps: %d, log_every: 1}
evaluation: {every: 2, k: 5, batch_size: 20, resize: 0, crop: 12, baselines: false}
"""


class Fault(Exception):
    """The trainer broke a promise."""


def write_data(folder):
    """Stripes of ten kinds with noise, in MNIST's format."""
    draw = random.Random(5)
    folder.mkdir()
    for name, count in IMAGES.items():
        pixels, labels = bytearray(), bytearray()
        for i in range(count):
            label = i % 10
            labels.append(label)
            for at in range(SIDE * SIDE):
                along = at % SIDE if label % 2 else at // SIDE
                stripe = 80 if along * (label + 1) // 6 % 2 else -80
                pixels.append(max(0, min(255, int(128 + stripe + draw.gauss(0, 20)))))
        (folder / f"{name}-images-idx3-ubyte").write_bytes(struct.pack(">IIII", 0x803, count, SIDE, SIDE) + pixels)
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, count) + labels)


def header(path):
    """A safetensors file's metadata, after a look at its length."""
    with open(path, "rb") as file:
        length = struct.unpack("<Q", file.read(8))[0]
        parsed = json.loads(file.read(length))
    metadata = parsed.pop("__metadata__")
    expected = 8 + length + max(tensor["data_offsets"][1] for tensor in parsed.values())
    if path.stat().st_size != expected:
        raise Fault(f"{path.name} has {path.stat().st_size} bytes instead of {expected}")
    return metadata


def saved_step(run):
    path = run / "checkpoint.safetensors"
    return int(header(path)["step"]) if path.exists() else 0


def logged_step(run):
    """The last step that metrics.jsonl has; a line that was cut off says nothing."""
    steps = [0]
    if (run / "metrics.jsonl").exists():
        for line in (run / "metrics.jsonl").read_bytes().splitlines():
            try:
                steps.append(json.loads(line).get("step", 0))
            except ValueError:
                pass
    return max(steps)


def temporaries(run):
    """The names of checkpoints that are being written, or that a killed trainer left."""
    try:
        return {name for name in os.listdir(run) if name.startswith(".checkpoint")}
    except FileNotFoundError:
        return set()


def metrics_file(run):
    """Which file metrics.jsonl is: a trainer replaces it when it takes up the checkpoint."""
    try:
        return (run / "metrics.jsonl").stat().st_ino
    except FileNotFoundError:
        return None


def processes(session):
    """The live processes of a session."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] not in "ZX":
            found.append(int(stat.parent.name))
    return found


class Chaos:
    def __init__(self, args, folder):
        self.draw = random.Random(args.seed)
        self.kills = args.kills
        self.deadline = time.monotonic() + args.minutes * 60
        self.folder = folder
        self.config = folder / "chaos.yaml"
        self.config.write_text(CONFIG % (folder / "data", INTERVAL))
        self.unbroken = folder / "unbroken"
        self.run = folder / "run"
        self.counts = collections.Counter()
        self.repeated = []
        self.start_seconds = 3.0
        # A killed session lives for seconds: compiled code would come too late to pay.
        self.environment = os.environ | {
            "INVP_JAVA_OPTS": "-XX:TieredStopAtLevel=1 " + os.environ.get("INVP_JAVA_OPTS", "")
        }

    def command(self, run, *more):
        words = shlex.split(os.environ.get("INVP", "bin/invp"))
        return [*words, "train", str(self.config), "--run-dir", str(run), "--resume", *more]

    def start(self, run, *more):
        return subprocess.Popen(
            self.command(run, *more),
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def to_the_end(self, run, *more):
        process = self.start(run, *more)
        output, _ = process.communicate(timeout=600)
        if process.returncode != 0:
            raise Fault(f"the trainer ended with exit code {process.returncode}: {output.strip()}")

    def all(self):
        begin = time.monotonic()
        self.to_the_end(self.unbroken)
        print(f"the unbroken run: {logged_step(self.unbroken)} steps, {time.monotonic() - begin:.1f} s", flush=True)
        shown = time.monotonic()
        while self.counts["kills"] < self.kills and time.monotonic() < self.deadline:
            self.session()
            if time.monotonic() - shown > 30:
                shown = time.monotonic()
                print(f"  {self.counts['kills']} kills, {self.counts['runs']} runs completed", flush=True)
        if self.run.exists():
            self.to_the_end(self.run)
            self.compare()
        self.go_back()

    def session(self):
        """Starts the trainer, kills it and looks at what is left."""
        kind = self.draw.choices(["start", "step", "write"], [20, 35, 45])[0]
        before = saved_step(self.run) if self.run.exists() else 0
        old = temporaries(self.run)
        process = self.start(self.run)
        alive = self.wait(process, kind, before)
        if alive:
            os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate(timeout=30)
        if process.returncode == 0:
            self.compare()
            return
        if process.returncode != -signal.SIGKILL:
            raise Fault(f"a resumed trainer ended with exit code {process.returncode}: {output.strip()}")
        self.counts["kills"] += 1
        self.counts[f"kills aimed at: {kind}"] += 1
        self.inspect(process, before, old)

    def wait(self, process, kind, before):
        """Until it is time to kill; false if the process ended by itself."""
        begin = time.monotonic()
        replaced = metrics_file(self.run)
        if kind == "start":
            return not self.ends_within(process, self.draw.uniform(0, 1.2 * self.start_seconds))
        while metrics_file(self.run) == replaced or logged_step(self.run) <= before:
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
        saved, logged = saved_step(self.run), logged_step(self.run)
        if saved < before:
            raise Fault(f"the checkpoint went back from step {before} to {saved}")
        if logged - saved > INTERVAL:
            raise Fault(f"step {logged} was done, the checkpoint is of step {saved}")
        self.repeated.append(logged - saved)
        if temporaries(self.run) - old:
            self.counts["kills that left a temporary checkpoint"] += 1
        if latest.exists() and previous.exists() and latest.samefile(previous):
            self.counts["kills between the link and the rename"] += 1
        for path in self.run.glob("checkpoint*.safetensors"):
            header(path)

    def compare(self):
        """A run that got to its end against the unbroken one."""
        for name in ("checkpoint.safetensors", "checkpoint-best.safetensors", "weights.safetensors"):
            if (self.run / name).read_bytes() != (self.unbroken / name).read_bytes():
                raise Fault(f"{name} differs from the unbroken run's")
        if timeless(self.run) != timeless(self.unbroken):
            raise Fault("metrics.jsonl differs from the unbroken run's")
        others = [f.name for f in self.run.iterdir() if not EXPECTED_FILES.fullmatch(f.name)]
        if others:
            raise Fault(f"files were left: {others}")
        self.counts["runs"] += 1
        shutil.rmtree(self.run)

    def go_back(self):
        """From a damaged checkpoint to the one before, to the same end."""
        shutil.copytree(self.unbroken, self.run)
        latest = self.run / "checkpoint.safetensors"
        damaged = bytearray(latest.read_bytes())
        damaged[self.draw.randrange(len(damaged))] ^= 1 << self.draw.randrange(8)
        latest.write_bytes(damaged)
        process = self.start(self.run)
        output, _ = process.communicate(timeout=600)
        if process.returncode != 1 or "--checkpoint previous" not in output:
            raise Fault(f"a damaged checkpoint: exit code {process.returncode}: {output.strip()}")
        self.to_the_end(self.run, "--checkpoint", "previous")
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
            [*words, *self.command(traced, "--set", "training.epochs=1")], cwd=ROOT, env=self.environment, capture_output=True, text=True
        )
        if "PTRACE" in done.stderr or "ptrace" in done.stderr:
            return "not checked: this machine does not let strace in"
        if done.returncode != 0:
            raise Fault(f"under strace the trainer ended with exit code {done.returncode}: {done.stderr.strip()}")
        renames = check_order(trace.read_text().splitlines(), traced)
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


def timeless(run):
    """The lines of metrics.jsonl without what a clock measured."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if "second" not in k and "wait" not in k} for line in lines]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=10, help="stop after this time, whatever is done")
    parser.add_argument("--seed", type=int, default=0, help="of the instants")
    args = parser.parse_args()
    begin = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="invp-chaos-"))
    chaos = None
    try:
        write_data(folder / "data")
        chaos = Chaos(args, folder)
        chaos.all()
        print(f"order of system calls: {chaos.order()}")
    except Fault as fault:
        print(f"chaos: {fault}\nchaos: seed {args.seed}; the run is kept in {folder}", file=sys.stderr)
        sys.exit(1)
    finally:
        if chaos is not None:
            summary(chaos, time.monotonic() - begin)
    shutil.rmtree(folder)
    if chaos.counts["kills"] < args.kills:
        sys.exit(f"chaos: {args.minutes} minutes were enough for {chaos.counts['kills']} of {args.kills} kills")


def summary(chaos, seconds):
    print(f"{chaos.counts['kills']} kills in {seconds:.0f} s; {chaos.counts['runs']} runs compared with the unbroken one")
    for key, count in sorted(chaos.counts.items()):
        if key.startswith("kills "):
            print(f"  {key}: {count}")
    if chaos.repeated:
        print(f"  steps that a kill cost: {max(chaos.repeated)} at most")


main()
