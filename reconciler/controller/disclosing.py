"""Confidential values, read where they are and put where only the engine and the instance see them.

They are read anew for each container, kept nowhere, and shown to nobody: what goes on record is
a keyed account of them, from which a changed one is told and no value can be guessed by whoever
does not have the state folder. Decides nothing about what becomes of a changed one.
"""

import hmac
from collections.abc import Iterator, Mapping
from typing import Final

from msgspec.structs import replace

from reconciler.controller.seed import Seed
from reconciler.engines.engine import EngineError, TransientError
from reconciler.model.action import Action, CreateRequest
from reconciler.model.confidence import (
    Confidence,
    Disclosed,
    Origin,
    Sealed,
    UsedSecret,
    account_of,
    sealed_for,
)
from reconciler.model.desired import Desired
from reconciler.model.identity import LABEL_SECRETS
from reconciler.model.staging import StagedFile, Staging
from reconciler.secrets import Secret, SecretError, opened, text_of

_PURPOSE: Final = "secrets"
_DIGITS: Final = 16
_DIGITS_OF_KEY: Final = 8
_READABLE: Final = 0o400


class Disclosing:
    """What reads secrets. `identities` are the operator's files that open what age encrypted."""

    def __init__(self, seed: Seed, identities: tuple[str, ...] = ()) -> None:
        """Read nothing yet."""
        self._seed = seed
        self._identities = identities

    def disclose(self, action: Action) -> Action:
        """Return an action with the values that it asks for, which nobody but the engine sees.

        Raises:
            TransientError: one cannot be read; it may be there later.
        """
        if action.request is not None and action.request.confidence is not None:
            return replace(action, request=self._told(action.request, action.request.confidence))
        if action.staging is not None and action.staging.confidence is not None:
            return replace(action, staging=self._staged(action.staging, action.staging.confidence))
        return action

    def text(self, origin: Origin, sealed: Sealed, name: str) -> str:
        """Return a value as text, without the end of its last line.

        Raises:
            TransientError: as above. `name` is what the value is called.
        """
        try:
            if not origin.age:
                found = Secret(env=origin.env, file=origin.file).read()
            else:
                found = text_of(self._opened(origin, sealed), str(origin)).rstrip("\r\n")
        except SecretError as error:
            raise TransientError(f"secret {name}: {error}") from None
        if "\0" in found:
            raise TransientError(f"secret {name}: {origin} has a zero byte, which no text holds")
        return found

    def accounts(self, desired: Desired) -> dict[str, str]:
        """Return the accounts of what secrets are now, as far as they can be read.

        They are those of services, and of tasks whose results are taken over.
        """
        found: dict[str, str] = {}
        for task in desired.tasks.values():
            if (task.service or task.cache) and task.spec.secrets:
                origins = (secret.origin for secret in task.spec.secrets)
                sealed = sealed_for(origins, desired.sealed.items())
                known = Confidence(secrets=task.spec.secrets, sealed=sealed)
                readable = self._readable(desired.project, known)
                found[task.name] = account_of(self._known_by(), readable)
        return found

    def _told(self, request: CreateRequest, confidence: Confidence) -> CreateRequest:
        values = {one: self._value(one, confidence.sealed) for one in confidence.secrets}
        texts = ((one.name, values[one].decode()) for one in values if not one.target)
        digests = [(one.name, self._digest(request.project, one, values[one])) for one in values]
        labels = dict(request.labels) | {LABEL_SECRETS: account_of(self._known_by(), digests)}
        return replace(
            request, disclosed=Disclosed(tuple(texts)), labels=tuple(sorted(labels.items()))
        )

    def _staged(self, staging: Staging, confidence: Confidence) -> Staging:
        files = (
            StagedFile(path=one.target, content=self._value(one, confidence.sealed), mode=_READABLE)
            for one in confidence.secrets
            if one.target
        )
        return replace(staging, files=(*staging.files, *files), confidence=None)

    def _readable(self, project: str, confidence: Confidence) -> Iterator[tuple[str, str]]:
        for one in confidence.secrets:
            try:
                yield one.name, self._digest(project, one, self._value(one, confidence.sealed))
            except EngineError:
                continue  # whoever needs it is told

    def _known_by(self) -> str:
        """Return what tells accounts of another state folder from ours."""
        return self._seed.derive(f"{_PURPOSE}/key").hex()[:_DIGITS_OF_KEY]

    def _digest(self, project: str, secret: UsedSecret, value: bytes) -> str:
        said = f"{project}/{secret.name}\0".encode() + value
        return hmac.digest(self._seed.derive(_PURPOSE), said, "sha256").hex()[:_DIGITS]

    def _value(self, secret: UsedSecret, sealed: Sealed) -> bytes:
        """Return what an instance gets: a variable is text, a file is as it is."""
        origin = secret.origin
        if not secret.target:
            return self.text(origin, sealed, secret.name).encode()
        try:
            if origin.age:
                return self._opened(origin, sealed)
            return Secret(env=origin.env, file=origin.file).raw()
        except SecretError as error:
            raise TransientError(f"secret {secret.name}: {error}") from None

    def _opened(self, origin: Origin, sealed: Sealed) -> bytes:
        files: Mapping[str, bytes] = dict(sealed)
        if origin.age not in files:
            raise SecretError(f"there is no file {origin.age} in the source")
        return opened(origin.age, files[origin.age], self._identities)
