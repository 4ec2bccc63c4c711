"""One module for each verb; `command` is what click calls."""
