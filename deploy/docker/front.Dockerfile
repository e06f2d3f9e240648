# syntax=docker/dockerfile:1.18
# The front: nginx with the web app. From the root of the repository:
#   docker build --file deploy/docker/front.Dockerfile --tag stagemark-contest-front .
FROM node:24.19.0-bookworm-slim AS build
WORKDIR /src
COPY examples/showcase/web/package.json examples/showcase/web/package-lock.json ./
RUN --mount=type=cache,id=stagemark-npm,target=/root/.npm npm ci --no-audit --no-fund
COPY examples/showcase/web/ ./
# What compresses well is compressed once, here.
RUN npm run build \
    && find dist -type f \( -name '*.js' -o -name '*.css' -o -name '*.html' -o -name '*.svg' \) -size +1k \
        -exec gzip --keep --best --no-name {} +

# Runs as the user 101, who owns nothing.
FROM nginxinc/nginx-unprivileged:1.28.0-alpine
COPY --from=build /src/dist /usr/share/nginx/pages
COPY deploy/nginx/nginx.conf.template /etc/nginx/templates/nginx.conf.template
# The image fills in the template at start, and nothing else in it than what is ours.
ENV NGINX_ENVSUBST_OUTPUT_DIR=/run/front \
    NGINX_ENVSUBST_FILTER=^FRONT_ \
    FRONT_RUN=/run/front \
    FRONT_ACCESS_LOG=/dev/stdout \
    FRONT_WORKERS=2 \
    FRONT_HTTP_PORT=8080 \
    FRONT_HTTPS_PORT=8443 \
    FRONT_CERTIFICATE=/run/secrets/tls-certificate \
    FRONT_CERTIFICATE_KEY=/run/secrets/tls-key \
    FRONT_ACME=/run/front/acme \
    FRONT_PAGES=/usr/share/nginx/pages \
    FRONT_STORE_ORIGIN="'self'" \
    FRONT_UPLOAD_MAX=512m \
    FRONT_REQUESTS_PER_S=50 \
    FRONT_REQUESTS_BURST=200 \
    FRONT_CONNECTIONS_MAX=100
EXPOSE 8080 8443
HEALTHCHECK --interval=10s --timeout=4s --start-period=10s --retries=3 \
    CMD ["wget", "--quiet", "--tries=1", "--timeout=3", "--output-document=/dev/null", "http://127.0.0.1:8080/livez"]
STOPSIGNAL SIGTERM
CMD ["nginx", "-c", "/run/front/nginx.conf", "-g", "daemon off;"]
