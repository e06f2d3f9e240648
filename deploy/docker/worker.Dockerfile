# syntax=docker/dockerfile:1.18
# A worker host of the contest, with ffmpeg. From the root of the repository:
#   docker build --file deploy/docker/worker.Dockerfile --tag stagemark-contest-worker .
FROM rust:1.95.0-slim-bookworm AS build
WORKDIR /src
COPY . .
# What was compiled stays on the builder, beside the layers: a change compiles what depends on it.
RUN --mount=type=cache,id=stagemark-registry,target=/usr/local/cargo/registry \
    --mount=type=cache,id=stagemark-target,target=/src/target,sharing=locked \
    cargo build --release --locked --package stagemark-contest-worker --bin stagemark-contest-worker \
    && install -D -m 755 target/release/stagemark-contest-worker /out/stagemark-contest-worker

FROM debian:12.12-slim
# ffmpeg without a version: it reads what strangers send, and is to be the newest that Debian has mended.
# hadolint ignore=DL3008
RUN --mount=type=cache,id=stagemark-apt,target=/var/cache/apt,sharing=locked \
    --mount=type=tmpfs,target=/var/lib/apt/lists \
    rm -f /etc/apt/apt.conf.d/docker-clean \
    && apt-get update \
    && apt-get install --yes --no-install-recommends ffmpeg fonts-dejavu-core util-linux \
    && groupadd --system --gid 10002 contest \
    && useradd --system --uid 10002 --gid contest --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin contest
COPY --from=build /out/stagemark-contest-worker /usr/local/bin/
COPY --chmod=755 deploy/docker/healthy.sh /usr/local/bin/healthy
USER 10002:10002
WORKDIR /
EXPOSE 9464
HEALTHCHECK --interval=10s --timeout=4s --start-period=30s --retries=3 CMD ["healthy", "9464", "/livez"]
# Steps that run get `grace_s` to end: give the container a few seconds more.
STOPSIGNAL SIGTERM
ENTRYPOINT ["stagemark-contest-worker"]
