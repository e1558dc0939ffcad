{{- /* A pod that runs one command on the database. Takes `root`, `name`, `args` and `account`, the service account, and
       `preflight`, the arguments of a command that has to succeed before. */}}
{{- define "drover.databasePod" -}}
metadata:
  labels:
    {{- include "drover.selector" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .name }}
  {{- with .root.Values.podAnnotations }}
  annotations: {{ toJson . }}
  {{- end }}
spec:
  restartPolicy: {{ .restartPolicy }}
  serviceAccountName: {{ .account }}
  {{- include "drover.podCommon" (dict "root" .root "own" dict) | nindent 2 }}
  {{- with .preflight }}
  initContainers:
    {{- include "drover.databaseContainer" (dict "root" $.root "name" "preflight" "args" .) | nindent 4 }}
  {{- end }}
  containers:
    {{- include "drover.databaseContainer" . | nindent 4 }}
  volumes:
    - name: tmp
      emptyDir: {}
    {{- with .root.Values.volumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}

{{- define "drover.databaseContainer" -}}
- name: {{ .name }}
  {{- include "drover.containerCommon" .root | nindent 2 }}
  args: {{ toJson .args }}
  env:
    {{- include "drover.env" .root | nindent 4 }}
  resources:
    {{- toYaml .root.Values.defaultResources | nindent 4 }}
  volumeMounts:
    - { name: tmp, mountPath: /tmp }
    {{- with .root.Values.volumeMounts }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}

{{- /* The arguments of `drover preflight` as a list; empty where it is disabled. */}}
{{- define "drover.preflightArgs" -}}
{{- $args := list "preflight" "--before-upgrade" }}
{{- if not .Values.singleProcess.enabled }}{{ $args = append $args "--several-processes" }}{{ end }}
{{- if .Values.preflight.newRootUrl }}{{ $args = append $args "--new-root-url" }}{{ end }}
{{- ternary $args list .Values.preflight.enabled | toJson }}
{{- end }}
