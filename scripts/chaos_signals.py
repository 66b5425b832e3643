"""What is done to the processes of a run beside killing them: asking them to stop, and suspending them."""
import os
import signal
import time

from chaos_run import Fault, logged_step, saved_step

ASKING = ("TERM", "INT", "HUP")
SAVED = "stopped and saved; go on with: "
WAYS_ON = "go on with: invp train --resume"


class Budget:
    """How often which thing is still to be done; they come in any order."""

    def __init__(self, draw, counts, **wanted):
        self.draw = draw
        self.counts = counts
        self.wanted = wanted

    def left(self):
        return {what: count - self.counts[what] for what, count in self.wanted.items() if count > self.counts[what]}

    def next(self):
        left = self.left()
        return self.draw.choices(list(left), list(left.values()))[0]


def number(name):
    return getattr(signal, f"SIG{name}")


def ends_by(name):
    """The codes of a process that a signal ends: in order, or before the JVM has taken it over."""
    return {128 + number(name), -number(name)}


def ends_by_any():
    return set().union(*(ends_by(name) for name in ASKING))


def send(pid, name, by=os.kill):
    if pid is not None:
        try:
            by(pid, number(name))
        except ProcessLookupError:
            pass  # It ended by itself.


def suspend(groups, seconds):
    """Stops all processes of these groups for a while."""
    for name, pause in (("STOP", seconds), ("CONT", 0)):
        for group in groups:
            send(group, name, os.killpg)
        time.sleep(pause)


def check_saved(run, text):
    """Who says that all is saved has saved all."""
    if SAVED in text and saved_step(run) != logged_step(run):
        raise Fault(f"it said that all is saved: step {logged_step(run)} was done, {saved_step(run)} saved")
