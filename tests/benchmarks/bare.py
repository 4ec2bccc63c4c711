"""The rival that does nothing but the calls: a plain loop over docker-py, as a program.

It knows no manifest, keeps no record and never looks; what it must create comes as JSON on
stdin, a list of [name, body, engine's address]. Nothing of the reconciler is imported.

    start N      create and start all of it on N threads, then print the seconds that it took
    finish N     the same, and await the end of each and remove it
    heal LABEL   for each container with LABEL that dies, create and start one like it
"""

import json
import queue
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from docker import APIClient

Config = dict[str, Any]
Call = Callable[[APIClient, str, Config], object]
Wanted = tuple[str, Config, str]
SOCKET = "unix:///var/run/docker.sock"


def main() -> None:
    """Run what the arguments say."""
    verb, argument = sys.argv[1:3]
    wanted: list[Wanted] = [(name, body, url) for name, body, url in json.load(sys.stdin)]
    if verb == "heal":
        heal({name: body for name, body, _ in wanted}, argument)
    else:
        print(all_of(wanted, int(argument), _run if verb == "start" else _finish))


def all_of(wanted: list[Wanted], threads: int, each: Call) -> float:
    """Do something for each container on several threads; return the seconds that it took."""
    began = time.perf_counter()
    waiting: queue.SimpleQueue[Wanted] = queue.SimpleQueue()
    for one in wanted:
        waiting.put(one)
    crew = [threading.Thread(target=_drain, args=(waiting, each)) for _ in range(threads)]
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


def _drain(waiting: "queue.SimpleQueue[Wanted]", each: Call) -> None:
    clients: dict[str, APIClient] = {}
    while True:
        try:
            name, body, url = waiting.get_nowait()
        except queue.Empty:
            return
        if url not in clients:
            clients[url] = _connect(url)
        each(clients[url], name, body)


def _run(client: APIClient, name: str, body: Config) -> str:
    made = client.create_container_from_config(body, name)  # type: ignore[no-untyped-call]
    client.start(made["Id"])
    return str(made["Id"])


def _finish(client: APIClient, name: str, body: Config) -> None:
    container = _run(client, name, body)
    client.wait(container)
    client.remove_container(container, v=True)


def _connect(url: str = SOCKET) -> APIClient:
    return APIClient(base_url=url, version="1.41", timeout=60)


if __name__ == "__main__":
    main()
