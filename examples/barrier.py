"""Ranks come to a barrier one after the other and leave it together: mpirun -n 4 python3 examples/barrier.py"""
import time

from mpi4py import MPI

world = MPI.COMM_WORLD
rank = world.Get_rank()

# So that the clocks of all begin together.
world.Barrier()
began = time.monotonic()
time.sleep(0.1 * rank)
arrived = time.monotonic() - began
world.Barrier()
released = time.monotonic() - began
print(f"rank {rank}: arrived after {arrived:.2f} s, released after {released:.2f} s", flush=True)
