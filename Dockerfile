# syntax=docker/dockerfile:1

# Builds with all dependencies, so that the next stages take only what runs.
FROM node:20-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
# A first start on the embedded engine copies the database that the build makes of them.
COPY migrations ./migrations
COPY seeds ./seeds
RUN npm run build

FROM node:20-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# bcrypt brings its binaries along; no script of a package is needed to run.
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force

FROM node:20-slim
ENV NODE_ENV=production PORT=3000 HOST=:: DATA_DIR=/data
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json openapi.yaml LICENSE ./
COPY migrations ./migrations
COPY seeds ./seeds
# The image's own user 1000; /data is used only without DATABASE_URL.
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# No shell and no npm between the signals and the service.
ENTRYPOINT ["node", "dist/main.js"]
CMD ["serve"]
