# syntax=docker/dockerfile:1
# Multi-stage: the compiler, npm's cache and what only tests need stay behind.

FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No install scripts: none is needed, and that of ffmpeg-static would download a second ffmpeg.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build && npm prune --omit=dev --ignore-scripts

# Its one file is /mediamtx. The tag is the version that the gateway is made for.
FROM bluenviron/mediamtx:1.20.1 AS mediamtx

FROM node:20-bookworm-slim AS base
# tini reaps, util-linux has setpriv (children end with the gateway), the font is for the clock in test pictures.
RUN apt-get update \
 && apt-get install -y --no-install-recommends ffmpeg fonts-dejavu-core tini util-linux \
 && rm -rf /var/lib/apt/lists/*

# The clip of the relay.yaml that the image has.
FROM base AS clip
WORKDIR /clip
COPY scripts/lib ./scripts/lib
RUN node --input-type=module -e "import { makePromo } from '/clip/scripts/lib/promo.mjs'; await makePromo('ffmpeg', '/clip/promo.mp4')"

FROM base
ENV NODE_ENV=production \
    FFMPEG_PATH=/usr/bin/ffmpeg \
    FFPROBE_PATH=/usr/bin/ffprobe \
    MEDIAMTX_PATH=/usr/local/bin/mediamtx \
    HOME=/tmp
COPY --from=mediamtx --chmod=755 /mediamtx /usr/local/bin/mediamtx
COPY --from=build /app/node_modules /app/node_modules
COPY --from=build /app/dist /app/dist
COPY package.json LICENSE CHANGELOG.md /app/
COPY docs/licences.md /app/docs/licences.md
COPY relay.yaml /srv/relay/relay.yaml
COPY --from=clip /clip/promo.mp4 /srv/relay/media/promo.mp4
RUN chmod 755 /app/dist/cli.js && ln -s /app/dist/cli.js /usr/local/bin/relay

# Mount a folder with your own relay.yaml and its files here.
WORKDIR /srv/relay
USER node

# RTSP, RTMP, HLS, WebRTC (page, media). By default all of them listen on 127.0.0.1 of the container only:
# use the host's network, or a relay.yaml that listens on every interface and names users (docs/operations.md).
EXPOSE 8554 1935 8888 8889 8189/udp

# Alive, not ready: a camera that is away is no reason to restart all other routes.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9980/v1/health/live').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]

STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/tini", "--", "relay"]
CMD ["run", "relay.yaml"]
