# Every Rust test: of each crate, and of the whole system with a real `drover` process.
set -eu
. tests/steps/lib.sh
need_rust
need_nextest

# Containers of tasks. Their tests say so when they are skipped.
{ have podman && have busybox; } || { am_root && have apt-get && apt_install podman busybox-static; } ||
    say "there is no podman and no right to install it: tests of containers are skipped"

cargo build --bin drover
DROVER_TEST_BIN=$(cd "$(dirname "$DROVER")" && pwd)/drover
export DROVER_TEST_BIN
verdict=0
cargo nextest run --workspace --profile ci || verdict=1
# Examples in documentation are no tests of nextest's.
cargo test --workspace --doc || verdict=1
report_nextest "$TARGET/nextest/ci/junit.xml"
exit $verdict
