{{- /* A pod that runs one command on the database. Takes `root`, `name`, `args` and `account`, the service account. */}}
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
  containers:
    - name: {{ .name }}
      {{- include "drover.containerCommon" .root | nindent 6 }}
      args: {{ toJson .args }}
      env:
        {{- include "drover.env" .root | nindent 8 }}
      resources:
        {{- toYaml .root.Values.defaultResources | nindent 8 }}
      volumeMounts:
        - { name: tmp, mountPath: /tmp }
        {{- with .root.Values.volumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - name: tmp
      emptyDir: {}
    {{- with .root.Values.volumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}
