"""A pool of threads: `concurrent.futures.ThreadPoolExecutor`.

    python3 examples/python/thread_pool_executor.py 4 delay 0.2 0.2 0.2 0.2

The pool deals the tasks: whichever thread is free takes the next one. As all threads of Python, these wait at the same time and
compute one after the other.
"""

from concurrent.futures import ThreadPoolExecutor

import kernels


def run(function, tasks, workers):
    with ThreadPoolExecutor(max_workers=workers) as pool:
        return list(pool.map(function, *zip(*tasks)))


if __name__ == "__main__":
    kernels.main(run)
