#!/bin/sh
# Prints the Secret of a release for the PostgreSQL and RabbitMQ of this folder, with new keys:
#   sh secret.sh NAMESPACE RELEASE | kubectl apply -f -
# It refuses where the Secret exists: other sealing keys would make the secrets in the database unreadable.
set -eu
namespace=${1:?usage: secret.sh NAMESPACE RELEASE}
release=${2:?usage: secret.sh NAMESPACE RELEASE}

if kubectl --namespace "$namespace" get secret "$release" >/dev/null 2>&1; then
    echo "secret.sh: the Secret $release exists in $namespace and is left as it is" >&2
    exit 1
fi

# field SECRET KEY: one value, or the end of this script.
field() {
    value=$(kubectl --namespace "$namespace" get secret "$1" -o "jsonpath={.data.$2}" | base64 -d)
    if [ -z "$value" ]; then
        echo "secret.sh: the Secret $1 in $namespace has no $2: wait until its server is ready" >&2
        exit 1
    fi
    printf '%s' "$value"
}

database=$(field drover-db-app uri)
user=$(field drover-mq-default-user username)
password=$(field drover-mq-default-user password)
broker=$(field drover-mq-default-user host)

cat <<SECRET
apiVersion: v1
kind: Secret
metadata:
  name: $release
  namespace: $namespace
stringData:
  database-url: $database
  bus-amqp-url: amqp://$user:$password@$broker:5672/drover
  auth-root-credentials: static/taskcluster/root:$(openssl rand -hex 24)
  auth-queue-access-token: $(openssl rand -hex 24)
  auth-sealing-keys: '[{"id": "first", "key": "$(openssl rand -base64 32)"}]'
SECRET
