#!/usr/bin/env python3
"""Makes src/test/resources/weights/*: checkpoints as PyTorch itself writes them.

Needs torch and numpy; networks are of width 2 with weights from a seed, so the files are small.
Beside each checkpoint, `expected.safetensors` of scripts/make-nn-fixtures.py's layout holds the
images and the features and embeddings that PyTorch computes.

    old.pth       the published program's: DataParallel's names, the CIFAR network's `shortcut` and
                  `linear`, optimizer, memory_banks and neigh; format before PyTorch 1.6
    new.pth       the same in the zip format
    kinds.pth     a bare state dict of half, bfloat16 and double tensors, some not contiguous, and
                  two that share a storage
    numpy.pth     a checkpoint with NumPy arrays and scalars beside the tensors
    two.pth       two networks, as MoCo's encoder_q and encoder_k
"""
import collections
import importlib.util
import pathlib

import numpy
import torch
from torch import nn

ROOT = pathlib.Path(__file__).parent.parent
FOLDER = ROOT / "src/test/resources/weights"

spec = importlib.util.spec_from_file_location("nn_fixtures", ROOT / "scripts/make-nn-fixtures.py")
# The module's last line makes its own fixtures: leave that out.
source = (ROOT / "scripts/make-nn-fixtures.py").read_text().rsplit("main()", 1)[0]
fixtures = importlib.util.module_from_spec(spec)
exec(compile(source, "make-nn-fixtures.py", "exec"), fixtures.__dict__)

ROWS, DIMENSION, NEIGHBOURS = 22, 6, 3


def network(random, layers=18, stem="CIFAR", channels=1, head="MLP"):
    model = fixtures.ResNet(layers, stem, channels, 2, fixtures.head(head, 5, False, DIMENSION))
    fixtures.draw(model, random)
    return model.eval()


def published(model, random):
    names = collections.OrderedDict(
        ("module." + key.replace("downsample", "shortcut").replace("fc.", "linear."), value)
        for key, value in model.state_dict().items()
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9, weight_decay=5e-4)
    for value in model.parameters():
        value.grad = torch.randn(value.shape, generator=random)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    optimizer.step()
    model.load_state_dict(before)
    return {
        "epoch": 3,
        "state_dict": names,
        "optimizer": optimizer.state_dict(),
        "memory_banks": nn.functional.normalize(torch.randn(ROWS, DIMENSION, generator=random)),
        "neigh": torch.randint(ROWS, (ROWS, NEIGHBOURS), generator=random),
    }


def kinds(model):
    state = model.state_dict()
    for i, (key, value) in enumerate(state.items()):
        if value.dtype is torch.float32:
            # Rounded to 8 bits of mantissa, so that every type holds the same number.
            rounded = value.bfloat16().float()
            value.copy_(rounded)
            state[key] = (rounded.half(), rounded.bfloat16(), rounded.double(), rounded)[i % 4]
    state["conv1.weight"] = state["conv1.weight"].contiguous(memory_format=torch.channels_last)
    state["layer1.0.conv1.weight"] = state["layer1.0.conv1.weight"].transpose(0, 1).contiguous().transpose(0, 1)
    # Two views of one storage.
    both = torch.stack([state["bn1.running_mean"].float(), state["bn1.running_var"].float()])
    state["bn1.running_mean"], state["bn1.running_var"] = both[0], both[1]
    return collections.OrderedDict(state)


def outputs(prefix, model, random, size=12):
    images = torch.randn(3, model.conv1.in_channels, size, size, generator=random)
    with torch.no_grad():
        return {
            prefix + ".images": images,
            prefix + ".features": model.features(images),
            prefix + ".embeddings": model(images),
        }


def main():
    torch.set_num_threads(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    random = torch.Generator().manual_seed(11)
    expected = {}

    model = network(random)
    checkpoint = published(model, random)
    torch.save(checkpoint, FOLDER / "old.pth", _use_new_zipfile_serialization=False)
    torch.save(checkpoint, FOLDER / "new.pth")
    expected |= outputs("published", model, random)
    expected["published.bank"] = checkpoint["memory_banks"]
    expected["published.graph"] = checkpoint["neigh"]
    expected["published.momentum"] = checkpoint["optimizer"]["state"][0]["momentum_buffer"]

    model = network(random, head="LINEAR")
    torch.save(kinds(model), FOLDER / "kinds.pth")
    expected |= outputs("kinds", model, random)

    model = network(random, head="LINEAR")
    state = model.state_dict()
    state = {
        "best": numpy.float64(0.5),
        "seed": 2**63 + 5,
        "network": {key: value.numpy() for key, value in state.items()},
        "fortran": numpy.asfortranarray(numpy.arange(6.0).reshape(2, 3)),
    }
    torch.save(state, FOLDER / "numpy.pth")
    expected |= outputs("numpy", model, random)

    query, key = network(random, head="MLP"), network(random, head="MLP")
    both = {f"module.encoder_q.{name}": value for name, value in query.state_dict().items()}
    both |= {f"module.encoder_k.{name}": value for name, value in key.state_dict().items()}
    torch.save({"state_dict": both, "arch": "resnet18"}, FOLDER / "two.pth")
    expected |= outputs("two", query, random)

    fixtures.FOLDER = FOLDER
    fixtures.write(FOLDER / "expected.safetensors", {"torch": torch.__version__}, expected)


main()
