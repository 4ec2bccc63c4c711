"""What things are: frozen values that every other room speaks of.

Nothing here reads a clock, a file or a socket, and nothing here decides.
Only the standard library is imported, and msgspec, which the types are made of.
"""
