"""Desired + observed + history + now → plan. Pure: the same input gives the same plan.

Time is an argument, nothing is read or written, and nothing given is changed.
"""

from reconciler.planning.plan import plan

__all__ = ["plan"]
