#!/usr/bin/env python3
"""Makes JPEG folders of Fashion-MNIST that scaled decoding has something to do with.

The images, 28 x 28 and gray, are enlarged (Lanczos) to SIDE x SIDE and written as JPEG of quality 90,
the first TRAIN training and TEST test images, into OUT/train/CLASS and OUT/test/CLASS. Read at 28
pixels, SIDE = 224 is decoded at the DCT scale 1/8, and 280 too, and then resized.
docs/images.md says what is done with them. Needs Pillow and NumPy.
"""
import argparse
import gzip
import pathlib

import numpy as np
from PIL import Image


def idx(path, header):
    return np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=header)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=pathlib.Path, help="the folder of Fashion-MNIST's four files")
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--train", type=int, default=4000)
    parser.add_argument("--test", type=int, default=2000)
    args = parser.parse_args()
    for split, file, count in (("train", "train", args.train), ("test", "t10k", args.test)):
        images = idx(args.data / f"{file}-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28)
        labels = idx(args.data / f"{file}-labels-idx1-ubyte.gz", 8)
        for i in range(count):
            folder = args.out / split / str(labels[i])
            folder.mkdir(parents=True, exist_ok=True)
            large = Image.fromarray(images[i]).resize((args.side, args.side), Image.LANCZOS)
            large.save(folder / f"{i:05}.jpg", quality=90)


if __name__ == "__main__":
    main()
