"""`python -m tests.benchmarks.delivering HOST:PORT COUNT SECRET`: post webhooks, 100 a second.

Prints how long each took, in milliseconds, as JSON. Fails if one was not accepted.
"""

import hmac
import http.client
import json
import sys
import threading
import time
from hashlib import sha256

_GAP = 0.01
_PADDING = "x" * 8000


def main() -> None:
    """Post, each from a thread of its own, so that a slow answer delays no other delivery."""
    address, count, secret = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    took: list[float] = []
    threads = [
        threading.Thread(target=lambda n=n: took.append(_post(address, n, secret)))
        for n in range(count)
    ]
    began = time.perf_counter()
    for number, thread in enumerate(threads):
        time.sleep(max(0.0, began + number * _GAP - time.perf_counter()))
        thread.start()
    for thread in threads:
        thread.join()
    assert len(took) == count, "a delivery was not accepted"
    print(json.dumps(took))


def _post(address: str, number: int, secret: str) -> float:
    body = json.dumps({"ref": "refs/heads/main", "n": number, "padding": _PADDING}).encode()
    headers = {
        "Content-Type": "application/json",
        "X-GitHub-Event": "push",
        "X-GitHub-Delivery": str(number),
        "X-Hub-Signature-256": "sha256=" + hmac.new(secret.encode(), body, sha256).hexdigest(),
    }
    began = time.perf_counter()
    connection = http.client.HTTPConnection(address, timeout=60)
    connection.request("POST", "/hooks", body, headers)
    answer = connection.getresponse()
    said = json.loads(answer.read())
    connection.close()
    assert said["outcome"] == "queued", said
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    main()
