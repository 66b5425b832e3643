#!/usr/bin/env python3
"""Writes the small MATLAB files that the readers of data sets are tested on, with SciPy.

Each has the variables, types and shapes of the published file it stands for. Usage:
    python3 scripts/make-dataset-fixtures.py   # needs numpy and scipy
"""

from pathlib import Path

import numpy as np
from scipy.io import savemat

TARGET = Path(__file__).resolve().parent.parent / "src/test/resources/data/sets"


def save(name, variables):
    path = TARGET / name
    path.parent.mkdir(parents=True, exist_ok=True)
    savemat(path, variables, do_compression=True)
    # The header holds the time of writing, up to byte 116.
    content = bytearray(path.read_bytes())
    content[:116] = b"MATLAB 5.0 MAT-file, written with SciPy".ljust(116)
    path.write_bytes(content)


def digits(count, first):
    """X[row, column, channel, image] = (7 row + 3 column + 50 channel + 11 image) mod 256."""
    y, x, c, n = np.indices((32, 32, 3, count))
    return ((7 * y + 3 * x + 50 * c + 11 * (n + first)) % 256).astype(np.uint8)


def structs(fields, rows):
    """A struct array [1, rows]: scalars become matrices [1, 1], texts char arrays."""
    array = np.empty((1, len(rows)), dtype=[(field, object) for field in fields])
    for i, row in enumerate(rows):
        for field, value in zip(fields, row):
            array[0, i][field] = value
    return array


def cells(texts):
    array = np.empty((1, len(texts)), dtype=object)
    array[0, :] = texts
    return array


def svhn():
    def label(*values):
        return np.array(values, dtype=np.uint8).reshape(-1, 1)

    save("svhn/train_32x32.mat", {"X": digits(3, 0), "y": label(1, 10, 9)})
    save("svhn/test_32x32.mat", {"X": digits(2, 3), "y": label(5, 10)})
    save("svhn/extra_32x32.mat", {"X": digits(1, 5)[:, :, :, 0], "y": np.array([[2.0]])})
    save("svhn/label_11.mat", {"X": digits(2, 0), "y": label(1, 11)})
    save("svhn/one_label.mat", {"X": digits(2, 0), "y": label(1)})
    save("svhn/small.mat", {"X": digits(2, 0)[:16], "y": label(1, 2)})
    save("svhn/no_y.mat", {"X": digits(2, 0)})
    save("svhn/double.mat", {"X": digits(1, 0).astype(np.float64), "y": label(1)})


def flowers():
    def row(*values):
        return np.array([values], dtype=np.uint16)

    save("flowers/imagelabels.mat", {"labels": np.array([[77, 77, 1, 102, 1]], dtype=np.uint8)})
    save("flowers/setid.mat", {"trnid": row(4, 1), "valid": row(3), "tstid": row(2, 5)})
    save("flowers/label_103.mat", {"labels": np.array([[77, 103]], dtype=np.uint8)})
    save("flowers/image_6.mat", {"trnid": row(6), "valid": row(3), "tstid": row(2, 5)})


def cars():
    def number(value):
        return np.array([[value]], dtype=np.uint8)

    box = [number(1), number(2), number(30), number(40)]
    corners = ["bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2"]
    names = cells(["AM General Hummer SUV 2000", "Acura RL Sedan 2012", "BMW X6 SUV 2012"])
    apart = corners + ["class", "fname"]

    def annotate(*rows):
        return {"annotations": structs(apart, [box + [number(cls), name] for cls, name in rows])}

    save("cars/cars_meta.mat", {"class_names": names})
    save("cars/cars_train_annos.mat", annotate((3, "00001.jpg"), (1, "00002.jpg")))
    save("cars/cars_test_annos_withlabels.mat", annotate((2, "00001.jpg")))
    save("cars/class_4.mat", annotate((3, "00001.jpg"), (4, "00002.jpg")))
    save("cars/escape.mat", annotate((3, "../../00001.jpg")))
    save(
        "cars/cars_test_annos.mat",
        {"annotations": structs(corners + ["fname"], [box + ["00001.jpg"]])},
    )
    together = [
        ["car_ims/%06d.jpg" % (i + 1)] + box + [number(cls), number(test)]
        for i, (cls, test) in enumerate([(1, 0), (1, 1), (3, 0)])
    ]
    fields = ["relative_im_path"] + corners + ["class", "test"]
    save("cars/cars_annos.mat", {"annotations": structs(fields, together), "class_names": names})


def imagenet():
    rows = [
        [np.array([[float(number)]]), wnid, words, "a gloss", np.array([[0.0]])]
        for number, wnid, words in [
            (1, "n02119789", "kit fox, Vulpes macrotis"),
            (2, "n01440764", "tench, Tinca tinca"),
            (3, "n03938244", "pillow"),
        ]
    ]
    fields = ["ILSVRC2012_ID", "WNID", "words", "gloss", "num_children"]
    save("imagenet/meta.mat", {"synsets": structs(fields, rows).T})


if __name__ == "__main__":
    svhn()
    flowers()
    cars()
    imagenet()
