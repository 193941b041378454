"""Times what numpy does for the same jobs, on the same weights, on one thread.

Usage: peers.py FILE ROWS COLUMNS ROUNDS, where FILE holds little-endian float32 numbers.
Prints JSON: for each job the peer's name and its ratio, np.copyto's time over the job's, medians of thread CPU time.
"""

import json
import os
import sys
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np


def median_seconds(job, rounds):
    job()
    times = []
    for _ in range(rounds):
        start = time.thread_time()
        job()
        times.append(time.thread_time() - start)
    return sorted(times)[len(times) // 2]


def prune(w):
    kept = w.size - round(w.size * 0.9)
    magnitudes = np.abs(w).ravel()
    bar = np.partition(magnitudes, w.size - kept)[w.size - kept]
    return np.where(np.abs(w) >= bar, w, np.float32(0))


def two_of_four(w):
    groups = np.abs(w[:, : w.shape[1] // 4 * 4]).reshape(-1, 4)
    order = np.argpartition(groups, 2, axis=1)
    mask = np.zeros(groups.shape, bool)
    np.put_along_axis(mask, order[:, 2:], True, axis=1)
    return mask


def quantize(w, steps):
    scale = np.abs(w).max() / steps
    return np.clip(np.rint(w / scale), -steps, steps).astype(np.int8)


def main():
    path, rows, columns, rounds = sys.argv[1], *map(int, sys.argv[2:5])
    w = np.fromfile(path, np.float32).reshape(rows, columns)
    target = np.empty_like(w)
    bar = np.float32(np.quantile(np.abs(w.ravel()[:100_000]), 0.9))
    jobs = {
        "prune 90 %": lambda: prune(w),
        "threshold": lambda: np.where(np.abs(w) >= bar, w, np.float32(0)),
        "2:4": lambda: two_of_four(w),
        "row L1": lambda: np.abs(w).sum(axis=1),
        "int8": lambda: quantize(w, 127),
        "int4": lambda: quantize(w, 7),
        "float16": lambda: w.astype(np.float16),
    }
    copy = median_seconds(lambda: np.copyto(target, w), max(rounds, 7))
    results = {
        name: {"peer": "numpy", "ratio": copy / median_seconds(job, rounds)} for name, job in jobs.items()
    }
    print(json.dumps(results))


main()
