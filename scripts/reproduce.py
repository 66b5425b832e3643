#!/usr/bin/env python3
"""Makes the runs of docs/results/protocol.md and writes each one's result; "make reproduce" calls this.

Seeds are outermost; two runs go side by side, each on one thread. What is done is not done again: a stopped run goes on
from its checkpoint, and a run whose result is there is skipped. Each result is a file of its own, written as soon as the
run is trained and evaluated: docs/results/runs/DATA/ARM/seed-N.json.

With --again runs whose results are there are made once more, beside what was kept of them, and compared bit by bit.
"""
import argparse
import concurrent.futures
import datetime
import hashlib
import json
import os
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

sys.dont_write_bytecode = True

from experiment_plan import DATA, SEEDS, Fault  # noqa: E402
from record import ROOT, record  # noqa: E402

RESULTS = ROOT / "docs" / "results" / "runs"
RUNS = ROOT / "runs" / "reproduce"
BENCH_JAR = "bench/target/benchmarks.jar"
SIDE_BY_SIDE = 2

# The evaluations after training, by the name of the file that each leaves in RUN/eval.
EVALUATIONS = {
    "retrieval": ["retrieval", "--at", "1"],
    "logistic": ["logistic", "--labels", "0.01", "--draws", "10"],
    "linear": ["linear", "--views", "cached"],
}
# What the last line of metrics.jsonl has by k, and how the result calls it.
BY_K = {"embedding_knn": "embedding_knn_by_k", "backbone_knn": "backbone_knn_by_k", "pixels_knn": "pixel_knn_by_k",
        "untrained_knn": "untrained_knn_by_k", "untrained_backbone_knn": "untrained_backbone_knn_by_k"}
CURVES = ("epoch", "loss", "loss_ins", "loss_inv", "embedding_knn", "bank_knn", "walk_size", "walk_right",
          "positives_right", "easiest_right", "staleness")
SECONDS = ("seconds", "graph_seconds", "refresh_seconds", "walk_seconds")
DIVERGED = ("training has diverged", "the loss is no number")
OTHER_BITS = ("the bits may differ from an unbroken run", "the bits differ from an unbroken run")


class Stopped(Exception):
    """Somebody asked to end."""


class Diverged(Exception):
    """A run came to an end of its own that is a result."""


@dataclass(frozen=True)
class Job:
    """One run."""

    data: str
    arm: str
    seed: int

    @property
    def name(self):
        return f"{self.data}/{self.arm}/seed-{self.seed}"

    @property
    def data_set(self):
        return DATA[self.data]

    @property
    def kind(self):
        return self.data_set.arms[self.arm]

    def settings(self):
        return [f"{key}={value}" for key, value in self.data_set.replaced(self.arm, self.seed).items()]

    def digest(self):
        """Of everything that decides the run but the code and where the data lies."""
        effective = sorted(self.data_set.effective(self.arm, self.seed).items())
        return hashlib.sha256(json.dumps(effective).encode()).hexdigest()

    def command(self):
        """What makes this run anew."""
        return f'make reproduce ARGS="--data {self.data} --arms {self.arm} --seeds {self.seed}"'


def jobs(data, arms, seeds):
    """The runs that are asked for, seeds outermost."""
    return [Job(name, arm, seed) for seed in seeds for name in data for arm in DATA[name].arms
            if arm in arms and seed in SEEDS[:DATA[name].arms[arm].seeds]]


def sort_out(wanted, results):
    """The runs that are to be made and those whose results are there.

    A result of other settings is refused: whoever changes the plan decides what becomes of it.
    """
    todo, done = [], []
    for job in wanted:
        path = results / f"{job.name}.json"
        digest_now = job.digest()
        if not path.exists():
            todo.append(job)
        elif json.loads(path.read_text())["settings_digest"] == digest_now:
            done.append(job)
        else:
            raise Fault(f"{path} is the result of other settings than the plan's or the recipe's now; delete it to make"
                        " the run anew")
    return todo, done


class Processes:
    """The programs that run now; all end with this one."""

    def __init__(self):
        self.running = set()
        self.stopped = False
        self.lock = threading.Lock()

    def run(self, command, log, capture=False):
        """Runs a command to its end; its exit code, and what it printed if that is captured. All else goes to the log."""
        # Whatever becomes of this program, the kernel then ends its children.
        guard = ["setpriv", "--pdeathsig", "TERM", "--"] if shutil.which("setpriv") else []
        log.parent.mkdir(parents=True, exist_ok=True)
        with open(log, "a", encoding="utf-8") as errors:
            print(f"$ {shlex.join(command)}", file=errors, flush=True)
            with self.lock:
                if self.stopped:
                    raise Stopped()
                process = subprocess.Popen([*guard, *command], cwd=ROOT, text=True, start_new_session=True,
                                           stdout=subprocess.PIPE if capture else errors, stderr=errors)
                self.running.add(process)
            try:
                output = process.communicate()[0]
            finally:
                with self.lock:
                    self.running.discard(process)
        if self.stopped:
            raise Stopped()
        return process.returncode, output

    def stop(self, *_):
        """Asks all to save and end; a signal handler."""
        with self.lock:
            self.stopped = True
            for process in self.running:
                process.terminate()


