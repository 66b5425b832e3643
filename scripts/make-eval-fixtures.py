#!/usr/bin/env python3
"""Makes src/test/resources/eval/average-precision.json: rankings and what scikit-learn makes of them.

Needs scikit-learn and numpy. `step` is its average_precision_score; `area` and `voc07` come from its
precision_recall_curve, made monotone as Pascal VOC's development kits do.
"""
import json
import pathlib

import numpy
import sklearn
from sklearn.metrics import average_precision_score, precision_recall_curve

FILE = pathlib.Path(__file__).parent.parent / "src/test/resources/eval/average-precision.json"


def case(random, count, share, levels):
    present = random.random(count) < share
    present[random.integers(count)] = True
    scores = random.normal(size=count) + present
    if levels:
        scores = numpy.round(scores * levels) / levels
    precision, recall, _ = precision_recall_curve(present, scores)
    best = numpy.maximum.accumulate(precision)
    # The curve ends in a point of recall 0 and precision 1 that no threshold has.
    # Recalls in tenths are compared as fractions: 3 of 10 found reach 0.3 whatever floats say.
    found = numpy.round(recall * present.sum()).astype(int)
    return {
        "scores": scores.tolist(),
        "present": present.tolist(),
        "step": average_precision_score(present, scores),
        "area": float(-(numpy.diff(recall) * best[:-1]).sum()),
        "voc07": float(
            numpy.mean([best[:-1][10 * found[:-1] >= tenths * present.sum()].max() for tenths in range(11)])
        ),
    }


def main():
    random = numpy.random.default_rng(7)
    cases = [
        case(random, *shape)
        for shape in [(1, 1, 0), (10, 0.3, 0), (40, 0.1, 0), (60, 0.5, 0), (60, 0.2, 3), (50, 0.4, 1), (30, 0.9, 2)]
    ]
    FILE.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(one) for one in cases)
    FILE.write_text(f'{{"sklearn": "{sklearn.__version__}", "cases": [\n{lines}\n]}}\n')


main()
