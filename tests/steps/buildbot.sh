# The bridge against a real Buildbot master and worker from PyPI, on free ports.
set -eu
. tests/steps/lib.sh
need_rust
need_postgres

# An environment of its own: Buildbot asks for other versions than the clients' tests.
case $TARGET in /*) VENV=$TARGET/venv-buildbot ;; *) VENV=$(pwd)/$TARGET/venv-buildbot ;; esac
need_venv tests/buildbot/requirements.txt

cargo build --bin drover
DROVER=$DROVER DROVER_BUILDBOT_LOG=$TARGET/buildbot-drover.log "$VENV/bin/pytest" -c tests/buildbot/pytest.ini tests/buildbot
