#!/usr/bin/env python3
"""Trains on Fashion-MNIST in PyTorch with the network and recipe of configs/fashion-mnist.yaml.

Prints one JSON object per epoch.
"""
import argparse
import math
import time
from pathlib import Path

import torch
from fashion_mnist import DIM, Augmentation, features, knn_accuracy, learning_rate, load, resnet18
from measure import report
from torch.nn import functional as F

NEGATIVES, POSITIVES, NEIGHBOURS, HOPS = 4096, 20, 4, 3
TEMPERATURE, LAMBDA, BANK_MOMENTUM, EPSILON = 0.2, 0.6, 0.5, 1e-7
BATCH, RATE, WARM_UP_STEPS, MOMENTUM, DECAY = 64, 0.1, 100, 0.9, 5e-4


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

    pixels = load(args.data, "train-images-idx3")[: args.images]
    augment = Augmentation()
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
                group["lr"] = learning_rate(RATE, step, steps, WARM_UP_STEPS)
            optimizer.step()
            objective.update(images, unit, nearest)
            total += loss.item() * len(images)
            step += 1
        seconds = time.perf_counter() - start
        figures = dict(epoch=epoch, loss=total / len(pixels), seconds=seconds,
                       images_per_second=len(pixels) / seconds)
        if args.knn:
            labels = load(args.data, "train-labels-idx1")[: args.images].long()
            truth = load(args.data, "t10k-labels-idx1").long()
            _, queries = features(network, load(args.data, "t10k-images-idx3"))
            figures["bank_knn"] = knn_accuracy(objective.bank, labels, queries, truth, [200])[200]
        report(peer=f"PyTorch {torch.__version__}", threads=args.threads, **figures)


if __name__ == "__main__":
    main()
