"""Processes of joblib: `Parallel` and `delayed`.

    pip install joblib
    python3 examples/python/joblib_parallel.py 4 primes 0..1000000

`delayed(function)(...)` is a call that is not made yet. `Parallel` sends such calls to its processes, and has the results in order.
"""

import kernels

try:
    from joblib import Parallel, delayed
except ImportError as why:
    kernels.leave_out(why)


def run(function, tasks, workers):
    return Parallel(n_jobs=workers)(delayed(function)(*task) for task in tasks)


if __name__ == "__main__":
    kernels.main(run)
