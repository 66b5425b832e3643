#!/usr/bin/env python3
"""NNCLR on Fashion-MNIST in PyTorch (Dwibedi, Aytar, Tompson, Sermanet, Zisserman, ICCV 2021)."""
import contrastive
import torch
from fashion_mnist import DIM
from torch import nn
from torch.nn import functional as F


def predictor(hidden):
    """The prediction head: two layers, batch norm between; without hidden units there is none."""
    if hidden == 0:
        return nn.Identity()
    return nn.Sequential(nn.Linear(DIM, hidden, bias=False), nn.BatchNorm1d(hidden), nn.ReLU(),
                         nn.Linear(hidden, DIM))


class NnClr(nn.Module):
    """Equation 3, from both sides: the nearest embedding of the queue stands in for a view.

    The queue holds the latest first views' embeddings, of length 1; it starts with random ones.
    """

    def __init__(self, temperature, queue, hidden):
        super().__init__()
        self.temperature = temperature
        self.predictor = predictor(hidden)
        self.queue = F.normalize(torch.randn(queue, DIM))
        self.oldest = 0

    def forward(self, first, second):
        predicted_first, predicted_second = self.predictor(torch.cat([first, second])).chunk(2)
        return (self.one_side(self.nearest(first), predicted_second)
                + self.one_side(self.nearest(second), predicted_first)) / 2

    @torch.no_grad()
    def nearest(self, views):
        return self.queue[(F.normalize(views) @ self.queue.T).argmax(dim=1)]

    def one_side(self, nearest, predicted):
        similarity = nearest @ F.normalize(predicted).T / self.temperature
        return F.cross_entropy(similarity, torch.arange(len(nearest)))

    def remember(self, first):
        places = (self.oldest + torch.arange(len(first))) % len(self.queue)
        self.queue[places] = F.normalize(first)
        self.oldest = (self.oldest + len(first)) % len(self.queue)


def main():
    options = contrastive.parser(__doc__)
    options.add_argument("--queue", type=int, default=4096, help="embeddings to find nearest among")
    options.add_argument("--prediction-hidden", type=int, default=512,
                         help="hidden units of the prediction head; 0: none")
    args = contrastive.parse(options)
    if args.queue < args.batch:
        options.error("--queue: allowed is at least a batch")
    if args.prediction_hidden < 0:
        options.error("--prediction-hidden: allowed is at least 0")
    contrastive.run("NNCLR", args,
                    lambda: NnClr(args.temperature, args.queue, args.prediction_hidden))


if __name__ == "__main__":
    main()
