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
    cp tests/client/node/*.test.js "$NODE_TEST/"
}
need_node_client

cargo build --bin drover
start_drover --ephemeral --listen 127.0.0.1:0 --workers 0
"$VENV/bin/pytest" -c tests/client/pytest.ini tests/client
(cd "$NODE_TEST" && node --test)
stop_drover
