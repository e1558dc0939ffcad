# The main job as a newcomer sees it: up, the example graph green, down; and once more with a process for each role.
set -eu
. tests/steps/lib.sh
./dev up --exit --ephemeral --listen 127.0.0.1:0
need_rabbitmq
if [ -n "$AMQP_BROKER" ]; then
    ./dev up --full --exit
else
    say "there is no RabbitMQ and no right to install it: ./dev up --full is skipped"
fi
