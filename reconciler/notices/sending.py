"""Messages to a target's address, by apprise. Must not know why they are sent.

apprise's own log is silenced: what it says holds parts of addresses, which are secrets.
"""

import logging
from typing import TYPE_CHECKING

from reconciler.notices.wording import Message

if TYPE_CHECKING:
    import apprise


class SendingError(Exception):
    """A message that did not arrive. The sentence holds nothing of the address.

    `lasting` is whether another try is pointless.
    """

    def __init__(self, why: str, *, lasting: bool) -> None:
        """Keep the sentence."""
        super().__init__(why)
        self.lasting = lasting


def send(address: str, message: Message) -> None:
    """Send a message, within the time limits that apprise has for the address.

    Raises:
        SendingError: when it cannot be sent.
    """
    import apprise  # noqa: PLC0415  # slow to load, and most who run have nobody to tell

    kind = apprise.NotifyType.FAILURE if message.failing else apprise.NotifyType.SUCCESS
    text = apprise.NotifyFormat.TEXT
    try:
        arrived = _opened(address).notify(
            body=message.body, title=message.title, notify_type=kind, body_format=text
        )
    except SendingError:
        raise
    except Exception as error:  # noqa: BLE001  # a plugin for one of a hundred services may fail anyhow
        # Not chained: what it says may hold the address.
        raise SendingError(f"apprise fails with {type(error).__name__}", lasting=False) from None
    if not arrived:
        raise SendingError("it does not answer, or refuses the message", lasting=False)


def _opened(address: str) -> "apprise.Apprise":
    import apprise  # noqa: PLC0415  # see above

    logging.getLogger("apprise").disabled = True
    asset = apprise.AppriseAsset(app_id="reconciler", app_desc="reconciler", app_url="")
    opened = apprise.Apprise(asset=asset)
    if not opened.add(address):
        raise SendingError("what it is sent to is no address that apprise knows", lasting=True)
    return opened
