"""Fashion-MNIST as the peers that train see it: images, augmentation, network and judgement.

The network and the defaults are those of configs/fashion-mnist.yaml. Augmentation works on whole
batches, since one image at a time in Python would be far slower; images stay in memory.
"""
import gzip
import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

MEAN, DEVIATION = 0.2860, 0.3530
WIDTH, DIM, CLASSES = 16, 128, 10
HEAD_LAYERS = 2
CROP_TRIES = 10
AT_ONCE = 500


def read_idx(path):
    data = gzip.decompress(path.read_bytes())
    dims = np.frombuffer(data, ">i4", count=data[3], offset=4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(dims)


def load(folder, name):
    """One of the data set's four files, such as train-images-idx3."""
    return torch.from_numpy(read_idx(folder / f"{name}-ubyte.gz").copy())


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
    """The CIFAR stem, a quarter of the published width, a linear head with batch norm.

    The last HEAD_LAYERS layers are the head, all before them the backbone.
    """
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


def uniform(shape, low, high):
    return torch.empty(shape).uniform_(low, high)


@dataclass(frozen=True)
class Augmentation:
    """Random resized crop, flip, and jitter of brightness and contrast, as torchvision draws them.

    Works in floating point; Pillow's operations round to whole gray values in between.
    """

    crop_scale: tuple = (0.2, 1.0)  # share of the area
    crop_ratio: tuple = (3 / 4, 4 / 3)  # width / height
    flip: float = 0.5  # probability
    brightness: float = 0.4  # factor from max(0, 1 - x) to 1 + x
    contrast: float = 0.4

    def __call__(self, pixels):
        """Views of pixels [B, side, side], uint8: [B, 1, side, side], normalised."""
        images = self.jitter(self.crop_and_flip(pixels.unsqueeze(1).float() / 255))
        return normalise(images)

    def crops(self, count, side):
        """Height, width, top and left in whole pixels: the first of ten tries that fits, or all."""
        tries = (count, CROP_TRIES)
        area = uniform(tries, *self.crop_scale)
        ratio = torch.exp(uniform(tries, *(math.log(end) for end in self.crop_ratio)))
        width = torch.round(side * torch.sqrt(area * ratio))
        height = torch.round(side * torch.sqrt(area / ratio))
        fits = (width >= 1) & (width <= side) & (height >= 1) & (height <= side)
        first = fits.float().argmax(dim=1, keepdim=True)
        fitting = fits.gather(1, first).squeeze(1)
        height, width = (torch.where(fitting, length.gather(1, first).squeeze(1), float(side))
                         for length in (height, width))
        top, left = (torch.floor(torch.rand(count) * (side - length + 1))
                     for length in (height, width))
        return height, width, top, left

    def crop_and_flip(self, images):
        """One affine map per image, sampled bilinearly."""
        count, side = len(images), images.shape[-1]
        height, width, top, left = self.crops(count, side)
        mirror = torch.where(torch.rand(count) < self.flip, -1.0, 1.0)
        zero = torch.zeros(count)
        middle_x = (2 * left + width) / side - 1
        middle_y = (2 * top + height) / side - 1
        across = torch.stack([width / side * mirror, zero, middle_x], dim=1)
        down = torch.stack([zero, height / side, middle_y], dim=1)
        grid = F.affine_grid(torch.stack([across, down], dim=1), images.shape, align_corners=False)
        return F.grid_sample(images, grid, padding_mode="border", align_corners=False)

    def jitter(self, images):
        """Brightness blends with black, contrast with the image's mean gray, in random order."""
        shape = (len(images), 1, 1, 1)
        brightness, contrast = (uniform(shape, max(0, 1 - strength), 1 + strength)
                                for strength in (self.brightness, self.contrast))
        brightness_first = torch.rand(shape) < 0.5
        for with_black in (brightness_first, ~brightness_first):
            gray = torch.where(with_black, 0.0, images.mean(dim=(1, 2, 3), keepdim=True))
            factor = torch.where(with_black, brightness, contrast)
            images = (gray + factor * (images - gray)).clamp(0, 1)
        return images


def normalise(images):
    return ((images - MEAN) / DEVIATION).contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def features(network, pixels):
    """Backbone features and embeddings of unchanged images, rows of length 1."""
    network.eval()
    backbone, embedding = [], []
    for part in pixels.split(AT_ONCE):
        backbone.append(network[:-HEAD_LAYERS](normalise(part.unsqueeze(1).float() / 255)))
        embedding.append(network[-HEAD_LAYERS:](backbone[-1]))
    return F.normalize(torch.cat(backbone)), F.normalize(torch.cat(embedding))


def knn_accuracy(gallery, labels, queries, truth, ks, sigma=0.07):
    """For each k the share of queries whose class wins the vote of their k nearest rows.

    A row of cosine s votes with e^(s / sigma); rows have length 1.
    """
    ks = {k: min(k, len(gallery)) for k in ks}
    correct = dict.fromkeys(ks, 0)
    for part, expected in zip(queries.split(AT_ONCE), truth.split(AT_ONCE)):
        similarity, ids = (part @ gallery.T).topk(max(ks.values()), dim=1)
        weights = ((similarity - similarity[:, :1]).double() / sigma).exp()
        for k, voters in ks.items():
            votes = torch.zeros(len(part), CLASSES, dtype=torch.double)
            votes.scatter_add_(1, labels[ids[:, :voters]], weights[:, :voters])
            correct[k] += (votes.argmax(dim=1) == expected).sum().item()
    return {k: found / len(truth) for k, found in correct.items()}


def recall_at_1(rows, labels):
    """The share of images whose most similar other one, by rows of length 1, is of their class."""
    found = 0
    for start in range(0, len(rows), AT_ONCE):
        part = rows[start:start + AT_ONCE]
        similarity = part @ rows.T
        own = torch.arange(len(part))
        similarity[own, start + own] = -math.inf
        found += (labels[similarity.argmax(dim=1)] == labels[start:start + AT_ONCE]).sum().item()
    return found / len(rows)


def learning_rate(peak, step, steps, warm_up):
    """A linear rise over the first steps on a cosine that falls to 0 over all of them."""
    return peak * min(1, (step + 1) / max(1, warm_up)) * (1 + math.cos(math.pi * step / steps)) / 2
