"""Times scikit-learn's KMeans on a part of some weights, on one thread.

Usage: kmeans.py FILE COUNT CLUSTERS, where FILE holds little-endian float32 numbers, of which COUNT are taken, evenly spread.
Prints JSON: nanoseconds of CPU time a weight, and the mean squared error of what it found.
"""

import json
import os
import sys
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np
from sklearn.cluster import KMeans


def main():
    path, count, clusters = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    weights = np.fromfile(path, np.float32)
    sample = weights[:: max(1, weights.size // count)][:count].reshape(-1, 1)
    start = time.process_time()
    model = KMeans(clusters, n_init=1, random_state=0).fit(sample)
    seconds = time.process_time() - start
    print(json.dumps({"nanoseconds": seconds * 1e9 / len(sample), "meanSquaredError": model.inertia_ / len(sample)}))


main()
