# The main job as a newcomer sees it: up, the example graph green, down.
set -eu
exec ./dev up --exit --ephemeral --listen 127.0.0.1:0
