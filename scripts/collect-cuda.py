"""Collects the measurements of with-cuda.sh, and torch's own search beside them where it has CUDA.

usage: collect-cuda.py FOLDER TARGET INFO DEVICE

INFO is what "invp info" says, DEVICE its line of the device that was measured.
"""

import json
import pathlib
import sys
import time

sys.dont_write_bytecode = True

from record import record, this_processor  # noqa: E402

DEPENDS_ON = ["native/bank/cuda", "src/main/java/org/invp/bank", "src/main/java/org/invp/objective"]


def torch_search():
    try:
        import torch
    except ImportError:
        return "no torch in this Python"
    if not torch.cuda.is_available():
        return "this Python's torch has no CUDA device"
    unit = torch.nn.functional.normalize
    bank = unit(torch.randn(1281167, 128, device="cuda"))
    queries = unit(torch.randn(256, 128, device="cuda"))
    seconds = []
    for _ in range(21):
        torch.cuda.synchronize()
        start = time.perf_counter()
        torch.topk(queries @ bank.T, 4096)
        torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    return {"torch": torch.__version__, "median_s": sorted(seconds[1:])[10]}


folder, target, info, device = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3], sys.argv[4]
result = record("make bench-cuda", DEPENDS_ON, f"{device.split(None, 2)[2]}; {this_processor()}")
result |= {"info": info.splitlines(), "jmh": json.loads((folder / "jmh.json").read_text())}
for file in sorted(folder.glob("*-*.json")):
    result[file.stem] = json.loads(file.read_text())
result["torch_matmul_topk"] = torch_search()
target.write_text(json.dumps(result, indent=1) + "\n")
print(target)
