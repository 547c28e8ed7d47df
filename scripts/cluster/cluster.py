"""What the cases share: the hosts, problems whose answers are known, and what a run file says."""
import json
import os
import re
import shutil
import subprocess

from hosts import Hosts
from world import SHARED, run

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TARGET = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))
BUILT = os.path.abspath(os.environ.get("PCOUNT", os.path.join(TARGET, "release", "pcount")))
# Where users have their copy of pcount: the same on all hosts.
COPY = f"{SHARED}/pcount"
PCOUNT = f"{COPY}/target/release/pcount"
# What ends a case that hangs; a busy machine needs it now and then.
PATIENCE = 180


class Failure(Exception):
    pass


def must(true, what):
    if not true:
        raise Failure(what)


class Cluster:
    """Three hosts, on each of them the same copy of pcount."""

    def __init__(self):
        os.makedirs(os.path.dirname(PCOUNT))
        for program in ["", "-full"]:
            shutil.copy2(BUILT + program, PCOUNT + program)
        shutil.copytree(f"{ROOT}/scripts", f"{COPY}/scripts")
        # What an MPI launcher needs on a small machine, and as root.
        said = run("bash", "-euc", ". scripts/common; for_this_machine; env -0", cwd=ROOT)
        settings = dict(line.split("=", 1) for line in said.split("\0") if re.match("(OMPI|PRTE)_", line))
        # And nothing else, as after a login.
        os.environ.clear()
        path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        os.environ.update(settings, PATH=path, HOME="/root", PCOUNT_HOME=COPY, PCOUNT_THREADS="1")
        os.chdir(SHARED)
        self.hosts = Hosts(3)
        self.speed = None

    def ready(self, part, name):
        """All hosts up, all cables whole, and an empty folder to be in."""
        folder = f"{SHARED}/{re.sub('[: ]+', '-', name)}"
        os.makedirs(folder)
        os.chdir(folder)
        os.environ["PWD"] = folder
        for host in self.hosts:
            cable = self.hosts.cable(host)
            cable.delay, cable.loss, cable.cut = 0.0, 0.0, False
            if not os.path.exists(f"/proc/{host.pid}"):
                host.up(self.hosts.switch)
        part.up(self)
        return self

    def problem(self, seconds, ranks):
        """A problem that takes so many ranks about so long here, and its answer, which the formula knows at once."""
        if self.speed is None:
            # Seconds of the processor: others may be at work on this machine.
            begun, width = os.times().children_user, 10**10
            alone([*counted(width, "sieve"), "-q"])
            self.speed = width / (os.times().children_user - begun)
        width = int(float(f"{self.speed * seconds * min(ranks, len(os.sched_getaffinity(0))):.1e}"))
        return counted(width, "sieve"), alone([*counted(width, "gourdon"), "-q"])


def counted(width, method):
    return ["primes", f"1e12..+{width}/2", "--method", method]


def alone(args):
    """What pcount prints without any cluster."""
    env = {**os.environ, "TMPDIR": "/run"}
    done = subprocess.run([PCOUNT, *args], capture_output=True, text=True, timeout=PATIENCE, env=env)
    must(done.returncode == 0, f"pcount {' '.join(args)}: code {done.returncode}: {done.stderr}")
    return done.stdout


def is_answer(out, answer):
    """Whether a job has printed the answer. A stopped attempt prints the rows that it has, before the others."""
    return out.endswith(answer) and has_rows_of(out, answer)


def has_rows_of(out, answer):
    """Whether all that was printed are rows of the answer."""
    return set(out.splitlines()) <= set(answer.splitlines())


def shown(path):
    """What the run file says; nothing if there is none yet."""
    if not os.path.exists(path):
        return None
    return json.loads(alone(["show", path, "--format", "json"]))


def saved(path):
    """Units that are safe."""
    run = shown(path)
    return 0 if run is None else run["run"]["units" if run["status"] == "complete" else "units_done"]


def on(host, *command):
    """What a command prints on a host."""
    done = host.run(*command)
    must(done.returncode == 0, f"{' '.join(command)}: code {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def end(job, seconds=PATIENCE):
    """What a job of a host left behind."""
    try:
        out, err = job.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        job.kill()
        raise Failure(f"it was not over after {seconds} s")
    return job.returncode, out, err
