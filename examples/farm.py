"""Rank 0 has tasks, and whoever is free gets the next one: mpirun -n 4 python3 examples/farm.py"""
from mpi4py import MPI

TASKS = 20
HOME = None


def is_prime(n):
    if n < 2:
        return False
    d = 2
    while d * d <= n:
        if n % d == 0:
            return False
        d += 1
    return True


def primes_in(task):
    return sum(1 for n in range(10_000 * task, 10_000 * (task + 1)) if is_prime(n))


world = MPI.COMM_WORLD
counts = [0] * TASKS
if world.Get_size() == 1:
    counts = [primes_in(task) for task in range(TASKS)]
elif world.Get_rank() == 0:
    # The first words of the workers have no answer in them, the others the one of their last task.
    for new in [*range(TASKS), *[HOME] * (world.Get_size() - 1)]:
        status = MPI.Status()
        task, count = world.recv(source=MPI.ANY_SOURCE, status=status)
        if task is not HOME:
            counts[task] = count
        world.send(new, dest=status.Get_source())
else:
    world.send((HOME, 0), dest=0)
    while (task := world.recv(source=0)) is not HOME:
        world.send((task, primes_in(task)), dest=0)
if world.Get_rank() == 0:
    print(counts, f"total: {sum(counts)}", sep="\n", flush=True)
