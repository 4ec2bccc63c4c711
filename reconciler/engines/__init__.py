"""Where instances run. One sub-package per kind of engine; `engine` is their common face."""
