"""What `plan` prints: of what would be done now, and of two revisions that are compared.

Knows how a plan looks to people, to machines and in a pull request, not how it is made.
"""
