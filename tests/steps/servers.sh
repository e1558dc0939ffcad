# A private PostgreSQL, a private RabbitMQ and a private MariaDB for the tests, on sockets and ports nobody else uses.
# `stop_servers` runs at the end of the script that sourced this, whatever the end (see lib.sh); each gets a session of
# its own, so that Ctrl-C does not end it before those that use it.

PG_PID=
BROKER_PID=
EPMD_PID=
MARIADB_PID=

# The server refuses to run as root: `$AS` before a command runs it as the user the files belong to.
# A word list and not a function, because a function in the background would leave a shell between us and the server.
choose_owner() {
    AS=
    am_root || return 0
    owner=nobody
    if id postgres >/dev/null 2>&1; then owner=postgres; fi
    AS="setpriv --reuid $owner --regid $(id -g $owner) --clear-groups"
    chown $owner "$place"
}

# Nothing here outlives the tests, so the syncs are off; what is durable is tested with servers of Drover's own.
start_postgres() {
    need_postgres
    run_dir
    place=$RUN_DIR/postgres
    mkdir "$place"
    choose_owner
    (cd / && $AS "$PG_BIN/initdb" -D "$place/data" -A trust -U postgres --locale=C -E UTF8 --no-sync) >"$RUN_DIR/postgres.log" 2>&1 ||
        die "initdb failed: $(tail -n 5 "$RUN_DIR/postgres.log")"
    setsid $AS "$PG_BIN/postgres" -D "$place/data" -k "$place" -p 5432 -c listen_addresses= -c max_connections=300 \
        -c fsync=off -c shared_buffers=128MB -c autovacuum_naptime=5s >>"$RUN_DIR/postgres.log" 2>&1 &
    PG_PID=$!
    for _ in $(seq 100); do
        if "$PG_BIN/pg_isready" -q -h "$place" -p 5432; then
            export DROVER_TEST_DATABASE_URL="postgresql:///postgres?host=$place&port=5432&user=postgres&sslmode=disable"
            return 0
        fi
        sleep 0.1
    done
    die "PostgreSQL did not start: $(tail -n 5 "$RUN_DIR/postgres.log")"
}

# A node with its own name, ports, port mapper, cookie and folders; it knows nothing of a broker on standard ports.
start_rabbitmq() {
    need_rabbitmq
    [ -n "$AMQP_BROKER" ] || return 1
    run_dir
    broker=$RUN_DIR/rabbitmq
    mkdir -p "$broker"
    : >"$broker/env.conf"
    : >"$broker/plugins"
    read -r port distribution mapper <<PORTS
$(free_ports 3)
PORTS
    printf 'listeners.tcp.local = 127.0.0.1:%s\nlog.console = false\n' "$port" >"$broker/rabbitmq.conf"
    export ERL_EPMD_PORT="$mapper" ERL_EPMD_ADDRESS=127.0.0.1
    setsid epmd -port "$mapper" >/dev/null 2>&1 &
    EPMD_PID=$!
    setsid env HOME="$broker" RABBITMQ_NODENAME="drover-test-$$@localhost" RABBITMQ_DIST_PORT="$distribution" \
        RABBITMQ_CONF_ENV_FILE="$broker/env.conf" RABBITMQ_CONFIG_FILE="$broker/rabbitmq.conf" \
        RABBITMQ_ENABLED_PLUGINS_FILE="$broker/plugins" RABBITMQ_MNESIA_BASE="$broker/data" \
        RABBITMQ_LOG_BASE="$broker/log" RABBITMQ_PID_FILE="$broker/pid" RUNNING_UNDER_SYSTEMD=1 \
        "$AMQP_BROKER" </dev/null >"$broker/out" 2>&1 &
    BROKER_PID=$!
    wait_for_rabbitmq
    export DROVER_TEST_AMQP_URL="amqp://guest:guest@127.0.0.1:$port/%2f"
}

wait_for_rabbitmq() {
    for _ in $(seq 120); do
        kill -0 "$BROKER_PID" 2>/dev/null || break
        if python3 -c 'import socket, sys; socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1)' "$port" 2>/dev/null; then
            return 0
        fi
        sleep 0.5
    done
    die "RabbitMQ did not start: $(tail -n 20 "$broker/out")"
}

# The database of masters of Buildbot 0.8.
start_mariadb() {
    need_mariadb
    [ -n "$MARIADB" ] || return 1
    run_dir
    maria=$RUN_DIR/mariadb
    mkdir "$maria"
    as_root=
    if am_root; then as_root=--user=root; fi
    mariadb-install-db --no-defaults $as_root --auth-root-authentication-method=normal --skip-test-db \
        --datadir="$maria/data" >"$RUN_DIR/mariadb.log" 2>&1 || die "mariadb-install-db failed: $(tail -n 5 "$RUN_DIR/mariadb.log")"
    read -r maria_port <<PORTS
$(free_ports 1)
PORTS
    "$MARIADB" --no-defaults $as_root --bind-address=127.0.0.1 --port="$maria_port" --skip-name-resolve --skip-log-bin \
        --performance-schema=0 --innodb-buffer-pool-size=32M --innodb-flush-log-at-trx-commit=2 --max-connections=300 \
        --datadir="$maria/data" --socket="$maria/socket" --pid-file="$maria/pid" >>"$RUN_DIR/mariadb.log" 2>&1 &
    MARIADB_PID=$!
    for _ in $(seq 120); do
        if mariadb-admin --no-defaults --socket="$maria/socket" --user=root ping >/dev/null 2>&1; then
            export DROVER_TEST_MYSQL_URL="mysql://root@127.0.0.1:$maria_port/"
            return 0
        fi
        sleep 0.5
    done
    die "MariaDB did not start: $(tail -n 5 "$RUN_DIR/mariadb.log")"
}

stop_one() {
    [ -n "$2" ] || return 0
    kill "-$1" "$2" 2>/dev/null || return 0
    wait "$2" 2>/dev/null || true
}

stop_servers() {
    stop_one TERM "$BROKER_PID"
    stop_one TERM "$EPMD_PID"
    stop_one INT "$PG_PID"
    stop_one KILL "$MARIADB_PID"
}
