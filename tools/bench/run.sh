#!/usr/bin/env bash
# Measures the service against plain PostgreSQL on this machine: tools/bench/run.sh --help
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

missing=()
need() { command -v "$1" >/dev/null 2>&1 || missing+=("$2"); }
need java openjdk-17-jdk-headless
need jcmd openjdk-17-jdk-headless
need python3 python3
need psql postgresql-client
need pgbench postgresql-contrib
need wrk wrk
if [ ${#missing[@]} -gt 0 ]; then
  mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
  echo "tools are missing; on Debian or Ubuntu: apt-get install ${missing[*]}" >&2
  exit 2
fi
export PYTHONPATH="$here/..${PYTHONPATH:+:$PYTHONPATH}"
exec python3 -m bench "$@"
