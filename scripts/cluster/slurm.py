"""Slurm, with its daemons on three hosts, and the shipped script under it."""
import os
import re
import shutil

from cluster import COPY, PATIENCE, PCOUNT, alone, is_answer, must, on, saved, shown
from hosts import until
from world import SHARED, run

NAME = "Slurm"
TOOLS = ["munged", "slurmctld", "slurmd", "sbatch", "srun"]
CONF = f"{os.path.dirname(os.path.abspath(__file__))}/slurm.conf"
# Others pass.
ENDS = ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "PREEMPTED", "BOOT_FAIL", "DEADLINE", "OUT_OF_MEMORY")


def up(cluster):
    """All daemons and all nodes up, with nothing to do."""
    head = cluster.hosts[0]
    if not os.path.exists("/run/slurm"):
        for folder in ["spool.node1", "spool.node2", "spool.node3", "state"]:
            os.makedirs(f"/run/slurm/{folder}")
        os.environ["SLURM_CONF"] = shutil.copy(CONF, "/run/slurm/slurm.conf")
        # Sockets are on the disk that all hosts share, so one daemon vouches for all.
        os.makedirs("/run/munge")
        with open("/run/slurm/key", "wb") as key:
            os.chmod(key.name, 0o400)
            key.write(os.urandom(1024))
        run("munged", "--key-file=/run/slurm/key", "--pid-file=/run/slurm/munged.pid", "--seed-file=/run/slurm/seed",
            f"--log-file={SHARED}/munged.log", "--force")
        on(head, "slurmctld")
    for host in cluster.hosts:
        if not host.processes("slurmd"):
            on(host, "slurmd")

    def idle():
        for node in words(head, "sinfo", "-h", "-N", "-t", "down,drained", "-o", "%N"):
            # Slurm does not like to be told what it has just found out by itself.
            head.run("scontrol", "update", f"nodename={node}", "state=resume")
        return len(words(head, "sinfo", "-h", "-N", "-t", "idle", "-o", "%N")) == 3

    until(idle, PATIENCE, "not all nodes are idle")


def words(host, *command):
    return on(host, *command).split()


def submit(cluster, launcher, options, args):
    """The number of a job of the shipped script."""
    # One core for each rank, as many tests share this machine's.
    options = ["--parsable", "--ntasks-per-node=1", "--cpus-per-task=1", "--time=5", *options]
    os.environ["PCOUNT_LAUNCH"] = launcher
    return on(cluster.hosts[0], "sbatch", *options, f"{COPY}/scripts/batch/slurm", *args).strip()


def jobs(cluster, number):
    """What Slurm says of a job, or of every task of an array."""
    told = on(cluster.hosts[0], "scontrol", "show", "job", "--oneliner", number)
    return [dict(re.findall(r"(\w+)=(\S*)", line)) for line in told.splitlines()]


def over(cluster, *numbers, seconds=PATIENCE):
    """The same of all these, when they are over. Who runs again does so soon, and not after Slurm's two minutes."""
    hurried = set()

    def is_over():
        found = [job for number in numbers for job in jobs(cluster, number)]
        for job in found:
            this = job["JobId"], job["Restarts"]
            if job["JobState"] == "PENDING" and job["Reason"] == "BeginTime" and this not in hurried:
                hurried.add(this)
                # Its nodes refuse a job that begins in the very second in which it ended.
                on(cluster.hosts[0], "scontrol", "update", f"jobid={job['JobId']}", "starttime=now+4")
        return all(job["JobState"] in ENDS for job in found) and found

    return until(is_over, seconds, f"not all of {numbers} are over")


def said(number):
    """What the job wrote: its answer and its talk."""
    found = [f"pcount-{number}.{what}" for what in ("out", "err")]
    return [open(path).read() if os.path.exists(path) else "" for path in found]


def complete(cluster, number, answer):
    """The job when it is over, with its answer."""
    [job] = over(cluster, number)
    out, err = said(number)
    must((job["JobState"], job["ExitCode"]) == ("COMPLETED", "0:0"), f"{job['JobState']}, {job['ExitCode']}: {out}{err}")
    must(is_answer(out, answer), f"not the answer: {out}{err}")
    return job


def under_way(cluster, number, path):
    """Waits until the job has saved something."""
    going = lambda: jobs(cluster, number)[0]["JobState"] not in ENDS
    until(lambda: saved(path) or not going(), PATIENCE, f"job {number} has saved nothing")
    must(going(), f"it was over too soon: {said(number)}")


def srun_and_mpirun(cluster):
    args, answer = cluster.problem(1.5, 3)
    seen = []
    for launcher in ["srun", "mpirun"]:
        job = submit(cluster, launcher, ["--nodes=3"], [*args, "-q", "--out", f"{launcher}.h5"])
        complete(cluster, job, answer)
        run = shown(f"{launcher}.h5")["run"]
        must(run["hosts"] == [host.name for host in cluster.hosts], f"it ran on {run['hosts']}")
        seen.append(f"{launcher} exact on {', '.join(run['hosts'])}")
    return "; ".join(seen)


