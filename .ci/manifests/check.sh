#!/usr/bin/env bash
# Renders every kustomization and judges what comes out: strict schemas, what overlays may differ in, alert
# rules with their tests. Needs Go (for its module proxy), and apt-get, as root or by sudo, if promtool is not there.
#   check.sh            the check
#   check.sh --write    makes prometheus-rule.yaml anew from rules.yaml first
#   check.sh --server   also asks a real API server (server.sh; the first time it takes long to build)
set -euo pipefail
cd "$(dirname "$0")/../.."
readonly KUBERNETES=v1.33.13 OPERATOR=v0.85.0 KUSTOMIZE=v5.6.0 KUBECONFORM=v0.6.7 CLOUDNATIVE_PG=v1.27.0
readonly MANIFESTS=src/main/kubernetes MONITORING=src/main/monitoring OUT=$PWD/target/manifests
export KUBERNETES OUT

fail() { echo "check.sh: $*" >&2; exit 1; }
bin() { go env GOPATH | sed 's|$|/bin/'"$1|"; }
install_go() { [ -x "$(bin "$1")" ] || go install "$2"; }
module() { go mod download -json "$1" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p'; }

tools() {
  command -v go > /dev/null || fail "Go is needed"
  install_go kustomize "sigs.k8s.io/kustomize/kustomize/v5@$KUSTOMIZE"
  install_go kubeconform "github.com/yannh/kubeconform/cmd/kubeconform@$KUBECONFORM"
  command -v promtool > /dev/null && return
  .ci/as-root apt-get -qq update && .ci/as-root apt-get -qq install -y --no-install-recommends prometheus > /dev/null
}

rule() {
  cat << 'HEAD'
# Made from rules.yaml, by .ci/manifests/check.sh --write. Change it there.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: orders
  labels:
    app.kubernetes.io/name: orders
spec:
HEAD
  sed -n '/^groups:/,$p' "$MONITORING/rules.yaml" | sed 's/^/  /; s/ *$//'
}

# the ConfigMaps of a table of its own, for a kustomization in a directory
tables() {
  cp examples/order-status/migrations.yaml examples/order-status/changelog/*.sql "$1"
  cat >> "$1/kustomization.yaml" << 'TABLES'
generatorOptions: {disableNameSuffixHash: true}
configMapGenerator:
  - name: order-flags
    behavior: merge
    literals: [purchase-status.DUAL_WRITE=false, purchase-status.WRITE_TO_NEW=false, purchase-status.READ_FROM_NEW=false]
  - name: order-definitions
    files:
TABLES
  (cd "$1" && printf '      - %s\n' migrations.yaml ./*.sql) >> "$1/kustomization.yaml"
}

# what a cluster's own repository looks like: an overlay, the components, a namespace, an image, tables of its own
cluster() {
  mkdir -p "$OUT/cluster" "$OUT/cluster-jobs" "$OUT/cluster-controller"
  mkdir -p "$OUT/cluster" "$OUT/cluster-jobs" "$OUT/cluster-database"
  cp examples/order-status/migrations.yaml examples/order-status/changelog/*.sql "$OUT/cluster"
  cat > "$OUT/cluster/kustomization.yaml" << 'CLUSTER'
resources: [../../../src/main/kubernetes/overlays/1-dual-write]
components:
  - ../../../src/main/kubernetes/components/workers
  - ../../../src/main/kubernetes/components/monitoring
  - ../../../src/main/kubernetes/components/definitions
  - ../../../src/main/kubernetes/components/tracing
  - ../../../src/main/kubernetes/components/redis
namespace: orders
images: [{name: zerodowntime, newName: registry.example/orders, newTag: "1.2.3"}]
CLUSTER
  tables "$OUT/cluster"
  echo 'resources: [../../../src/main/kubernetes/overlays/controller]' > "$OUT/cluster-controller/kustomization.yaml"
  tables "$OUT/cluster-controller"
  cat > "$OUT/cluster-jobs/kustomization.yaml" << 'JOBS'
resources: [../../../src/main/kubernetes/jobs/backfill, ../../../src/main/kubernetes/jobs/contract]
components:
  - ../../../src/main/kubernetes/components/definitions
  - ../../../src/main/kubernetes/components/tracing
JOBS
  cat > "$OUT/cluster-database/kustomization.yaml" << 'DATABASE'
resources:
  - ../../../src/main/kubernetes/overlays/1-dual-write
  - ../../../src/main/kubernetes/jobs/backfill
  - ../../../src/main/kubernetes/jobs/contract
components:
  - ../../../src/main/kubernetes/components/workers
  - ../../../src/main/kubernetes/components/cloudnative-pg
namespace: orders
DATABASE
}

render() {
  rm -rf "$OUT" && cluster
  for directory in "$MANIFESTS"/base "$MANIFESTS"/overlays/* "$MANIFESTS"/jobs/* "$OUT"/cluster*; do
    "$(bin kustomize)" build "$directory" > "$OUT/$(basename "$directory").yaml"
  done
  cp "$MANIFESTS"/namespace.yaml "$MANIFESTS"/secrets.example.yaml "$OUT"
}

schemas() {
  local kubernetes operator database
  kubernetes=$(module "k8s.io/kubernetes@$KUBERNETES")
  operator=$(module "github.com/prometheus-operator/prometheus-operator@$OPERATOR")
  database=$(module "github.com/cloudnative-pg/cloudnative-pg@$CLOUDNATIVE_PG")
  export CRDS="$operator/example/prometheus-operator-crd"
  mkdir -p "$OUT/schemas"
  awk 'FNR == 1 { print "---" } 1' "$OUT"/*.yaml | (cd .ci/manifests/schemas && go run . "$OUT/schemas" \
    "$kubernetes/api/openapi-spec/swagger.json" "$CRDS"/monitoring.coreos.com_{servicemonitors,prometheusrules}.yaml \
    "$database/config/crd/bases/postgresql.cnpg.io_clusters.yaml")
  "$(bin kubeconform)" -strict -summary -schema-location "$OUT/schemas/{{.ResourceKind}}{{.KindSuffix}}.json" \
    "$OUT"/*.yaml
}

# phases differ in the three flags and in nothing else; nothing is dropped, and no secret made, by an overlay
overlays() {
  local rendered without='/^  \(DUAL_WRITE\|WRITE_TO_NEW\|READ_FROM_NEW\): /d'
  for overlay in "$MANIFESTS"/overlays/[0-9]*; do
    rendered=$OUT/$(basename "$overlay").yaml
    diff <(sed "$without" "$OUT/base.yaml") <(sed "$without" "$rendered") || fail "$overlay: not the flags alone"
    grep -q '^  name: order-flags$' "$rendered" || fail "$overlay: order-flags has another name"
    ! grep -qx -e 'kind: Secret' -e '        - contract' "$rendered" || fail "$overlay: secret or contract"
  done
  ! grep -q 'image: zerodowntime' "$OUT/cluster.yaml" || fail "an image that a cluster cannot set"
  grep -q '^  suspend: true$' "$OUT/contract.yaml" || fail "contract is not suspended"
}

# each container of the program reads the definitions, and the changelog files beside them, where they are mounted
definitions() {
  local rendered containers
  grep -q '^    purchase-status-010-expand.sql: \|^  purchase-status-010-expand.sql: ' "$OUT/cluster.yaml" ||
    fail "the ConfigMap lacks the changelog files"
  [ "$(grep -c '^  \(purchase-status\.\)\?\(DUAL_WRITE\|WRITE_TO_NEW\|READ_FROM_NEW\): ' "$OUT/cluster.yaml")" = 6 ] ||
    fail "the flags are not those of two migrations"
  for rendered in "$OUT"/cluster.yaml "$OUT"/cluster-jobs.yaml "$OUT"/cluster-controller.yaml; do
    containers=$(grep -c '^ *image: ' "$rendered")
    for line in 'mountPath: /etc/orders/definitions$' 'value: /etc/orders/definitions/migrations.yaml$' \
      'value: /etc/orders/definitions$'; do
      [ "$(grep -c "$line" "$rendered")" = "$containers" ] || fail "$rendered: not in each container: $line"
    done
  done
}

# flags of its own migrations only, two pods without an autoscaler, otherwise the base; nothing is dropped, no secret made
controller() {
  local rendered=$OUT/cluster-controller.yaml
  [ "$(sed -n 's/^  \(.*\.\)\?\(DUAL_WRITE\|WRITE_TO_NEW\|READ_FROM_NEW\): .*/\1/p' "$rendered" | sort | uniq -c | xargs)" = \
    "3 purchase-status." ] || fail "controller: other flags than those of its migration"
  [ "$(kinds "$rendered")" = "$( (kinds "$OUT/base.yaml"; echo ConfigMap) | grep -v Autoscaler | sort)" ] ||
    fail "controller: $(kinds "$rendered" | xargs)"
  grep -q '^  replicas: 2$' "$rendered" || fail "controller: not two pods"
  ! grep -qx -e 'kind: Secret' -e '        - contract' "$rendered" || fail "controller: secret or contract"
}

kinds() { sed -n 's/^kind: //p' "$1" | sort; }

# with CloudNativePG every container logs in by the files of its Secrets, and no other secret is named for it
database() {
  local rendered=$OUT/cluster-database.yaml containers
  containers=$(grep -c '^ *image: zerodowntime' "$rendered")
  for line in 'value: /etc/orders/database/password$' 'mountPath: /etc/orders/database$' \
    'value: postgresql://orders@order-postgres-rw:5432/orders?'; do
    [ "$(grep -c "$line" "$rendered")" = "$containers" ] || fail "$rendered: not in each container: $line"
  done
  ! grep -q 'name: order-database$' "$rendered" || fail "$rendered: the Secret order-database is named"
}

# each process sends traces to the receiver that the ConfigMap names, and may reach it
tracing() {
  local rendered
  for rendered in "$OUT"/cluster.yaml "$OUT"/cluster-jobs.yaml; do
    [ "$(grep -c 'envFrom:$' "$rendered")" = "$(grep -c '^ *containers:$' "$rendered")" ] ||
      fail "$rendered: a process without order-tracing"
  done
  grep -q '^ *- port: 4318$' "$OUT/cluster.yaml" || fail "the receiver of traces cannot be reached"
}

tools
[ "${1:-}" != --write ] || rule > "$MONITORING/prometheus-rule.yaml"
diff <(rule) "$MONITORING/prometheus-rule.yaml" || fail "prometheus-rule.yaml is not rules.yaml: --write"
promtool check rules "$MONITORING/rules.yaml"
promtool test rules "$MONITORING/rules-test.yaml"
render
schemas
overlays
definitions
controller
database
tracing
[ "${1:-}" != --server ] || .ci/manifests/server.sh
echo "manifests are right"
