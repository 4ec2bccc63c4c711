"""What answers over HTTP: webhooks on one address, health, readiness and metrics on another.

Only `run` needs it, and only where an address is given: it is imported then and not before.
"""
