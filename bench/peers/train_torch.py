#!/usr/bin/env python3
"""Trains on Fashion-MNIST in PyTorch with the network and recipe of configs/fashion-mnist.yaml.

Prints one JSON object per epoch. Augmentation works on whole batches, since one image at a time
in Python would be far slower; images stay in memory.
"""
import argparse
import gzip
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from measure import report

MEAN, DEVIATION = 0.2860, 0.3530
WIDTH, DIM, NEGATIVES, POSITIVES, NEIGHBOURS, HOPS = 16, 128, 4096, 20, 4, 3
TEMPERATURE, LAMBDA, BANK_MOMENTUM, EPSILON = 0.2, 0.6, 0.5, 1e-7
BATCH, RATE, WARM_UP_STEPS, MOMENTUM, DECAY = 64, 0.1, 100, 0.9, 5e-4


def read_idx(path):
    data = gzip.decompress(path.read_bytes())
    dims = np.frombuffer(data, ">i4", count=data[3], offset=4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(dims)


def convolution(inputs, outputs, size, stride=1):
    layer = nn.Conv2d(inputs, outputs, size, stride, padding=size // 2, bias=False)
    nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    return nn.Sequential(layer, nn.BatchNorm2d(outputs))


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.first = convolution(inputs, outputs, 3, stride)
        self.second = convolution(outputs, outputs, 3)
        same = stride == 1 and inputs == outputs
        self.shortcut = nn.Identity() if same else convolution(inputs, outputs, 1, stride)

    def forward(self, x):
        return F.relu(self.second(F.relu(self.first(x))) + self.shortcut(x))


def resnet18():
    """The CIFAR stem, a quarter of the published width, a linear head with batch norm."""
    layers = [convolution(1, WIDTH, 3), nn.ReLU()]
    inputs = WIDTH
    for stage in range(4):
        outputs = WIDTH << stage
        layers.append(BasicBlock(inputs, outputs, 1 if stage == 0 else 2))
        layers.append(BasicBlock(outputs, outputs, 1))
        inputs = outputs
    head = nn.Linear(inputs, DIM, bias=False)
    nn.init.xavier_uniform_(head.weight)
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), head, nn.BatchNorm1d(DIM)]
    return nn.Sequential(*layers).to(memory_format=torch.channels_last)


def uniform(count, low, high):
    return torch.empty(count).uniform_(low, high)


def crop_and_flip(images):
    """Random resized crop and flip as one affine map per image, sampled bilinearly."""
    count = len(images)
    area = uniform(count, 0.2, 1)
    ratio = torch.exp(uniform(count, math.log(3 / 4), math.log(4 / 3)))
    width = torch.sqrt(area * ratio).clamp(max=1)
    height = torch.sqrt(area / ratio).clamp(max=1)
    mirror = torch.where(torch.rand(count) < 0.5, -1.0, 1.0)
    zero = torch.zeros(count)
    across = torch.stack([width * mirror, zero, uniform(count, -1, 1) * (1 - width)], dim=1)
    down = torch.stack([zero, height, uniform(count, -1, 1) * (1 - height)], dim=1)
    grid = F.affine_grid(torch.stack([across, down], dim=1), images.shape, align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)


def augment(pixels):
    images = crop_and_flip(pixels.unsqueeze(1).float() / 255)
    brightness, contrast = (uniform(len(images), 0.6, 1.4).view(-1, 1, 1, 1) for _ in range(2))
    images = (images * brightness).clamp(0, 1)
    gray = images.mean(dim=(1, 2, 3), keepdim=True)
    images = (gray + contrast * (images - gray)).clamp(0, 1)
    return ((images - MEAN) / DEVIATION).contiguous(memory_format=torch.channels_last)


