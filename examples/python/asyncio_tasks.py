"""Coroutines: `asyncio`. It has `delay` only.

    python3 examples/python/asyncio_tasks.py 1 delay 0.2 0.2 0.2 0.2

All coroutines are on one thread. At each `await` a coroutine lets the others go on, so thousands of them wait at the same time.
None computes while another one does.
"""

import asyncio

import kernels


async def wait(seconds):
    await asyncio.sleep(seconds)
    return seconds


async def all_of(tasks):
    return await asyncio.gather(*(wait(seconds) for (seconds,) in tasks))


def run(function, tasks, workers):
    if function is not kernels.delay:
        kernels.leave_out("coroutines wait at the same time, but do not compute at the same time")
    return asyncio.run(all_of(tasks))


if __name__ == "__main__":
    kernels.main(run)
