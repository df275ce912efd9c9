{{/* The name of all objects: the release's, with the chart's where it does not have it already. */}}
{{- define "millrace.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "millrace.clusterId" -}}
{{- .Values.clusterId | default (include "millrace.fullname" .) -}}
{{- end -}}

{{- define "millrace.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: worker
{{- end -}}

{{- define "millrace.labels" -}}
{{ include "millrace.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "millrace.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "millrace.fullname" .) -}}
{{- else -}}
{{- required "serviceAccount.name is missing: with serviceAccount.create: false, name the account that is there" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "millrace.claimName" -}}
{{- .Values.checkpoints.volume.existingClaim | default (printf "%s-checkpoints" (include "millrace.fullname" .)) -}}
{{- end -}}

{{- define "millrace.image" -}}
{{- $repository := required "image.repository is missing: the image of your program" .Values.image.repository -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository .Values.image.tag -}}
{{- end -}}
{{- end -}}

{{/* What no schema can say. */}}
{{- define "millrace.check" -}}
{{- if not (or .Values.checkpoints.directory .Values.checkpoints.volume.enabled) -}}
{{- fail "checkpoints: give a directory (an address of an object store) or enable the volume: without either, workers would keep checkpoints where the others cannot read them" -}}
{{- end -}}
{{- if and .Values.checkpoints.directory .Values.checkpoints.volume.enabled -}}
{{- fail "checkpoints: there is a directory, and the volume is enabled too. Checkpoints go to one place" -}}
{{- end -}}
{{- if and .Values.autoscaling.enabled (not .Values.kubernetes.enabled) -}}
{{- fail "autoscaling needs kubernetes.enabled: workers set their number through the API server" -}}
{{- end -}}
{{- if and .Values.autoscaling.enabled (lt (int .Values.autoscaling.max) (int .Values.autoscaling.min)) -}}
{{- fail (printf "autoscaling.max is %d, but autoscaling.min is %d: give the most workers that you are ready to pay for" (int .Values.autoscaling.max) (int .Values.autoscaling.min)) -}}
{{- end -}}
{{- range $key := keys .Values.config -}}
{{- if hasPrefix "Millrace__Cluster__Autoscaler__Replicas__" $key -}}
{{- fail (printf "config.%s: this key follows from other values, and must not be set here. Use autoscaling" $key) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.autoscaling.enabled (hasKey .Values.config "Millrace__Cluster__Autoscaler__Enabled") -}}
{{- fail "config.Millrace__Cluster__Autoscaler__Enabled: this key follows from other values (autoscaling.enabled), and must not be set here" -}}
{{- end -}}
{{- range $key := list "ASPNETCORE_HTTP_PORTS" "DOTNET_shutdownTimeoutSeconds" "Millrace__Cluster__ClusterId" "Millrace__Cluster__Kubernetes" "Millrace__Cluster__SiloPort" "Millrace__Cluster__DataPort" "Millrace__Cluster__Slots" "Millrace__Cluster__Membership__Kind" "Millrace__Checkpoints__Directory" "Millrace__Checkpoints__Interval" -}}
{{- if hasKey $.Values.config $key -}}
{{- fail (printf "config.%s: this key follows from other values, and must not be set here" $key) -}}
{{- end -}}
{{- end -}}
{{- if hasKey .Values.config "Millrace__Cluster__Membership__ConnectionString" -}}
{{- fail "config.Millrace__Cluster__Membership__ConnectionString: it has a password in it, so it belongs into a secret. Name that in membership.existingSecret" -}}
{{- end -}}
{{- if and .Values.tls.enabled (not .Values.tls.existingSecret) -}}
{{- fail "tls.existingSecret is missing: the secret with certificate, key and authority" -}}
{{- end -}}
{{- if le (int .Values.shutdown.terminationGracePeriodSeconds) (add (int .Values.shutdown.timeoutSeconds) (int .Values.shutdown.preStopSleepSeconds) | int) -}}
{{- fail (printf "shutdown.terminationGracePeriodSeconds is %d, but the pause (%d) and the program's time (%d) take as long: the container would be killed before it has left. Raise it" (int .Values.shutdown.terminationGracePeriodSeconds) (int .Values.shutdown.preStopSleepSeconds) (int .Values.shutdown.timeoutSeconds)) -}}
{{- end -}}
{{- end -}}
