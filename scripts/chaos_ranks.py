"""Chaos over a run in several processes, whose checkpoint is a file of each rank and one that names them.

Killed is a rank, the process that started the ranks, or all at once; at any time from the start, while they step, while
the ranks write their files, when these are there and the file that makes them a checkpoint is not yet, or right after
that. The ranks are children of "invp train --ranks", or stand alone as torchrun starts them.

Then signals ask a rank, the parent, all, to stop: all end, and who says that all is saved has saved all. Or all are
suspended for longer than they wait for each other: they go on, or end with the line that resumes.

After each kill all processes end by themselves; where a rank was killed, with one line that names it. What the
checkpoint names is there with the digests that it states, and between it and the one before exactly the rows of the
steps in between differ. The first runs have the same number of ranks in every session, and end with the unbroken run's
bits. In the others every session draws its number, so that rows are dealt out anew; their numbers are their own, since
batch norm sees parts of another size, and only position, lines, files and rows are compared.
"""
import collections
import hashlib
import math
import os
import random
import shutil
import signal
import socket
import time
from pathlib import Path

from chaos_run import (
    BATCH,
    CHECKPOINTS,
    IMAGES,
    INTERVAL,
    Fault,
    check_equal,
    check_files,
    check_progress,
    file_number,
    header,
    logged_step,
    names,
    processes,
    saved_step,
    temporaries,
    tensors,
    timeless,
)
from chaos_signals import ASKING, WAYS_ON, Budget, check_saved, ends_by, ends_by_any, send, suspend

START_LIMIT = 120
END_LIMIT = 40
GRACE_STEPS = 10
GROUP_TIMEOUT = 30
PATIENCE = 15  # of ranks that are suspended for longer


class Supervised:
    """A parent and the ranks that it started; a run by one rank is the parent alone."""

    launcher = "invp train --ranks"

    def __init__(self, trainer, run, ranks, folder, *more):
        self.ranks = ranks
        self.output = folder / "output.txt"
        with open(self.output, "w", encoding="utf-8") as file:
            self.parent = trainer.start(run, *rank_options(ranks), *more, output=file)

    def victims(self):
        return ["all"] if self.ranks == 1 else ["all", "parent", "rank", "rank"]

    def has_ended(self):
        return self.parent.poll() is not None

    def alive(self):
        self.parent.poll()
        return processes(self.parent.pid)

    def has_started(self):
        return self.ranks == 1 or all(self.find(rank) for rank in range(self.ranks))

    def find(self, rank):
        for pid in processes(self.parent.pid):
            try:
                variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"RANK=%d" % rank in variables:
                return pid
        return None

    def groups(self):
        return [self.parent.pid]

    def send(self, name, victim, rank):
        if victim == "all":
            send(self.parent.pid, name, os.killpg)
        else:
            send(self.parent.pid if victim == "parent" else self.find(rank), name)

    def check_asked(self, run, name, victim):
        """Whether the run was done; called when all processes have ended."""
        code, text = self.parent.wait(), self.output.read_text(encoding="utf-8")
        check_asked(run, code, text, ends_by_any() if victim == "rank" else ends_by(name), victim)
        return code == 0

    def check_suspended(self, run):
        """All woke together: they went on until they were asked to stop, or say how to go on."""
        code, text = self.parent.wait(), self.output.read_text(encoding="utf-8")
        if code == 1 and len(errors(text)) == 1 and WAYS_ON in errors(text)[0]:
            return False
        check_asked(run, code, text, ends_by("TERM"), "parent")
        return True

    def check_end(self, victim, rank):
        """Whether the run was done; called when all processes have ended."""
        code, text = self.parent.wait(), self.output.read_text(encoding="utf-8")
        if code == 0:
            return True
        if victim in ("all", "parent"):
            if code != -signal.SIGKILL:
                raise Fault(f"a resumed trainer ended with exit code {code}: {text.strip()}")
        else:
            check_line(code, text, f"rank {rank} of {self.ranks}")
        return False


