"""Tasks of Ray: `remote` and `get`.

    pip install ray
    python3 examples/python/ray_tasks.py 4 primes 0..1000000

`remote` starts a task on any process of the cluster, here of this computer, and returns at once; `get` waits for the results.
`init` starts the processes, which takes seconds and is not timed.
"""

import kernels

try:
    import ray
except ImportError as why:
    kernels.leave_out(why)


def start(workers):
    ray.init(num_cpus=workers, include_dashboard=False, log_to_driver=False)


def run(function, tasks, workers):
    task_of = ray.remote(function)
    return ray.get([task_of.remote(*task) for task in tasks])


if __name__ == "__main__":
    kernels.main(run, start)
