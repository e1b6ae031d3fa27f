# syntax=docker/dockerfile:1

# Builds in one stage and ships another: neither a compiler nor pip's cache, nor what only the demo and tests need.
FROM python:3.13-slim-bookworm AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build

# Everything that is fetched is fetched here, and held against the lock's hashes.
COPY requirements.lock ./
RUN pip download --require-hashes --no-deps --only-binary :all: --requirement requirements.lock --dest /wheels

# From here on without a network: what comes in is what was checked.
COPY . .
RUN pip wheel --no-index --find-links /wheels --no-deps --wheel-dir /dist . \
    && python -m venv /tickbird \
    && /tickbird/bin/pip install --no-index --find-links /wheels /dist/tickbird-*.whl \
    && /tickbird/bin/pip uninstall --yes pip \
    && /tickbird/bin/tickbird --version


FROM python:3.13-slim-bookworm

LABEL org.opencontainers.image.title="tickbird" \
      org.opencontainers.image.description="Watches and operates every Bull and BullMQ queue in your Redis" \
      org.opencontainers.image.licenses="MIT"

RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin tickbird
COPY --from=build /tickbird /tickbird

# A container's loopback is of no use to anybody outside. Without a login Tickbird refuses such an address, and says so.
ENV PATH=/tickbird/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    TICKBIRD_HOST=0.0.0.0 \
    TICKBIRD_EXPORTER_HOST=0.0.0.0

USER 10001:10001
EXPOSE 3000 9809

# Asks the port of whichever command runs. Who changes a port does so by its variable, for this reads no flags.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 CMD ["python", "-c", \
    "import os, urllib.request as web; alone = b'exporter' in open('/proc/1/cmdline', 'rb').read().split(b'\\0'); port = os.environ.get('TICKBIRD_EXPORTER_PORT', '9809') if alone else os.environ.get('TICKBIRD_PORT', '3000'); web.urlopen(f'http://127.0.0.1:{port}/healthz', timeout=3)"]

ENTRYPOINT ["tickbird"]
CMD ["serve"]
