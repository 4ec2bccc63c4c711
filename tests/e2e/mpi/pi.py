"""Work out pi by a sum that all ranks share, and let rank 0 tell it."""

import sys

from mpi4py import MPI

STEPS = 100_000

world = MPI.COMM_WORLD
rank, size = world.Get_rank(), world.Get_size()
part = sum(4 / (1 + ((step + 0.5) / STEPS) ** 2) for step in range(rank, STEPS, size)) / STEPS
whole = world.reduce(part, op=MPI.SUM, root=0)
if whole is not None:
    sys.stdout.write(f"pi by {size}: {whole:.6f}\n")
