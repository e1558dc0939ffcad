# The page in a real Chromium, against a real Drover. `sh tests/steps/ui.sh NAME...` runs some of its tests.
set -eu
. tests/steps/lib.sh

if ! have_node; then
    if am_root && have apt-get; then apt_install nodejs npm || true; fi
    have_node || { say "NOT TESTED: the page; there is no Node.js 20.19 or later"; exit 0; }
fi
need_rust
need_postgres
: "${CHROMIUM:=/usr/bin/chromium}"
if [ ! -x "$CHROMIUM" ]; then
    if am_root && have apt-get; then apt_install chromium || true; fi
    [ -x "$CHROMIUM" ] || { say "NOT TESTED: the page; there is no $CHROMIUM"; exit 0; }
fi
export CHROMIUM

build_page
say "types and sizes"
(cd ui && npm run --silent check && npm run --silent unit && npm run --silent size)
cargo build --bin drover
say "pages in Chromium"
(cd ui && node tests/run.mjs "$@")

# Not by default: the bars are those of a release build on a machine that does nothing else.
if [ "${DROVER_UI_PERF:-}" = 1 ]; then
    say "performance on a group of 20,000 tasks"
    (cd ui && npm run --silent perf)
fi
