#!/usr/bin/env python3
"""A memory-bank step in PyTorch, whole matrices at a time, as the published program goes about it."""
import argparse

import torch
from measure import measure, report
from torch.nn.functional import normalize

TEMPERATURE, HOPS, LAMBDA, MOMENTUM, EPSILON = 0.2, 3, 0.6, 0.5, 1e-7


class Bank:
    def __init__(self, rows, dim, neighbours, top, positives):
        self.embeddings = normalize(torch.randn(rows, dim))
        self.graph = torch.randint(rows, (rows, neighbours))
        self.top = top
        self.positives = positives

    def step(self, outputs, images):
        """Both losses, their gradient into outputs.grad, then the updates of graph and bank."""
        unit = normalize(outputs)
        similarity = torch.exp(unit @ self.embeddings.T / TEMPERATURE)
        own = similarity.gather(1, images[:, None]).squeeze(1)
        nearest, nearest_ids = similarity.topk(self.top, dim=1)
        background = nearest.sum(dim=1)
        instance = -torch.log(own / background + EPSILON)

        discovered = similarity.gather(1, self.walk(images))
        hard = discovered.topk(min(self.positives, discovered.shape[1]), dim=1, largest=False)
        invariance = -torch.log(hard.values.sum(dim=1) / (background - own) + EPSILON)
        (instance.mean() + LAMBDA * invariance.mean()).backward()
        self.update(images, unit.detach(), nearest_ids)

    def walk(self, images):
        frontier = self.graph[images]
        reached = [frontier]
        for _ in range(HOPS - 1):
            frontier = self.graph[frontier].flatten(1)
            reached.append(frontier)
        return torch.cat(reached, dim=1)

    @torch.no_grad()
    def update(self, images, unit, nearest_ids):
        k = self.graph.shape[1]
        candidates = nearest_ids[:, : k + 1].clone()
        itself = candidates == images[:, None]
        self.graph[images] = torch.where(itself, candidates[:, k:], candidates)[:, :k]
        blend = MOMENTUM * self.embeddings[images] + (1 - MOMENTUM) * unit
        self.embeddings[images] = normalize(blend)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1281167)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--top", type=int, default=4096)
    parser.add_argument("--neighbours", type=int, default=4)
    parser.add_argument("--positives", type=int, default=50)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    bank = Bank(args.rows, args.dim, args.neighbours, args.top, args.positives)

    def draw():
        outputs = torch.randn(args.batch, args.dim, requires_grad=True)
        images = torch.randint(args.rows, (2 * args.batch,)).unique()
        images = images[torch.randperm(len(images))[: args.batch]]
        return outputs, images

    figures = measure(args.repeats, lambda inputs: bank.step(*inputs), draw)
    report(peer=f"PyTorch {torch.__version__}", **vars(args), **figures)


if __name__ == "__main__":
    main()
