#!/usr/bin/env bash
# The rehearsals that continuous integration runs: small ones of some two minutes each. Their p99 is
# not judged: shared machines are too noisy for a few hundred requests a stage. Options are those of
# the first one, the rehearsal of orders.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
example=examples/node-service
small=(--users 10 --rate 50 --spread 1 --judge errors,ledger)
own=("${small[@]}" --traffic "$example/traffic.http" --dump "$example/table.sql" --seconds 3 --warm-up 3
  --set HEARTBEAT_INTERVAL=500ms --set MIGRATION_INSTANCE_TIMEOUT=4s)

k6/rehearse.sh --rows 20000 --seconds 5 --warm-up 10 "${small[@]}" "$@"

# a rehearsal that cannot fail proves nothing: this writer has neither fence nor triggers
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
status=0
k6/rehearse.sh "${own[@]}" --migrations "$example/migrations.yaml" --traffic "$example/traffic.sql" \
  --out "$out" > "$out/output" || status=$?
if [ "$status" != 3 ] || ! grep -q 'that the new side lacks: key [0-9]* (acknowledged ' "$out/output"; then
  echo "FAILED  a writer without fence and triggers must be found, with its keys: status $status" >&2
  cat "$out/output" >&2
  exit 1
fi
echo "ok      a writer without fence and triggers: $(tail -3 "$out/output" | head -1)"

if ! command -v node > /dev/null || ! command -v npm > /dev/null; then
  echo "skipped the rehearsals of $example: node and npm are missing"
  exit 0
fi
(cd "$example" && npm install --no-package-lock --no-audit --no-fund --loglevel=error)
PYTHONPATH=tools NODE_PATH=$example/node_modules python3 -m harness.with_postgres node helpers/node/check.js
k6/rehearse.sh "${own[@]}" --migrations "$example/migrations.yaml" --service "node $example/server.js fenced"
k6/rehearse.sh "${own[@]}" --migrations "$example/with-sync.yaml" --service "node $example/server.js plain" \
  --expand-under-traffic --without-drop
