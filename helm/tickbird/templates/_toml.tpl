{{/*
A value as TOML writes it, tables inline. Helm reads every number as a float, and `toToml` would write 1000 as 1000.0,
which is no whole number to Tickbird.
*/}}
{{- define "tickbird.toml" -}}
{{- if kindIs "map" . -}}
{ {{- $between := "" -}}
{{- range $key, $value := . -}}
{{ $between }} {{ $key | toJson }} = {{ include "tickbird.toml" $value }}
{{- $between = "," -}}
{{- end }} }
{{- else if kindIs "slice" . -}}
[{{ range $position, $value := . }}{{ if $position }}, {{ end }}{{ include "tickbird.toml" $value }}{{ end }}]
{{- else if and (kindIs "float64" .) (eq (floor .) .) -}}
{{ int64 . }}
{{- else -}}
{{ toJson . }}
{{- end -}}
{{- end -}}

{{/* tickbird.toml: what has a value of its own in this chart, and then whatever `settings` says. */}}
{{- define "tickbird.settings" -}}
{{- $redis := list -}}
{{- range .Values.redis -}}
{{- $redis = append $redis (pick . "name" "prefixes" "dialects") -}}
{{- end -}}
{{- $own := dict "redis" $redis "base_path" .Values.basePath "read_only" .Values.readOnly "log_format" .Values.logFormat
    "metrics" (dict "access" .Values.metrics.access) -}}
{{- with (include "tickbird.hosts" . | fromJson).hosts }}{{ $_ := set $own "hosts" . }}{{ end -}}
{{- range $key, $value := merge (deepCopy .Values.settings) $own }}
{{ $key | toJson }} = {{ include "tickbird.toml" $value }}
{{- end }}
{{- end -}}
