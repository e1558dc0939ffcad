# Every Rust test: of each crate, and of the whole system with a real `drover` process.
set -eu
. tests/steps/lib.sh
need_rust
need_nextest

need_containers

cargo build --bin drover
DROVER_TEST_BIN=$(cd "$(dirname "$DROVER")" && pwd)/drover
export DROVER_TEST_BIN
verdict=0
cargo nextest run --workspace --profile ci || verdict=1
# Examples in documentation are no tests of nextest's.
cargo test --workspace --doc || verdict=1
report_nextest "$TARGET/nextest/ci/junit.xml"
exit $verdict
