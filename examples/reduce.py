"""Every rank adds its ten numbers, and rank 0 gets the sum of the sums: mpirun -n 4 python3 examples/reduce.py"""
from mpi4py import MPI

world = MPI.COMM_WORLD
rank = world.Get_rank()

mine = sum(range(10 * rank, 10 * (rank + 1)))
print(f"rank {rank}: {mine}", flush=True)

total = world.reduce(mine, op=MPI.SUM, root=0)
if rank == 0:
    print(f"total: {total}", flush=True)
