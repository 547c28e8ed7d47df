"""Forges run files, as somebody would who knows HDF5 well. For tests/forged.rs; needs h5py.

    forge.py craft CASE WHOLE OUT OUTSIDE      one of the CASES, made of the run file WHOLE
    forge.py outside FOLDER                    makes that, with what nobody may open
    forge.py measure PROGRAM ARGUMENT...       runs it; one line of JSON says what that took
    forge.py fuzz PROGRAM FOLDER SEED COUNT    forges COUNT files at random and has them read
"""

import ctypes
import hashlib
import json
import multiprocessing
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import zlib

os.environ["HDF5_USE_FILE_LOCKING"] = "FALSE"
import h5py
import numpy

HEAD = 512
TEXT = h5py.string_dtype("utf-8")

# What no read of a small file may take.
MOST_SECONDS = 1.5  # the reader is ended after one, and its parent takes little
MOST_BYTES = 64 << 20


def seal(path):
    """Writes the checksum that the rest of the file has."""
    with open(path, "r+b") as file:
        head = file.read(HEAD)
        unfinished = b"unfinished\n" if b"\nunfinished\n" in head else b""
        digest = hashlib.sha256(file.read()).hexdigest().encode()
        file.seek(0)
        file.write((b"pcount-run/1\nsha256 " + digest + b"\n" + unfinished).ljust(HEAD, b"\0"))


def replace(group, name, make):
    """Puts what `make` makes in the place of a member; attributes stay."""
    attributes = {}
    if name in group:
        attributes = dict(group[name].attrs)
        del group[name]
    made = make(group, name)
    if made is not None:
        for key, value in attributes.items():
            made.attrs.create(key, value, dtype=TEXT if isinstance(value, str) else None)


def text(place, name, value):
    place.attrs.create(name, value, dtype=TEXT)


def raw_dataset(group, name, dtype, shape, prepare):
    """A data set by the low functions, which let more be asked for."""
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    prepare(plist)
    space = h5py.h5s.create_simple(shape, tuple(h5py.h5s.UNLIMITED if prepare.__name__ == "chunked" else n for n in shape))
    h5py.h5d.create(group.id, name.encode(), h5py.h5t.py_create(numpy.dtype(dtype), logical=True), space, plist)
    return group[name]


def chunked(plist):
    plist.set_chunk((65536,))


def contiguous(plist):
    plist.set_layout(h5py.h5d.CONTIGUOUS)


def bomb(group, name):
    """A list whose one chunk is 48 MB of zeros in 47 KB."""

    def packed(plist):
        plist.set_chunk((65536,))
        plist.set_deflate(1)

    made = raw_dataset(group, name, "u8", (65536,), packed)
    made.id.write_direct_chunk((0,), zlib.compress(bytes(48 << 20), 9))


def external(outside):
    def make(group, name):
        raw_dataset(group, name, "u8", (4,), lambda plist: plist.set_external(outside.encode() + b"/secret", 0, 32))

    return make


def virtual(outside):
    def make(group, name):
        layout = h5py.VirtualLayout(shape=(4,), dtype="u8")
        layout[:] = h5py.VirtualSource(outside + "/secret.h5", "secret", shape=(4,))
        return group.create_virtual_dataset(name, layout)

    return make


def unknown_filter(group, name):
    def filtered(plist):
        plist.set_chunk((65536,))
        plist.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, ())

    made = raw_dataset(group, name, "u8", (65536,), filtered)
    made.id.write_direct_chunk((0,), b"x" * 100)


def raw(old, new):
    """Puts other bytes of the same length into the file itself."""

    def edit(path):
        with open(path, "r+b") as file:
            bytes_ = file.read()
            assert old in bytes_[HEAD:] and len(old) == len(new)
            file.seek(0)
            file.write(bytes_[:HEAD] + bytes_[HEAD:].replace(old, new))

    return edit


