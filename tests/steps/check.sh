# What can be said of the code without running it, and the rules of the house.
set -eu
. tests/steps/lib.sh
need_rust

say "shell scripts are well-formed"
for script in dev tests/steps/*.sh; do
    sh -n "$script"
done

say "formatting"
cargo fmt --all -- --check

say "lints"
cargo clippy --workspace --all-targets -- -D warnings

if have cargo-deny; then
    say "licences and sources (cargo deny)"
    cargo deny check bans licenses sources
else
    say "cargo-deny is not installed: tests/tests/tidy/ checks licences and sources against deny.toml instead"
fi

say "the rules of the house"
cargo test -p tests --test tidy