class Launched:
    """Ranks without a parent that watches them."""

    launcher = "ranks without a parent"

    def __init__(self, trainer, run, ranks, folder):
        self.ranks = ranks
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.outputs = [folder / f"output-{rank}.txt" for rank in range(ranks)]
        self.processes = []
        for rank, output in enumerate(self.outputs):
            place = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": ranks, "MASTER_PORT": port}
            place |= {"MASTER_ADDR": "127.0.0.1", "GLOO_SOCKET_IFNAME": "lo"}
            with open(output, "w", encoding="utf-8") as file:
                self.processes.append(
                    trainer.start(
                        run,
                        *("--timeout", str(GROUP_TIMEOUT)),
                        output=file,
                        **{name: str(value) for name, value in place.items()},
                    )
                )

    def victims(self):
        return ["all", "rank", "rank"]

    def has_ended(self):
        return any(process.poll() is not None for process in self.processes)

    def alive(self):
        return [pid for process in self.processes if process.poll() is None for pid in processes(process.pid)]

    def has_started(self):
        return True

    def groups(self):
        return [process.pid for process in self.processes]

    def send(self, name, victim, rank):
        for number, process in enumerate(self.processes):
            if victim == "all" or number == rank:
                send(process.pid, name)

    def check_asked(self, run, name, victim):
        for process, output in zip(self.processes, self.outputs):
            allowed = ends_by_any() if victim == "rank" else ends_by(name)
            check_asked(run, process.wait(), output.read_text(encoding="utf-8"), allowed, victim)
        return all(process.returncode == 0 for process in self.processes)

    def check_end(self, victim, rank):
        for number, (process, output) in enumerate(zip(self.processes, self.outputs)):
            process.wait()
            if process.returncode == 0 or (process.returncode == -signal.SIGKILL and victim == "all"):
                continue
            text = output.read_text(encoding="utf-8")
            if victim == "all":
                raise Fault(f"rank {number} ended with exit code {process.returncode}: {text.strip()}")
            if number != rank:
                check_line(process.returncode, text, f"lost rank {rank} of {self.ranks}")
        return all(process.returncode == 0 for process in self.processes)


def errors(text):
    lines = text.splitlines()
    return [line for line in lines if line.startswith("invp: ") and not line.startswith("invp: warning: ")]


def check_line(code, text, named):
    if code != 1 or len(errors(text)) != 1 or named not in errors(text)[0]:
        raise Fault(f"exit code {code} and not the one line that names {named}: {text.strip()}")


def check_asked(run, code, text, allowed, victim):
    """One rank that ends before it trains is lost to the others, who say so; else all end in order."""
    if victim == "rank" and code == 1:
        check_line(code, text, "lost rank")
    elif code != 0 and code not in allowed:
        raise Fault(f"asked to stop ({victim}), it ended with exit code {code}: {text.strip()}")
    check_saved(run, text)


def rank_options(ranks):
    return ["--ranks", str(ranks)] if ranks > 1 else []


