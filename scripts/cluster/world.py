"""A world of its own, in which the cluster stands: mounts, processes, network and names that nobody outside sees.

All of it ends with its first process, and that ends with the process that made it, in whatever way: so nothing has to
be cleaned up, and nothing is left of a test that was killed. What is written there is on a disk in memory.
"""
import ctypes
import os
import shutil
import signal
import subprocess
import sys

# /run is the world's own; everything that its hosts share is there, as on the network's disk of a cluster.
SHARED = "/run/cluster"
MADE = "PCOUNT_CLUSTER_WORLD"
NAMESPACES = ["--mount", "--net", "--uts", "--ipc", "--pid", "--fork", "--kill-child", "--mount-proc"]


def inside():
    return MADE in os.environ


def why_not():
    """What this machine lacks; nothing if it can have a world."""
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    if os.geteuid() != 0:
        return "you are not root"
    for tool in ["unshare", "nsenter", "mount", "ip", "ssh", "sshd"]:
        if not shutil.which(tool):
            return f"there is no {tool}"
    if not os.path.exists("/dev/net/tun"):
        return "there is no /dev/net/tun"
    try:
        test = ["unshare", *NAMESPACES, "sh", "-c", "mount -t tmpfs tmpfs /run && ip tuntap add mode tap"]
        made = subprocess.run(test, capture_output=True, text=True, timeout=30)
    except subprocess.TimeoutExpired:
        return "namespaces take too long"
    if made.returncode != 0:
        return f"namespaces are not allowed: {made.stderr.strip()}"
    return None


def dies_with_us():
    """For the child: SIGKILL when whoever started it is no more."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def enter():
    """Runs this program again, in a world; returns there only."""
    if not inside():
        command = ["unshare", *NAMESPACES, sys.executable, "-B", *sys.argv]
        world = subprocess.Popen(command, env={**os.environ, MADE: "1"}, preexec_fn=dies_with_us)
        try:
            sys.exit(world.wait())
        except KeyboardInterrupt:
            world.kill()
            sys.exit(130)
    # The first process only buries the dead; daemons that see a zombie take it for alive.
    child = os.fork()
    if child:
        try:
            while True:
                pid, status = os.wait()
                if pid == child:
                    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
        except KeyboardInterrupt:
            os._exit(130)
    run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    run("ip", "link", "set", "lo", "up")
    for folder in [SHARED, "/run/sshd", "/run/lock"]:
        os.makedirs(folder)


def put(path, text, mode=0o644):
    """A file at `path`."""
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


def instead(path, source):
    """From here on `source` is what everybody in this world sees at `path`."""
    if os.path.isdir(source):
        os.makedirs(path, exist_ok=True)
    elif not os.path.exists(path):
        put(path, "")
    run("mount", "--bind", source, path)


def run(*command, **options):
    """Runs a command to its end and returns what it printed; that it fails is an error with what it said."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: code {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout
