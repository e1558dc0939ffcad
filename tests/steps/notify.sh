# Notifications against a real mail server and a real Matrix homeserver from PyPI, on free ports.
set -eu
. tests/steps/lib.sh
. tests/steps/servers.sh
need_rust
if [ -z "${DROVER_TEST_DATABASE_URL:-}" ]; then start_postgres; fi

# An environment of its own: Synapse asks for other versions than the clients' tests.
case $TARGET in /*) VENV=$TARGET/venv-notify ;; *) VENV=$(pwd)/$TARGET/venv-notify ;; esac
need_venv tests/notify/requirements.txt

cargo build --bin drover
DROVER=$DROVER "$VENV/bin/pytest" -c tests/notify/pytest.ini tests/notify
