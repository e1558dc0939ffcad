{{- /* The key of the Secret with the providers that a deployment reads; empty: it reads none. Takes `root` and `roles`. */}}
{{- define "drover.providersKey" -}}
{{- $values := .root.Values.workerManager }}
{{- if or $values.providers $values.secretName }}
{{- if or (has "provisioner" .roles) (has "all" .roles) }}worker-manager-providers
{{- else if has "api" .roles }}{{ ternary "worker-manager-providers" "worker-manager-providers-of-api" (not (empty $values.secretName)) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "drover.providersEnv" -}}
{{- with include "drover.providersKey" . }}
- name: DROVER__WORKER_MANAGER__PROVIDERS
  valueFrom:
    secretKeyRef:
      name: {{ $.root.Values.workerManager.secretName | default (printf "%s-providers" $.root.Release.Name) }}
      key: {{ . }}
{{- end }}
{{- end }}

{{- /* The name of the Secret whose files a deployment reads; empty: none. Takes `root` and `roles`. */}}
{{- define "drover.providerFiles" -}}
{{- if or (has "provisioner" .roles) (has "all" .roles) }}{{ .root.Values.workerManager.filesSecretName }}{{ end }}
{{- end }}

{{- /* As JSON, without what lets somebody act in a cloud. */}}
{{- define "drover.providersWithoutCredentials" -}}
{{- $providers := list }}
{{- range . }}
{{- $provider := deepCopy . }}
{{- range $type, $fields := dict "aws" (list "access_key_id" "secret_access_key") "azure" (list "client_secret") }}
{{- if hasKey $provider $type }}
{{- $_ := set $provider $type (omit (get $provider $type) (index $fields 0) (last $fields)) }}
{{- end }}
{{- end }}
{{- $providers = append $providers $provider }}
{{- end }}
{{- toJson $providers }}
{{- end }}
