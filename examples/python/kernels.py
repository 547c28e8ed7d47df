"""What the programs beside this file share: the tutorials' exercises, how work is cut into pieces, and how answers are printed.

Each of these programs has one function, `run(function, tasks, workers)`: it calls the function with each task, a tuple of
arguments, and returns the results in the order of the tasks. `main` below does the rest.
"""

import hashlib
import os
import signal
import sys
import threading
import time

# The exercises. Each computes a piece of a range, from `start` to before `end`.


def is_prime(n):
    """By trial division, as the tutorials do it: by 2, by 3, and by the numbers beside the multiples of 6."""
    if n < 4:
        return n > 1
    if n % 2 == 0 or n % 3 == 0:
        return False
    d = 5
    while d * d <= n:
        if n % d == 0 or n % (d + 2) == 0:
            return False
        d += 6
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
    """Waits, as a program waits for a disk or for the network."""
    time.sleep(seconds)
    return seconds


# How results become answers.


def joined(lists):
    return [element for some in lists for element in some]


def digest(value):
    if hasattr(sys, "set_int_max_str_digits"):
        sys.set_int_max_str_digits(0)
    return hashlib.sha256(str(value).encode()).hexdigest()


# What computes a piece of a range; how the pieces of a range become one; how all ranges become the answers.
COMMANDS = {
    "primes": (count_primes, sum, list),
    "factorial": (factorials, joined, lambda found: [digest(n) for n in joined(found)]),
    "square": (squares, joined, joined),
    "double": (doubles, joined, joined),
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


# The program.


def leave_out(why):
    """Ends the program: the framework is not there, or cannot do this. `pcount compare --python` then leaves its row out."""
    print(why, file=sys.stderr)
    sys.exit(3)


def end_with_parent():
    """Ends this process and all that it has started when the one that started it closes stdin, or is gone."""

    def watch():
        while os.read(0, 1):
            pass
        os.killpg(os.getpgrp(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


def main(run, start=None, end=None, is_first=True):
    """Does `python3 NAME.py WORKERS COMMAND WORDS...` by `run`.

    It prints the seconds that `run` takes, and then one answer a line, as `pcount COMMAND WORDS... -q` has it (of factorials the
    SHA-256). `start(workers)` before and `end()` after are not timed. Where several processes run this, one of them `is_first`.
    """
    if len(sys.argv) < 4:
        sys.exit(f"write: python3 {sys.argv[0]} WORKERS COMMAND WORDS..., for example 4 primes 0..1000000")
    workers, command, words = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    if is_first and os.environ.get("PCOUNT_WATCHES_STDIN"):
        end_with_parent()
    if command == "delay":
        function, tasks = delay, [(float(word),) for word in words]
    elif command in COMMANDS:
        function, join, close = COMMANDS[command]
        # Several pieces for each worker, so that none waits long for the others at the end.
        count = 1 if workers == 1 else 4 * workers
        cut = [pieces(*ends(word), count) for word in words]
        tasks = joined(cut)
    else:
        sys.exit(f"'{command}' is not there: it has {', '.join(COMMANDS)}, delay")
    if start:
        start(workers)
    began = time.perf_counter()
    results = run(function, tasks, workers)
    seconds = time.perf_counter() - began
    if end:
        end()
    if not is_first:
        return
    if command == "delay":
        answers = [f"{seconds:.6f}" for seconds in results]
    else:
        results = iter(results)
        answers = close([join([next(results) for _ in parts]) for parts in cut])
    print(f"{seconds:.9f}")
    for answer in answers:
        print(answer)
