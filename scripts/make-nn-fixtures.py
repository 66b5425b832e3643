#!/usr/bin/env python3
"""Makes src/test/resources/nn/*: what PyTorch itself computes for narrow residual networks.

Needs the wheel torch==2.13.0 and numpy. Networks, batches and gradients are drawn from a seed;
files hold the weights at the start, the outputs of evaluation and training mode, the gradients of
the first step and the weights after each of two steps of SGD. The module below follows
torchvision's names and structure (stride of a bottleneck on its 3x3 convolution), and the list of
names of its ResNet-50 is written too.
"""
import copy
import json
import pathlib

import numpy
import torch
from torch import nn
from torch.nn import functional

FOLDER = pathlib.Path(__file__).parent.parent / "src/test/resources/nn"
BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}


class Block(nn.Module):
    """Two 3x3 convolutions, or 1x1, 3x3 and 1x1 to four times the channels."""

    def __init__(self, inputs, channels, stride, bottleneck):
        super().__init__()
        outputs = 4 * channels if bottleneck else channels
        if bottleneck:
            shapes = [(inputs, channels, 1, 1), (channels, channels, 3, stride), (channels, outputs, 1, 1)]
        else:
            shapes = [(inputs, channels, 3, stride), (channels, channels, 3, 1)]
        for i, (a, b, kernel, step) in enumerate(shapes, 1):
            setattr(self, f"conv{i}", nn.Conv2d(a, b, kernel, step, kernel // 2, bias=False))
            setattr(self, f"bn{i}", nn.BatchNorm2d(b))
        self.length, self.outputs = len(shapes), outputs
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x):
        y = x
        for i in range(1, self.length + 1):
            y = getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(y))
            if i < self.length:
                y = functional.relu(y)
        return functional.relu(y + (self.downsample(x) if hasattr(self, "downsample") else x))


class ResNet(nn.Module):
    def __init__(self, layers, stem, channels, width, head):
        super().__init__()
        if stem == "IMAGENET":
            self.conv1 = nn.Conv2d(channels, width, 7, 2, 3, bias=False)
            self.maxpool = nn.MaxPool2d(3, 2, 1)
        else:
            self.conv1 = nn.Conv2d(channels, width, 3, 1, 1, bias=False)
            self.maxpool = nn.Identity()
        self.bn1 = nn.BatchNorm2d(width)
        inputs = width
        for stage, count in enumerate(BLOCKS[layers]):
            blocks = []
            for i in range(count):
                blocks.append(Block(inputs, width << stage, 2 if stage and not i else 1, layers >= 50))
                inputs = blocks[-1].outputs
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
        self.fc = head(inputs)

    def features(self, x):
        x = self.maxpool(functional.relu(self.bn1(self.conv1(x))))
        for stage in range(1, 5):
            x = getattr(self, f"layer{stage}")(x)
        return x.mean((2, 3))

    def forward(self, x):
        return self.fc(self.features(x))


def head(kind, hidden, batch_norm, dimension):
    def build(features):
        if kind == "LINEAR":
            if not batch_norm:
                return nn.Linear(features, dimension)
            return nn.Sequential(nn.Linear(features, dimension, bias=False), nn.BatchNorm1d(dimension))
        if not batch_norm:
            return nn.Sequential(nn.Linear(features, hidden), nn.ReLU(), nn.Linear(hidden, dimension))
        return nn.Sequential(
            nn.Linear(features, hidden, bias=False),
            nn.BatchNorm1d(hidden),
            nn.ReLU(),
            nn.Linear(hidden, dimension, bias=False),
            nn.BatchNorm1d(dimension),
        )

    return build


def draw(model, random):
    """Weights that leave nothing at 0 or 1, where a mistake would not show, and that are well
    conditioned: small residual branches and open ReLUs keep rounding errors from growing."""
    last = [f"{name}.bn{block.length}.weight" for name, block in model.named_modules() if isinstance(block, Block)]
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if name.endswith("num_batches_tracked"):
                value.fill_(7)
            elif name in last:
                value.uniform_(0.1, 0.4, generator=random)
            elif name.endswith("running_var") or (value.dim() == 1 and name.endswith("weight")):
                value.uniform_(0.5, 1.5, generator=random)
            elif value.dim() == 1:
                value.uniform_(0.2, 1, generator=random)
            else:
                fan_in = value[0].numel()
                value.normal_(0, (2 / fan_in) ** 0.5, generator=random)


