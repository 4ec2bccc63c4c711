# The reconciler itself, for a mounted Docker socket: see examples/gitops.
#
#     docker build --tag reconciler .
#
# BASE is an image of Debian or Ubuntu with Python 3.11 or newer, its venv module and apt. Where
# packages come from is for the surroundings to say, with --build-arg: PIP_INDEX_URL, PIP_CERT (a
# file of BASE), http_proxy. None of it stays in the image.
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
ARG PIP_CERT
ARG PIP_INDEX_URL
ARG PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
RUN python3 -m venv /opt/reconciler
COPY requirements.lock ./
RUN /opt/reconciler/bin/pip install --no-cache-dir --require-hashes --requirement requirements.lock
COPY LICENSE README.md pyproject.toml ./
COPY reconciler reconciler
COPY schemas schemas
COPY specs specs
# What runs needs no pip: nothing is installed into an image that runs.
RUN /opt/reconciler/bin/pip install --no-cache-dir --no-deps . \
 && /opt/reconciler/bin/pip uninstall --yes --quiet pip

FROM ${BASE}
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates git openssh-client \
 && rm -rf /var/lib/apt/lists/*
# No root: who may use the socket is decided by its group, which `docker run --group-add` gives.
# ssh asks for the user's entry in passwd, and the state folder has to be its own.
RUN useradd --uid 10001 --user-group --home-dir /var/lib/reconciler --create-home \
    --shell /usr/sbin/nologin reconciler \
 && chmod 0700 /var/lib/reconciler
COPY --from=build /opt/reconciler /opt/reconciler
ENV PATH=/opt/reconciler/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    RECONCILER_STATE_ROOT=/var/lib/reconciler
USER 10001:10001
WORKDIR /var/lib/reconciler
VOLUME /var/lib/reconciler
ENTRYPOINT ["reconciler"]
CMD ["--help"]
