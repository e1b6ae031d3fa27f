{{/* What a schema cannot say: values that are well-formed, and together make no sense. */}}
{{- define "tickbird.refuse" -}}
{{- $pages := include "tickbird.pages" . -}}
{{- $names := list -}}
{{- range .Values.redis -}}
{{- if has .name $names }}{{ fail (printf "Two entries of redis are called %q: give each its own name." .name) }}{{ end -}}
{{- $names = append $names .name -}}
{{- $from := dig "urlFrom" "name" "" . -}}
{{- if and .url $from }}{{ fail (printf "redis %q has both url and urlFrom: keep one of them." .name) }}{{ end -}}
{{- if not (or .url $from) }}{{ fail (printf "redis %q has no address: set urlFrom.name to a Secret, or url." .name) }}{{ end -}}
{{- if and .url (regexMatch "://[^/]*@" .url) }}{{ fail (printf "The url of redis %q holds a user or a password: put it into a Secret, and name that in urlFrom." .name) }}{{ end -}}
{{- end -}}
{{- if and $pages .Values.auth.required (not .Values.auth.secret.name) -}}
{{- fail "Nobody could log in: set auth.secret.name to a Secret with a user and a password hash, or auth.required=false to let everybody in who reaches the Service." -}}
{{- end -}}
{{- if and (eq .Values.mode "serve") (gt (int .Values.exporter.shards) 1) -}}
{{- fail "exporter.shards needs mode=apart: with mode=serve the exporter is part of the dashboard's process." -}}
{{- end -}}
{{- if and (eq .Values.mode "serve") (not .Values.dashboard.enabled) -}}
{{- fail "dashboard.enabled=false needs mode=apart." -}}
{{- end -}}
{{- if and $pages (not .Values.stateUrlFrom.name) (or (gt (int .Values.dashboard.replicas) 1) .Values.dashboard.autoscaling.enabled) -}}
{{- fail "More than one replica of the dashboard needs a place for what they share: set stateUrlFrom.name to a Secret with the URL of a Redis." -}}
{{- end -}}
{{- with .Values.dashboard.autoscaling -}}
{{- if and .enabled (gt (int .minReplicas) (int .maxReplicas)) }}{{ fail "dashboard.autoscaling.minReplicas is greater than maxReplicas." }}{{ end -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.hosts) }}{{ fail "ingress.enabled needs at least one name in ingress.hosts." }}{{ end -}}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) }}{{ fail "httpRoute.enabled needs a Gateway in httpRoute.parentRefs." }}{{ end -}}
{{- if and (not $pages) (or .Values.ingress.enabled .Values.httpRoute.enabled) -}}
{{- fail "An Ingress or HTTPRoute leads to the dashboard, which dashboard.enabled=false leaves out." -}}
{{- end -}}
{{- if and .Values.serviceMonitor.enabled (eq .Values.mode "serve") .Values.auth.required (not .Values.metrics.tokenFrom.name) -}}
{{- if or (ne .Values.metrics.access "open") .Values.hosts -}}
{{- fail "Prometheus could not scrape: with mode=serve set metrics.tokenFrom.name to a Secret with a token, or metrics.access=open while hosts is empty." -}}
{{- end -}}
{{- end -}}
{{- end -}}
