"""What peers share: timing after one unmeasured run, memory, and one JSON object on stdout."""
import json
import platform
import re
import statistics
import time
from pathlib import Path


def status_mib(field):
    """VmRSS (resident now) or VmHWM (most since the last reset) of this process, in MiB."""
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith(field + ":"):
                return int(line.split()[1]) / 1024
    raise OSError(f"/proc/self/status has no {field}")


def measure(repeats, run, prepare=lambda: None):
    """Seconds and memory of run(prepare()); prepare is not timed, the first run warms up."""
    with open("/proc/self/clear_refs", "w") as peak:
        peak.write("5")
    before = status_mib("VmRSS")
    seconds = []
    for _ in range(repeats + 1):
        inputs = prepare()
        start = time.perf_counter()
        run(inputs)
        seconds.append(time.perf_counter() - start)
    measured = seconds[1:]
    return {
        "median_s": statistics.median(measured),
        "min_s": min(measured),
        "extra_mb": status_mib("VmHWM") - before,
    }


def processor():
    cpuinfo = Path("/proc/cpuinfo")
    text = cpuinfo.read_text() if cpuinfo.exists() else ""
    name = re.search(r"^model name\s*:\s*(.*)$", text, re.MULTILINE)
    return name.group(1) if name else platform.machine()


def report(**figures):
    print(json.dumps(figures), flush=True)
