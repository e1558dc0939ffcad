{{- define "drover.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "drover.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{- /* What every pod of Drover has. Takes `root`, the chart's context, and `own`, a deployment or an empty dict. */}}
{{- define "drover.podCommon" -}}
{{- $values := .root.Values -}}
automountServiceAccountToken: {{ ternary "true" "false" (not (empty (include "drover.makesPods" .))) }}
enableServiceLinks: false
securityContext:
  {{- include "drover.podSecurity" .root | nindent 2 }}
{{- with $values.imagePullSecrets }}
imagePullSecrets: {{ toJson . }}
{{- end }}
{{- with .own.priorityClassName | default $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .own.nodeSelector | default $values.nodeSelector }}
nodeSelector: {{ toJson . }}
{{- end }}
{{- with .own.tolerations | default $values.tolerations }}
tolerations: {{ toJson . }}
{{- end }}
{{- with .own.affinity | default $values.affinity }}
affinity: {{ toJson . }}
{{- end }}
{{- end }}

{{- /* What every container of Drover has, up to the list of its variables. */}}
{{- define "drover.containerCommon" -}}
image: {{ include "drover.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  {{- include "drover.containerSecurity" . | nindent 2 }}
{{- with .Values.envFrom }}
envFrom: {{ toJson . }}
{{- end }}
{{- end }}

{{- define "drover.spread" -}}
{{- $own := .own.topologySpreadConstraints | default .root.Values.topologySpreadConstraints }}
{{- if $own }}
topologySpreadConstraints: {{ toJson $own }}
{{- else if gt (int (include "drover.mostReplicas" .own)) 1 }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    matchLabelKeys: [pod-template-hash]
    labelSelector:
      matchLabels:
        {{- include "drover.selector" .root | nindent 8 }}
        app.kubernetes.io/component: {{ .name }}
{{- end }}
{{- end }}

{{- /* A change of this text starts pods anew. The keys of the Secret in the cluster are known only where Helm talks to it. */}}
{{- define "drover.secretChecksum" -}}
{{- $secret := lookup "v1" "Secret" .Release.Namespace (include "drover.secretName" .) | default dict }}
{{- list $secret.data .Values.secretRevision | toJson | sha256sum }}
{{- end }}

{{- define "drover.podAnnotations" -}}
{{- $own := .own.podAnnotations | default dict }}
{{- $all := merge dict $own .root.Values.podAnnotations }}
{{- $_ := set $all "checksum/secret" (include "drover.secretChecksum" .root) }}
{{- $values := .root.Values.bridge }}
{{- if and .isBridge $values.masters (not $values.secretName) }}
{{- $_ := set $all "checksum/bridge" (toJson $values.masters | sha256sum) }}
{{- end }}
{{- $manager := .root.Values.workerManager }}
{{- $key := include "drover.providersKey" (dict "root" .root "roles" (.own.roles | default list)) }}
{{- if and $key $manager.providers (not $manager.secretName) }}
{{- $providers := ternary (include "drover.providersWithoutCredentials" $manager.providers) (toJson $manager.providers) (hasSuffix "-of-api" $key) }}
{{- $_ := set $all "checksum/providers" (sha256sum $providers) }}
{{- end }}
{{- toYaml $all }}
{{- end }}
