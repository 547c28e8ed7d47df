"""The tutorials' exercises on Python's frameworks for threads and processes, one run each.

    python3 examples/python/frameworks.py FRAMEWORK WORKERS COMMAND WORDS...
    python3 examples/python/frameworks.py multiprocessing.Pool 4 primes 0..1000000 1000000..2000000

The first line of the output is the time in seconds, with the making of pools in it and the import of modules not; then comes one
answer a line, as `pcount COMMAND WORDS... -q` has it (of factorials the SHA-256). If a framework cannot be imported, or has no way
to do this, the exit code is 3. `pcount compare COMMAND ... --python` runs this file.
"""

import os
import sys
import time


def is_prime(n):
    """By trial division, as the tutorials do it."""
    if n < 2:
        return False
    if n % 2 == 0:
        return n == 2
    for d in range(3, int(n**0.5) + 1, 2):
        if n % d == 0:
            return False
    return True


def count_primes(start, end):
    return sum(1 for n in range(start, end) if is_prime(n))


def factorials(start, end):
    found = []
    for n in range(start, end):
        value = 1
        for k in range(2, n + 1):
            value *= k
        found.append(value)
    return found


def squares(start, end):
    return [n * n for n in range(start, end)]


def doubles(start, end):
    return [2 * n for n in range(start, end)]


def total(start, end):
    return sum(range(start, end))


def total_of_squares(start, end):
    return sum(n * n for n in range(start, end))


def delay(seconds):
    time.sleep(seconds)
    return seconds


def digest(value):
    import hashlib

    if hasattr(sys, "set_int_max_str_digits"):
        sys.set_int_max_str_digits(0)
    return hashlib.sha256(str(value).encode()).hexdigest()


# What computes a part of a range; how the parts of a range become one; how all become the answers.
COMMANDS = {
    "primes": (count_primes, sum, list),
    "factorial": (factorials, lambda parts: sum(parts, []), lambda found: [digest(n) for some in found for n in some]),
    "square": (squares, lambda parts: sum(parts, []), lambda found: sum(found, [])),
    "double": (doubles, lambda parts: sum(parts, []), lambda found: sum(found, [])),
    "sum": (total, sum, lambda found: [sum(found)]),
    "map-reduce": (total_of_squares, sum, lambda found: [sum(found)]),
}


def ends(word):
    """The range of a word; a number is a range of one."""
    start, _, end = word.partition("..")
    return int(start), int(end) if end else int(start) + 1


def pieces(start, end, count):
    """So many pieces of a range, of about equal width."""
    width = end - start
    count = max(1, min(count, width))
    cuts = [start + width * piece // count for piece in range(count + 1)]
    return list(zip(cuts, cuts[1:]))


def run(framework, workers, function, tasks):
    """The results of the tasks in order, and the seconds. A task is a tuple of arguments."""
    if framework == "sequential":
        began = time.perf_counter()
        results = [function(*task) for task in tasks]
    elif framework == "threading":
        import threading

        began = time.perf_counter()
        results = [None] * len(tasks)

        def work(first):
            for at in range(first, len(tasks), workers):
                results[at] = function(*tasks[at])

        threads = [threading.Thread(target=work, args=(first,)) for first in range(workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    elif framework in ("ThreadPoolExecutor", "ProcessPoolExecutor"):
        import concurrent.futures

        executor = getattr(concurrent.futures, framework)
        began = time.perf_counter()
        with executor(max_workers=workers) as pool:
            results = list(pool.map(function, *zip(*tasks)))
    elif framework == "multiprocessing.Pool":
        import multiprocessing

        began = time.perf_counter()
        with multiprocessing.Pool(workers) as pool:
            results = pool.starmap(function, tasks, chunksize=1)
    elif framework == "asyncio":
        import asyncio

        if function is not delay:
            raise ImportError("coroutines wait at the same time, but do not compute at the same time")

        async def all_of_them():
            await asyncio.gather(*(asyncio.sleep(seconds) for (seconds,) in tasks))
            return [seconds for (seconds,) in tasks]

        began = time.perf_counter()
        results = asyncio.run(all_of_them())
    elif framework == "joblib":
        import joblib

        began = time.perf_counter()
        results = joblib.Parallel(n_jobs=workers)(joblib.delayed(function)(*task) for task in tasks)
    elif framework == "ray":
        import ray

        ray.init(num_cpus=workers, include_dashboard=False, log_to_driver=False)
        remote = ray.remote(function)
        began = time.perf_counter()
        results = ray.get([remote.remote(*task) for task in tasks])
    elif framework == "dask":
        from distributed import Client, LocalCluster

        cluster = LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None)
        client = Client(cluster)
        began = time.perf_counter()
        results = client.gather(client.map(function, *zip(*tasks)))
    else:
        sys.exit(f"{framework} is not a framework that is known here")
    return results, time.perf_counter() - began


def end_with_parent():
    """Ends this process and all that it has started when the one that started it closes stdin, or is gone."""
    import signal
    import threading

    def watch():
        while os.read(0, 1):
            pass
        os.killpg(os.getpgrp(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


def main():
    framework, workers, command, words = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4:]
    if os.environ.get("PCOUNT_WATCHES_STDIN"):
        end_with_parent()
    try:
        if command == "delay":
            results, seconds = run(framework, workers, delay, [(float(word),) for word in words])
            answers = [f"{seconds:.6f}" for seconds in results]
        else:
            function, join, close = COMMANDS[command]
            # Several pieces for each worker, so that none waits long for the others at the end.
            count = 1 if framework == "sequential" else 4 * workers
            cut = [pieces(*ends(word), count) for word in words]
            results, seconds = run(framework, workers, function, [piece for parts in cut for piece in parts])
            results = iter(results)
            answers = close([join([next(results) for _ in parts]) for parts in cut])
    except ImportError as why:
        print(why, file=sys.stderr)
        sys.exit(3)
    print(f"{seconds:.9f}")
    for answer in answers:
        print(answer)


if __name__ == "__main__":
    main()
