{{- /* What the schema cannot say: values that do not go together, and a Secret that is not there. */}}
{{- define "drover.checks" -}}
{{- $deployments := include "drover.deployments" . | fromJson }}
{{- $isSingle := include "drover.isVolumeSingle" . }}
{{- range $name, $deployment := $deployments }}
{{- if gt (len (printf "%s-%s" $.Release.Name $name)) 63 }}
{{- fail (printf "\n\ndeployments.%s: the name `%s-%s` is longer than 63 letters; choose a shorter name of the deployment or the release" $name $.Release.Name $name) }}
{{- end }}
{{- if and $isSingle (has "api" $deployment.roles) (gt (int (include "drover.mostReplicas" $deployment)) 1) }}
{{- fail (printf "\n\ndeployments.%s has more than one replica, but artifacts.accessModes is %s: such a volume is on one node only.\nName a bucket (artifacts.s3.bucket), or a storage class that allows ReadWriteMany, or set deployments.%s.replicas to 1 without autoscaling." $name (toJson $.Values.artifacts.accessModes) $name) }}
{{- end }}
{{- with $deployment.autoscaling }}
{{- if gt (int64 .minReplicas) (int64 .maxReplicas) }}
{{- fail (printf "\n\ndeployments.%s.autoscaling: minReplicas (%d) is more than maxReplicas (%d)" $name (int64 .minReplicas) (int64 .maxReplicas)) }}
{{- end }}
{{- end }}
{{- end }}
{{- if lt (int64 .Values.terminationGracePeriodSeconds) (add (int64 .Values.preStopSeconds) 10) }}
{{- fail (printf "\n\nterminationGracePeriodSeconds (%d) must be at least 10 more than preStopSeconds (%d): Drover stops within 10 s after that wait" (int64 .Values.terminationGracePeriodSeconds) (int64 .Values.preStopSeconds)) }}
{{- end }}
{{- range $setting, $instead := dict "DROVER__API__ROOT_URL" "rootUrl" "DROVER__BUS__PULSE_NAMESPACE" "pulseNamespace" "DROVER__AUTH__PUBLIC_READ" "publicRead" "DROVER__TELEMETRY__OTLP_ENDPOINT" "monitoring.otlpEndpoint" "DROVER__TELEMETRY__PROMETHEUS_LISTEN" "monitoring.prometheus" }}
{{- if hasKey $.Values.settings $setting }}
{{- fail (printf "\n\nsettings.%s: set the value `%s` instead, which the chart itself needs" $setting $instead) }}
{{- end }}
{{- end }}
{{- if and (hasKey .Values.settings "DROVER__WORKER_MANAGER__PROVIDERS") (or .Values.workerManager.providers .Values.workerManager.secretName) }}
{{- fail "\n\nsettings.DROVER__WORKER_MANAGER__PROVIDERS and workerManager both name providers: keep workerManager, which makes a Secret of them" }}
{{- end }}
{{- include "drover.checkAddresses" . }}
{{- include "drover.checkSecret" . }}
{{- include "drover.checkVolume" . }}
{{- end }}

{{- define "drover.checkAddresses" -}}
{{- $values := .Values }}
{{- if and $values.ingress.enabled (not $values.ingress.host) }}
{{- fail "\n\ningress.enabled needs ingress.host, the name under which clients reach the API" }}
{{- end }}
{{- if $values.gateway.enabled }}
{{- if not $values.gateway.host }}
{{- fail "\n\ngateway.enabled needs gateway.host, the name under which clients reach the API" }}
{{- end }}
{{- if and (not $values.gateway.parentRefs) (not (and $values.gateway.className $values.gateway.tlsSecretName)) }}
{{- fail "\n\ngateway.enabled needs gateway.parentRefs, the Gateways that exist, or gateway.className and gateway.tlsSecretName for one of the release" }}
{{- end }}
{{- end }}
{{- if and $values.monitoring.serviceMonitor.enabled (not $values.monitoring.collector.enabled) }}
{{- fail "\n\nmonitoring.serviceMonitor.enabled needs monitoring.collector.enabled, which it is for; without a collector use monitoring.podMonitor" }}
{{- end }}
{{- with $values.monitoring }}
{{- if and .podMonitor.enabled (not .prometheus.enabled) }}
{{- fail "\n\nmonitoring.podMonitor.enabled needs monitoring.prometheus.enabled, which opens the port that it scrapes" }}
{{- end }}
{{- if and .podMonitor.enabled .serviceMonitor.enabled }}
{{- fail "\n\nmonitoring.podMonitor and monitoring.serviceMonitor are both enabled: every series would be there twice. Keep one." }}
{{- end }}
{{- end }}
{{- end }}

{{- /* Where Helm talks to a cluster: a key that is missing would leave pods waiting without a word. */}}
{{- define "drover.checkSecret" -}}
{{- $name := include "drover.secretName" . }}
{{- $secret := lookup "v1" "Secret" .Release.Namespace $name }}
{{- if $secret }}
{{- $keys := list "database-url" "auth-root-credentials" "auth-queue-access-token" "auth-sealing-keys" }}
{{- if not .Values.singleProcess.enabled }}{{ $keys = append $keys "bus-amqp-url" }}{{ end }}
{{- if .Values.artifacts.s3.bucket }}{{ $keys = concat $keys (list "object-s3-access-key-id" "object-s3-secret-access-key") }}{{ end }}
{{- range $keys }}
{{- if not (get ($secret.data | default dict) .) }}
{{- fail (printf "\n\nthe Secret `%s` in the namespace `%s` lacks the key `%s`; deploy/helm/README.md says what it holds" $name $.Release.Namespace .) }}
{{- end }}
{{- end }}
{{- else if lookup "v1" "ServiceAccount" .Release.Namespace "default" }}
{{- fail (printf "\n\nthere is no Secret `%s` in the namespace `%s`; make it as deploy/helm/README.md says, or name another one in secretName" $name .Release.Namespace) }}
{{- end }}
{{- end }}

{{- /* Kubernetes would refuse it in the middle of an upgrade. */}}
{{- define "drover.checkVolume" -}}
{{- $name := printf "%s-artifacts" .Release.Name }}
{{- $claim := lookup "v1" "PersistentVolumeClaim" .Release.Namespace $name }}
{{- if and $claim (not .Values.artifacts.s3.bucket) (ne (toJson $claim.spec.accessModes) (toJson .Values.artifacts.accessModes)) }}
{{- fail (printf "\n\nthe volume `%s` is there with the access modes %s, which cannot be changed into artifacts.accessModes, %s.\nSet artifacts.accessModes to what it has, or name a bucket (artifacts.s3.bucket), or move the artifacts to another volume of that name." $name (toJson $claim.spec.accessModes) (toJson .Values.artifacts.accessModes)) }}
{{- end }}
{{- end }}
