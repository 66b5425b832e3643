"""Loads what WeightsExportTest wrote into ResNet-50s of Python and compares the features."""
import pathlib
import pickle
import sys

import numpy
import resnet50s
import safetensors.torch
import torch

folder, library = pathlib.Path(sys.argv[1]), sys.argv[2]
torch.set_num_threads(1)
io = safetensors.torch.load_file(folder / "io.safetensors")
with open(folder / "w.pkl", "rb") as file:
    detectron = pickle.load(file, encoding="latin1")
states = {
    "safetensors": safetensors.torch.load_file(folder / "w.safetensors"),
    "pth": torch.load(folder / "w.pth", weights_only=True),
    "mapped": torch.load(folder / "w.pth", weights_only=True, mmap=True),
}
models = resnet50s.make(library)
for name, state in states.items():
    for origin, model in models.items():
        missing, unexpected = model.load_state_dict(state, strict=False)
        assert sorted(missing) == ["fc.bias", "fc.weight"] and not unexpected, (missing, unexpected)
        classifier, model.fc = model.fc, torch.nn.Identity()
        with torch.no_grad():
            features = model.eval()(io["images"])
        model.fc = classifier
        error = ((features - io["features"]).abs() / io["features"].abs().clamp(min=1)).max().item()
        print(f"{origin}, {name}: all keys but {sorted(missing)}, features differ by {error:.2g}")
        assert error < 1e-5
model = next(iter(models.values()))
missing, unexpected = model.load_state_dict(torch.load(folder / "h.pth", weights_only=True), strict=False)
assert sorted(missing) == ["fc.bias", "fc.weight"] and all(name.startswith("head.") for name in unexpected)
assert detectron["matching_heuristics"] is True and detectron["__author__"]
arrays = detectron["model"]
assert len(arrays) == 318 and all(isinstance(value, numpy.ndarray) for value in arrays.values())
for name, value in states["pth"].items():
    new = name if "layer" in name else "stem." + name
    for stage in (4, 3, 2, 1):
        new = new.replace(f"layer{stage}", f"res{stage + 1}")
    for number in (1, 2, 3):
        new = new.replace(f"bn{number}", f"conv{number}.norm")
    new = new.replace("downsample.0", "shortcut").replace("downsample.1", "shortcut.norm")
    assert numpy.array_equal(arrays[new], value.numpy()), new
print("all formats agree")
