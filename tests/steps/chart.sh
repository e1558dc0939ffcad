# The chart, rendered by Helm's own library and checked against the schemas of Kubernetes; alerts and dashboards. No cluster is
# needed.
set -eu
. tests/steps/lib.sh

VENV=$TARGET/venv-chart
need_venv tests/chart/requirements.txt

have promtool || { am_root && have apt-get && apt_install prometheus; } ||
    say "there is no promtool and no right to install it: the tests of alerts are skipped"

# Schemas of custom resources come from npm. Sets DROVER_CHART_NODE where they can be had.
need_custom_resources() {
    { have node && have npm; } || { am_root && have apt-get && apt_install nodejs npm; } || return 1
    folder=$TARGET/chart-node
    mkdir -p "$folder"
    cp tests/chart/node/*.js tests/chart/node/package*.json "$folder/"
    if ! cmp -s tests/chart/node/package-lock.json "$folder/installed.json"; then
        say "installing npm packages of tests/chart/node"
        (cd "$folder" && npm ci --silent --no-fund --no-audit) || return 1
        cp tests/chart/node/package-lock.json "$folder/installed.json"
    fi
    DROVER_CHART_NODE=$(cd "$folder" && pwd)
    export DROVER_CHART_NODE
}
need_custom_resources || say "there is no Node.js and no right to install it: custom resources are not compared with their schemas"

"$VENV/bin/pytest" -c tests/chart/pytest.ini tests/chart
