#!/usr/bin/env bash
# Measures the start and the memory at rest of the packaged program: tools/bench/start.sh --help
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
for tool in java python3 psql; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: see tools/bench/run.sh" >&2; exit 2; }
done
export PYTHONPATH="$here/..${PYTHONPATH:+:$PYTHONPATH}"
exec python3 -m bench.startup "$@"
