"""Pass a number around all ranks and back: each adds its own, and rank 0 tells the sum.

Given a number of seconds, each rank stays that long afterwards.
"""

import sys
import time

from mpi4py import MPI

world = MPI.COMM_WORLD
rank, size = world.Get_rank(), world.Get_size()
sys.stdout.write(f"hello from {rank} of {size} on {MPI.Get_processor_name()}\n")
sys.stdout.flush()
if rank:
    world.send(world.recv(source=rank - 1) + rank, dest=(rank + 1) % size)
else:
    world.send(0, dest=1 % size)
    sys.stdout.write(f"ring of {size}: {world.recv(source=size - 1)}\n")
    sys.stdout.flush()
time.sleep(float(sys.argv[1]) if len(sys.argv) > 1 else 0)
