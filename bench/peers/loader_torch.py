#!/usr/bin/env python3
"""Reads, decodes and augments image files as a PyTorch DataLoader does, with nobody training.

The transforms are those of configs/imagenet-resnet50.yaml, on PIL images. The blur is Pillow's, as in
the published program: faster than torchvision's own.
"""
import argparse
import random
import statistics
import time

import torch

# Transforms need none of torchvision's compiled operators, and a torchvision whose library was built
# for another torch build can still be imported once these are known.
OPERATORS = torch.library.Library("torchvision", "FRAGMENT")
for name in ("nms", "qnms"):
    if not hasattr(torch.ops.torchvision, name):
        OPERATORS.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

import PIL  # noqa: E402
import torchvision  # noqa: E402
from measure import report  # noqa: E402
from PIL import ImageFilter  # noqa: E402
from torchvision import datasets, transforms  # noqa: E402


class Blur:
    """Pillow's Gaussian blur with a random deviation in pixels."""

    def __init__(self, low, high):
        self.low, self.high = low, high

    def __call__(self, image):
        return image.filter(ImageFilter.GaussianBlur(random.uniform(self.low, self.high)))


def augmentation():
    jitter = transforms.ColorJitter(0.4, 0.4, 0.4, 0.1)
    return transforms.Compose([
        transforms.RandomResizedCrop(224, scale=(0.2, 1)),
        transforms.RandomApply([jitter], p=0.8),
        transforms.RandomGrayscale(0.2),
        transforms.RandomApply([Blur(0.1, 2)], p=0.5),
        transforms.RandomHorizontalFlip(),
        transforms.ToTensor(),
        transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])


def epoch(loader):
    start = time.perf_counter()
    for _ in loader:
        pass
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="a folder with train/ in it")
    parser.add_argument("--images", type=int, default=400)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2, help="worker processes")
    args = parser.parse_args()
    whole = datasets.ImageFolder(f"{args.data}/train", augmentation())
    count = min(args.images, len(whole))
    # Workers that outlive an epoch: their start is not timed, as that of our threads is not.
    loader = torch.utils.data.DataLoader(
        torch.utils.data.Subset(whole, range(count)), batch_size=args.batch, shuffle=True,
        num_workers=args.threads, persistent_workers=True)
    epoch(loader)
    seconds = [epoch(loader) for _ in range(args.repeats)]
    median = statistics.median(seconds)
    report(peer=f"PyTorch {torch.__version__}, torchvision {torchvision.__version__},"
                f" Pillow {PIL.__version__}",
           images=count, batch=args.batch, repeats=args.repeats, threads=args.threads,
           images_per_second=count / median, median_s=median, min_s=min(seconds),
           max_s=max(seconds))


if __name__ == "__main__":
    main()
