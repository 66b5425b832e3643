#!/usr/bin/env python3
"""The exact nearest-neighbour graph of a set of rows with Faiss, on the faster of its two paths.

Both paths answer the first few rows; the one that is faster there builds the whole graph.
"""
import argparse
import time

import faiss
import numpy as np
from measure import report
from nearest_faiss import unit_rows

SAMPLE = 4096
THRESHOLDS = {"blas": 1, "direct": 2**31 - 1}  # queries from which matrices are multiplied


def seconds(run):
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def neighbours(index, rows, count, first):
    """The `count` most similar other rows of each of `rows`, which start at row `first`."""
    _, found = index.search(rows, count + 1)
    others = found != np.arange(first, first + len(rows))[:, None]
    others &= others.cumsum(axis=1) <= count
    return found[others].reshape(len(rows), count)


def use(path):
    faiss.cvar.distance_compute_blas_threshold = THRESHOLDS[path]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=60000)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--neighbours", type=int, default=4)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    faiss.omp_set_num_threads(args.threads)
    bank = unit_rows(args.rows, args.dim, 0)
    index = faiss.IndexFlatIP(args.dim)
    index.add(bank)

    tried = {}
    index.search(bank[:64], args.neighbours + 1)
    for path in ("blas", "direct"):
        use(path)
        sample = bank[:SAMPLE]
        tried[path] = seconds(lambda: neighbours(index, sample, args.neighbours, 0)) / len(sample)
    faster = min(tried, key=tried.get)
    use(faster)
    taken = seconds(lambda: neighbours(index, bank, args.neighbours, 0))
    report(peer=f"Faiss {faiss.__version__}", path=faster, seconds_per_row=tried, **vars(args),
           median_s=taken, min_s=taken)


if __name__ == "__main__":
    main()
