{{- define "drover.labels" -}}
app.kubernetes.io/name: drover
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "drover.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
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
  value: {{ .bucket | quote }}
- name: DROVER__OBJECT__S3__ENDPOINT
  value: {{ .endpoint | quote }}
- name: DROVER__OBJECT__S3__REGION
  value: {{ .region | quote }}
- name: DROVER__OBJECT__S3__PATH_STYLE
  value: {{ .pathStyle | quote }}
- name: DROVER__OBJECT__S3__PREFIX
  value: {{ .prefix | quote }}
- name: DROVER__OBJECT__S3__ACCESS_KEY_ID
  valueFrom: { secretKeyRef: { name: {{ $.Values.secretName }}, key: object-s3-access-key-id } }
- name: DROVER__OBJECT__S3__SECRET_ACCESS_KEY
  valueFrom: { secretKeyRef: { name: {{ $.Values.secretName }}, key: object-s3-secret-access-key } }
{{- end }}
{{- end }}
{{- range $name, $value := .Values.settings }}
- name: {{ $name }}
  value: {{ $value | quote }}
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
