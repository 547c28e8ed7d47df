"""A pool of processes: `multiprocessing.Pool`.

    python3 examples/python/multiprocessing_pool.py 4 primes 0..1000000

Each process has its own memory and its own interpreter lock, so all compute at the same time. Tasks and results are sent as
messages.
"""

from multiprocessing import Pool

import kernels


def run(function, tasks, workers):
    with Pool(workers) as pool:
        return pool.starmap(function, tasks, chunksize=1)


# A process may begin by importing this file: then it must not start processes of its own.
if __name__ == "__main__":
    kernels.main(run)
