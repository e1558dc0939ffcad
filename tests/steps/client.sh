# The `taskcluster` package from PyPI against a fresh Drover, as a new user would try it.
set -eu
. tests/steps/lib.sh
need_rust
need_postgres
need_venv tests/client/requirements.txt

cargo build --bin drover
start_drover --ephemeral --listen 127.0.0.1:0 --workers 0
"$VENV/bin/pytest" -c tests/client/pytest.ini tests/client
stop_drover
