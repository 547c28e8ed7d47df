#!/usr/bin/env python3
"""Checks a certificate of pcount without pcount: its chain, its sums, and that they make the answer.

    python3 check_certificate.py answer.cert

What the blocks came to is not computed again: `pcount verify answer.cert` does that. docs/certificates.md says what the lines
mean. Ends with code 0 if all is right, 3 if not. Needs only Python 3.8.
"""

import hashlib
import json
import re
import sys
from math import isqrt

WORD = 240  # the formula's segments begin at multiples of it


class Wrong(Exception):
    """Something does not fit."""


def once(members):
    """An object of JSON in which no name stands twice: readers do not agree which of the two counts."""
    read = dict(members)
    if len(read) != len(members):
        raise Wrong("a name stands twice in one object")
    return read


def lines_of(text):
    """The lines as JSON, if each has the right chain."""
    chain = "0" * 64
    for number, line in enumerate(text.splitlines(), 1):
        found = re.fullmatch(r'(.*),"chain":"([0-9a-f]{64})"\}', line)
        if not found:
            raise Wrong(f"line {number} has no chain")
        chain = hashlib.sha256((chain + found[1]).encode()).hexdigest()
        if chain != found[2]:
            raise Wrong(f"line {number}, or one before it, was changed")
        yield json.loads(found[1] + "}", object_pairs_hook=once)


def merged(left, right):
    """What two neighbouring runs of units came to together: names to integers."""
    whole = dict(left)
    for name, value in right.items():
        whole[name] = whole.get(name, 0) + value
    for of in {name.rsplit(".D", 1)[0] for name in right if name.endswith(".D")}:
        # The slices of D must fit at their edges.
        if f"{of}.D" in left and left[f"{of}.D.right"] != right[f"{of}.D.left"]:
            raise Wrong(f"the parts of {of} contradict each other")
        whole[f"{of}.D.left"] = left.get(f"{of}.D.left", right[f"{of}.D.left"])
        whole[f"{of}.D.right"] = right[f"{of}.D.right"]
    for name, weight in right.items():
        # A weighted sum of pi counts only primes of its own slice: those to the left come here.
        if name.endswith(".weight"):
            term = name[: -len(".weight")]
            primes = left.get(term.rsplit(".", 1)[0] + ".primes", 0)
            whole[term] = whole.get(term, 0) + weight * primes
    return whole


def is_prime(n):
    return n > 1 and all(n % d for d in range(2, isqrt(n) + 1))


