#!/usr/bin/env bash
# Performs a whole migration under traffic and reports whether a request failed or waited:
# k6/rehearse.sh --help
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

missing=()
need() { command -v "$1" >/dev/null 2>&1 || missing+=("$2"); }
need java openjdk-17-jdk-headless
need python3 python3
need psql postgresql-client
if [ ${#missing[@]} -gt 0 ]; then
  echo "tools are missing; on Debian or Ubuntu: apt-get install ${missing[*]}" >&2
  exit 2
fi
export PYTHONPATH="$here/../tools${PYTHONPATH:+:$PYTHONPATH}"
exec python3 -m rehearsal "$@"
