"""Grid Engine, with its daemons on three hosts, and the shipped script under it."""
import os
import re

from cluster import COPY, PATIENCE, alone, has_rows_of, is_answer, must, on, saved, shown
from hosts import until
from world import SHARED, put

NAME = "Grid Engine"
TOOLS = ["sge_qmaster", "sge_execd", "qsub"]
# What Debian's packages install; all that belongs to a cluster is made anew, in the world.
INSTALLED, SHARE, LIB = "/var/lib/gridengine", "/usr/share/gridengine", "/usr/lib/gridengine"
ROOT = "/run/gridengine"
CELL = f"{ROOT}/default/common"
LOG = f"{SHARED}/gridengine"


def up(cluster):
    """All daemons up."""
    head = cluster.hosts[0]
    if not os.path.exists(ROOT):
        configure(head)
        on(head, "sge_qmaster")
        until(lambda: head.run("qconf", "-sss").returncode == 0, PATIENCE, "there is no qmaster")
        for host in cluster.hosts:
            on(head, "qconf", "-ah", host.name)
            on(head, "qconf", "-as", host.name)
        # Two slots on each host, dealt to them in turn, and ranks that start through Grid Engine itself.
        names = " ".join(host.name for host in cluster.hosts)
        ranks = {"allocation_rule": "$round_robin", "control_slaves": "TRUE", "job_is_first_task": "FALSE"}
        edited(head, ["-ap", "mpi"], slots=100, **ranks)
        edited(head, ["-aq", "main.q"], hostlist=names, slots=2, pe_list="mpi", load_thresholds="NONE")
        # Who waits for a job should not wait for the scheduler as well.
        edited(head, ["-msconf"], schedule_interval="0:0:1", flush_submit_sec=1, flush_finish_sec=1)
    for host in cluster.hosts:
        if not host.processes("sge_execd"):
            on(host, "sge_execd")
    until(lambda: "-NA-" not in on(head, "qstat", "-f"), PATIENCE, "not all hosts are there")


def configure(head):
    """A cell of our own: where root may run jobs, and nobody gets mail."""
    os.makedirs(CELL)
    for name in ["bin", "lib", "util", "utilbin"]:
        os.symlink(f"{INSTALLED}/{name}", f"{ROOT}/{name}")
    for folder in [f"{ROOT}/spool", f"{LOG}/qmaster/job_scripts", f"{LOG}/execd"]:
        os.makedirs(folder)
    os.environ.update(SGE_ROOT=ROOT, SGE_CELL="default", SGE_QMASTER_PORT="6444", SGE_EXECD_PORT="6445")
    put(f"{CELL}/act_qmaster", "node1\n")
    folders = {"spooling_params": f"{ROOT}/spool", "qmaster_spool_dir": f"{LOG}/qmaster"}
    changed(f"{SHARE}/default-bootstrap", f"{CELL}/bootstrap", admin_user="root", **folders)
    told = "accounting=true reporting=false flush_time=00:00:01 joblog=false sharelog=00:00:00"
    values = {"execd_spool_dir": f"{LOG}/execd", "mailer": "/bin/true", "reporting_params": told}
    conf = changed(f"{SHARE}/default-configuration", f"{ROOT}/configuration", min_uid=0, min_gid=0, **values)
    on(head, f"{LIB}/spoolinit", "berkeleydb", "libspoolb", f"{ROOT}/spool", "init")
    for what, path in [("configuration", conf), ("complexes", f"{SHARE}/util/resources/centry"),
                       ("usersets", f"{SHARE}/util/resources/usersets"), ("managers", "root")]:
        on(head, f"{LIB}/spooldefaults", what, path)


def changed(source, path, **values):
    """A copy of a file, in which lines say something else."""
    with open(source) as file:
        text = file.read()
    for name, value in values.items():
        text, times = re.subn(rf"^{name}\s.*$", f"{name} {value}", text, flags=re.M)
        must(times == 1, f"{source} does not say {name} once")
    return put(path, text)


def edited(head, what, **values):
    """qconf has its defaults changed by an editor."""
    lines = "".join(f"s/^{name} .*/{name} {value}/;" for name, value in values.items())
    editor = put(f"{ROOT}/editor", f"#!/bin/sh\nexec sed -i '{lines}' \"$1\"\n", 0o755)
    on(head, "env", f"EDITOR={editor}", "qconf", *what)


