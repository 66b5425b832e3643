#!/usr/bin/env python3
"""Exact search for the most similar rows with Faiss' IndexFlatIP, on either of its two paths.

"shipped" leaves the choice to Faiss; "blas" lowers the threshold above which it multiplies
matrices, so that it always does.
"""
import argparse

import faiss
import numpy as np
from measure import measure, report


def unit_rows(rows, dim, seed):
    values = np.random.default_rng(seed).standard_normal((rows, dim), dtype=np.float32)
    faiss.normalize_L2(values)
    return values


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1281167)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--top", type=int, default=4096)
    parser.add_argument("--path", choices=["shipped", "blas"], default="shipped")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    faiss.omp_set_num_threads(args.threads)
    if args.path == "blas":
        faiss.cvar.distance_compute_blas_threshold = 1
    index = faiss.IndexFlatIP(args.dim)
    index.add(unit_rows(args.rows, args.dim, 0))
    queries = unit_rows(args.batch, args.dim, 1)
    figures = measure(args.repeats, lambda _: index.search(queries, args.top))
    report(peer=f"Faiss {faiss.__version__}", **vars(args), **figures)


if __name__ == "__main__":
    main()
