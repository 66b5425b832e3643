"""What SimCLR and NNCLR share: settings, training on pairs of views, judgement, one JSON.

A method is a module whose forward takes the embeddings of the first and of the second views,
[B, DIM] each, and returns the loss; its parameters train along with the network. After every step
it is told the first ones by remember().
"""
import argparse
import math
import sys
import time
from pathlib import Path

import torch
from fashion_mnist import Augmentation, features, knn_accuracy, learning_rate, load, recall_at_1, resnet18
from measure import processor, report

KS = (1, 5, 20, 200)


def parser(description):
    """Options of every method; a method adds its own."""
    options = argparse.ArgumentParser(description=description,
                                      formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    options.add_argument("data", type=Path, help="the folder of the data set's four .gz files")
    which = options.add_mutually_exclusive_group()
    which.add_argument("--images", type=int, default=20000, help="the first training images")
    which.add_argument("--indices", type=Path,
                       help="train on the images listed here instead: an index a line")
    options.add_argument("--epochs", type=int, default=8,
                         help="as many views as a method of one view an image sees in that many"
                              " epochs; both views of a pair count")
    options.add_argument("--batch", type=int, default=64, help="images a step, two views each")
    options.add_argument("--rate", type=float, default=0.1, help="highest learning rate")
    options.add_argument("--warm-up-steps", type=int, default=100)
    options.add_argument("--momentum", type=float, default=0.9)
    options.add_argument("--weight-decay", type=float, default=5e-4)
    options.add_argument("--temperature", type=float, default=0.2)
    kept = Augmentation()
    options.add_argument("--crop-scale", type=float, nargs=2, default=kept.crop_scale,
                         metavar=("LOW", "HIGH"), help="share of the area")
    options.add_argument("--flip", type=float, default=kept.flip, help="probability")
    options.add_argument("--brightness", type=float, default=kept.brightness)
    options.add_argument("--contrast", type=float, default=kept.contrast)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--threads", type=int, default=1)
    return options


def parse(options):
    args = options.parse_args()

    def require(valid, message):
        if not valid:
            options.error(message)

    low, high = args.crop_scale
    require(0 < low <= high <= 1, "--crop-scale: allowed are 0 < LOW <= HIGH <= 1")
    require(0 <= args.flip <= 1, "--flip: allowed is 0 to 1")
    require(args.brightness >= 0 and args.contrast >= 0,
            "--brightness and --contrast: allowed is at least 0")
    for name in ("images", "epochs", "threads"):
        require(getattr(args, name) >= 1, f"--{name}: allowed is at least 1")
    require(args.batch >= 2, "--batch: allowed is at least 2, a pair needs others to differ from")
    require(args.temperature > 0, "--temperature: allowed is above 0")
    return args


def chosen(path, count):
    """The indices that a file lists, one a line; what follows after a blank is ignored."""
    words = [line.split()[0] for line in path.read_text().splitlines() if line.strip()]
    wrong = [word for word in words if not (word.isdecimal() and int(word) < count)]
    if wrong:
        raise SystemExit(f"{path}: there is no training image {wrong[0]}, only 0 to {count - 1}")
    if len(set(words)) < 2:
        raise SystemExit(f"{path}: at least two training images are needed")
    return torch.tensor(sorted({int(word) for word in words}))


def batches(images, size, total):
    """The passes, each a list of batches of indices in an order of its own; `total` indices in all.

    A single image that is left at an end joins no batch: nothing would differ from it.
    """
    passes = []
    while total > 0:
        order = torch.randperm(images)[:total]
        total -= len(order)
        passes.append([batch for batch in order.split(size) if len(batch) > 1])
    return passes


def train(network, method, pixels, args):
    """Trains both; the passes' mean losses, steps, and views seen."""
    augment = Augmentation(tuple(args.crop_scale), flip=args.flip, brightness=args.brightness,
                           contrast=args.contrast)
    optimizer = torch.optim.SGD([*network.parameters(), *method.parameters()], args.rate,
                                args.momentum, weight_decay=args.weight_decay)
    passes = batches(len(pixels), args.batch, args.epochs * len(pixels) // 2)
    steps = sum(map(len, passes))
    losses, step, views = [], 0, 0
    network.train()
    for number, plan in enumerate(passes, 1):
        total = 0.0
        for images in plan:
            first, second = network(augment(pixels[images].repeat(2, 1, 1))).chunk(2)
            loss = method(first, second)
            if not math.isfinite(loss.item()):
                raise SystemExit(f"the loss is no number at step {step + 1} of {steps}:"
                                 " lower --rate")
            optimizer.zero_grad()
            loss.backward()
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(args.rate, step, steps, args.warm_up_steps)
            optimizer.step()
            method.remember(first.detach())
            total += loss.item()
            step += 1
            views += 2 * len(images)
        losses.append(total / len(plan))
        print(f"pass {number} of {len(passes)}: loss {losses[-1]:.4f}", file=sys.stderr, flush=True)
    return losses, steps, views


def judge(rows, labels, queries, truth):
    return dict(knn=knn_accuracy(rows, labels, queries, truth, KS),
                recall_at_1=recall_at_1(queries, truth))


def run(name, args, method):
    """Trains and judges a method, made by method() once the seed is set."""
    began = time.perf_counter()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    pixels = load(args.data, "train-images-idx3")
    labels = load(args.data, "train-labels-idx1").long()
    if args.indices:
        which = chosen(args.indices, len(pixels))
    elif args.images <= len(pixels):
        which = torch.arange(args.images)
    else:
        raise SystemExit(f"--images is {args.images}, there are {len(pixels)}")
    pixels, labels = pixels[which], labels[which]
    network, method = resnet18(), method()
    start = time.perf_counter()
    losses, steps, views = train(network, method, pixels, args)
    training = time.perf_counter() - start
    gallery = features(network, pixels)
    queries = features(network, load(args.data, "t10k-images-idx3"))
    truth = load(args.data, "t10k-labels-idx1").long()
    backbone, embedding = (judge(rows, labels, asked, truth)
                           for rows, asked in zip(gallery, queries))
    settings = {key: str(value) if isinstance(value, Path) else value
                for key, value in vars(args).items()}
    settings["images"] = len(pixels)
    report(peer=name, embedding=embedding, backbone=backbone, losses=losses, steps=steps,
           views=views, settings=settings, training_s=training,
           seconds=time.perf_counter() - began, torch=torch.__version__, processor=processor(),
           instructions=torch.backends.cpu.get_cpu_capability())
