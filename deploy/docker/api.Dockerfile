# syntax=docker/dockerfile:1.18
# An API host of the contest. From the root of the repository:
#   docker build --file deploy/docker/api.Dockerfile --tag stagemark-contest-api .
FROM rust:1.95.0-slim-bookworm AS build
WORKDIR /src
COPY . .
# What was compiled stays on the builder, beside the layers: a change compiles what depends on it.
RUN --mount=type=cache,id=stagemark-registry,target=/usr/local/cargo/registry \
    --mount=type=cache,id=stagemark-target,target=/src/target,sharing=locked \
    cargo build --release --locked --package stagemark-contest-api --bin stagemark-contest-api \
    && install -D -m 755 target/release/stagemark-contest-api /out/stagemark-contest-api

FROM debian:12.12-slim
RUN groupadd --system --gid 10001 contest \
    && useradd --system --uid 10001 --gid contest --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin contest
COPY --from=build /out/stagemark-contest-api /usr/local/bin/
COPY --chmod=755 deploy/docker/healthy.sh /usr/local/bin/healthy
USER 10001:10001
WORKDIR /
EXPOSE 8080
# It says at /livez whether it lives. Whether its servers do is no reason to start it anew.
HEALTHCHECK --interval=10s --timeout=4s --start-period=30s --retries=3 CMD ["healthy", "8080", "/livez"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["stagemark-contest-api"]
