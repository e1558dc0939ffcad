# The chart, rendered by Helm's own library; no cluster is needed.
set -eu
. tests/steps/lib.sh

VENV=$TARGET/venv-chart
need_venv tests/chart/requirements.txt
"$VENV/bin/pytest" -c tests/chart/pytest.ini tests/chart
