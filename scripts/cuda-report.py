#!/usr/bin/env python3
"""What can be known of the CUDA kernels without a GPU: cuda-report.py BUILD/bank/cuda [--update].

Reads what ptxas said when the library was built, looks at the PTX, computes the theoretical occupancy and the roofline of
the headline step, and compares with docs/cuda-budget.json: more registers, spills or shared memory than there, lower
occupancy, local memory, or double precision where none is meant, is an error. --update writes the budget anew.
"""

import json
import pathlib
import re
import subprocess
import sys

sys.dont_write_bytecode = True

from record import ROOT, record  # noqa: E402

SOURCES = ROOT / "native/bank/cuda"
BUDGET = ROOT / "docs/cuda-budget.json"
DEPENDS_ON = ["native/bank/cuda", "scripts/cuda-report.py"]
NO_PROCESSOR = "any: compiled and computed, nothing ran"

# Per multiprocessor: shared memory, of which each block costs 1 KiB more than it asks for (CUDA programming guide, table
# of compute capabilities). Registers 65,536 and threads 2,048 on all of them, blocks 32.
SHARED = {"sm_80": 164 << 10, "sm_90": 228 << 10, "sm_100": 228 << 10}

# Dynamic shared memory at the headline shape: P = 50 chosen, k = 4 neighbours, a walk of 84 ids.
DYNAMIC = {"choose_kernel": 8 * 50, "update_graph_kernel": 8 * 5, "walk_breadth_first_kernel": 4 * 256}

# Double precision is meant here: the sums that must be the CPU engine's.
DOUBLE = {"fill_random_kernel", "normalise_kernel", "mean_cosine_kernel", "weights_kernel", "project_kernel",
          "mean_losses_kernel", "update_kernel"}

B, N, D, M, S, P, W, CHUNK = 256, 1_281_167, 128, 4096, 16384, 50, 84, 65536
# name: (bytes to and from memory, operations, kind)
STAGES = {
    "sample scores": (S * D * 2 + B * S * 4, 2 * B * S * D, "tensor"),
    "thresholds": (B * S * 4, 0, "fp32"),
    "similarity (own)": (N * D * 2 + 1.6 * B * M * 8, 2 * B * N * D, "tensor"),
    "or cuBLAS, scores in fp16": (N * D * 2 + B * N * 2, 2 * B * N * D, "tensor"),
    "and filter": (B * N * 2 + 1.6 * B * M * 8, 0, "fp32"),
    "select": (B * (1.6 * M * 8 * 2 + 1.1 * M * (D * 4 + 8) + M * 8), 2 * B * 1.1 * M * D, "fp32"),
    "walk, scores, choose": (B * W * (4 + 4 * D + 8), 2 * B * W * D, "fp32"),
    "objective": (B * M * (4 * D + 8 + 16), 2 * B * M * D, "fp32"),
    "update, graph": (B * (3 * D * 4 + M * 8), 6 * B * D, "fp32"),
}
# The stages that only one way to the candidates has.
ONLY = {"similarity (own)": "own", "or cuBLAS, scores in fp16": "cublas", "and filter": "cublas"}
# Bytes per second, tensor-core (fp16, dense) and fp32 operations per second: data sheets of the SXM modules of 80 GB.
DEVICES = {"A100": (2.039e12, 312e12, 19.5e12), "H100": (3.35e12, 989e12, 67e12)}


def demangled(names):
    out = subprocess.run(["c++filt"], input="\n".join(names), text=True, capture_output=True, check=True).stdout
    return [re.search(r"(\w+_kernel)(<[^>]*>)?", line).group(0).replace(" ", "_") for line in out.splitlines()]


def from_ptxas(folder):
    """{architecture: {kernel: {registers, spills, shared}}}"""
    found = {}
    pattern = re.compile(
        r"Compiling entry function '(\S+)' for '(sm_\d+)'.*?(\d+) bytes stack frame, (\d+) bytes spill stores, "
        r"(\d+) bytes spill loads.*?Used (\d+) registers([^\n]*)", re.S)
    for log in sorted(folder.glob("*.cu.o.log")):
        entries = pattern.findall(log.read_text())
        for name, entry in zip(demangled([e[0] for e in entries]) if entries else [], entries):
            shared = re.search(r"(\d+) bytes smem", entry[6])
            found.setdefault(entry[1], {})[name] = {
                "registers": int(entry[5]),
                "spills": int(entry[3]) + int(entry[4]),
                "stack": int(entry[2]),
                "shared": (int(shared.group(1)) if shared else 0) + DYNAMIC.get(name, 0),
            }
    return found


