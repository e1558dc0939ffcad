# What can be said of the code without running it, and the rules of the code.
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

# Seconds that the list of advisories may take to be fetched: it comes from another host than everything else here.
ADVISORIES_WITHIN=60
if need_cargo_tool cargo-deny; then
    say "licences, sources and banned packages (cargo deny)"
    cargo-deny check bans licenses sources
    if timeout $ADVISORIES_WITHIN cargo-deny fetch db >"$TARGET/advisories.log" 2>&1; then
        say "advisories (cargo deny)"
        cargo-deny check advisories
    else
        say "NOT CHECKED: advisories; their list cannot be fetched from here ($TARGET/advisories.log)"
    fi
else
    say "NOT CHECKED: advisories; there is no cargo-deny. tests/tests/tidy/ checks licences and sources against deny.toml"
fi

say "the rules of the code"
# The whole workspace, although one test binary is run: a package alone would select other features of its dependencies, and
# build them all once more.
cargo test --workspace --test tidy
