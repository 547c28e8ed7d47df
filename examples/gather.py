"""Rank 0 gathers what every rank has doubled, in the order of ranks: mpirun -n 4 python3 examples/gather.py"""
from mpi4py import MPI

world = MPI.COMM_WORLD
rank = world.Get_rank()

# Three numbers of 1, 2, 3, ... are this rank's chunk.
chunk = [2 * n for n in range(1 + 3 * rank, 4 + 3 * rank)]

chunks = world.gather(chunk, root=0)
if rank == 0:
    print([n for chunk in chunks for n in chunk], flush=True)
