"""The switch between the hosts: it has delay, loss and a cable that can be pulled, for each host.

It is a thread that carries Ethernet frames from the one end (a TAP device) of each host's network card to those of the
others. Kernels can do delay and loss themselves (netem), but not every kernel was built with it.
"""
import ctypes
import fcntl
import heapq
import os
import random
import select
import struct
import threading
import time

from world import run

TUNSETIFF, IFF_TAP_NO_PI, CLONE_NEWNET = 0x400454CA, 0x1002, 0x40000000


def card(number):
    """The address of a host's network card; its last byte is the host."""
    return bytes([2, 0, 0, 0, 0, number])


class Cable:
    """What leads to a host: seconds of delay, which share of frames is lost, whether it is cut."""

    def __init__(self, tap):
        self.tap, self.delay, self.loss, self.cut = tap, 0.0, 0.0, False


class Switch(threading.Thread):
    def __init__(self):
        super().__init__(daemon=True)
        # What is on its way: when it is due, its number, where to, and the frame.
        self.cables, self.way, self.old = {}, [], []
        self.late, self.lost, self.dice = 0, 0, random.Random(1)
        self.wake, self.bell = os.pipe()
        self.start()

    def attach(self, number, pid, address):
        """A network card for the host whose first process is `pid`."""
        made = []

        def inside():
            # A thread can be in a network of its own.
            with open(f"/proc/{pid}/ns/net") as net:
                if ctypes.CDLL(None, use_errno=True).setns(net.fileno(), CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
            tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
            fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22s", b"eth0", IFF_TAP_NO_PI, b""))
            run("ip", "link", "set", "lo", "up")
            run("ip", "link", "set", "eth0", "address", card(number).hex(":"), "up")
            run("ip", "address", "add", f"{address}/24", "dev", "eth0")
            made.append(tap)

        thread = threading.Thread(target=inside)
        thread.start()
        thread.join()
        if not made:
            raise RuntimeError("no network card could be made")
        if number in self.cables:
            cable = self.cables[number]
            old, cable.tap = cable.tap, made[0]
            self.old.append(old)
        else:
            self.cables[number] = Cable(made[0])
        os.write(self.bell, b"!")

    def run(self):
        while True:
            # Here, where nobody waits for them: the next file that is opened gets the same number.
            while self.old:
                os.close(self.old.pop())
            wait = self.way[0][0] - time.monotonic() if self.way else None
            taps = {cable.tap: cable for cable in list(self.cables.values())}
            ready, _, _ = select.select([self.wake, *taps], [], [], wait if wait is None else max(wait, 0))
            for end in ready:
                if end == self.wake:
                    os.read(self.wake, 4096)
                else:
                    self.take(taps[end])
            while self.way and self.way[0][0] <= time.monotonic():
                _, _, cable, frame = heapq.heappop(self.way)
                self.give(cable, frame)

    def take(self, source):
        """Takes the frames that a host has sent."""
        while True:
            try:
                frame = os.read(source.tap, 65536)
            except OSError:
                return
            to = self.cables.get(frame[5]) if frame[:5] == card(0)[:5] else None
            for cable in [to] if to else list(self.cables.values()):
                if cable is source or cable.cut or source.cut:
                    continue
                if any(self.dice.random() < end.loss for end in (source, cable)):
                    self.lost += 1
                    continue
                delay = source.delay + cable.delay
                if delay:
                    self.late += 1
                    # The count keeps frames in order that are due together.
                    heapq.heappush(self.way, (time.monotonic() + delay, self.late, cable, frame))
                else:
                    self.give(cable, frame)

    def give(self, cable, frame):
        try:
            os.write(cable.tap, frame)
        except OSError:
            # Its host is no more, or takes no more: frames may be lost.
            self.lost += 1
