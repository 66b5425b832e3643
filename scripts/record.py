"""Where the numbers of a results file come from: what every script that writes one puts at its top.

scripts/figures.py reads these fields and refuses a results file without them.
"""
import datetime
import os
import platform
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SIMD = {"avx512f": "AVX-512", "avx2": "AVX2", "asimd": "NEON"}
CAPABILITY = "ATEN_CPU_CAPABILITY"  # holds LibTorch to fewer instructions than the processor has


def record(command, depends_on, processor=None):
    """The fields: commit, command, processor, date, and the paths whose change makes the numbers old.

    Paths count from the root; `uncommitted` names those files below them that differ from the commit.
    """
    fields = {
        "commit": (git("rev-parse", "--short", "HEAD") or "unknown").strip(),
        "command": command,
        "processor": processor or this_processor(),
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "depends_on": list(depends_on),
    }
    changed = (git("status", "--porcelain", "--no-renames", "--", *depends_on) or "").splitlines()
    if changed:
        fields["uncommitted"] = sorted(line[3:] for line in changed)
    return fields


def git(*words, root=ROOT):
    """What git prints; None where there is no git or it fails."""
    try:
        done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True)
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None


def this_processor():
    """Model, cores that this process may use, and widest instructions, such as "AMD EPYC, 2 cores, AVX2"."""
    cpuinfo = Path("/proc/cpuinfo")
    text = cpuinfo.read_text() if cpuinfo.exists() else ""
    model = re.search(r"^model name\s*:\s*(.*)$", text, re.MULTILINE)
    flags = re.search(r"^(?:flags|Features)\s*:\s*(.*)$", text, re.MULTILINE)
    widest = [name for flag, name in SIMD.items() if flags and flag in flags[1].split()][:1]
    held = [f"LibTorch held to {os.environ[CAPABILITY]}"] if os.environ.get(CAPABILITY) else []
    cores = len(os.sched_getaffinity(0))
    words = [model[1] if model else platform.machine(), f"{cores} core{'s' if cores > 1 else ''}", *widest, *held]
    return ", ".join(words)