def pi_of(x, of, whole):
    """pi(x) from the sums of Gourdon's formula whose names begin with `of`."""
    if not any(name.startswith(of + ".") for name in whole):
        if x > 10**6:
            raise Wrong(f"nothing is said of {of}")
        return sum(is_prime(n) for n in range(x + 1))
    get = lambda name: whole.get(f"{of}.{name}", 0)
    term = lambda t: get(f"low.{t}") + get(f"high.{t}") + get(f"high.{t}.weight") * get("low.primes")
    root = isqrt(x)
    middle = -(-(root + 1) // WORD) * WORD
    p = get("low.primes") - sum(is_prime(n) for n in range(root + 1, middle))
    sigma = get("sigma") + p * (p - 1) // 2
    return term("A") - term("B") + term("C") + get("D") + get("phi0") + sigma


def count(start, end, whole):
    """What the numbers from start to below end came to."""
    if end <= start:
        return 0
    if f"{start}..{end}" in whole:
        return whole[f"{start}..{end}"]
    ranges = {}
    for name in whole:
        found = re.fullmatch(r"(\d+)\.\.(\d+)", name)
        if found:
            ranges[int(found[1])] = (int(found[2]), whole[name])
    at, total = start, 0
    while at in ranges and at < end and ranges[at][0] > at:
        at, total = ranges[at][0], total + ranges[at][1]
    if at == end:
        return total
    formula = any(name.startswith("pi(") for name in whole)
    if not formula:
        raise Wrong(f"nothing is said of {start}..{end}")
    value = lambda edge: pi_of(edge - 1, f"pi({edge - 1})", whole) if edge > 2 else 0
    return value(end) - value(start)


def integer(value):
    """The integer that a text is."""
    if not isinstance(value, str) or not re.fullmatch(r"0|-?[1-9][0-9]*", value):
        raise Wrong(f"{value!r} is no integer as text")
    return int(value)


def told(blocks, plan, few):
    """The numbers of each block; None if they are told by bytes or a digest. A digest stands for what is long, not for `few` numbers."""
    level, units = plan["level"], plan["units"]
    if not (isinstance(level, int) and isinstance(units, int) and 0 <= level < 62 and 0 <= units < 2**62):
        raise Wrong("its plan has a level or units that none has")
    at, width = 0, 2**level
    for block in blocks:
        if block["units"] != [at, min(at + width, units)]:
            raise Wrong(f"the block of units {at} is missing")
        at = block["units"][1]
    if at != units:
        raise Wrong("its last blocks are missing")
    hidden = [block for block in blocks if "numbers" not in block]
    if hidden and len(hidden) < len(blocks) and few:
        raise Wrong(f"what units {hidden[0]['units']} came to is hidden")
    if hidden:
        return None
    return [{name: integer(value) for name, value in block["numbers"].items()} for block in blocks]


def make(kernel, problem, answer, whole):
    """Raises Wrong if what all blocks came to is not the answer."""
    rows, total = answer.get("rows", []), 0
    if kernel in ("sum", "map-reduce"):
        if rows or set(whole) != {name for name in problem["ranges"] if whole.get(name) is not None}:
            raise Wrong("its answer is not about its ranges")
        total = sum(whole.values())
    else:
        asked = [(0, integer(x) + 1) for x in problem["numbers"]] if kernel == "pi" else [
            tuple(int(edge) for edge in name.split("..")) for name in problem["ranges"]
        ]
        edges = lambda row: (0, integer(row["x"]) + 1) if kernel == "pi" else (integer(row["start"]), integer(row["end"]))
        if [edges(row) for row in rows] != asked:
            raise Wrong("its answer is not about its ranges or numbers")
        for row, (start, end) in zip(rows, asked):
            said = integer(row["sum" if kernel == "sum-primes" else "count"])
            if count(start, end, whole) != said:
                raise Wrong(f"the blocks come to {count(start, end, whole)} for {start}..{end}, the answer says {said}")
            total += said
    if kernel != "pi" and integer(answer.get("total")) != total:
        raise Wrong(f"the total is {total}, the answer says {answer['total']}")


def check(text):
    """Says what was checked; raises Wrong if something does not fit."""
    lines = list(lines_of(text))
    if len(lines) < 4 or lines[0].get("certificate") != "pcount/1" or lines[-1].get("lines") != len(lines):
        raise Wrong("it is no certificate of this form, or its end is missing")
    head, answer, plan = lines[0], lines[1]["answer"], lines[2]["plan"]
    asked = [len(facts) for facts in head["problem"].values() if isinstance(facts, list)]
    blocks = told([line for line in lines if "units" in line], plan, sum(asked) <= 8)
    chain = f"the chain of {len(lines)} lines is right"
    if blocks is None:
        return f"{chain}; its blocks are not told by numbers: pcount verify tells whether they make the answer"
    if head["kernel"] not in ("primes", "pi", "sum-primes", "sum", "map-reduce"):
        return f"{chain}; the answer of '{head['kernel']}' is not one that this program can check"
    whole = {}
    for block in blocks:
        whole = merged(whole, block)
    make(head["kernel"], head["problem"], answer, whole)
    return f"{chain}, and the sums of {len(blocks)} blocks make the answer"


def main():
    if len(sys.argv) != 2:
        sys.exit(f"usage: python3 {sys.argv[0]} answer.cert")
    try:
        with open(sys.argv[1], encoding="ascii") as file:
            print(check(file.read()))
    except OSError as why:
        sys.exit(f"{sys.argv[1]}: {why}")
    except Wrong as why:
        print(f"{sys.argv[1]}: {why}", file=sys.stderr)
        sys.exit(3)
    except UnicodeDecodeError:
        print(f"{sys.argv[1]}: it is no certificate: it is not ASCII", file=sys.stderr)
        sys.exit(3)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as why:
        print(f"{sys.argv[1]}: it is no certificate of this form: {type(why).__name__}", file=sys.stderr)
        sys.exit(3)


if __name__ == "__main__":
    main()
