"""Threads: `threading.Thread`.

    python3 examples/python/threading_threads.py 4 delay 0.2 0.2 0.2 0.2

Threads of a program share its memory, so each puts its results where they belong. They wait at the same time. They do not compute
at the same time: a thread must hold the global interpreter lock (GIL) to run Python code.
"""

from threading import Thread

import kernels


def run(function, tasks, workers):
    results = [None] * len(tasks)

    def work(first):
        # Dealt like cards: every thread has each workers-th task.
        for at in range(first, len(tasks), workers):
            results[at] = function(*tasks[at])

    threads = [Thread(target=work, args=(first,)) for first in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


if __name__ == "__main__":
    kernels.main(run)
