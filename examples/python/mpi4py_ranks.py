"""MPI ranks: mpi4py.

    pip install mpi4py
    mpirun -n 4 python3 examples/python/mpi4py_ranks.py 4 primes 0..1000000

`mpirun` starts this program so many times. Each of these processes is a rank, knows its number, and takes its share of the tasks.
Rank 0 gathers the results. Ranks may be on different computers.
"""

import traceback

import kernels

try:
    from mpi4py import MPI
except (ImportError, RuntimeError) as why:
    # The second is that mpi4py is there, and its MPI library is not.
    kernels.leave_out(why)

world = MPI.COMM_WORLD
rank, ranks = world.Get_rank(), world.Get_size()


def start(workers):
    if ranks != workers:
        kernels.leave_out(f"{ranks} of {workers} ranks: mpirun -n {workers} starts them, if it belongs to the MPI library of mpi4py")
    # The clock starts when all are there.
    world.barrier()


def run(function, tasks, workers):
    # Dealt like cards: this rank has every ranks-th task.
    mine = [function(*task) for task in tasks[rank::ranks]]
    hands = world.gather(mine, root=0)
    if rank == 0:
        return [hands[at % ranks][at // ranks] for at in range(len(tasks))]


if __name__ == "__main__":
    try:
        kernels.main(run, start, is_first=rank == 0)
    except Exception:
        # The other ranks would wait for this one forever.
        traceback.print_exc()
        world.Abort(1)
