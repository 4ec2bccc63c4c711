"""Declarative, GitOps-style batch computing on plain Docker."""

__version__ = "0.1.0"
