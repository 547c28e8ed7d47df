"""A pool of processes: `concurrent.futures.ProcessPoolExecutor`.

    python3 examples/python/process_pool_executor.py 4 primes 0..1000000

It is used as the pool of threads is, and only its name is another one. Its workers are processes, so all compute at the same time.
"""

from concurrent.futures import ProcessPoolExecutor

import kernels


def run(function, tasks, workers):
    with ProcessPoolExecutor(max_workers=workers) as pool:
        return list(pool.map(function, *zip(*tasks)))


# A process may begin by importing this file: then it must not start processes of its own.
if __name__ == "__main__":
    kernels.main(run)
