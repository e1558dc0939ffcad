# Runs the steps in $steps one after another, all of them even when one fails, and says at the end what came out.
# Sourced by `./dev test`.

. tests/steps/servers.sh

# Adds up what cargo, nextest and pytest say of themselves in a step's output: prints "passed failed".
count_tests() {
    awk '
        function number_before(word,   i) { for (i = 2; i <= NF; i++) if ($i ~ "^" word) return $(i - 1) + 0; return 0 }
        /^ +Summary \[/ { passed += number_before("passed"); failed += number_before("failed") + number_before("timed") }
        /^test result: / || /^=+ .*(passed|failed).* in [0-9.]+s/ { passed += number_before("passed"); failed += number_before("failed") + number_before("error") }
        END { print passed + 0, failed + 0 }' "$1"
}

# A step's exit code travels through a file, because a pipe keeps only that of `tee`.
run_step() {
    printf '\n######## %s\n' "$1"
    begin=$(date +%s)
    log=$RUN_DIR/$1.log
    { result=0; sh "tests/steps/$1.sh" || result=$?; echo "$result" >"$RUN_DIR/$1.code"; } 2>&1 | tee "$log"
    seconds=$(($(date +%s) - begin))
    read -r code <"$RUN_DIR/$1.code"
    read -r passed failed <<COUNTS
$(count_tests "$log")
COUNTS
    verdict=ok
    [ "$code" = 0 ] || verdict=FAILED
    printf '%-12s %-7s %5s s  %5s passed %3s failed\n' "$1" $verdict $seconds "$passed" "$failed" >>"$RUN_DIR/summary"
    total_passed=$((total_passed + passed))
    total_failed=$((total_failed + failed))
    [ "$code" = 0 ] || bad_steps="$bad_steps $1"
}

start_servers() {
    say "starting a private PostgreSQL"
    start_postgres
    say "starting a private RabbitMQ"
    start_rabbitmq || say "there is no RabbitMQ and no right to install it: its tests will say that they are skipped"
}

start_mariadb_if_it_can_be_had() {
    say "starting a private MariaDB"
    start_mariadb || say "there is no MariaDB and no right to install it: its tests will say that they are skipped"
}

need_rust
run_dir
export FLAKY_TESTS="$RUN_DIR/flaky"
total_passed=0
total_failed=0
bad_steps=
started=$(date +%s)
case " $steps " in *" rust "* | *" conformance "* | *" client "*) start_servers ;; esac
case " $steps " in *" rust "*) start_mariadb_if_it_can_be_had ;; esac
for step in $steps; do
    run_step "$step"
done

printf '\n######## summary (%s s)\n' $(($(date +%s) - started))
cat "$RUN_DIR/summary"
if [ -s "$FLAKY_TESTS" ]; then
    say "flaky tests: they failed once and passed when tried again; fix them before anything else"
    cat "$FLAKY_TESTS"
fi
printf '%s passed, %s failed\n' "$total_passed" "$total_failed"
[ -z "$bad_steps" ] || die "these steps failed:$bad_steps"
