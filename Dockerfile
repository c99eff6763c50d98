# Everything in one image: `spanledger serve`, or one process of it: `spanledger ingest|store|ui`.
# Runs as nobody in particular, writes to /data and /tmp only: start it with --read-only --tmpfs /tmp.
ARG PYTHON=python:3.11-slim

FROM ${PYTHON} AS build
WORKDIR /src
# uv from the lock, its hash checked; then what the server needs, from the lock, hashes checked
COPY requirements.lock pyproject.toml ./
RUN awk '/^[^ #]/ {ours = /^(uv|hatchling|packaging|pathspec|pluggy|tomlkit|trove-classifiers)==/} ours' \
        requirements.lock > build.lock \
    && pip install --no-cache-dir --no-deps --require-hashes -r build.lock
RUN python -m venv --without-pip /opt/spanledger \
    && uv pip install --no-cache --python /opt/spanledger --constraint requirements.lock \
        --verify-hashes --compile-bytecode --requirements pyproject.toml --extra collector --extra ui
COPY LICENSE README.md ./
COPY schema schema
COPY collector collector
COPY sdk sdk
COPY ui ui
RUN python -m hatchling build --target wheel \
    && uv pip install --no-cache --python /opt/spanledger --no-deps --compile-bytecode dist/*.whl

FROM ${PYTHON}
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin spanledger \
    && install -d -o spanledger -g spanledger -m 0700 /data
COPY --from=build /opt/spanledger /opt/spanledger
# HOME: Streamlit looks for its folder there; inserts pass through a file in /tmp
ENV PATH=/opt/spanledger/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    SPANLEDGER_DATA=/data \
    SPANLEDGER_HOST=0.0.0.0
USER 10001:10001
VOLUME /data
EXPOSE 4317 4318 4320 8501
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; [urlopen(f'http://127.0.0.1:{path}', timeout=4) for path in ('4318/readyz', '4320/readyz')]"]
CMD ["spanledger", "serve"]
