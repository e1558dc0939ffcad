{{- /* Settings, the same for servers and for the upgrade of the database. */}}
{{- define "drover.env" -}}
{{- $secret := include "drover.secretName" . -}}
- name: DROVER__DATABASE__URL
  valueFrom: { secretKeyRef: { name: {{ $secret }}, key: database-url } }
- name: DROVER__BUS__AMQP_URL
  valueFrom: { secretKeyRef: { name: {{ $secret }}, key: bus-amqp-url, optional: true } }
- name: DROVER__BUS__INTERNAL_AMQP_URL
  valueFrom: { secretKeyRef: { name: {{ $secret }}, key: bus-internal-amqp-url, optional: true } }
- name: DROVER__BUS__PULSE_NAMESPACE
  value: {{ .Values.pulseNamespace | quote }}
- name: DROVER__AUTH__ROOT_CREDENTIALS
  valueFrom: { secretKeyRef: { name: {{ $secret }}, key: auth-root-credentials } }
- name: DROVER__AUTH__QUEUE_ACCESS_TOKEN
  valueFrom: { secretKeyRef: { name: {{ $secret }}, key: auth-queue-access-token } }
- name: DROVER__AUTH__SEALING_KEYS
  valueFrom: { secretKeyRef: { name: {{ $secret }}, key: auth-sealing-keys } }
- name: DROVER__AUTH__PUBLIC_READ
  value: {{ .Values.publicRead | quote }}
{{- with include "drover.rootUrl" . }}
- name: DROVER__API__ROOT_URL
  value: {{ . | quote }}
{{- end }}
{{- include "drover.bucketEnv" . }}
{{- include "drover.telemetryEnv" . }}
{{- include "drover.settings" .Values.settings }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "drover.bucketEnv" -}}
{{- with .Values.artifacts.s3 }}
{{- if .bucket }}
- name: DROVER__OBJECT__S3__BUCKET
  value: {{ include "drover.value" .bucket | quote }}
- name: DROVER__OBJECT__S3__ENDPOINT
  value: {{ include "drover.value" .endpoint | quote }}
- name: DROVER__OBJECT__S3__REGION
  value: {{ include "drover.value" .region | quote }}
- name: DROVER__OBJECT__S3__PATH_STYLE
  value: {{ include "drover.value" .pathStyle | quote }}
- name: DROVER__OBJECT__S3__PREFIX
  value: {{ include "drover.value" .prefix | quote }}
- name: DROVER__OBJECT__S3__ACCESS_KEY_ID
  valueFrom: { secretKeyRef: { name: {{ include "drover.secretName" $ }}, key: object-s3-access-key-id } }
- name: DROVER__OBJECT__S3__SECRET_ACCESS_KEY
  valueFrom: { secretKeyRef: { name: {{ include "drover.secretName" $ }}, key: object-s3-secret-access-key } }
{{- end }}
{{- end }}
{{- end }}

{{- /* Metrics of two pods with the same attributes would overwrite each other at the collector. */}}
{{- define "drover.telemetryEnv" -}}
{{- with include "drover.otlpEndpoint" . }}
- name: DROVER__TELEMETRY__OTLP_ENDPOINT
  value: {{ . | quote }}
- name: POD_NAME
  valueFrom: { fieldRef: { fieldPath: metadata.name } }
- name: OTEL_RESOURCE_ATTRIBUTES
  value: service.namespace={{ $.Release.Namespace }}.{{ $.Release.Name }},service.instance.id=$(POD_NAME),k8s.namespace.name={{ $.Release.Namespace }},k8s.pod.name=$(POD_NAME)
{{- end }}
{{- end }}

{{- /* Settings as variables of the environment: names and values as in `values.yaml`. */}}
{{- define "drover.settings" -}}
{{- range $name, $value := . }}
- name: {{ $name }}
  value: {{ include "drover.value" $value | quote }}
{{- end }}
{{- end }}
