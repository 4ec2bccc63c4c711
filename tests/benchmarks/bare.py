"""The rival that does nothing but the calls: a plain loop over docker-py, as a program.

It knows no manifest, keeps no record and never looks; what it must create comes as JSON on
stdin, a list of [name, body]. Nothing of the reconciler is imported.

    start N      create and start all of it on N threads, then print the seconds that it took
    heal LABEL   for each container with LABEL that dies, create and start one like it
"""

import json
import queue
import sys
import threading
import time
from typing import Any

from docker import APIClient

Config = dict[str, Any]
SOCKET = "unix:///var/run/docker.sock"


def main() -> None:
    """Run what the arguments say."""
    verb, argument = sys.argv[1:3]
    wanted: list[tuple[str, Config]] = [(name, body) for name, body in json.load(sys.stdin)]
    if verb == "start":
        print(start_all(wanted, int(argument)))
    else:
        heal(dict(wanted), argument)


def start_all(wanted: list[tuple[str, Config]], threads: int) -> float:
    """Create and start containers on several threads; return the seconds until all run."""
    began = time.perf_counter()
    waiting: queue.SimpleQueue[tuple[str, Config]] = queue.SimpleQueue()
    for one in wanted:
        waiting.put(one)
    crew = [threading.Thread(target=_drain, args=(waiting,)) for _ in range(threads)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    return time.perf_counter() - began


def heal(wanted: dict[str, Config], label: str) -> None:
    """Replace what dies, for ever."""
    client = _connect()
    deaths = _connect().events(decode=True, filters={"label": label, "event": "die"})
    print("ready", flush=True)
    for death in deaths:
        name = death["Actor"]["Attributes"]["name"]
        _run(client, f"{name}.again", wanted[name])


def _drain(waiting: "queue.SimpleQueue[tuple[str, Config]]") -> None:
    client = _connect()
    while True:
        try:
            name, body = waiting.get_nowait()
        except queue.Empty:
            return
        _run(client, name, body)


def _run(client: APIClient, name: str, body: Config) -> None:
    made = client.create_container_from_config(body, name)  # type: ignore[no-untyped-call]
    client.start(made["Id"])


def _connect() -> APIClient:
    return APIClient(base_url=SOCKET, version="1.41", timeout=60)


if __name__ == "__main__":
    main()