def from_ptx(folder):
    """{kernel: {threads, vector loads, asynchronous copies of 16 bytes, local, f64}}"""
    found = {}
    for source in sorted(SOURCES.glob("*.cu")):
        ptx = folder / (source.name + ".ptx")
        headers = [*SOURCES.glob("*.cuh"), *SOURCES.parent.glob("*.h"), source]
        if not ptx.exists() or ptx.stat().st_mtime < max(h.stat().st_mtime for h in headers):
            include = [f"-I{p}" for p in (SOURCES, SOURCES.parent, ROOT / "native/include", ROOT / "native/common")]
            subprocess.run(["nvcc", "-std=c++20", "-O3", "-fmad=false", "--expt-relaxed-constexpr", "-arch=compute_80",
                            '-DINVP_VERSION="report"', *include, "-ptx", str(source), "-o", str(ptx)], check=True)
        bodies = re.findall(r"\.entry (\S+?)\(.*?\)(.*?)^\{(.*?)^\}", ptx.read_text(), re.S | re.M)
        for name, (_, directives, body) in zip(demangled([b[0] for b in bodies]) if bodies else [], bodies):
            threads = re.search(r"\.maxntid (\d+)", directives)
            found[name] = {
                "threads": int(threads.group(1)),
                "vector_loads": len(re.findall(r"ld\.global(?:\.nc)?\.v[24]", body)),
                "async_copies": len(re.findall(r"cp\.async\.cg\.shared\.global", body)),
                "tensor": len(re.findall(r"mma\.sync", body)),
                "local": ".local" in body,
                "double": ".f64" in body,
            }
    return found


def occupancy(arch, kernel, threads):
    warps = threads // 32
    per_warp = -(-kernel["registers"] * 32 // 256) * 256
    blocks = min(65536 // (per_warp * warps), 2048 // threads, 32,
                 SHARED[arch] // (-(-kernel["shared"] // 128) * 128 + 1024))
    return blocks * threads / 2048


def roofline():
    """The least time of each stage, and of a step by either way to the candidates."""
    stages, ways = [], {"own": {f"{d}_ms": 0 for d in DEVICES}, "cublas": {f"{d}_ms": 0 for d in DEVICES}}
    for stage, (moved, operations, kind) in STAGES.items():
        row = {"stage": stage, "mb": moved / 1e6, "gflop": operations / 1e9}
        for device, (bandwidth, tensor, fp32) in DEVICES.items():
            row[f"{device}_us"] = max(moved / bandwidth, operations / (tensor if kind == "tensor" else fp32)) * 1e6
            for way, times in ways.items():
                if way == ONLY.get(stage, way):
                    times[f"{device}_ms"] += row[f"{device}_us"] / 1e3
        stages.append(row)
    return {"stages": stages, **ways}


def main():
    folder = pathlib.Path(sys.argv[1])
    kernels, ptx = from_ptxas(folder), from_ptx(folder)
    if set(kernels) != set(SHARED) or any(set(k) != set(ptx) for k in kernels.values()):
        sys.exit(f"cuda-report: kernels are missing: {sorted(ptx)} in PTX, {kernels.keys()} built")
    errors = []
    print(f"{'kernel':36} {'arch':7} {'regs':>4} {'shared':>7} {'spills':>6} {'occup.':>6}  16-byte loads, async copies, mma")
    for arch, found in sorted(kernels.items(), key=lambda item: int(item[0][3:])):
        for name, kernel in sorted(found.items()):
            kernel["occupancy"] = round(occupancy(arch, kernel, ptx[name]["threads"]), 3)
            print(f"{name:36} {arch:7} {kernel['registers']:4} {kernel['shared']:7} {kernel['spills']:6} "
                  f"{kernel['occupancy']:6.0%}  {ptx[name]['vector_loads']}, {ptx[name]['async_copies']}, {ptx[name]['tensor']}")
    for name, seen in ptx.items():
        if seen["local"]:
            errors.append(f"{name}: uses local memory")
        if seen["double"] and name not in DOUBLE:
            errors.append(f"{name}: computes in double precision")
    print(f"\n{'stage at B=256, N=1,281,167, D=128, M=4096':44} {'MB':>8} {'GFLOP':>8}" +
          "".join(f" {device + ' us':>9}" for device in DEVICES))
    limits = roofline()
    for row in limits["stages"]:
        print(f"{row['stage']:44} {row['mb']:8.1f} {row['gflop']:8.2f}" + "".join(f" {row[d + '_us']:9.1f}" for d in DEVICES))
    if "--update" in sys.argv:
        budget = {**record("make cuda-report ARGS=--update", DEPENDS_ON, NO_PROCESSOR), "roofline": limits, "kernels": kernels, "ptx": ptx}
        BUDGET.write_text(json.dumps(budget, indent=1) + "\n")
        print(f"wrote {BUDGET.relative_to(ROOT)}")
    else:
        budget = json.loads(BUDGET.read_text())
        for arch, found in kernels.items():
            for name, kernel in found.items():
                allowed = budget["kernels"][arch].get(name)
                if allowed is None:
                    errors.append(f"{name} on {arch}: not in the budget")
                    continue
                for what in ("registers", "spills", "stack", "shared"):
                    if kernel[what] > allowed[what]:
                        errors.append(f"{name} on {arch}: {what} {kernel[what]}, budget {allowed[what]}")
                if kernel["occupancy"] < allowed["occupancy"]:
                    errors.append(f"{name} on {arch}: occupancy {kernel['occupancy']}, budget {allowed['occupancy']}")
        for name, seen in ptx.items():
            for what in ("vector_loads", "async_copies", "tensor"):
                if seen[what] < budget["ptx"].get(name, seen)[what]:
                    errors.append(f"{name}: {what} {seen[what]}, budget {budget['ptx'][name][what]}")
    for error in errors:
        print("cuda-report: " + error, file=sys.stderr)
    sys.exit(1 if errors else 0)


if __name__ == "__main__":
    main()
