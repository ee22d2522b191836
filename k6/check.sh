#!/usr/bin/env bash
# Runs every load script for some seconds against the packaged program, with its embedded database
# in a temporary directory, and proves that migration.js's ledger can fail. One line per script;
# exit status 1 with k6's output if one fails, 2 if something is missing. P95 and P99 are the limits
# of latency in ms: wide ones, as machines that run checks are shared and the program is just warm.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib/service.sh"

if ! command -v k6 >/dev/null && command -v go >/dev/null; then
  PATH=$PATH:$(go env GOPATH)/bin
fi
command -v k6 >/dev/null || missing "k6 is missing: go install go.k6.io/k6@v1.3.0"

client=
stop() {
  if [ -n "$client" ]; then kill -9 "$client" 2>/dev/null || true; fi
  end_service_and_remove
}
trap stop EXIT
trap 'exit 130' INT TERM

# k6 with variables, script and options of its own; nothing of ours listens, nothing is sent away
load() {
  env BASE_URL="http://127.0.0.1:$(port)" P95="${P95:-2000}" P99="${P99:-5000}" "${@:2}" \
    k6 run --quiet --address '' --no-usage-report "$here/$1" >k6.log 2>&1 </dev/null &
  client=$!
  local status=0
  wait "$client" || status=$? # in the background, so that a signal ends this script at once
  client=
  return "$status"
}

failed() {
  echo "FAILED  $1"
  cat k6.log
  exit 1
}

check() {
  local began=$SECONDS
  load "$@" || failed "$1"
  echo "ok      $1 ($((SECONDS - began)) s)"
}

# a run that must fail, and for this reason: k6 ends with 99 when a threshold is crossed
check_that_it_fails() {
  local status=0
  load "$@" || status=$?
  if [ "$status" != 99 ] || ! grep -q 'ledger_differences .*✗ count==0' k6.log; then
    failed "$1, which must find differences: status $status"
  fi
  echo "ok      $1: differences are found"
}

start
await_ready
check migration.js DURATION=9s
check_that_it_fails lib/tamper.js DURATION=9s
check orders.js RAMP=4s DURATION=4s
check abort.js DURATION=5s
check soak.js DURATION=8s RATE=50
# k6 has no more than a core here: a lower bound on what is let in makes it a spike all the same
end_service
start MAX_REQUESTS=32
await_ready
# the goodput is k6's own limit on this machine: tools/bench/run.sh overload judges it
check spike.js DURATION=4s CALM=3s PEAK=4s RECOVERY=2s MAX_VUS=400 TIMEOUT=10s CLIENTS=16 GOODPUT=0.2