def cases(outside):
    """By name: what is done to the open file, or to its bytes."""

    def member(where, name, make):
        return lambda file: replace(file[where], name, make)

    def huge(prepare, dtype="u8", count=1 << 60):
        return lambda group, name: raw_dataset(group, name, dtype, (count,), prepare)

    def listed(make):
        def change(file):
            text(file, "list", "prime")
            replace(file["/"], "primes", make)

        return change

    def fact(name, value=1.0):
        def change(file):
            run = file["run"]
            text(run, "order", run.attrs["order"] + "," + name)
            run.attrs[name] = value

        return change

    def order(value):
        return lambda file: text(file["run"], "order", value)

    return {
        "a count of 2^60 in the timeline": member("timeline", "units", huge(contiguous)),
        "a list of 2^62 numbers": listed(huge(chunked, count=(1 << 62) - 1)),
        "texts that were never written": member("problem", "ranges", lambda g, n: raw_dataset(g, n, TEXT, (100,), contiguous)),
        "texts in chunks that were never written": member("problem", "ranges", lambda g, n: raw_dataset(g, n, TEXT, (1 << 40,), chunked)),
        "a deflate bomb": listed(bomb),
        "a name that is a dot": order("."),
        "a name that leads elsewhere": order("../run/seconds"),
        "a fact that is also a group": fact("seconds"),
        "2^40 attempts": lambda file: file["attempts"].attrs.create("count", 1 << 40, dtype="u8"),
        "an external link": member("/", "problem", lambda g, n: g.__setitem__(n, h5py.ExternalLink(outside + "/secret.h5", "/"))),
        "an external link to a pipe": member("/", "problem", lambda g, n: g.__setitem__(n, h5py.ExternalLink(outside + "/pipe", "/"))),
        "external storage": member("timeline", "units", external(outside)),
        "a soft link": member("/", "problem", lambda g, n: g.__setitem__(n, h5py.SoftLink("/run"))),
        "a soft link that nobody asks for": lambda file: file["run"].__setitem__("more", h5py.SoftLink("/run")),
        "an unknown filter": listed(unknown_filter),
        "a virtual data set": member("timeline", "units", virtual(outside)),
        "text that is not UTF-8": lambda file: text(file, "kernel", b"pri\xffes"),
        "text that is not UTF-8 in a list": member("problem", "ranges", lambda g, n: g.create_dataset(n, data=[b"0..\xfe"], dtype=TEXT)),
        "numbers of another type": member("timeline", "units", lambda g, n: g.create_dataset(n, data=numpy.zeros(4, "f4"))),
        "columns of different length": member("timeline", "units", lambda g, n: g.create_dataset(n, data=numpy.zeros(3000, "u8"))),
        "an integer that is none": member("answer", "count", lambda g, n: g.create_dataset(n, data=["1e9"], dtype=TEXT)),
        "an answer that is not there": lambda file: file["answer"].attrs.__delitem__("bare"),
        # These are let in, but what they say is made harmless.
        "escapes in a text": lambda file: text(file["answer"]["count"], "unit", "\x1b]0;owned\x07\x9b31m"),
        "escapes in the arguments": member("problem", "ranges", lambda g, n: g.create_dataset(n, data=["\x1b[2J\u202e"], dtype=TEXT)),
    }


def craft(case, whole, out, outside):
    shutil.copyfile(whole, out)
    change = cases(outside)[case]
    with h5py.File(out, "r+") as file:
        change(file)
    seal(out)


