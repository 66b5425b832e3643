"""A small run: its data and settings, how it is started, and what its folder and processes look like from outside."""
import json
import os
import random
import re
import shlex
import signal
import struct
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SIDE = 12
IMAGES = {"train": 128, "t10k": 40}
BATCH = 8
INTERVAL = 2
CHECKPOINTS = ("checkpoint.safetensors", "checkpoint-previous.safetensors", "checkpoint-best.safetensors")
EXPECTED_FILES = re.compile(
    r"(config\.yaml|metrics\.jsonl|log(-rank\d+)?\.txt|run\.lock|tensorboard|shards|weights\.safetensors"
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
training: {epochs: 6, batch_size: %d, threads: 1, checkpoint_every_steps: %d, log_every: 1}
evaluation: {every: 2, k: 5, batch_size: 20, resize: 0, crop: 12, baselines: false}
"""


class Fault(Exception):
    """The trainer broke a promise."""


class Trainer:
    """How the run is started."""

    def __init__(self, folder):
        self.config = folder / "chaos.yaml"
        self.config.write_text(CONFIG % (folder / "data", BATCH, INTERVAL))
        # A killed session lives for seconds: compiled code would come too late to pay.
        self.java_options = "-XX:TieredStopAtLevel=1"

    def share_classes(self, folder):
        """Has all later sessions load their classes from an archive, which takes half a second off a start."""
        archive = folder / "classes.jsa"
        plain = self.java_options + " -Xlog:disable"  # A JVM that cannot use the archive says so, and goes on without.
        self.java_options = f"{plain} -XX:ArchiveClassesAtExit={archive}"
        self.to_the_end(folder / "archived", "--set", "training.epochs=1")
        self.java_options = f"{plain} -XX:SharedArchiveFile={archive}"

    def environment(self, **more):
        options = f"{self.java_options} {os.environ.get('INVP_JAVA_OPTS', '')}"
        return os.environ | {"INVP_JAVA_OPTS": options} | more

    def command(self, run, *more):
        words = shlex.split(os.environ.get("INVP", "bin/invp"))
        return [*words, "train", str(self.config), "--run-dir", str(run), "--resume", *more]

    def start(self, run, *more, output=subprocess.PIPE, **variables):
        return subprocess.Popen(
            self.command(run, *more),
            cwd=ROOT,
            env=self.environment(**variables),
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=heed_signals,
        )

    def to_the_end(self, run, *more):
        process = self.start(run, *more)
        output, _ = process.communicate(timeout=600)
        if process.returncode != 0:
            raise Fault(f"the trainer ended with exit code {process.returncode}: {output.strip()}")


def heed_signals():
    """Whoever runs this in the background, or under nohup, has them ignored, and children inherit that."""
    for ignored in (signal.SIGINT, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_DFL)


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


def tensors(path):
    """A safetensors file's metadata and tensors, (type, shape, bytes) by name, after a look at its length."""
    content = path.read_bytes()
    length = struct.unpack("<Q", content[:8])[0]
    parsed = json.loads(content[8 : 8 + length])
    metadata = parsed.pop("__metadata__")
    expected = 8 + length + max(tensor["data_offsets"][1] for tensor in parsed.values())
    if len(content) != expected:
        raise Fault(f"{path.name} has {len(content)} bytes instead of {expected}")
    found = {}
    for name, tensor in parsed.items():
        begin, end = (8 + length + offset for offset in tensor["data_offsets"])
        found[name] = (tensor["dtype"], tensor["shape"], content[begin:end])
    return metadata, found


def header(path):
    """A safetensors file's metadata."""
    return tensors(path)[0]


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


def names(folder):
    try:
        return set(os.listdir(folder))
    except FileNotFoundError:
        return set()


def temporaries(run):
    """The names of checkpoints that are being written, or that a killed trainer left."""
    return {name for name in names(run) if name.startswith(".checkpoint")}


def file_number(path):
    """Which file a name means: a trainer replaces metrics.jsonl when it resumes, and the checkpoint when it saves."""
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


def check_progress(run, before):
    """The newest checkpoint is no older than the interval; returns the steps that were lost."""
    saved, logged = saved_step(run), logged_step(run)
    if saved < before:
        raise Fault(f"the checkpoint went back from step {before} to {saved}")
    if logged - saved > INTERVAL:
        raise Fault(f"step {logged} was done, the checkpoint is of step {saved}")
    return logged - saved


def check_files(run):
    """Nothing lies in the folder that does not belong to a run."""
    others = [f.name for f in run.iterdir() if not EXPECTED_FILES.fullmatch(f.name)]
    if others:
        raise Fault(f"files were left: {others}")


def check_equal(run, unbroken):
    """A run that got to its end against the unbroken one, all bits but those of a clock."""
    for path in [*CHECKPOINTS[::2], "weights.safetensors", *(f"shards/{name}" for name in named_shards(unbroken))]:
        if not (run / path).exists() or (run / path).read_bytes() != (unbroken / path).read_bytes():
            raise Fault(f"{path} differs from the unbroken run's")
    if timeless(run) != timeless(unbroken):
        raise Fault("metrics.jsonl differs from the unbroken run's")


def named_shards(run):
    """The files of ranks that the newest and the best checkpoint name."""
    found = set()
    for name in CHECKPOINTS[::2]:
        metadata = header(run / name)
        found |= {metadata[f"shards.{rank}.file"] for rank in range(int(metadata.get("shards.ranks", 0)))}
    return sorted(found)


def timeless(run):
    """The lines of metrics.jsonl without what a clock measured."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if "second" not in k and "wait" not in k} for line in lines]


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
