# Real clients against a fresh Drover: the packages `taskcluster`, `tc-admin` and `scriptworker` from PyPI and
# `taskcluster-client` from npm, as a new user would try them.
set -eu
. tests/steps/lib.sh
need_rust
need_postgres
need_venv tests/client/requirements.txt

# The tools get an environment of their own: they ask for other versions of what the tests use.
CLIENT_TOOLS=$(pwd)/$TARGET/venv-tools
case $TARGET in /*) CLIENT_TOOLS=$TARGET/venv-tools ;; esac
(VENV=$CLIENT_TOOLS && need_venv tests/client/tools.txt)
export CLIENT_TOOLS="$CLIENT_TOOLS/bin"

# npm puts its modules beside the test that uses them, so all of it moves below the target folder.
NODE_TEST=$TARGET/client-node
need_node_client() {
    { have node && have npm; } || { am_root && have apt-get && apt_install nodejs npm; } || die "Node.js 20 or later is missing"
    mkdir -p "$NODE_TEST"
    if ! cmp -s tests/client/node/package-lock.json "$NODE_TEST/installed.json"; then
        say "installing npm packages of tests/client/node"
        cp tests/client/node/package*.json "$NODE_TEST/"
        (cd "$NODE_TEST" && npm ci --silent --no-fund --no-audit) || die "the packages of tests/client/node could not be installed"
        cp tests/client/node/package-lock.json "$NODE_TEST/installed.json"
    fi
    cp tests/client/node/*.js "$NODE_TEST/"
}
need_node_client
need_containers

# A real S3 server, moto's, for the object store. Sets S3_PID and the address for all who need it.
S3_PID=
OIDC_PIDS=
stop_servers() {
    [ -z "$S3_PID" ] || kill -TERM "$S3_PID" 2>/dev/null || true
    [ -z "$OIDC_PIDS" ] || kill -TERM $OIDC_PIDS 2>/dev/null || true
    stop_collector
}
start_s3() {
    run_dir
    mkfifo "$RUN_DIR/s3"
    "$VENV/bin/python" tests/client/s3_server.py >"$RUN_DIR/s3" 2>"$TARGET/s3.log" &
    S3_PID=$!
    exec 4<"$RUN_DIR/s3"
    read -r DROVER_TEST_S3_URL <&4 || die "the S3 server did not start; see $TARGET/s3.log"
    export DROVER_TEST_S3_URL
}

# Two providers of OpenID Connect, by which people sign in.
start_oidc() {
    mkfifo "$RUN_DIR/oidc"
    "$VENV/bin/python" tests/client/oidc_server.py >"$RUN_DIR/oidc" 2>"$TARGET/oidc-pypi.log" &
    OIDC_PIDS=$!
    exec 6<"$RUN_DIR/oidc"
    read -r OIDC_PYPI <&6 || die "the provider from PyPI did not start; see $TARGET/oidc-pypi.log"
    node "$NODE_TEST/oidc_server.js" "$1/login/oidc/npm/callback" >"$RUN_DIR/oidc" 2>"$TARGET/oidc-npm.log" &
    OIDC_PIDS="$OIDC_PIDS $!"
    read -r OIDC_NPM <&6 || die "the provider from npm did not start; see $TARGET/oidc-npm.log"
}

# Keeps in this file what is sent to it over OTLP.
COLLECTOR_PID=
start_collector() {
    export DROVER_TEST_TRACES="$1"
    mkfifo "$RUN_DIR/collector"
    "$VENV/bin/python" tests/client/otlp_receiver.py "$DROVER_TEST_TRACES" >"$RUN_DIR/collector" &
    COLLECTOR_PID=$!
    exec 5<"$RUN_DIR/collector"
    rm "$RUN_DIR/collector"
    read -r DROVER_TEST_OTLP_URL <&5 || die "the collector of traces did not start"
    export DROVER_TEST_OTLP_URL
}
stop_collector() {
    [ -z "$COLLECTOR_PID" ] || kill -TERM "$COLLECTOR_PID" 2>/dev/null || true
    COLLECTOR_PID=
}

cargo build --bin drover
run_dir

# Public reads are tested on a server with default settings; all others check what scopes allow.
start_drover --ephemeral --listen 127.0.0.1:0 --workers 0
DROVER_TEST_PUBLIC=1 "$VENV/bin/pytest" -c tests/client/pytest.ini tests/client/test_public.py tests/client/test_chain_of_trust.py
stop_drover
export DROVER__AUTH__PUBLIC_READ=false

export DROVER_TEST_DATA="$RUN_DIR/data"
start_drover --data-dir "$DROVER_TEST_DATA" --listen 127.0.0.1:0 --workers 0
"$VENV/bin/pytest" -c tests/client/pytest.ini tests/client
(cd "$NODE_TEST" && node --test)
stop_drover

# People sign in by providers of OpenID Connect. The one from npm wants to know where they come back to.
OIDC_PORT=$(free_ports 1)
start_oidc "http://127.0.0.1:$OIDC_PORT"
start_drover --ephemeral --listen "127.0.0.1:$OIDC_PORT" --workers 0 --set "sign_in.oidc=[
    {\"name\": \"pypi\", \"issuer\": \"$OIDC_PYPI\", \"client_id\": \"drover\", \"client_secret\": \"any\"},
    {\"name\": \"npm\", \"issuer\": \"$OIDC_NPM\", \"client_id\": \"drover\", \"client_secret\": \"a secret: with letters/of all+kinds\",
     \"scopes\": [\"openid\", \"profile\", \"groups\"]}]"
DROVER_TEST_PROVIDERS="pypi npm" "$VENV/bin/pytest" -c tests/client/pytest.ini tests/client/test_sign_in.py
stop_drover

# The JSON-e renderer beside those of npm and PyPI.
need_nextest
DROVER_TEST_JSONE_NODE_PATH=$(cd "$NODE_TEST" && pwd)/node_modules DROVER_TEST_JSONE_PYTHON=$(cd "$VENV" && pwd)/bin/python \
    cargo nextest run --workspace --profile ci -E 'package(jsone) & binary(differential)'

# A server that logs all it can and sends its traces, for a look at what must never stand there: with its content on the disk,
# then in a bucket.
loud() {
    export DROVER_TEST_DATA="$RUN_DIR/loud-$1"
    start_collector "$RUN_DIR/loud-$1.otlp"
    shift
    start_drover --data-dir "$DROVER_TEST_DATA" --listen 127.0.0.1:0 --workers 1 --set telemetry.log=trace \
        --set telemetry.otlp_endpoint="$DROVER_TEST_OTLP_URL" --set telemetry.metrics_every=1 "$@"
    DROVER_TEST_LOG="$DROVER_LOG" "$VENV/bin/pytest" -c tests/client/pytest.ini tests/client/test_secrecy.py
    stop_drover
    stop_collector
}
loud disk
start_s3
export DROVER_TEST_SECRETS="key-that-nobody-may-see secret-that-nobody-may-see"
loud bucket --set object.s3.bucket=drover --set object.s3.endpoint="$DROVER_TEST_S3_URL" \
    --set object.s3.access_key_id=key-that-nobody-may-see --set object.s3.secret_access_key=secret-that-nobody-may-see

# What Treeherder and other consumers receive over a broker; without one these tests are skipped.
if [ -n "${DROVER_TEST_AMQP_URL:-}" ]; then
    start_drover --ephemeral --listen 127.0.0.1:0 --workers 0 --amqp-url "$DROVER_TEST_AMQP_URL"
    DROVER_TEST_TREEHERDER=1 "$VENV/bin/pytest" -c tests/client/pytest.ini tests/client/test_treeherder.py tests/client/test_pulse.py
    stop_drover
fi

# Artifacts once more, with their content in a bucket, and the store itself with a clock that can be moved.
start_drover --ephemeral --listen 127.0.0.1:0 --workers 0 --set object.s3.bucket=drover \
    --set object.s3.endpoint="$DROVER_TEST_S3_URL" --set object.s3.access_key_id=id --set object.s3.secret_access_key=secret
"$VENV/bin/pytest" -c tests/client/pytest.ini tests/client/test_artifacts.py tests/client/test_content.py
stop_drover
cargo nextest run --workspace --profile ci -E 'package(actors) & test(object::tests::bucket)'

# EC2: the driver of the provisioner against moto, and what it sent beside the model of AWS's own client.
export DROVER_TEST_EC2_REQUESTS="$RUN_DIR/ec2-requests"
DROVER_TEST_MOTO_PYTHON=$(cd "$VENV" && pwd)/bin/python
export DROVER_TEST_MOTO_PYTHON
cargo nextest run --workspace --profile ci -E 'package(tests) & binary(aws)'
"$VENV/bin/pytest" -c tests/client/pytest.ini tests/client/test_ec2_model.py

# Google Cloud: what the driver asks for beside the description of Google's own client.
export DROVER_TEST_GOOGLE_REQUESTS="$RUN_DIR/google-requests"
cargo nextest run --workspace --profile ci -E 'package(tests) & binary(google)'
"$VENV/bin/pytest" -c tests/client/pytest.ini tests/client/test_google_model.py
