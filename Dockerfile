# Another node image on Debian or Ubuntu will do as well: --build-arg BASE=…
ARG BASE=docker.io/library/node:24-bookworm-slim

FROM ${BASE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
# Where a registry of your own, or an authority of your own, stands between you and npm:
#   --secret id=npmrc,src=$HOME/.npmrc --secret id=extra-ca,src=/path/to/ca.pem
# Neither ends up in the image; without them npm uses its defaults.
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc \
    --mount=type=secret,id=extra-ca,target=/run/secrets/extra-ca \
    if [ -s /run/secrets/extra-ca ]; then export NODE_EXTRA_CA_CERTS=/run/secrets/extra-ca; fi; \
    npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src src
# Not --omit=optional: the RocketMQ client's CRC is a native module, an optional dependency for each platform, and it does not load without one.
RUN npm run build && npm prune --omit=dev --no-audit --no-fund

FROM ${BASE}
LABEL org.opencontainers.image.title="binlog-relay" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json ./
COPY config/container.yaml /etc/binlog-relay/relay.yaml
COPY config/container-apply.yaml /etc/binlog-relay/apply.yaml
# The program needs no package manager, and nothing that runs as another user than its own.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn* /opt/yarn* \
    && find / -xdev -type f -perm /6000 -exec chmod a-s {} +
# A volume takes over the owner of the folder that it is mounted on.
RUN install -d -o node -g node -m 750 /var/lib/binlog-relay
VOLUME /var/lib/binlog-relay
USER node
EXPOSE 8686
STOPSIGNAL SIGTERM
# Liveness only: while MySQL or the broker is away a restart mends nothing. Follows admin.port of config/container.yaml.
HEALTHCHECK --interval=15s --timeout=5s --start-period=10s --retries=3 \
  CMD ["node", "-e", "require('node:http').get('http://127.0.0.1:8686/livez', (r) => process.exit(r.statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
ENTRYPOINT ["/app/dist/main.js"]
CMD ["run", "--config", "/etc/binlog-relay/relay.yaml"]
