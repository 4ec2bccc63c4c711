"""One task made from flags, which is run once and gone: what `up` is made of.

It is a project of its own, with a source and a ledger like any other. Decides nothing of what a
manifest means, nor of how a task is run.
"""