class RanksChaos:
    """Over runs in several processes."""

    title = "several processes"

    def __init__(self, trainer, folder, args, deadline):
        self.trainer = trainer
        self.draw = random.Random(args.seed + 1)
        self.ranks = args.ranks
        self.kills = args.rank_kills
        self.deadline = deadline
        self.folder = folder
        self.unbroken = folder / "unbroken-by-ranks"
        self.run = folder / "run-by-ranks"
        self.counts = collections.Counter()
        # A save at a signal averages the statistics of batch norm: such runs are not compared by their bits.
        self.same = Budget(self.draw, self.counts, kills=self.kills - self.kills // 3)
        self.budget = Budget(
            self.draw, self.counts, kills=self.kills, signals=args.rank_signals, suspensions=args.suspensions
        )
        self.repeated = []
        self.start_seconds = 5.0

    def all(self):
        begin = time.monotonic()
        self.trainer.to_the_end(self.unbroken, *rank_options(self.ranks))
        print(f"the unbroken run by {self.ranks} ranks: {time.monotonic() - begin:.1f} s", flush=True)
        self.spend(self.same, lambda: self.ranks, self.compare_bits)
        self.spend(self.budget, lambda: self.draw.choice([1, 2, 3]), self.compare_shape)

    def spend(self, budget, ranks, compare):
        sessions = {"kills": self.session, "signals": self.asked_session, "suspensions": self.suspended_session}
        while budget.left() and time.monotonic() < self.deadline:
            if sessions[budget.next()](ranks()):
                compare()
        if self.run.exists():
            self.trainer.to_the_end(self.run, *rank_options(ranks()))
            compare()

    def results(self):
        counts = self.counts
        killed = {
            victim: sum(counts[f"kills of: {victim}, {kind.launcher}"] for kind in (Supervised, Launched))
            for victim in ("rank", "parent", "all")
        }
        moments = {"start": "start", "step": "step", "shards": "files", "commit": "checkpoint", "sweep": "sweep"}
        return {
            "kills": counts["kills"],
            "aimed": {to: counts[f"kills aimed at: {moment}"] for moment, to in moments.items()},
            "before_checkpoint": counts["kills between the last rank's file and the checkpoint"],
            "part_of_files": counts["kills that left a part of the ranks' files"],
            "killed": killed,
            "without_parent": sum(counts[f"kills of: {victim}, {Launched.launcher}"] for victim in killed),
            "signals": {name: counts[f"signals: {name}"] for name in ASKING},
            "asked": {victim: counts[f"signals to: {victim}"] for victim in killed},
            "suspensions": counts["suspensions"],
            "went_on": counts["suspensions after which all went on"],
            "runs_compared": counts["runs"],
            "steps_lost_at_most": max(self.repeated, default=0),
        }

    def asked_session(self, ranks):
        """Starts the ranks and asks some or all of them to stop; whether the run was done."""
        moment = self.draw.choices(["start", "step", "shards", "commit"], [30, 40, 15, 15])[0]
        alone = moment == "start" or ranks == 1
        session = (Supervised if alone or self.draw.random() < 0.7 else Launched)(
            self.trainer, self.run, ranks, self.folder
        )
        name, victim, rank = self.draw.choice(ASKING), self.draw.choice(session.victims()), self.draw.randrange(ranks)
        before = saved_step(self.run) if self.run.exists() else 0
        self.end(session, moment, before, lambda: session.send(name, victim, rank), f"{name} to {victim}")
        if session.check_asked(self.run, name, victim):
            return True
        self.counts["signals"] += 1
        self.counts[f"signals: {name}"] += 1
        self.counts[f"signals to: {victim}"] += 1
        self.repeated.append(check_progress(self.run, before))
        return False

    def suspended_session(self, ranks):
        """Suspends all ranks for longer than they wait for each other; whether the run was done."""
        session = Supervised(self.trainer, self.run, max(2, ranks), self.folder, "--timeout", str(PATIENCE))
        before = saved_step(self.run) if self.run.exists() else 0

        def act():
            done = logged_step(self.run)
            suspend(session.groups(), PATIENCE + 3)
            self.wait_until(session, lambda: logged_step(self.run) > done + GRACE_STEPS // 2)
            session.send("TERM", "parent", 0)

        if self.end(session, "step", before, act, "suspension"):
            self.counts["suspensions"] += 1
        went_on = session.check_suspended(self.run)
        self.counts["suspensions after which all went on"] += went_on
        self.repeated.append(check_progress(self.run, before))
        return session.parent.returncode == 0

    def end(self, session, moment, before, act, what):
        """Does something to a session when it is time and waits for its end; false if that came before."""
        try:
            happens = self.wait(session, moment, before)
            if happens:
                act()
            self.wait_for_end(session, what)
            return happens
        finally:
            if session.alive():
                session.send("KILL", "all", 0)

    def session(self, ranks):
        """Starts the ranks, kills and looks at what is left; whether the run was done."""
        moment = self.draw.choices(["start", "step", "shards", "commit", "sweep"], [10, 15, 25, 30, 20])[0]
        alone = moment == "start" or ranks == 1
        session = (Supervised if alone or self.draw.random() < 0.6 else Launched)(
            self.trainer, self.run, ranks, self.folder
        )
        victim, rank = self.draw.choice(session.victims()), self.draw.randrange(ranks)
        before = saved_step(self.run) if self.run.exists() else 0
        rows, files = stored_rows(self.run, CHECKPOINTS[0]) if before else None, entries(self.run / "shards")
        try:
            killed = self.wait(session, moment, before)
            done = logged_step(self.run)
            if killed:
                session.send("KILL", victim, rank)
            self.wait_for_end(session, victim)
        finally:
            if session.alive():
                session.send("KILL", "all", rank)
        if session.check_end(victim, rank):
            return True
        if logged_step(self.run) > done + GRACE_STEPS:
            raise Fault(f"{logged_step(self.run) - done} more steps were done after the kill ({victim})")
        self.counts["kills"] += 1
        self.counts[f"kills of: {victim}, {session.launcher}"] += 1
        self.counts[f"kills aimed at: {moment}"] += 1
        self.inspect(before, rows, files)
        return False

    def wait(self, session, moment, before):
        """Until it is time to kill; false if the session ended by itself."""
        begin = time.monotonic()
        replaced = file_number(self.run / "metrics.jsonl")
        if moment == "start":
            while not session.has_started() and not session.has_ended():
                time.sleep(0.005)
            return not ends_within(session, self.draw.uniform(0, self.start_seconds))
        while file_number(self.run / "metrics.jsonl") == replaced or logged_step(self.run) <= before:
            if session.has_ended():
                return False
            if time.monotonic() - begin > START_LIMIT:
                raise Fault(f"no step in {START_LIMIT} s after step {before}")
            time.sleep(0.005)
        self.start_seconds = time.monotonic() - begin
        if ends_within(session, self.draw.uniform(0, 0.3)):
            return False
        if moment == "step":
            return True
        for _ in range(self.draw.randrange(3)):
            if not self.wait_until(session, self.has_saved()):
                return False
        if not self.wait_until(session, self.is_time(session.ranks, moment)):
            return False
        until = time.monotonic() + 10 ** self.draw.uniform(-4.5, -1.7 if moment == "shards" else -2)
        while time.monotonic() < until:
            pass
        return not session.has_ended()

    def is_time(self, ranks, moment):
        """A question that is answered with yes once it is time to kill."""
        if moment == "sweep":
            return self.has_saved()
        folder = self.run / "shards"
        old = entries(folder)
        if ranks == 1:
            return lambda: temporaries(self.run)
        if moment == "shards":
            return lambda: entries(folder) - old
        return lambda: ranks in whole_steps(name for name, _ in entries(folder) - old)

    def has_saved(self):
        """Whether there is a newer checkpoint than now."""
        newest = self.run / CHECKPOINTS[0]
        old = file_number(newest)
        return lambda: file_number(newest) != old

    @staticmethod
    def wait_until(session, happened):
        while not happened():
            if session.has_ended():
                return False
            time.sleep(0.001)
        return True

    def wait_for_end(self, session, victim):
        until = time.monotonic() + END_LIMIT
        while session.alive():
            if time.monotonic() > until:
                raise Fault(f"{END_LIMIT} s after the kill ({victim}) processes {session.alive()} are there")
            time.sleep(0.02)

    def inspect(self, before, old, files):
        """What is left, beside what the session began with: a checkpoint's step and rows, and the ranks' files."""
        self.repeated.append(check_progress(self.run, before))
        steps, rows = {}, {}
        for name in CHECKPOINTS:
            if (self.run / name).exists():
                steps[name], rows[name] = int(header(self.run / name)["step"]), stored_rows(self.run, name)
        latest, previous = CHECKPOINTS[:2]
        if old is not None:
            check_rows(old, rows[latest], steps[latest] - before)
        if previous in rows:
            check_rows(rows[previous], rows[latest], steps[latest] - steps[previous])
        left = {name for name, _ in entries(self.run / "shards") - files} - named_files(self.run)
        if whole_steps(left):
            self.counts["kills between the last rank's file and the checkpoint"] += 1
        elif left:
            self.counts["kills that left a part of the ranks' files"] += 1

    def compare_bits(self):
        check_equal(self.run, self.unbroken)
        self.finish_run()

    def compare_shape(self):
        for key in ("epoch", "batch", "step"):
            if header(self.run / CHECKPOINTS[0])[key] != header(self.unbroken / CHECKPOINTS[0])[key]:
                raise Fault(f"the run ended at another {key} than the unbroken one")
        lines, unbroken = timeless(self.run), timeless(self.unbroken)
        if [line.keys() for line in lines] != [line.keys() for line in unbroken]:
            raise Fault("metrics.jsonl has other lines than the unbroken run's")
        for line, other in zip(lines, unbroken):
            if any(line.get(key) != other.get(key) for key in ("step", "epoch", "images")):
                raise Fault(f"metrics.jsonl has {line} where the unbroken run has {other}")
            if not all(math.isfinite(value) for value in line.values() if isinstance(value, float)):
                raise Fault(f"metrics.jsonl has {line}")
        self.finish_run()

    def finish_run(self):
        check_files(self.run)
        for name in CHECKPOINTS:
            stored_rows(self.run, name)
        left = names(self.run / "shards") - named_files(self.run)
        if left:
            raise Fault(f"files of ranks were left that no checkpoint names: {sorted(left)}")
        self.counts["runs"] += 1
        shutil.rmtree(self.run)


def ends_within(session, seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if session.has_ended():
            return True
        time.sleep(0.005)
    return session.has_ended()


def entries(folder):
    """The files of a folder, by name and number: a session that repeats a step gives its files the names of before."""
    try:
        with os.scandir(folder) as found:
            return {(entry.name, entry.inode()) for entry in found}
    except FileNotFoundError:
        return set()


def whole_steps(files):
    """The numbers of ranks of which all have written a file of some step."""
    found = collections.Counter()
    for name in files:
        if name.startswith("step-"):
            words = name.split("-")  # step-S-rank-r-of-R-digest
            found[words[1], int(words[5])] += 1
    return {ranks for (_, ranks), count in found.items() if count >= ranks}


def named_files(run):
    found = set()
    for name in CHECKPOINTS:
        if (run / name).exists():
            metadata = header(run / name)
            found |= {metadata[f"shards.{rank}.file"] for rank in range(int(metadata.get("shards.ranks", 0)))}
    return found


def stored_rows(run, name):
    """A checkpoint's rows of bank and graph, from whichever files have them, which must be what it says."""
    metadata, own = tensors(run / name)
    if "shards.ranks" not in metadata:
        return rows_of(own)
    ranks, count = int(metadata["shards.ranks"]), int(metadata["shards.rows"])
    rows = [None] * count
    for rank in range(ranks):
        path = run / "shards" / metadata[f"shards.{rank}.file"]
        if not path.exists():
            raise Fault(f"{name} names {path.name}, which is not there")
        _, part = tensors(path)
        if digest(part) != metadata[f"shards.{rank}.sha256"]:
            raise Fault(f"{name} names {path.name}, which has another digest")
        rows[rank::ranks] = rows_of(part)
    return rows


def rows_of(found):
    (_, shape, bank), (_, _, graph) = found["bank.embeddings"], found["graph.neighbours"]
    rows = shape[0]
    return [
        bank[i * len(bank) // rows : (i + 1) * len(bank) // rows]
        + graph[i * len(graph) // rows : (i + 1) * len(graph) // rows]
        for i in range(rows)
    ]


def digest(found):
    """SHA-256 over name, type, shape and elements of all tensors, each with its length before it."""
    sha = hashlib.sha256()
    for name, (dtype, shape, content) in sorted(found.items()):
        for part in (name, dtype, str(shape)):
            sha.update(len(part).to_bytes(8, "big") + part.encode())
        sha.update(len(content).to_bytes(8, "big") + content)
    return sha.hexdigest()


def check_rows(old, new, steps):
    """In as many steps the rows of their images changed, and no others; an image may come twice, in two epochs."""
    changed = sum(now != before for now, before in zip(new, old))
    images = steps * BATCH
    if changed > images or (changed < images and images <= INTERVAL * BATCH) or len(new) != IMAGES["train"]:
        raise Fault(f"{changed} of {len(new)} rows of bank and graph changed in {steps} steps of {BATCH} images")