def submit(cluster, options, args):
    """The number of a job of the shipped script."""
    told = on(cluster.hosts[0], "qsub", "-terse", *options, f"{COPY}/scripts/batch/sge", *args)
    return told.strip().split(".")[0]


# A slot on each host.
EACH = ["-pe", "mpi", "3"]
# The script has pcount stop two minutes before the limit: 10 s after the start.
LIMIT = ["-l", "h_rt=0:2:10"]


def over(cluster, number):
    """What Grid Engine says of each attempt of a job, and of each task of an array, when it is over."""
    head = cluster.hosts[0]

    def ended():
        if not head.run("qstat", "-j", number).returncode:
            return None
        told = head.run("qacct", "-j", number).stdout
        attempts = re.findall(r"^failed +(.*?) *\nexit_status +(\d+)", told, re.M)
        # A job that is run again is for a moment in no queue, and not over.
        return attempts if attempts and "rescheduling" not in attempts[-1][0] else None

    return until(ended, PATIENCE, f"job {number} is not over, or not accounted for")


def said(number, task=""):
    """What the job wrote: its answer and its talk."""
    found = [f"pcount.{what}{number}{task}" for what in "oe"]
    return [open(path).read() if os.path.exists(path) else "" for path in found]


def complete(cluster, number, answer, task=""):
    """What Grid Engine says of the job, which must have come to the answer."""
    attempts = over(cluster, number)
    must(is_answer(said(number, task)[0], answer), f"{attempts}: {said(number, task)}")
    return attempts


def mpirun(cluster):
    args, answer = cluster.problem(1.5, 3)
    complete(cluster, submit(cluster, EACH, [*args, "-q", "--out", "run.h5"]), answer)
    hosts = shown("run.h5")["run"]["hosts"]
    must(sorted(hosts) == [host.name for host in cluster.hosts], f"it ran on {hosts}")
    return f"exact on {', '.join(hosts)}"


def a_limit_shorter_than_the_work_on_one_host(cluster):
    args, answer = cluster.problem(15, 1)
    job = submit(cluster, ["-pe", "mpi", "1", *LIMIT], [*args, "-q", "--out", "run.h5"])
    attempts = complete(cluster, job, answer)
    again = [failed for failed, code in attempts if code == "99"]
    must(again and all("rescheduling" in failed for failed in again), f"it was not requeued: {attempts}")
    return f"code 99, {len(again)} times requeued, exact"


def a_limit_shorter_than_the_work_on_three_hosts(cluster):
    args, answer = cluster.problem(13, 3)
    job, attempts = submit(cluster, [*EACH, *LIMIT], [*args, "-q", "--out", "run.h5"]), 1
    while True:
        over(cluster, job)
        out, err = said(job)
        like = re.search(r"Your job (\d+) .* has been submitted", err)
        if not like:
            break
        must(has_rows_of(out, answer) and attempts < 10, f"attempt {attempts}: {out}{err}")
        job, attempts = like[1], attempts + 1
    must(attempts > 1 and out == answer, f"attempt {attempts}: {out}{err}")
    return f"{attempts} jobs, each submitted by the one before, exact"


def an_array(cluster):
    job = submit(cluster, ["-pe", "mpi", "1", "-t", "1-3"], ["primes", "TASK*1e12..+1e9", "-q"])
    for task in range(1, 4):
        answer = alone(["primes", f"{task}e12..+1e9", "--method", "gourdon", "-q"])
        complete(cluster, job, answer, f".{task}")
    return "each task exact"


def qdel(cluster):
    args, answer = cluster.problem(4, 3)
    asked = [*args, "-q", "--out", "run.h5", "--checkpoint-every", "200ms"]
    job = submit(cluster, EACH, asked)
    until(lambda: saved("run.h5"), PATIENCE, "nothing was saved")
    on(cluster.hosts[0], "qdel", job)
    over(cluster, job)
    before, err = saved("run.h5"), said(job)[1]
    must(shown("run.h5")["status"] == "partial" and "asked to run" not in err, f"after qdel: {err}")
    complete(cluster, submit(cluster, EACH, asked), answer)
    return f"{100 * before // saved('run.h5')} % saved, submitted again exact"


CASES = [
    mpirun,
    a_limit_shorter_than_the_work_on_one_host,
    a_limit_shorter_than_the_work_on_three_hosts,
    an_array,
    qdel,
]
