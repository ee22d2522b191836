#!/usr/bin/env bash
# Measures the start and the memory at rest of the packaged program: bench/start.sh --help
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
for tool in java python3 psql; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: see bench/run.sh" >&2; exit 2; }
done
exec python3 -m zdbench.start "$@"
