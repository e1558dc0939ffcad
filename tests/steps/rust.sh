# Every Rust test: of each crate, and of the whole house with a real `drover` process.
set -eu
. tests/steps/lib.sh
need_rust

cargo build --bin drover
DROVER_TEST_BIN=$(cd "$(dirname "$DROVER")" && pwd)/drover
export DROVER_TEST_BIN
cargo test --workspace --no-fail-fast