def measured(command):
    """Its code, what it said, the processor time and the memory of it and of its children."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        # One that waits for ever takes no time of the processor.
        ends = threading.Timer(120, child.kill)
        ends.start()
        _, status, usage = os.wait4(child.pid, 0)
        ends.cancel()
        child.returncode = 0
        out.seek(0)
        err.seek(0)
        # Text that is none is an error here.
        return {
            "code": os.waitstatus_to_exitcode(status),
            "seconds": usage.ru_utime + usage.ru_stime,
            "bytes": usage.ru_maxrss << 10,
            "out": out.read().decode(),
            "err": err.read().decode(),
        }


# Whoever changes a file at random.


def every(group, found):
    """All groups and data sets that can be reached by hard links, once."""
    for name in list(group):
        if group.get(name, getlink=True).__class__ is h5py.HardLink and len(found) < 200:
            try:
                item = group[name]
            except (KeyError, OSError):
                continue
            if all(item != other for other in found):
                found.append(item)
                if isinstance(item, h5py.Group):
                    every(item, found)
    return found


NUMBERS = [0, 1, 2, 255, 1 << 16, 1 << 31, 1 << 32, 1 << 40, 1 << 62, (1 << 63) - 1, 1 << 63, (1 << 64) - 1]
TEXTS = ["", ".", "..", "/", "a/b", "seconds", "seconds.wall,seconds", "primes", "\x1b[2J", "x" * 70000, "9" * 300, "-", "kind", "complete", "partial", "total"]
BYTES = [b"\xff", b"\xc0\x80", b"\xed\xa0\x80"]


def change_structure(file, dice, outside):
    items = every(file, [file["/"]])
    groups = [item for item in items if isinstance(item, h5py.Group)]
    group, item = dice.choice(groups), dice.choice(items)
    names = list(group) or ["new"]
    name = dice.choice(names)
    crafted = list(cases(outside).values())
    kind = dice.randrange(12)
    if kind == 0:
        dice.choice(crafted)(file)
    elif kind == 1 and list(item.attrs):
        item.attrs[dice.choice(list(item.attrs))] = dice.choice(NUMBERS[:-1])
    elif kind == 2 and list(item.attrs):
        text(item, dice.choice(list(item.attrs)), dice.choice(TEXTS))
    elif kind == 3 and list(item.attrs):
        text(item, dice.choice(list(item.attrs)), dice.choice(BYTES))
    elif kind == 4 and list(item.attrs):
        del item.attrs[dice.choice(list(item.attrs))]
    elif kind == 5:
        del group[name]
    elif kind == 6:
        replace(group, name, lambda g, n: g.create_dataset(n, data=[dice.choice(NUMBERS) for _ in range(dice.randrange(5))], dtype="u8"))
    elif kind == 7:
        replace(group, name, lambda g, n: g.create_dataset(n, data=[dice.choice(TEXTS) for _ in range(dice.randrange(5))], dtype=TEXT))
    elif kind == 8:
        other = dice.choice(items)
        replace(group, name, lambda g, n: g.__setitem__(n, other))
    elif kind == 9:
        make = dice.choice([bomb, external(outside), virtual(outside), unknown_filter])
        replace(group, name, make)
    elif kind == 10:
        shape = (dice.choice(NUMBERS[1:-2]),)
        replace(group, name, lambda g, n: raw_dataset(g, n, dice.choice(["u8", "f8", "u1", TEXT]), shape, dice.choice([chunked, contiguous])))
    else:
        kinds = ["u4", "i8", ">u8", "f4", "S5", [("a", "u8"), ("b", "f8")], h5py.vlen_dtype("u8"), h5py.enum_dtype({"a": 1})]
        replace(group, name, lambda g, n: g.create_dataset(n, shape=(dice.randrange(4),), dtype=dice.choice(kinds)))


def change_bytes(path, dice):
    with open(path, "r+b") as file:
        data = bytearray(file.read())
        for _ in range(dice.randrange(1, 12)):
            at = dice.randrange(HEAD, len(data) - 8)
            kind = dice.randrange(5)
            if kind == 0:
                data[at] ^= 1 << dice.randrange(8)
            elif kind == 1:
                data[at] = dice.randrange(256)
            elif kind == 2:
                at -= at % 8
                data[at : at + 8] = struct.pack("<Q", dice.choice(NUMBERS))
            elif kind == 3:
                other = dice.randrange(HEAD, len(data) - 8)
                data[at : at + 8] = data[other : other + 8]
            else:
                # Where the library knows a structure by its name it looks closely.
                known = dice.choice([b"TREE", b"HEAP", b"SNOD", b"GCOL", b"OHDR", b"FRHP"])
                found = data.find(known, at)
                if found > 0 and found + 40 < len(data):
                    data[found + 4 + dice.randrange(32)] = dice.choice([0, 1, 0x7F, 0xFF, dice.randrange(256)])
        if dice.randrange(40) == 0:
            del data[dice.randrange(HEAD, len(data)) :]
        file.seek(0)
        file.write(data)
        file.truncate()


class Watch:
    """Hears of every file that is opened in a folder."""

    def __init__(self, folder):
        libc = ctypes.CDLL(None, use_errno=True)
        self.handle = libc.inotify_init1(os.O_NONBLOCK)
        # Opened, read, written or made.
        assert libc.inotify_add_watch(self.handle, folder.encode(), 0x20 | 0x1 | 0x2 | 0x100) >= 0, "no inotify here"

    def heard(self):
        try:
            return os.read(self.handle, 65536)
        except BlockingIOError:
            return b""

    def close(self):
        os.close(self.handle)


def make_outside(folder):
    """What nobody may open: a file, a run file and a pipe."""
    os.mkdir(folder)
    with open(folder + "/secret", "w") as file:
        file.write("somebody's secret, which stays where it is\n")
    with h5py.File(folder + "/secret.h5", "w") as file:
        file["secret"] = [1, 2, 3, 4]
        text(file, "order", "a")
    os.mkfifo(folder + "/pipe")


def forge(whole, path, dice, outside):
    """Makes a file of a whole one, with a right checksum."""
    shutil.copyfile(whole, path)
    if dice.randrange(3) > 0:
        for _ in range(dice.randrange(1, 4)):
            try:
                with h5py.File(path, "r+") as file:
                    change_structure(file, dice, outside)
            except (OSError, ValueError, KeyError, TypeError, RuntimeError, AttributeError, OverflowError):
                pass  # what cannot be written is not forged
    if dice.randrange(3) > 0:
        change_bytes(path, dice)
    seal(path)


def harm(run, folder, watch):
    """What a run did that it must not; nothing if it is harmless."""
    said = run["out"] + run["err"]
    if run["code"] not in (0, 1, 2, 85):
        return f"code {run['code']}"
    if run["bytes"] > MOST_BYTES:
        return f"{run['bytes'] >> 20} MB"
    if run["seconds"] > MOST_SECONDS:
        return f"{run['seconds']:.2f} s"
    if any(ord(c) < 32 and c != "\n" or 127 <= ord(c) < 160 for c in said):
        return "control characters"
    if run["code"] in (1, 2) and "pcount: " not in run["err"]:
        return "nothing is said"
    if watch.heard():
        return "a file outside was opened"
    if set(os.listdir(folder)) - {"x.h5", "x.h5.prev"}:
        return f"left behind: {os.listdir(folder)}"
    return None


def one(arguments):
    """Forges one file and has it read; why that went wrong, or nothing."""
    program, wholes, seed = arguments
    dice = random.Random(seed)
    whole = dice.choice(wholes)
    with tempfile.TemporaryDirectory() as place:
        folder, outside = place + "/in", place + "/outside"
        path = folder + "/x.h5"
        os.mkdir(folder)
        make_outside(outside)
        forge(whole, path, dice, outside)
        asked = [["show", path, "--format", dice.choice(["text", "json", "csv"])]]
        if "partial" in whole:
            asked.append(["resume", path, "--for", "20ms", "--threads", "1"])
        watch = Watch(outside)
        try:
            for words in asked:
                run = measured([program] + words)
                wrong = harm(run, folder, watch)
                if wrong:
                    kept = os.path.join(tempfile.gettempdir(), f"pcount-forged-{seed}.h5")
                    shutil.copyfile(path, kept)
                    name = os.path.basename(whole)
                    return f"seed {seed}, {name}, {words[0]}: {wrong}: {run['err'][:300]!r}; kept as {kept}"
                if run["code"] != 0:
                    break
        finally:
            watch.close()
    return None


def fuzz(program, folder, seed, count):
    wholes = sorted(os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".h5"))
    jobs = [(program, wholes, seed + index) for index in range(count)]
    with multiprocessing.Pool(os.cpu_count()) as pool:
        failed = [why for why in pool.imap_unordered(one, jobs, chunksize=8) if why]
    print("\n".join(failed[:20]))
    print(f"{count} files forged from seed {seed}, {len(failed)} of them did harm")
    return 1 if failed else 0


if __name__ == "__main__":
    what, words = sys.argv[1], sys.argv[2:]
    if what == "craft":
        craft(*words)
    elif what == "outside":
        make_outside(*words)
    elif what == "measure":
        print(json.dumps(measured(words)))
    elif what == "cases":
        print("\n".join(cases("")))
    elif what == "fuzz":
        sys.exit(fuzz(words[0], words[1], int(words[2]), int(words[3])))
