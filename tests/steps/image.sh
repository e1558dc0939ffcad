# The container image: built from the program that other steps have built, and run in namespaces. Where there is none yet, nothing is
# built for it.
set -eu
. tests/steps/lib.sh
. tests/steps/servers.sh

if [ ! -x "$DROVER" ]; then
    say "NOT CHECKED: the image; there is no $DROVER yet (cargo build --bin drover)"
    exit 0
fi
have dpkg-deb && have apt-get || {
    say "NOT CHECKED: the image; it is built from packages of Debian"
    exit 0
}
{ have skopeo && have umoci; } || { am_root && apt_install skopeo umoci; } || {
    say "NOT CHECKED: the image; there is no skopeo or umoci, and no right to install them"
    exit 0
}
# A fresh machine knows no packages before the first update.
can_fetch() {
    apt-get download --print-uris libc6 >/dev/null 2>&1
}
can_fetch || { am_root && apt-get update -qq >/dev/null 2>&1 && can_fetch; } || {
    say "NOT CHECKED: the image; packages of Debian cannot be fetched from here"
    exit 0
}
VENV=$TARGET/venv-image
need_venv tests/image/requirements.txt
start_postgres
start_rabbitmq || say "there is no RabbitMQ and no right to install it: the image runs without"

DROVER_TEST_TARGET=$(cd "$TARGET" && pwd)
export DROVER_TEST_TARGET DROVER_TEST_PG_BIN="$PG_BIN"
"$VENV/bin/pytest" -c tests/image/pytest.ini tests/image
