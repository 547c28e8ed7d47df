"""Every rank counts the primes of its slice: mpirun -n 4 python3 examples/slice.py"""
from mpi4py import MPI

END = 1_000_000


def is_prime(n):
    if n < 2:
        return False
    d = 2
    while d * d <= n:
        if n % d == 0:
            return False
        d += 1
    return True


world = MPI.COMM_WORLD
rank, ranks = world.Get_rank(), world.Get_size()

# Slices of equal width; the last one ends where all of it does.
start, end = END * rank // ranks, END * (rank + 1) // ranks
count = sum(1 for n in range(start, end) if is_prime(n))
print(f"rank {rank}: {count} primes in {start}..{end}", flush=True)
