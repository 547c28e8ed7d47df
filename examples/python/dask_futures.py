"""Futures of Dask: `Client.map` and `Client.gather`.

    pip install "dask[distributed]"
    python3 examples/python/dask_futures.py 4 primes 0..1000000

A client gives tasks to the processes of a cluster, here of this computer, and has a future for each result; `gather` waits for
them. `start` and `end` are not timed.
"""

import kernels

try:
    from distributed import Client, LocalCluster, get_client
except ImportError as why:
    kernels.leave_out(why)


def start(workers):
    Client(LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None))


def run(function, tasks, workers):
    client = get_client()
    # Tasks that are alike would be done once: those that wait must all wait.
    return client.gather(client.map(function, *zip(*tasks), pure=False))


def end():
    get_client().shutdown()


if __name__ == "__main__":
    kernels.main(run, start, end)
