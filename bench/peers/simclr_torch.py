#!/usr/bin/env python3
"""SimCLR on Fashion-MNIST in PyTorch (Chen, Kornblith, Norouzi, Hinton, ICML 2020)."""
import contrastive
import torch
from torch import nn
from torch.nn import functional as F


class SimClr(nn.Module):
    """NT-Xent, equation 1: each of the 2 B views is to find its pair among the 2 B - 1 others."""

    def __init__(self, temperature):
        super().__init__()
        self.temperature = temperature

    def forward(self, first, second):
        views = F.normalize(torch.cat([first, second]))
        similarity = views @ views.T / self.temperature
        itself = torch.eye(len(views), dtype=torch.bool)
        pairs = torch.arange(len(views)).roll(len(first))
        return F.cross_entropy(similarity.masked_fill(itself, float("-inf")), pairs)

    def remember(self, first):
        """Nothing outlives a step."""


def main():
    args = contrastive.parse(contrastive.parser(__doc__))
    contrastive.run("SimCLR", args, lambda: SimClr(args.temperature))


if __name__ == "__main__":
    main()