def a_shell_of_srun_pty(cluster):
    # Slurm counts four tasks, of which this shell is one, and the others have no terminal and nothing to read.
    head = cluster.hosts[0]
    lines = [
        "env | grep -E '^SLURM_(PTY_PORT|STEP_NUM_TASKS|PROCID)=' | sort > env.txt",
        f"{PCOUNT} -q pi 1e6 > alone.txt 2>&1",
        f"{PCOUNT} -q pi 1e5 >> alone.txt 2>&1",
        # What it starts by srun is a job of two all the same: with MPI, and told so without.
        f"srun --overlap -n 2 --mpi=pmix {PCOUNT} ranks -q > ranks.txt 2> err.txt < /dev/null",
        f"srun --overlap -n 2 --mpi=none {PCOUNT} -q pi 10 > none.txt 2>&1 < /dev/null",
        "exit",
    ]
    with open("typed.sh", "w") as typed:
        typed.write("\n".join(lines))
    shell = "srun -N 1 -n 4 --pty bash --norc -c '[ -t 0 ] && bash typed.sh'"
    head.run("script", "-qec", shell, "/dev/null", seconds=PATIENCE)
    read = lambda name: open(name).read() if os.path.exists(name) else ""
    must("SLURM_STEP_NUM_TASKS=4" in read("env.txt") and "SLURM_PTY_PORT" in read("env.txt"), read("env.txt"))
    must(read("alone.txt") == "78498\n9592\n", read("alone.txt"))
    must(len(read("ranks.txt").splitlines()) == 2, read("ranks.txt") + read("err.txt"))
    must("srun started 2 ranks, but MPI sees a world of one" in read("none.txt"), read("none.txt"))
    return "one rank in the shell, two that it starts"


def a_limit_shorter_than_the_work(cluster):
    # Slurm looks every 30 s whether somebody is to be warned, so the warning comes between 5 and 35 s after the start.
    args, answer = cluster.problem(33, 4)
    limit = ["--nodes=2", "--time=1", "--signal=B:USR1@25"]
    # Both at once, which takes twice as long.
    asked = {launcher: [*args, "-q", "--out", f"{launcher}.h5"] for launcher in ("srun", "mpirun")}
    numbers = {launcher: submit(cluster, launcher, limit, words) for launcher, words in asked.items()}
    over(cluster, *numbers.values(), seconds=4 * PATIENCE)
    seen = []
    for launcher, job in numbers.items():
        ended = complete(cluster, job, answer)
        must(int(ended["Restarts"]) > 0, f"{launcher} was not warned: {said(job)[1]}")
        seconds = shown(f"{launcher}.h5")["run"]["seconds"]["all_attempts"]
        seen.append(f"{launcher} exact after {seconds:.0f} s of 60 s, {ended['Restarts']} times requeued")
    return "; ".join(seen)


def an_array(cluster):
    number = submit(cluster, "srun", ["--nodes=1", "--array=1-3"], ["primes", "TASK*1e12..+1e9", "-q"])
    for job in over(cluster, number):
        task, id = job["ArrayTaskId"], job["JobId"]
        out, err = said(id)
        answer = alone(["primes", f"{task}e12..+1e9", "--method", "gourdon", "-q"])
        must(job["JobState"] == "COMPLETED" and out == answer, f"task {task}: {job['JobState']}: {out}{err}")
    return "each task exact"


def scancel(cluster):
    args, answer = cluster.problem(4, 3)
    seen = []
    for launcher in ["srun", "mpirun"]:
        asked = [*args, "-q", "--out", f"{launcher}.h5", "--checkpoint-every", "200ms"]
        job = submit(cluster, launcher, ["--nodes=3"], asked)
        under_way(cluster, job, f"{launcher}.h5")
        on(cluster.hosts[0], "scancel", job)
        [ended] = over(cluster, job)
        before, state = saved(f"{launcher}.h5"), shown(f"{launcher}.h5")["status"]
        must((ended["JobState"], state) == ("CANCELLED", "partial"), f"{ended['JobState']}, {state}: {said(job)[1]}")
        complete(cluster, submit(cluster, launcher, ["--nodes=3"], asked), answer)
        seen.append(f"{launcher} with {100 * before // saved(f'{launcher}.h5')} % saved, submitted again exact")
    return "; ".join(seen)


def a_node_goes_down_under_srun(cluster):
    return a_node_goes_down(cluster, "srun")


def a_node_goes_down_under_mpirun(cluster):
    return a_node_goes_down(cluster, "mpirun")


def a_node_goes_down(cluster, launcher):
    args, answer = cluster.problem(4, 2)
    job = submit(cluster, launcher, ["--nodes=2"], [*args, "-q", "--out", "run.h5", "--checkpoint-every", "200ms"])
    under_way(cluster, job, "run.h5")
    # The script runs on the first node, where it stays.
    lost = words(cluster.hosts[0], "scontrol", "show", "hostnames", jobs(cluster, job)[0]["NodeList"])[1]
    next(host for host in cluster.hosts if host.name == lost).kill()
    on(cluster.hosts[0], "scontrol", "update", f"nodename={lost}", "state=down", "reason=dead")
    ended = complete(cluster, job, answer)
    run = shown("run.h5")["run"]
    must(lost not in run["hosts"] and int(ended["Restarts"]), f"it ended on {run['hosts']}: {said(job)[1]}")
    return f"without {lost} requeued, exact on {', '.join(run['hosts'])}"


CASES = [
    srun_and_mpirun,
    a_shell_of_srun_pty,
    a_limit_shorter_than_the_work,
    an_array,
    scancel,
    a_node_goes_down_under_srun,
    a_node_goes_down_under_mpirun,
]
