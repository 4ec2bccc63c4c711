"""How registries are asked: by a login that is given, else as the user's own Docker would.

That is Docker's configuration (DOCKER_CONFIG, else ~/.docker) with its credential helpers, read
anew each time, so that a `docker login` counts at once. What is found goes to the engine alone.
"""

import warnings

from docker import APIClient, auth
from docker.errors import DockerException

from reconciler.engines.errors import TransientError
from reconciler.engines.images import Login

# It warns of a helper that is missing, and then raises an error for it.
warnings.filterwarnings("ignore", message="docker-credential-", category=UserWarning)


def header_for(client: APIClient, repository: str, login: Login | None, doing: str) -> str | None:
    """Return what an engine is to show a repository's registry, None for nothing.

    Raises:
        TransientError: the configuration, or a helper that it names, does not do.
    """
    registry, _ = auth.resolve_repository_name(repository)
    if login is not None:
        said = {"username": login.username, "password": login.password, "serveraddress": registry}
        return str(auth.encode_header(said).decode())
    try:
        found = auth.load_config(credstore_env=client.credstore_env)
        known = found.resolve_authconfig(registry)
    except DockerException as error:
        message = f"could not {doing}: the login for {registry} cannot be had from Docker's"
        raise TransientError(f"{message} configuration: {_told(error)}") from None
    return str(auth.encode_header(known).decode()) if known else None


def all_of(client: APIClient, doing: str) -> str | None:
    """Return all logins of Docker's configuration, for a build that may need any of them.

    Raises:
        TransientError: as above.
    """
    try:
        known = auth.load_config(credstore_env=client.credstore_env)
        found = known.get_all_credentials()  # type: ignore[no-untyped-call]
    except DockerException as error:
        message = f"could not {doing}: logins cannot be had from Docker's configuration"
        raise TransientError(f"{message}: {_told(error)}") from None
    return str(auth.encode_header(found).decode()) if found else None


def _told(error: DockerException) -> str:
    """Return what is wrong, without anything that a helper may have printed."""
    return " ".join(str(error).split())[:200]
