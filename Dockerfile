# The `jeton` command and nothing else. By default the mock, on port 8080, as an image of
# mock-oauth2-server is:
#
#   docker build -t jeton . && docker run --rm -p 8080:8080 jeton
#   docker run --rm -p 8080:8080 -v jeton:/data -e JETON_ISSUER=… -e JETON_SECRET jeton serve

FROM rust:1.95.0-slim-bookworm@sha256:d7482085ff5b415f84dba5647ae71606650bdef00db7aeb69f4b3d170c3e4082 AS build

RUN apt-get update \
    && apt-get install --yes --no-install-recommends musl-tools=1.2.3-* \
    && rm -rf /var/lib/apt/lists/* \
    && rustup target add "$(uname -m)-unknown-linux-musl"

WORKDIR /jeton
COPY . .

# Cache mounts instead of a layer of dependencies: that would need a dummy of each crate. What comes
# from an archive is as old as its commit, and cargo would take it for built.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/jeton/target \
    find crates -type f -exec touch {} + \
    && target="$(uname -m)-unknown-linux-musl" \
    && CARGO_PROFILE_RELEASE_STRIP=symbols \
        cargo build --locked --release --package jeton-cli --target "$target" \
    && install "target/$target/release/jeton" /usr/local/bin/jeton \
    && mkdir -p /writable/data

FROM scratch

COPY --from=build /usr/local/bin/jeton /jeton
# Where `jeton serve` keeps its SQLite file. From the folder above, because what is copied gets the
# owner, not what it is copied into.
COPY --from=build --chown=65532:65532 /writable /
WORKDIR /data

# Nobody in particular; a number, because there is no /etc/passwd, and Kubernetes'
# `runAsNonRoot` wants one.
USER 65532:65532

# Variables rather than arguments: with other arguments they still hold. PORT, because JETON_PORT
# and mock-oauth2-server's SERVER_PORT go before it.
ENV JETON_HOST=0.0.0.0 PORT=8080
EXPOSE 8080

# Often at first: others wait for it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --start-interval=1s \
    CMD ["/jeton", "health"]

ENTRYPOINT ["/jeton"]
CMD ["mock"]
