#!/bin/sh
# Writes both lock files: hashes for every platform, no index host.
set -eu
compile="uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra postgres --extra valkey --group build --quiet"
$compile -o deploy/requirements.txt
$compile --group dev -o deploy/requirements-dev.txt
