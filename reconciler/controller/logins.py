"""How registries are asked: the operator's credentials, or what secrets say, read at each use.

Decides nothing but what counts as a login. Its values go to an engine and nowhere else.
"""

from collections.abc import Callable, Mapping
from typing import Final

from reconciler.controller.disclosing import Disclosing
from reconciler.engines.engine import Login, TransientError
from reconciler.model.action import Action
from reconciler.model.operator import Credential
from reconciler.secrets import Secret, SecretError

FindLogin = Callable[[Action], Login | None]
"""Returns the login that an action asks for, None for none; raises TransientError."""

NO_CREDENTIALS: Final[Mapping[str, Credential]] = {}
_USER = "DOCKER_REGISTRY_LOGIN"
_PASSWORD = "DOCKER_REGISTRY_PASSWORD"  # noqa: S105  # what it is called


def anybody(action: Action) -> Login | None:
    """Return no login: an engine in memory has no registry that asks."""
    del action
    return None  # as what finds one does


def logging_in(credentials: Mapping[str, Credential], disclosing: Disclosing) -> FindLogin:
    """Return what finds logins."""

    def find(action: Action) -> Login | None:
        login = action.login
        if login is None:
            return None
        if login.credentials:
            return _named(login.credentials, credentials)
        if login.password is None:
            return None
        username = login.username
        if login.username_from is not None:
            username = disclosing.text(login.username_from, action.sealed, _USER)
        if not username:
            return None
        return Login(username, disclosing.text(login.password, action.sealed, _PASSWORD))

    return find


def _named(name: str, credentials: Mapping[str, Credential]) -> Login:
    known = credentials.get(name)
    if known is None:
        raise TransientError(f"the operator has no credentials {name}, which a registry needs")
    if not known.user or known.password is None:
        raise TransientError(f"the credentials {name} hold no user and password for a registry")
    try:
        return Login(known.user, Secret.at(known.password).read())
    except SecretError as error:
        raise TransientError(f"the credentials {name}: {error}") from None
