{{- define "drover.selector" -}}
app.kubernetes.io/name: drover
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "drover.labels" -}}
{{ include "drover.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "drover.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ include "drover.value" (.Values.image.tag | default .Chart.AppVersion) }}
{{- end }}
{{- end }}

{{- define "drover.secretName" -}}
{{ .Values.secretName | default .Release.Name }}
{{- end }}

{{- define "drover.serviceAccount" -}}
{{ .Values.serviceAccount.name | default (ternary .Release.Name "default" .Values.serviceAccount.create) }}
{{- end }}

{{- /* Not empty: a deployment, `own`, calls the cluster, to make pods of workers. */}}
{{- define "drover.makesPods" -}}
{{- $roles := .own.roles | default list }}
{{- if and .root.Values.workerPods.enabled (or (has "provisioner" $roles) (has "all" $roles)) }}yes{{ end }}
{{- end }}

{{- /* Where clients reach the API; empty where the chart cannot know it. */}}
{{- define "drover.rootUrl" -}}
{{- if .Values.rootUrl -}}
{{ .Values.rootUrl }}
{{- else if .Values.ingress.enabled -}}
{{ ternary "https" "http" .Values.ingress.tls }}://{{ .Values.ingress.host }}
{{- else if .Values.gateway.enabled -}}
https://{{ .Values.gateway.host }}
{{- end }}
{{- end }}

{{- define "drover.otlpEndpoint" -}}
{{- if .Values.monitoring.otlpEndpoint -}}
{{ .Values.monitoring.otlpEndpoint }}
{{- else if .Values.monitoring.collector.enabled -}}
http://{{ .Release.Name }}-collector:4318
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

{{- /* The deployments that are wanted, as JSON: those of the values, or one of all roles. Those of the bridge only with masters. */}}
{{- define "drover.deployments" -}}
{{- if .Values.singleProcess.enabled }}
{{- dict "all" (dict "roles" (list "all") "replicas" 1 "resources" .Values.singleProcess.resources) | toJson }}
{{- else }}
{{- $wanted := dict }}
{{- $hasMasters := or .Values.bridge.masters .Values.bridge.secretName }}
{{- range $name, $deployment := .Values.deployments }}
{{- if and $deployment (or $hasMasters (not (has "bridge" $deployment.roles))) }}
{{- $_ := set $wanted $name $deployment }}
{{- end }}
{{- end }}
{{- $wanted | toJson }}
{{- end }}
{{- end }}

{{- /* How many pods a deployment has at least. */}}
{{- define "drover.leastReplicas" -}}
{{- if .autoscaling }}{{ int64 .autoscaling.minReplicas }}{{ else }}{{ int64 .replicas }}{{ end }}
{{- end }}

{{- define "drover.mostReplicas" -}}
{{- if .autoscaling }}{{ int64 .autoscaling.maxReplicas }}{{ else }}{{ int64 .replicas }}{{ end }}
{{- end }}

{{- /* Whether the volume of artifacts can be in one place only. */}}
{{- define "drover.isVolumeSingle" -}}
{{- if not (or .Values.artifacts.s3.bucket (has "ReadWriteMany" .Values.artifacts.accessModes)) }}yes{{ end }}
{{- end }}
