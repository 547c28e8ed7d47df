"""Every rank squares its share of the numbers, and all get the sum: mpirun -n 4 python3 examples/map_reduce.py"""
from functools import reduce

from mpi4py import MPI

world = MPI.COMM_WORLD
rank, ranks = world.Get_rank(), world.Get_size()

# Dealt like cards: this rank has every ranks-th number.
numbers = range(1, 101)
mapped = [n * n for n in numbers[rank::ranks]]
mine = reduce(lambda a, b: a + b, mapped, 0)

total = world.allreduce(mine, op=MPI.SUM)
print(f"rank {rank}: {len(mapped)} squares, {mine} of {total}", flush=True)
