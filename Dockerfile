# Builds patchbay and puts it into an image that holds the binary, its libraries and the certificates of the web, and
# nothing else. Run it with a kept volume on /data: the store, its key and the journal live there.
#
#   docker build -t patchbay .
#   docker run -p 8080:8080 -p 127.0.0.1:8081:8081 -v patchbay:/data -e PATCHBAY_EDGE__PUBLIC_URL=https://… patchbay

FROM node:22-bookworm-slim AS console
WORKDIR /build/console
# What it is made of, before what is made of it: the packages are fetched again only when they change.
COPY console/package.json console/package-lock.json console/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY console ./
RUN npm run build

FROM rust:1.95.0-bookworm AS build
WORKDIR /build
# The toolchain of this image, whatever else the tree asks for to be worked on.
ENV RUSTUP_TOOLCHAIN=1.95.0
COPY . .
COPY --from=console /build/console/dist console/dist
RUN cargo build --release --locked \
    && scripts/lay-root target/release/patchbay /image \
    && install -D -m 644 /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ca-certificates.crt \
    && mkdir /image/data

FROM scratch
COPY --from=build /image /
COPY --from=build --chown=65532:65532 /image/data /data
USER 65532:65532
WORKDIR /data
VOLUME /data
ENV PATCHBAY_EDGE__LISTEN=0.0.0.0:8080 \
    PATCHBAY_ADMIN__LISTEN=0.0.0.0:8081 \
    PATCHBAY_STORE__URL=sqlite:/data/patchbay.db \
    PATCHBAY_SPOOL__DIR=/data/spool \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
EXPOSE 8080 8081
# There is no shell and no curl in here: the binary asks itself.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["/patchbay", "health"]
ENTRYPOINT ["/patchbay"]
CMD ["serve"]
