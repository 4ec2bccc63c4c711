"""The loop: inbox → planning → workers → ledger. One thread owns all state.

Workers and watchers only put events into the inbox; everything they report is a hint or the
result of one call. Nothing is decided here that planning could decide.
"""
