#!/usr/bin/env bash
# Asks a real API server what it says to the manifests that check.sh rendered: admission, defaults, Pod
# Security and all. Built from Go's module proxy once, which takes long and a gigabyte; etcd is Debian's.
# Nothing runs there: no scheduler, no kubelet. KUBE_APISERVER names a binary that exists already.
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${KUBERNETES:=v1.33.13}" "${OUT:=$PWD/target/manifests}" "${PORT:=16443}" "${ETCD_PORT:=12379}"
: "${KUBE_APISERVER:=$(go env GOPATH)/bin/kube-apiserver-$KUBERNETES}"
readonly WORK=$OUT/server STAGING=v0${KUBERNETES#v1}
rm -rf "$WORK" && mkdir -p "$WORK"

# its go.mod points to directories that a module does not have: the same modules by their versions instead
build() {
  local source
  source=$(go mod download -json "k8s.io/kubernetes@$KUBERNETES" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
  mkdir "$WORK/build"
  {
    printf 'module build\ngo 1.24.0\nrequire k8s.io/kubernetes %s\nreplace (\n' "$KUBERNETES"
    sed -n '/^replace/,/^)/p' "$source/go.mod" | awk -v v="$STAGING" '/=>/ { print $1, "=>", $1, v }'
    echo ')'
  } > "$WORK/build/go.mod"
  install -m 644 "$source/go.sum" "$WORK/build/go.sum"
  printf '//go:build tools\npackage build\nimport _ "k8s.io/kubernetes/cmd/kube-apiserver"\n' > "$WORK/build/tools.go"
  local package=k8s.io/component-base/version
  (cd "$WORK/build" && GOFLAGS=-mod=mod nice go build -o "$KUBE_APISERVER" -ldflags \
    "-s -w -X $package.gitVersion=$KUBERNETES -X $package.gitMajor=1 -X $package.gitMinor=$(cut -d. -f2 <<< "$KUBERNETES")" \
    k8s.io/kubernetes/cmd/kube-apiserver)
}

start() {
  local keys=$WORK/key
  openssl genrsa -out "$keys" 2048 2> /dev/null
  echo 'token,admin,admin,system:masters' > "$WORK/tokens"
  etcd --data-dir "$WORK/etcd" --unsafe-no-fsync --listen-client-urls "http://127.0.0.1:$ETCD_PORT" \
    --advertise-client-urls "http://127.0.0.1:$ETCD_PORT" --listen-peer-urls "http://127.0.0.1:$((ETCD_PORT + 1))" \
    > "$WORK/etcd.log" 2>&1 &
  started+=($!)
  "$KUBE_APISERVER" --etcd-servers "http://127.0.0.1:$ETCD_PORT" --secure-port "$PORT" --bind-address 127.0.0.1 \
    --cert-dir "$WORK/certificates" --token-auth-file "$WORK/tokens" --authorization-mode RBAC \
    --service-account-key-file "$keys" --service-account-signing-key-file "$keys" \
    --service-account-issuer https://localhost --service-cluster-ip-range 10.0.0.0/24 \
    --disable-admission-plugins ServiceAccount > "$WORK/apiserver.log" 2>&1 &
  started+=($!)
}

k() { kubectl --kubeconfig /dev/null --server "https://127.0.0.1:$PORT" --insecure-skip-tls-verify --token token "$@"; }
fail() { echo "server.sh: $*" >&2; tail -3 "$WORK"/*.log >&2; exit 1; }

ready() {
  for _ in $(seq 120); do
    k get --raw /readyz > /dev/null 2>&1 && return
    sleep 0.5
  done
  fail "the API server does not get ready"
}

declare -a started=()
trap 'kill "${started[@]}" 2> /dev/null || true; wait 2> /dev/null || true' EXIT
[ -x "$KUBE_APISERVER" ] || build
start
ready
k apply -f src/main/kubernetes/namespace.yaml
k apply --server-side -f "$CRDS/monitoring.coreos.com_servicemonitors.yaml" \
  -f "$CRDS/monitoring.coreos.com_prometheusrules.yaml"
k wait --for condition=established crd --all --timeout 60s

# a warning is a refusal: Pod Security warns where a pod would be refused later
apply() {
  k -n orders "$@" 2>&1 | tee "$WORK/answer"
  ! grep -qi -e warning -e error "$WORK/answer" || fail "$*"
}
apply apply -f "$OUT/secrets.example.yaml"
for phase in 0-expand 1-dual-write 2-read-new 3-contract; do
  apply apply -k "src/main/kubernetes/overlays/$phase"
  generation=$(k -n orders get deployment orders -o 'jsonpath={.metadata.generation}')
  [ "$generation" = 1 ] || fail "the flip to $phase changed the deployment"
done
# another image is another pod template, which a Job refuses: docs/kubernetes.md deletes it first
k -n orders delete job order-expand --ignore-not-found
apply apply -f "$OUT/cluster.yaml"
k -n orders delete job order-expand
apply apply --dry-run=server -f "$OUT/cluster-controller.yaml"
again=$(apply apply -k src/main/kubernetes/overlays/1-dual-write -l app.kubernetes.io/component=expand)
[ "$again" = "job.batch/order-expand created" ] || fail "expand again: $again"
for job in backfill contract; do
  apply create -k "src/main/kubernetes/jobs/$job"
done
[ "$(k -n orders get job order-contract -o 'jsonpath={.spec.suspend}')" = true ] || fail "contract would run"
apply patch job order-contract --type=merge -p '{"spec":{"suspend":false}}'

# pods of every kind pass Pod Security's "restricted", which a namespace enforces on pods alone
for workload in deployment/orders deployment/order-workers job/order-expand job/order-backfill job/order-contract; do
  k -n orders get "$workload" -o json | go run .ci/manifests/pod.go | apply create --dry-run=server -f -
done
k -n orders get deployment orders -o json | sed 's/"ALL"/"CHOWN"/' | go run .ci/manifests/pod.go > "$WORK/pod.json"
! k -n orders create --dry-run=server -f "$WORK/pod.json" 2> "$WORK/answer" || fail "Pod Security is not in force"
grep -q 'violates PodSecurity "restricted' "$WORK/answer" || fail "$(cat "$WORK/answer")"
