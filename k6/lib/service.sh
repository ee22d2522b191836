# The packaged program with its embedded database in a temporary directory, for scripts that ask it
# something. To be sourced after "set -euo pipefail"; end_service_and_remove belongs to the end.
jar=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/target/quarkus-app/quarkus-run.jar

missing() { echo "$1" >&2; exit 2; }
command -v java >/dev/null || missing "java is missing: a JDK, 17 or newer"
[ -f "$jar" ] || missing "$jar is missing: ./mvnw package -DskipTests"

directory=
service=

end_service() {
  if [ -n "$service" ] && kill "$service" 2>/dev/null; then
    # its database goes with it; killed, it would leave the database behind
    for _ in $(seq 300); do kill -0 "$service" 2>/dev/null || break; sleep 0.1; done
    if kill -9 "$service" 2>/dev/null; then
      local postmaster=$directory/.zerodowntime/postgres/postmaster.pid
      [ ! -f "$postmaster" ] || kill -INT "$(head -1 "$postmaster")" || true
    fi
    wait "$service" 2>/dev/null || true
  fi
  service=
}

end_service_and_remove() {
  end_service
  [ -z "$directory" ] || rm -rf "$directory"
}

start() { # variables of the service; its working directory becomes this script's
  [ -n "$directory" ] || directory=$(mktemp -d)
  cd "$directory"
  env -i PATH="$PATH" HOME="${HOME:-/}" TMPDIR="${TMPDIR:-/tmp}" \
    ${JAVA_HOME:+JAVA_HOME="$JAVA_HOME"} DEMONSTRATION_ORDERS=1000 \
    QUARKUS_HTTP_HOST=127.0.0.1 QUARKUS_HTTP_PORT=0 "$@" \
    java -jar "$jar" >service.log 2>&1 </dev/null &
  service=$!
}

# the port, once the program says it
port() { sed -n 's|.*Listening on: http://127\.0\.0\.1:\([0-9]*\).*|\1|p' service.log; }

ready() {
  local number status
  number=$(port)
  [ -n "$number" ] || return 1
  exec 3<>"/dev/tcp/127.0.0.1/$number" || return 1
  printf 'GET /q/health/ready HTTP/1.0\r\n\r\n' >&3
  read -r -t 5 _ status _ <&3 || status=
  exec 3>&-
  [ "$status" = 200 ]
}

await_ready() {
  for _ in $(seq 600); do
    if ready 2>/dev/null; then return; fi
    kill -0 "$service" 2>/dev/null || break
    sleep 0.2
  done
  echo "the program does not serve:" >&2
  cat service.log >&2
  exit 1
}
