"""mpirun over ssh, with a hostfile."""
import os
import re
import signal
import time

from cluster import PCOUNT, PATIENCE, ROOT, end, must, saved, shown
from hosts import until
from world import put

NAME = "by hand"
TOOLS = ["mpirun"]


def up(cluster):
    """The hosts are all that it needs."""


def mpirun(hosts, args):
    """A job with a rank on each host, from the first of them, with what hostfile.example says against silence."""
    with open(f"{ROOT}/hostfile.example") as file:
        keepalive = re.findall(r"--mca oob_tcp_keepalive_\w+ \d+", file.read())
    must(len(keepalive) == 3, "hostfile.example does not say how to notice a silent host")
    put("hostfile", "".join(f"{host.name} slots=1\n" for host in hosts))
    options = ["--hostfile", "hostfile", "-n", str(len(hosts)), *" ".join(keepalive).split()]
    return hosts[0].start("mpirun", *options, PCOUNT, *args)


def exact(cluster, schedule):
    args, answer = cluster.problem(1.5, 3)
    code, out, err = end(mpirun(cluster.hosts, [*args, "-q", "--schedule", schedule, "--out", f"{schedule}.h5"]))
    must((code, out) == (0, answer), f"code {code}: {out}{err}")
    run = shown(f"{schedule}.h5")["run"]
    must(run["schedule"] == schedule, f"the schedule was {run['schedule']}")
    must(run["hosts"] == [host.name for host in cluster.hosts], f"it ran on {run['hosts']}")
    return f"{schedule} exact on {', '.join(run['hosts'])}"


def under_way(cluster, args):
    """A job that has saved something, and has a rank on each host."""
    job = mpirun(cluster.hosts, [*args, "--out", "run.h5", "--checkpoint-every", "100ms"])
    until(lambda: saved("run.h5") or job.poll() is not None, PATIENCE, "nothing was saved")
    for host in cluster.hosts:
        must(host.processes("pcount"), f"there is no rank on {host.name}: code {job.poll()}")
    return job


def gone_on_with(hosts, answer):
    """The run on these hosts, to its end."""
    before = saved("run.h5")
    must(shown("run.h5")["status"] == "partial", "it was over before")
    code, out, err = end(mpirun(hosts, ["resume", "run.h5", "-q"]))
    must((code, out) == (0, answer), f"resumed, code {code}: {out}{err}")
    return f"{100 * before // saved('run.h5')} % were safe, exact on {', '.join(host.name for host in hosts)}"


def fixed_schedule(cluster):
    return exact(cluster, "fixed")


def farm_schedule(cluster):
    return exact(cluster, "farm")


def a_link_with_delay_and_loss(cluster):
    switch, cable = cluster.hosts.switch, cluster.hosts.cable(cluster.hosts[2])
    cable.delay, cable.loss = 0.02, 0.02
    late, lost = switch.late, switch.lost
    seen = [exact(cluster, schedule) for schedule in ["fixed", "farm"]]
    late, lost = switch.late - late, switch.lost - lost
    must(late and lost, "the link was as good as ever")
    return f"{', '.join(seen)}; {late} frames late, {lost} lost"


def a_rank_elsewhere_is_told_to_stop(cluster):
    args, answer = cluster.problem(4, 3)
    job = under_way(cluster, args)
    os.kill(cluster.hosts[1].processes("pcount")[0], signal.SIGTERM)
    code, out, err = end(job)
    must(code == 85 and "to continue: pcount resume run.h5" in err, f"code {code}: {out}{err}")
    return f"code 85, {gone_on_with(cluster.hosts[:2], answer)}"


def a_host_dies(cluster):
    args, answer = cluster.problem(4, 3)
    job = under_way(cluster, [*args, "--schedule", "farm"])
    cluster.hosts[2].kill()
    return lost_host(cluster, job, answer)


def a_host_is_cut_off(cluster):
    args, answer = cluster.problem(4, 3)
    job = under_way(cluster, [*args, "--schedule", "fixed"])
    cluster.hosts.cable(cluster.hosts[2]).cut = True
    seen = lost_host(cluster, job, answer)
    # Those beyond the cut notice it as well.
    until(lambda: not cluster.hosts[2].processes("pcount"), 60, "a rank is alive beyond the cut")
    return seen


def lost_host(cluster, job, answer):
    begun = time.monotonic()
    code, out, err = end(job)
    took = time.monotonic() - begun
    must(code not in (0, 85) and "node3" in err, f"code {code}: {out}{err}")
    must(took < 60, f"that was noticed after {took:.0f} s")
    why = next(line for line in err.splitlines() if "ORTE" in line)
    return f"code {code} after {took:.0f} s, '{why}', {gone_on_with(cluster.hosts[:2], answer)}"


CASES = [
    fixed_schedule,
    farm_schedule,
    a_link_with_delay_and_loss,
    a_rank_elsewhere_is_told_to_stop,
    a_host_dies,
    a_host_is_cut_off,
]
