# Drover as operators run it: processes of every role, started again when they end by themselves, with a PostgreSQL and
# a RabbitMQ. Sourced by `dev` behind lib.sh and servers.sh.

FULL_ROLES="api api queue queue scheduler relay relay reflector reflector index hooks notify"
FULL_READY=60
KEPT_ROLES=
KEPT_WORKERS=

# Takes --database-url URL and --amqp-url URL; a server without URL is started and gone at the end. Sets the client's
# variables.
start_full() {
    while [ $# -gt 0 ]; do
        case $1 in
            --database-url) DROVER__DATABASE__URL=${2:?} ;;
            --amqp-url) DROVER__BUS__AMQP_URL=${2:?} ;;
            *) die "there is no flag \`$1\` of ./dev up --full; it takes --exit, --database-url URL and --amqp-url URL" ;;
        esac
        shift 2
    done
    have python3 || die "python3 is missing"
    full=$TARGET/full
    mkdir -p "$full"
    rm -f "$full"/*.log
    full_servers
    full_settings
    "$DROVER" db upgrade >"$full/upgrade.log" 2>&1 || die "the database could not be upgraded: $(tail -n 5 "$full/upgrade.log")"
    number=0
    ports=$(free_ports "$(printf '%s\n' $FULL_ROLES | wc -l)")
    for port in $ports; do
        number=$((number + 1))
        role=$(printf '%s\n' $FULL_ROLES | sed -n "${number}p")
        keep "$role-$number" "$DROVER" serve --roles "$role" --listen "127.0.0.1:$port"
        KEPT_ROLES="$KEPT_ROLES $!"
    done
    for port in $ports; do
        full_ready "$port" || die "not every process is ready after $FULL_READY s; their logs are in $full"
    done
    export TASKCLUSTER_ROOT_URL="http://127.0.0.1:${ports%% *}"
    # Without blanks in them: each is a word.
    paths=$(printf '%s' "$TASK_PATHS" | sed 's/^/--read-only-path /; s/,/ --read-only-path /g')
    for number in 1 2; do
        keep "worker-$number" env PATH="$TASK_PATH" "$DROVER" worker --credentials-file "$full/worker.json" \
            --worker-group full --worker-id "worker-$number" --network proxy $paths
        KEPT_WORKERS="$KEPT_WORKERS $!"
    done
    DROVER_LOG="in $full, a file for each process"
}

full_servers() {
    FULL_KEEPS="what it knows is kept by the servers"
    if [ -z "${DROVER__DATABASE__URL:-}" ]; then
        say "starting a PostgreSQL of its own"
        start_postgres
        DROVER__DATABASE__URL=$DROVER_TEST_DATABASE_URL
        FULL_KEEPS="what it knows is gone then"
    fi
    if [ -z "${DROVER__BUS__AMQP_URL:-}" ]; then
        say "starting a RabbitMQ of its own"
        start_rabbitmq || die "there is no RabbitMQ: install rabbitmq-server, or name one with --amqp-url URL"
        DROVER__BUS__AMQP_URL=$DROVER_TEST_AMQP_URL
    fi
    export DROVER__DATABASE__URL DROVER__BUS__AMQP_URL
}

# The same keys every time: a database that is kept is sealed with them.
full_settings() {
    keys=$full/keys
    if [ ! -e "$keys" ]; then
        (umask 077 && printf 'token=%s\nsealing=%s\n' "$(head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n')" \
            "$(head -c 32 /dev/urandom | base64)" >"$keys")
    fi
    . "$keys"
    export TASKCLUSTER_CLIENT_ID=static/taskcluster/root TASKCLUSTER_ACCESS_TOKEN="$token"
    export DROVER__AUTH__ROOT_CREDENTIALS="$TASKCLUSTER_CLIENT_ID:$token" DROVER__AUTH__QUEUE_ACCESS_TOKEN="$token"
    export DROVER__AUTH__PUBLIC_READ="${DROVER__AUTH__PUBLIC_READ:-true}"
    # Workers get no more than they need; with the credentials above they would not start.
    worker=static/drover/full-workers
    scopes='["queue:claim-work:*", "queue:worker-id:*", "purge-cache:purge-requests::*", "auth:current-scopes"]'
    export DROVER__AUTH__STATIC_CLIENTS="[{\"clientId\": \"$worker\", \"accessToken\": \"worker-$token\", \"description\": \"The workers of ./dev up --full.\", \"scopes\": $scopes}]"
    (umask 077 && printf '{"clientId": "%s", "accessToken": "%s"}\n' "$worker" "worker-$token" >"$full/worker.json")
    export DROVER__AUTH__SEALING_KEYS="[{\"id\": \"dev\", \"key\": \"$sealing\"}]" DROVER__DATA_DIR="$full/data"
}

# Runs a command, and again a second after it ended by itself, until `stop_full`.
keep() {
    name=$1
    shift
    (
        child=
        trap '[ -z "$child" ] || { kill -TERM "$child" 2>/dev/null; wait "$child"; }; exit 0' TERM
        while :; do
            setsid "$@" </dev/null >>"$full/$name.log" 2>&1 &
            child=$!
            code=0
            wait "$child" || code=$?
            child=
            say "$name ended with code $code and is started again; its log is $full/$name.log"
            sleep 1
        done
    ) &
}

full_ready() {
    python3 -c '
import sys, time, urllib.request
url, end = f"http://127.0.0.1:{sys.argv[1]}/__heartbeat__", time.monotonic() + float(sys.argv[2])
while time.monotonic() < end:
    try:
        urllib.request.urlopen(url, timeout=5)
        sys.exit(0)
    except OSError:
        time.sleep(0.1)
sys.exit(1)' "$1" "$FULL_READY"
}

# Workers first, while the API still answers.
stop_full() {
    for kept in "$KEPT_WORKERS" "$KEPT_ROLES"; do
        for pid in $kept; do kill -TERM "$pid" 2>/dev/null || true; done
        for pid in $kept; do wait "$pid" 2>/dev/null || true; done
    done
}
