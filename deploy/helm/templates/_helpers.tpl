{{- define "drover.labels" -}}
app.kubernetes.io/name: drover
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "drover.image" -}}
{{ .Values.image.repository }}:{{ include "drover.value" (.Values.image.tag | default .Chart.AppVersion) }}
{{- end }}

{{- /* Settings, the same for servers and for the upgrade of the database. */}}
{{- define "drover.env" -}}
- name: DROVER__DATABASE__URL
  valueFrom: { secretKeyRef: { name: {{ .Values.secretName }}, key: database-url } }
- name: DROVER__BUS__AMQP_URL
  valueFrom: { secretKeyRef: { name: {{ .Values.secretName }}, key: bus-amqp-url, optional: true } }
- name: DROVER__BUS__INTERNAL_AMQP_URL
  valueFrom: { secretKeyRef: { name: {{ .Values.secretName }}, key: bus-internal-amqp-url, optional: true } }
- name: DROVER__AUTH__ROOT_CREDENTIALS
  valueFrom: { secretKeyRef: { name: {{ .Values.secretName }}, key: auth-root-credentials } }
- name: DROVER__AUTH__QUEUE_ACCESS_TOKEN
  valueFrom: { secretKeyRef: { name: {{ .Values.secretName }}, key: auth-queue-access-token } }
- name: DROVER__AUTH__SEALING_KEYS
  valueFrom: { secretKeyRef: { name: {{ .Values.secretName }}, key: auth-sealing-keys } }
- name: DROVER__AUTH__PUBLIC_READ
  value: {{ .Values.publicRead | quote }}
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
  valueFrom: { secretKeyRef: { name: {{ $.Values.secretName }}, key: object-s3-access-key-id } }
- name: DROVER__OBJECT__S3__SECRET_ACCESS_KEY
  valueFrom: { secretKeyRef: { name: {{ $.Values.secretName }}, key: object-s3-secret-access-key } }
{{- end }}
{{- end }}
{{- include "drover.settings" .Values.settings }}
{{- end }}

{{- /* Settings as variables of the environment: names and values as in `values.yaml`. */}}
{{- define "drover.settings" -}}
{{- range $name, $value := . }}
- name: {{ $name }}
  value: {{ include "drover.value" $value | quote }}
{{- end }}
{{- end }}

{{- /* One value as Drover reads it: lists and tables as JSON, and whole numbers with all their digits (a number of a values
file is a float, which would be written as 6.7e+07). */}}
{{- define "drover.value" -}}
{{- if or (kindIs "map" .) (kindIs "slice" .) }}{{ toJson . }}
{{- else if and (kindIs "float64" .) (eq (floor .) .) }}{{ printf "%.0f" . }}
{{- else }}{{ toString . }}
{{- end }}
{{- end }}

{{- /* The deployments that are wanted, as JSON: those of the values, or one of all roles. */}}
{{- define "drover.deployments" -}}
{{- if .Values.singleProcess.enabled }}
{{- dict "all" (dict "roles" (list "all") "replicas" 1 "resources" .Values.singleProcess.resources) | toJson }}
{{- else }}
{{- .Values.deployments | toJson }}
{{- end }}
{{- end }}

{{- define "drover.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "drover.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}