class Maker:
    """Makes runs."""

    def __init__(self, paths, runs, python, processes):
        self.paths = paths
        self.runs = runs
        self.python = python
        self.processes = processes
        self.invp = shlex.split(os.environ.get("INVP", "bin/invp"))
        # The code that runs is the one that was built, whatever is committed meanwhile.
        self.origins = {}

    def note_origin(self, job):
        """Notes what the run's result says of its code."""
        self.origins[job] = record(job.command(), job.data_set.depends_on(job.arm))

    def make(self, job, suffix=""):
        """Trains and evaluates a run; its result."""
        run = path_of(self.runs, job, suffix)
        say(f"{job.name}: begins{' again' if suffix else ''}")
        origin = {**self.origins[job], **began_at(run, self.origins[job]["commit"])}
        about = {"data": job.data, "arm": job.arm, "seed": job.seed, "config": job.data_set.config,
                 "settings": job.settings(), "settings_digest": job.digest()}
        try:
            found = self.rival(job, run) if job.kind.rival else self.trained(job, run)
        except Diverged as e:
            found = {"failed": str(e)}
        origin["date"] = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
        return {**origin, **about, **found}

    def trained(self, job, run):
        if not complete(run):
            self.run(job, run, self.training(job, run))
        said = "".join(path.read_text() for path in (log_of(run), run / "log.txt") if path.exists())
        if any(words in said for words in OTHER_BITS):
            raise Fault(f"{job.name}: went on under other conditions than it began with (see {log_of(run)}), so that its bits"
                        f" are no run's; delete {run} and that file")
        for name, words in EVALUATIONS.items():
            if not (run / "eval" / f"{name}.json").exists():
                self.run(job, run, [*self.invp, "eval", words[0], str(run), *words[1:]])
        return summary(run)

    def training(self, job, run):
        sets = [f"data.path={self.paths[job.data]}", *job.settings()]
        sets = [word for setting in sets for word in ("--set", setting)]
        config = job.data_set.config
        if not job.kind.oracle:
            return [*self.invp, "train", config, "--run-dir", str(run), "--resume", *sets]
        return [*bench("OracleTraining"), config, str(run), job.kind.oracle, *sets]

    def rival(self, job, run):
        """Another method, on the images that an arm of ours of this seed learns from; it cannot be resumed."""
        settings = job.data_set.effective(job.arm, job.seed)
        path = self.paths[job.data]
        indices = run.with_suffix(".indices")
        sample = [*bench("TrainingIndices"), job.data_set.config, f"data.path={path}", *job.settings()]
        write_whole(indices, self.run(job, run, sample, capture=True))
        command = [self.python, "-B", f"bench/peers/{job.kind.rival}", path, "--indices", str(indices),
                   "--seed", str(job.seed), "--threads", "1", *rival_words(settings), *job.kind.words]
        found = json.loads(self.run(job, run, command, capture=True))
        scores = {}
        for what in ("embedding", "backbone"):
            scores |= {f"{what}_knn_{k}": share for k, share in found[what]["knn"].items()}
            scores[f"{what}_recall_1"] = found[what]["recall_at_1"]
        decided = {key: found[key] for key in ("embedding", "backbone", "losses")}
        return {"instructions": found["instructions"], "digest": digest(json.dumps(decided, sort_keys=True).encode()),
                "digest_of": "scores and losses", "seconds": found["training_s"], "scores": scores, "epochs": []}

    def run(self, job, run, command, capture=False):
        log = log_of(run)
        code, output = self.processes.run(command, log, capture)
        if code != 0:
            last = log.read_text(encoding="utf-8").strip().splitlines()[-1]
            if code < 0:
                raise Fault(f"{job.name}: {shlex.join(command[:3])} ... was ended by signal {-code}; the same command goes on")
            if any(words in last for words in DIVERGED):
                raise Diverged(last)
            raise Fault(f"{job.name}: {shlex.join(command[:3])} ... ended with {code}: {last} (all of it: {log})")
        return output


