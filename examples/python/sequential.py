"""One task after the other, without any framework: what all others are compared with.

    python3 examples/python/sequential.py 1 primes 0..1000000
"""

import kernels


def run(function, tasks, workers):
    return [function(*task) for task in tasks]


if __name__ == "__main__":
    kernels.main(run)
