"""Where data comes from and goes to: folders, and buckets of S3 services.

Decides nothing about which data. Must not know tasks, instances or engines.
"""
