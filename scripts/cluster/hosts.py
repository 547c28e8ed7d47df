"""Hosts on one machine: each has its own processes, network card, address, name, /tmp and shared memory.

They share the disk (`world.SHARED`) and a network (`switch.py`), and log in to each other by ssh, as a cluster's hosts do.
"""
import os
import signal
import subprocess
import time

from switch import Switch
from world import NAMESPACES, SHARED, instead, put, run

ETC = "/run/etc"
# What is done by the first process of a host. It also buries the dead.
LIFE = """
hostname $1
mount -t tmpfs tmpfs /dev/shm && mount -t tmpfs tmpfs /tmp
/usr/sbin/sshd && touch $2
while :; do sleep 1000 & wait; done
"""


class Host:
    def __init__(self, number):
        self.number, self.name, self.address = number, f"node{number}", f"10.77.0.{number}"
        self.pid = None

    def up(self, switch):
        ready = f"/run/{self.name}.ready"
        if os.path.exists(ready):
            os.remove(ready)
        with open(f"{SHARED}/{self.name}.log", "a") as log:
            life = subprocess.Popen(
                ["unshare", *NAMESPACES, "sh", "-c", LIFE, "sh", self.name, ready],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )
        until(lambda: os.path.exists(ready), 60, f"{self.name} is not up")
        with open(f"/proc/{life.pid}/task/{life.pid}/children") as file:
            self.pid = int(file.read())
        switch.attach(self.number, self.pid, self.address)
        until(lambda: self.run("ssh", self.name, "hostname").stdout == self.name + "\n", 60, f"no ssh to {self.name}")

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)

    def command(self, *command):
        """What runs a command on this host, in the folder where we are."""
        space = ["--mount", "--net", "--uts", "--ipc", "--pid"]
        there = ["sh", "-c", 'cd "$0" && exec "$@"', os.getcwd()]
        return ["nsenter", "--target", str(self.pid), *space, "--", *there, *command]

    def start(self, *command, **options):
        pipe = subprocess.PIPE
        return subprocess.Popen(
            self.command(*command), stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True, **options
        )

    def run(self, *command, seconds=60, **options):
        """What a command came to; one that takes longer than `seconds` is an error."""
        return subprocess.run(
            self.command(*command), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds, **options
        )

    def processes(self, program):
        """The pids, as we see them, of a program's processes on this host."""
        found, here = [], os.readlink(f"/proc/{self.pid}/ns/net")
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/comm") as name:
                    if name.read() == program + "\n" and os.readlink(f"/proc/{pid}/ns/net") == here:
                        found.append(int(pid))
            except OSError:
                pass
        return found


class Hosts(list):
    """The hosts node1, node2, ..., up and able to log in to each other."""

    def __init__(self, number):
        super().__init__(Host(index + 1) for index in range(number))
        names = "".join(f"{host.address} {host.name}\n" for host in self)
        instead("/etc/hosts", put(f"{ETC}/hosts", "127.0.0.1 localhost\n" + names))
        # Without PAM sshd lets nobody in whose password is locked, as root's may be.
        with open("/etc/shadow") as file:
            others = [line for line in file if not line.startswith("root:")]
        instead("/etc/shadow", put(f"{ETC}/shadow", "root:*:1::::::\n" + "".join(others), 0o600))
        key = f"{ETC}/ssh/key"
        put(f"{ETC}/ssh/ssh_config", f"IdentityFile {key}\nStrictHostKeyChecking no\nUserKnownHostsFile /dev/null\n"
            "LogLevel ERROR\nConnectTimeout 20\n")
        put(f"{ETC}/ssh/sshd_config", f"HostKey {key}\nAuthorizedKeysFile {key}.pub\nPermitRootLogin prohibit-password\n"
            "UsePAM no\nUseDNS no\nStrictModes no\nMaxStartups 100\n")
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
        # The place of the key must be the same under both names.
        instead("/etc/ssh", f"{ETC}/ssh")
        self.switch = Switch()
        for host in self:
            host.up(self.switch)

    def cable(self, host):
        return self.switch.cables[host.number]


def until(true, seconds, what):
    """Waits until something is true, and returns it; that it is not within `seconds` is an error."""
    end = time.monotonic() + seconds
    while not (value := true()):
        if time.monotonic() > end:
            raise TimeoutError(f"{what} for {seconds} s")
        time.sleep(0.1)
    return value