def check_conditioning(model, images, gradient):
    """Stops if single precision alone moves the first step by a fifth of the tests' tolerance."""
    results = []
    for kind in (torch.float32, torch.float64):
        twin = copy.deepcopy(model).to(kind).train()
        embeddings = twin(images.to(kind))
        embeddings.backward(gradient.to(kind))
        results.append([embeddings] + [value.grad for value in twin.parameters()])
    for single, double in zip(*results):
        error = ((single - double).abs() / double.abs().clamp(min=1)).max().item()
        assert error < 2e-5, f"single precision is off by {error}"


def write(path, metadata, tensors):
    order = sorted(tensors.items(), key=lambda item: -item[1].element_size())
    header, blobs, at = {"__metadata__": metadata}, [], 0
    for name, tensor in order:
        blob = numpy.ascontiguousarray(tensor.detach().numpy()).tobytes()
        kind = {torch.float32: "F32", torch.int64: "I64"}[tensor.dtype]
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [at, at + len(blob)]}
        at += len(blob)
        blobs.append(blob)
    text = json.dumps(header, sort_keys=True).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(blobs))


def golden(name, options, size, batch, sgd, rates, seed):
    random = torch.Generator().manual_seed(seed)
    model = ResNet(
        int(options["architecture"].removeprefix("RESNET")),
        options["stem"],
        options["channels"],
        options["width"],
        head(options["head"], options["head_hidden"], options["head_batch_norm"], options["dimension"]),
    )
    draw(model, random)
    model = model.to(memory_format=torch.channels_last)
    begin = copy.deepcopy(model)
    images = torch.randn(batch, options["channels"], size, size, generator=random)
    tensors = {"images": images}
    tensors |= {f"start.{key}": value.clone() for key, value in model.state_dict().items()}
    model.eval()
    with torch.no_grad():
        tensors["evaluation.features"] = model.features(images)
        tensors["evaluation.embeddings"] = model(images)
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=1, **sgd)
    for step, rate in enumerate(rates, 1):
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        embeddings = model(images)
        gradient = torch.randn(embeddings.shape, generator=random) / batch
        if step == 1:
            check_conditioning(begin, images, gradient)
        embeddings.backward(gradient)
        tensors |= {f"step{step}.embeddings": embeddings, f"step{step}.gradient": gradient}
        if step == 1:
            tensors |= {f"gradient.{key}": value.grad.clone() for key, value in model.named_parameters()}
        optimizer.step()
    tensors |= {f"end.{key}": value.clone() for key, value in model.state_dict().items()}
    strings = {f"network.{key}": str(value) if type(value) is not bool else str(value).lower() for key, value in options.items()}
    strings |= {f"sgd.{key}": str(value).lower() for key, value in sgd.items()}
    strings |= {"sgd.rates": ",".join(map(str, rates)), "torch": torch.__version__}
    write(FOLDER / f"{name}.safetensors", strings, tensors)


def main():
    torch.set_num_threads(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    common = dict(initialisation="DEFAULT", dimension=12)
    golden(
        "resnet50",
        dict(common, architecture="RESNET50", stem="IMAGENET", channels=3, width=3, head="MLP", head_hidden=20, head_batch_norm=False),
        size=48,
        batch=6,
        sgd=dict(momentum=0.9, weight_decay=0.01, nesterov=False),
        rates=(0.05, 0.02),
        seed=1,
    )
    golden(
        "resnet18-cifar",
        dict(common, architecture="RESNET18", stem="CIFAR", channels=1, width=3, head="LINEAR", head_hidden=1, head_batch_norm=True),
        size=14,
        batch=8,
        sgd=dict(momentum=0.8, weight_decay=0.02, nesterov=True),
        rates=(0.05, 0.02),
        seed=2,
    )
    full = ResNet(50, "IMAGENET", 3, 64, lambda features: nn.Linear(features, 1000))
    lines = [f"{name} {list(value.shape)}" for name, value in full.state_dict().items()]
    (FOLDER / "torchvision-resnet50.txt").write_text("\n".join(lines) + "\n")


main()
