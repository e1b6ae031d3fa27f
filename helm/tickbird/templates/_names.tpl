{{- define "tickbird.fullname" -}}
{{- $name := ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name) (contains .Chart.Name .Release.Name) -}}
{{- $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "tickbird.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "tickbird.labels" -}}
{{ include "tickbird.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "tickbird.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (ternary (include "tickbird.fullname" .) "default" .Values.serviceAccount.create) -}}
{{- end -}}

{{- define "tickbird.image" -}}
{{- with .Values.image -}}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end -}}
{{- end -}}
{{- end -}}

{{/* "true" or empty: whether the dashboard runs, and whether its process serves /metrics too. */}}
{{- define "tickbird.pages" -}}
{{- if or (eq .Values.mode "serve") .Values.dashboard.enabled }}true{{ end -}}
{{- end -}}
{{- define "tickbird.together" -}}
{{- if eq .Values.mode "serve" }}true{{ end -}}
{{- end -}}

{{/* The host names that are answered, as JSON {"hosts": […]}. */}}
{{- define "tickbird.hosts" -}}
{{- $hosts := .Values.hosts -}}
{{- if and (not .Values.auth.required) (not $hosts) -}}
{{- $name := include "tickbird.fullname" . -}}
{{- $hosts = list $name (printf "%s.%s" $name .Release.Namespace) (printf "%s.%s.svc" $name .Release.Namespace) (printf "%s.%s.svc.cluster.local" $name .Release.Namespace) -}}
{{- if .Values.ingress.enabled }}{{ $hosts = concat $hosts .Values.ingress.hosts }}{{ end -}}
{{- if .Values.httpRoute.enabled }}{{ $hosts = concat $hosts .Values.httpRoute.hostnames }}{{ end -}}
{{- end -}}
{{- dict "hosts" $hosts | toJson -}}
{{- end -}}