def bench(program):
    """The command of a program of bench."""
    java = subprocess.run(["scripts/find-jdk.sh"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    # The JVM's options are those of bin/invp.
    return [f"{java}/bin/java", "--enable-native-access=ALL-UNNAMED", "-Xms32m", "-XX:MaxRAMPercentage=25",
            "-XX:+UseSerialGC", "-Dslf4j.internal.verbosity=ERROR", "-Dinvp.libtorch=.deps/libtorch",
            "-cp", BENCH_JAR, f"org.invp.bench.{program}"]


def rival_words(settings):
    """What a rival shares with the arms: epochs, batch and views; its own rate and temperature come from the plan."""
    low, high = json.loads(settings["augmentation.crop_scale"])
    shared = {"epochs": "training.epochs", "batch": "training.batch_size", "flip": "augmentation.flip",
              "brightness": "augmentation.brightness", "contrast": "augmentation.contrast"}
    return ["--crop-scale", str(low), str(high),
            *(word for option, key in shared.items() for word in (f"--{option}", settings[key]))]


def summary(run):
    """What a trained and evaluated run came to."""
    lines = metrics(run)
    last = lines[-1]
    scores = {f"{name}_{k}": share for name, key in BY_K.items() for k, share in (last.get(key) or {}).items()}
    for name, words in {"retrieval": "recall_1", "logistic": "logistic", "linear": "linear"}.items():
        for score in json.loads((run / "eval" / f"{name}.json").read_text())["scores"]:
            if name == "linear" and score["metric"] == "top1":
                scores["linear"] = score["value"]
            elif score["metric"] in ("recall@1", "top1"):
                scores[f"{score['what']}_{words}"] = score["value"]
    epochs = [line for line in lines if "epoch" in line and "step" not in line]
    return {"instructions": environment(run / "checkpoint.safetensors")["cpu_capability"],
            "digest": digest((run / "weights.safetensors").read_bytes()), "digest_of": "weights.safetensors",
            "seconds": round(sum(line.get(key) or 0 for line in epochs for key in SECONDS), 1), "scores": scores,
            "epochs": [{key: line[key] for key in CURVES if line.get(key) is not None} for line in epochs]}


def metrics(run):
    path = run / "metrics.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def complete(run):
    return (run / "weights.safetensors").exists() and any(line.get("final") for line in metrics(run))


def environment(checkpoint):
    """What decides the last bits of a run, as its checkpoint notes it."""
    with open(checkpoint, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    prefix = "environment."
    return {k[len(prefix):]: v for k, v in header["__metadata__"].items() if k.startswith(prefix)}


def began_at(run, commit):
    """Notes the commit of a run that begins; of one that goes on with another's code, the one that it began with."""
    note = run.parent / f"{run.name}.commit"
    if not note.exists():
        write_whole(note, commit)
    began = note.read_text()
    return {} if began == commit else {"began_at_commit": began}


def digest(content):
    return hashlib.sha256(content).hexdigest()


def path_of(runs, job, suffix=""):
    """The folder of a run; one of other settings has another."""
    return runs / f"{job.name}-{job.digest()[:8]}{suffix}"


def log_of(run):
    """What the programs of a run said; beside its folder, which an unfinished run may not have."""
    return run.parent / f"{run.name}.log"


def write_whole(path, text):
    """Under a temporary name first, so that a file is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    with open(partial, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)


def to_text(result):
    """A result as JSON, a key a line and an epoch a line."""
    def value(content):
        if isinstance(content, list) and content and isinstance(content[0], dict):
            return "[\n" + ",\n".join(f"  {json.dumps(line)}" for line in content) + "\n ]"
        return json.dumps(content)
    return "{\n" + ",\n".join(f' "{key}": {value(content)}' for key, content in result.items()) + "\n}\n"


def compare(before, now):
    """Whether two results of a run are the same bits, in words."""
    if "failed" in before or "failed" in now:
        return before.get("failed") == now.get("failed"), f"{before.get('failed', 'ended')} then, {now.get('failed', 'ended')} now"
    if before["instructions"] != now["instructions"]:
        return False, f"not comparable: {before['instructions']} then, {now['instructions']} here"
    if before["digest"] == now["digest"]:
        return True, f"the same bits ({now['digest_of']})"
    return False, f"OTHER bits ({now['digest_of']}): {before['digest'][:16]} of commit {before['commit']}, now {now['digest'][:16]}"


def make_all(maker, todo, results, again):
    """Makes runs, two at a time, whatever becomes of the others; how many failed."""
    def one(job):
        path = results / f"{job.name}.json"
        try:
            return make_again(maker, job, path) if again else make_new(maker, job, path)
        except Fault as e:
            say(str(e))
        except Stopped:
            pass
        return False

    with concurrent.futures.ThreadPoolExecutor(max_workers=SIDE_BY_SIDE) as lanes:
        return sum(not good for good in lanes.map(one, todo))


def make_new(maker, job, path):
    """Makes a run and writes its result; a run that diverges is a result too."""
    result = maker.make(job)
    write_whole(path, to_text(result))
    say(f"{job.name}: {'FAILED: ' + result['failed'] if 'failed' in result else 'done, ' + shown(path)}")
    return True


def make_again(maker, job, path):
    """Makes a run anew beside what there is, says whether it ends with the bits of its result, and leaves that as it is."""
    result = maker.make(job, "-again")
    same, words = compare(json.loads(path.read_text()), result)
    say(f"{job.name}: {words}")
    for left in path_of(maker.runs, job).parent.glob(f"{path_of(maker.runs, job).name}-again*"):
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    return same


def shown(path):
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def say(text):
    sys.stderr.write(f"{datetime.datetime.now():%H:%M:%S} {text}\n")  # At once: two runs speak.
    sys.stderr.flush()


def words(text):
    return [word for word in text.split(",") if word]


def numbers(text):
    """Seeds as they are listed: 1000-1002,1005."""
    found = []
    for word in words(text):
        first, dash, last = word.partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise Fault(f"--seeds: {word} is neither a number nor a range such as {SEEDS[0]}-{SEEDS[-1]}")
        found += range(int(first), int(last if dash else first) + 1)
    return found


def chosen(args):
    """The runs that the options ask for."""
    data = words(args.data) if args.data else list(DATA)
    known = {"--data": list(DATA)}
    known["--arms"] = list(dict.fromkeys(arm for name in data if name in DATA for arm in DATA[name].arms))
    known["--seeds"] = list(SEEDS)
    arms = words(args.arms) if args.arms else known["--arms"]
    seeds = numbers(args.seeds) if args.seeds else known["--seeds"]
    for option, asked in {"--data": data, "--arms": arms, "--seeds": seeds}.items():
        for one in asked:
            if one not in known[option]:
                raise Fault(f"{option}: there is no {one}, only {', '.join(map(str, known[option]))}")
    wanted = jobs(data, arms, sorted(set(seeds)))
    if not wanted:
        raise Fault("no arm that was named has a seed that was named")
    return wanted


def peers_python():
    own = ROOT / ".deps" / "peers" / "bin" / "python"
    return os.environ.get("PEERS_PYTHON") or (str(own) if own.exists() else "python3")


def check(wanted, paths, python):
    """What would end a run after hours ends this program at once."""
    for name in dict.fromkeys(job.data for job in wanted):
        if not paths.get(name):
            raise Fault(f"{name} needs --{name} PATH, the folder of its images; or choose others by --data")
        if not Path(paths[name]).is_dir():
            raise Fault(f"--{name}: {paths[name]} is no folder")
    if any(job.kind.rival for job in wanted):
        probe = subprocess.run([python, "-c", "import torch"], capture_output=True)
        if probe.returncode != 0:
            raise Fault(f"{python} has no torch, which the rivals need: name a Python by PEERS_PYTHON (bench/peers/README.md),"
                        " or choose other arms by --arms")
    if any(job.kind.oracle or job.kind.rival for job in wanted) and not (ROOT / BENCH_JAR).exists():
        raise Fault(f"{BENCH_JAR} is not there: make bench-jar")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help=f"data sets, separated by commas; of {', '.join(DATA)}; default: all")
    parser.add_argument("--arms", help="arms, separated by commas; default: all")
    parser.add_argument("--seeds", help=f"such as 1000-1002,1005; default: {SEEDS[0]}-{SEEDS[-1]}")
    parser.add_argument("--again", action="store_true", help="make runs whose results are there again, and compare the bits")
    parser.add_argument("--list", action="store_true", help="say what would be done, and do nothing")
    for name in DATA:
        parser.add_argument(f"--{name}", metavar="PATH", help=f"the folder of {DATA[name].about}")
    parser.add_argument("--runs", type=Path, default=RUNS, help="the folder of the runs")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the folder of the results")
    args = parser.parse_args()
    paths = {name: getattr(args, name.replace("-", "_")) for name in DATA}
    paths = {name: str(Path(path).resolve()) for name, path in paths.items() if path}
    runs, results = args.runs.resolve(), args.results.resolve()
    processes = Processes()
    try:
        todo, done = sort_out(chosen(args), results)
        if args.again:
            todo, done = done, todo
        say(f"{len(todo)} runs to make, {len(done)} " + ("without a result" if args.again else "done before"))
        if args.list:
            for job in todo:
                print(job.name)
            return 0
        python = peers_python()
        check(todo, paths, python)
        maker = Maker(paths, runs, python, processes)
        for job in todo:
            maker.note_origin(job)
    except Fault as e:
        sys.exit(f"reproduce: {e}")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, processes.stop)
    failed = make_all(maker, todo, results, args.again)
    if processes.stopped:
        say("stopped; the same command goes on")
        return 128 + signal.SIGTERM
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
