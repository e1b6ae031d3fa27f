{{/* Arguments that say which Redis: a Secret's URL comes from the environment, which the kubelet fills in. */}}
{{- define "tickbird.redisArguments" -}}
{{- range $position, $redis := .Values.redis }}
{{- if $redis.url }}
- {{ printf "--redis=%s=%s" $redis.name $redis.url | quote }}
{{- else }}
- {{ printf "--redis=%s=$(REDIS_URL_%d)" $redis.name $position | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "tickbird.redisEnvironment" -}}
{{- range $position, $redis := .Values.redis }}
{{- if not $redis.url }}
- name: REDIS_URL_{{ $position }}
  valueFrom:
    secretKeyRef: {name: {{ $redis.urlFrom.name }}, key: {{ $redis.urlFrom.key | default "url" }}}
{{- end }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Who may log in, the token, and the own state: only for a process with pages. */}}
{{- define "tickbird.pagesEnvironment" -}}
{{- if .Values.auth.required }}
{{- with .Values.auth.secret }}
- name: TICKBIRD_USER
  valueFrom:
    secretKeyRef: {name: {{ .name }}, key: {{ .userKey }}}
- name: TICKBIRD_PASSWORD_HASH
  valueFrom:
    secretKeyRef: {name: {{ .name }}, key: {{ .passwordHashKey }}}
{{- end }}
{{- end }}
{{- with .Values.metrics.tokenFrom }}
{{- if .name }}
- name: TICKBIRD_METRICS_TOKEN
  valueFrom:
    secretKeyRef: {name: {{ .name }}, key: {{ .key }}}
{{- end }}
{{- end }}
{{- with .Values.stateUrlFrom }}
{{- if .name }}
- name: TICKBIRD_STATE_URL
  valueFrom:
    secretKeyRef: {name: {{ .name }}, key: {{ .key }}}
{{- end }}
{{- end }}
{{- end -}}

{{/* What every pod of ours has in common. Takes root, component, port, arguments, environment, resources. */}}
{{- define "tickbird.pod" -}}
metadata:
  labels:
    {{- include "tickbird.selector" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
    {{- with .shard }}
    tickbird/shard: {{ . | quote }}
    {{- end }}
    {{- with .root.Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    # A change of the settings starts new pods.
    checksum/settings: {{ include "tickbird.settings" .root | sha256sum }}
    {{- with .root.Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "tickbird.serviceAccountName" .root }}
  automountServiceAccountToken: false
  # Kubernetes would otherwise write TICKBIRD_PORT=tcp://… for a Service of that name.
  enableServiceLinks: false
  {{- with .root.Values.image.pullSecrets }}
  imagePullSecrets: {{ toYaml . | nindent 4 }}
  {{- end }}
  securityContext: {{ toYaml .root.Values.podSecurityContext | nindent 4 }}
  {{- with .root.Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  containers:
    - name: tickbird
      image: {{ include "tickbird.image" .root }}
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      args:
        {{- .arguments | nindent 8 }}
        - --config=/etc/tickbird/tickbird.toml
        {{- include "tickbird.redisArguments" .root | trim | nindent 8 }}
      {{- with .environment | trim }}
      env: {{ . | nindent 8 }}
      {{- end }}
      ports:
        - {name: {{ .portName }}, containerPort: {{ .port }}, protocol: TCP}
      securityContext: {{ toYaml .root.Values.securityContext | nindent 8 }}
      startupProbe:
        httpGet: {path: /healthz, port: {{ .portName }}}
        periodSeconds: 2
        failureThreshold: 30
      livenessProbe:
        httpGet: {path: /healthz, port: {{ .portName }}}
        periodSeconds: 10
        timeoutSeconds: 3
      readinessProbe:
        httpGet: {path: {{ .root.Values.probes.readiness }}, port: {{ .portName }}}
        periodSeconds: 5
        timeoutSeconds: 3
      resources: {{ toYaml .resources | nindent 8 }}
      volumeMounts:
        - {name: settings, mountPath: /etc/tickbird, readOnly: true}
        - {name: tmp, mountPath: /tmp}
        {{- with .root.Values.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - name: settings
      configMap: {name: {{ include "tickbird.fullname" .root }}}
    - name: tmp
      emptyDir: {sizeLimit: 64Mi}
    {{- with .root.Values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .root.Values.nodeSelector }}
  nodeSelector: {{ toYaml . | nindent 4 }}
  {{- end }}
  {{- with .root.Values.tolerations }}
  tolerations: {{ toYaml . | nindent 4 }}
  {{- end }}
  {{- with .root.Values.affinity }}
  affinity: {{ toYaml . | nindent 4 }}
  {{- end }}
  {{- with .root.Values.topologySpreadConstraints }}
  topologySpreadConstraints: {{ toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}