class Objective:
    def __init__(self, rows):
        bound = 1 / math.sqrt(DIM / 3)
        self.bank = torch.empty(rows, DIM).uniform_(-bound, bound)
        self.graph = torch.zeros(rows, NEIGHBOURS, dtype=torch.long)

    def loss(self, outputs, images, with_invariance):
        """The loss, and what update() needs of the way there."""
        unit = F.normalize(outputs)
        similarity = torch.exp(unit @ self.bank.T / TEMPERATURE)
        own = similarity.gather(1, images[:, None]).squeeze(1)
        nearest, nearest_ids = similarity.topk(min(NEGATIVES, len(self.bank)), dim=1)
        background = nearest.sum(dim=1)
        loss = -torch.log(own / background + EPSILON).mean()
        if with_invariance:
            frontier = self.graph[images]
            reached = [frontier]
            for _ in range(HOPS - 1):
                frontier = self.graph[frontier].flatten(1)
                reached.append(frontier)
            discovered = similarity.gather(1, torch.cat(reached, dim=1))
            hard = discovered.topk(POSITIVES, dim=1, largest=False).values.sum(dim=1)
            loss = loss - LAMBDA * torch.log(hard / (background - own) + EPSILON).mean()
        return loss, unit.detach(), nearest_ids

    @torch.no_grad()
    def update(self, images, unit, nearest_ids):
        candidates = nearest_ids[:, : NEIGHBOURS + 1]
        itself = candidates == images[:, None]
        replaced = torch.where(itself, candidates[:, NEIGHBOURS:], candidates)
        self.graph[images] = replaced[:, :NEIGHBOURS]
        blend = BANK_MOMENTUM * self.bank[images] + (1 - BANK_MOMENTUM) * unit
        self.bank[images] = F.normalize(blend)


def learning_rate(step, steps):
    return RATE * min(1, (step + 1) / WARM_UP_STEPS) * (1 + math.cos(math.pi * step / steps)) / 2


@torch.no_grad()
def knn_accuracy(network, bank, labels, pixels, truth, k=200, sigma=0.07):
    """Each test image is voted on by its k nearest rows of the bank."""
    network.eval()
    correct = 0
    for part, expected in zip(pixels.split(500), truth.split(500)):
        images = (part.unsqueeze(1).float() / 255 - MEAN) / DEVIATION
        similarity, ids = (F.normalize(network(images)) @ bank.T).topk(min(k, len(bank)), dim=1)
        votes = torch.zeros(len(part), 10).scatter_add_(1, labels[ids], (similarity / sigma).exp())
        correct += (votes.argmax(dim=1) == expected).sum().item()
    return correct / len(truth)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="the folder of the data set's four .gz files")
    parser.add_argument("--images", type=int, default=20000)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--ramp-epochs", type=int, default=3, help="epochs without L_inv")
    parser.add_argument("--knn", action="store_true", help="kNN accuracy after every epoch")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)

    def load(name):
        return torch.from_numpy(read_idx(args.data / f"{name}-ubyte.gz").copy())

    pixels = load("train-images-idx3")[: args.images]
    network, objective = resnet18(), Objective(len(pixels))
    optimizer = torch.optim.SGD(network.parameters(), RATE, MOMENTUM, weight_decay=DECAY)
    steps, step = args.epochs * math.ceil(len(pixels) / BATCH), 0
    for epoch in range(1, args.epochs + 1):
        network.train()
        start, total = time.perf_counter(), 0.0
        for images in torch.randperm(len(pixels)).split(BATCH):
            outputs = network(augment(pixels[images]))
            loss, unit, nearest = objective.loss(outputs, images, epoch > args.ramp_epochs)
            optimizer.zero_grad()
            loss.backward()
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(step, steps)
            optimizer.step()
            objective.update(images, unit, nearest)
            total += loss.item() * len(images)
            step += 1
        seconds = time.perf_counter() - start
        figures = dict(epoch=epoch, loss=total / len(pixels), seconds=seconds,
                       images_per_second=len(pixels) / seconds)
        if args.knn:
            labels = load("train-labels-idx1")[: args.images].long()
            figures["bank_knn"] = knn_accuracy(network, objective.bank, labels,
                                               load("t10k-images-idx3"),
                                               load("t10k-labels-idx1").long())
        report(peer=f"PyTorch {torch.__version__}", threads=args.threads, **figures)


if __name__ == "__main__":
    main()
