# The black-box conformance suite beside this repository, where it is there.
# What Drover promises must pass: every area of the suite. One that is new there is counted,
# so that progress shows.
set -eu
. tests/steps/lib.sh

SUITE=../shared/conformance
PROMISED="test_queue_create test_queue_run test_dependencies test_groups test_queue_admin test_priority_change
    test_artifacts test_batch test_end_to_end test_events test_auth_api test_conventions test_hawk test_hooks test_index test_notify test_object
    test_purge_cache test_references test_scopes test_secrets test_worker_manager"

if [ ! -d $SUITE/open ]; then
    say "there is no conformance suite at $SUITE: nothing to run"
    exit 0
fi
need_rust
need_postgres
need_venv $SUITE/requirements.txt
cargo build --bin drover

# The suite may lie in a folder that cannot be written to.
suite() {
    TC_ROOT_URL=$TASKCLUSTER_ROOT_URL TC_CLIENT_ID=$TASKCLUSTER_CLIENT_ID TC_ACCESS_TOKEN=$TASKCLUSTER_ACCESS_TOKEN \
        PYTHONDONTWRITEBYTECODE=1 "$VENV/bin/pytest" -c $SUITE/pytest.ini --rootdir $SUITE -p no:cacheprovider -n 4 "$@"
}

files() {
    for area in $1; do printf '%s/open/%s.py ' $SUITE "$area"; done
}

others() {
    for file in "$SUITE"/open/test_*.py; do
        area=$(basename "$file" .py)
        case " $PROMISED " in *" $area "*) ;; *) printf '%s ' "$area" ;; esac
    done
}

# One line per area, from pytest's own report.
count_by_area() {
    python3 - "$1" <<'PYTHON'
import collections, sys, xml.etree.ElementTree as tree
areas = collections.defaultdict(collections.Counter)
for case in tree.parse(sys.argv[1]).iter("testcase"):
    outcome = next((child.tag for child in case if child.tag in ("failure", "error", "skipped")), "passed")
    areas[case.get("classname").split(".")[-1]][outcome] += 1
for area, seen in sorted(areas.items()):
    print(f"  {area:24} {seen['passed']:4} of {sum(seen.values()) - seen['skipped']:4} pass, {seen['skipped']} skipped")
PYTHON
}

# With the private broker of `./dev test` the messages are looked at too; without one those tests say that they are skipped.
start() {
    if [ -n "${DROVER_TEST_AMQP_URL:-}" ]; then
        export TC_AMQP_URL="$DROVER_TEST_AMQP_URL"
        set -- --amqp-url "$DROVER_TEST_AMQP_URL" "$@"
    fi
    # The suite asks what a client without scopes may not do: nothing is open to everybody.
    start_drover --ephemeral --listen 127.0.0.1:0 --workers 0 --set auth.public_read=false "$@"
}

verdict=0
PROMISED=$(echo $PROMISED)
say "promised areas: $PROMISED"
start --deadline-delay 5
export TC_DEADLINE_DELAY=5 TC_OBJECT_BACKEND=1
# shellcheck disable=SC2046
suite --junitxml "$RUN_DIR/promised.xml" $(files "$PROMISED") || verdict=1
count_by_area "$RUN_DIR/promised.xml"

say "inputs that were reported to break a server of this kind"
if [ -d $SUITE/reported ]; then suite $SUITE/reported || verdict=1; fi

OTHERS=$(others)
if [ -n "$OTHERS" ]; then
    say "the other areas, for information only"
    # shellcheck disable=SC2046
    suite -q --tb no -m "not slow" --timeout 60 --junitxml "$RUN_DIR/others.xml" $(files "$OTHERS") >"$RUN_DIR/others.log" 2>&1 || true
    count_by_area "$RUN_DIR/others.xml"
fi
stop_drover

say "what happens to claims that expire"
start --claim-timeout 5
# shellcheck disable=SC2046
TC_CLAIM_SECONDS=5 suite -m claim_expiry $(files "$PROMISED") || verdict=1
stop_drover
exit $verdict
