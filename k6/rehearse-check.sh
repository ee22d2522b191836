#!/usr/bin/env bash
# The rehearsal that continuous integration runs: a small one of some two minutes. Its p99 is not
# judged: shared machines are too noisy for a few hundred requests a stage.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
exec ./rehearse.sh --rows 20000 --seconds 5 --users 10 --rate 50 --warm-up 10 --spread 1 \
  --judge errors,ledger "$@"
