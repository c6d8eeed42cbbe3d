"""What Flux's dashboards ask Prometheus, one expression a line.

To the letter but for two things: Flux's kinds are $kind and their controllers $controller, so that what differs in them
alone stands here once, and an expression of several lines is on one. Variables are the dashboards' own.
"""

# fluxcd/flux2-monitoring-example, monitoring/configs/dashboards/control-plane.json, July 2023 and since.
CONTROL_PLANE = """
max(workqueue_longest_running_processor_seconds{namespace="$namespace",pod=~".*-controller-.*"})
sum(rate(rest_client_requests_total{namespace="$namespace",pod=~".*-controller-.*"}[1m]))
sum(rate(rest_client_requests_total{namespace="$namespace"}[1m]))
sum(rate(rest_client_requests_total{namespace="$namespace",code!~"2.."}[1m]))
rate(process_cpu_seconds_total{namespace="$namespace",pod=~".*-controller-.*"}[1m])
workqueue_longest_running_processor_seconds{name="$controller"}
sum(increase(controller_runtime_reconcile_total{controller="$controller",result!="error"}[1m])) by (controller)
sum(increase(controller_runtime_reconcile_total{controller="$controller",result="error"}[1m])) by (controller)
sum(increase(controller_runtime_reconcile_total{controller="$controller",result!="error"}[1m]))
sum(increase(controller_runtime_reconcile_total{controller="$controller",result="error"}[1m]))
histogram_quantile(0.50, sum(rate(controller_runtime_reconcile_time_seconds_bucket{controller="$controller"}[5m])) by (le))
histogram_quantile(0.90, sum(rate(controller_runtime_reconcile_time_seconds_bucket{controller="$controller"}[5m])) by (le))
histogram_quantile(0.99, sum(rate(controller_runtime_reconcile_time_seconds_bucket{controller="$controller"}[5m])) by (le))
"""

# The same, cluster.json, and what a table of suspended objects would ask.
CLUSTER = """
count(gotk_resource_info{exported_namespace=~"$namespace", customresource_kind=~"$kind"})
count(gotk_resource_info{exported_namespace=~"$namespace", customresource_kind=~"$kind", ready="False"})
gotk_resource_info{exported_namespace=~"$namespace", customresource_kind=~"$kind"}
gotk_resource_info{exported_namespace=~"$namespace", customresource_kind=~"$kind", suspended="true"}
sum(rate(gotk_reconcile_duration_seconds_sum{namespace=~"$operator_namespace",exported_namespace=~"$namespace",kind=~"$kind"}[5m])) by (kind) / sum(rate(gotk_reconcile_duration_seconds_count{namespace=~"$operator_namespace",exported_namespace=~"$namespace",kind=~"$kind"}[5m])) by (kind)
sum(rate(gotk_reconcile_duration_seconds_sum{namespace=~"$operator_namespace",exported_namespace=~"$namespace",kind=~"$kind"}[5m])) by (kind, name) / sum(rate(gotk_reconcile_duration_seconds_count{namespace=~"$operator_namespace",exported_namespace=~"$namespace",kind=~"$kind"}[5m])) by (kind, name)
"""

# fluxcd/flux2, manifests/monitoring/grafana/dashboards/cluster.json, which the one above replaced.
CLUSTER_BEFORE = """
count(gotk_reconcile_condition{namespace=~"$namespace",type="Ready",status="True",kind=~"$kind"}) - sum(gotk_reconcile_condition{namespace=~"$namespace",type="Ready",status="Deleted",kind=~"$kind"})
sum(gotk_reconcile_condition{namespace=~"$namespace",type="Ready",status="False",kind=~"$kind"})
gotk_reconcile_condition{namespace=~"$namespace",type="Ready",status="False",kind=~"$kind"}
sum(rate(gotk_reconcile_duration_seconds_sum{namespace=~"$namespace",kind=~"$kind"}[5m])) by (kind) / sum(rate(gotk_reconcile_duration_seconds_count{namespace=~"$namespace",kind=~"$kind"}[5m])) by (kind)
sum(rate(gotk_reconcile_duration_seconds_sum{namespace=~"$namespace",kind=~"$kind"}[5m])) by (kind, name) / sum(rate(gotk_reconcile_duration_seconds_count{namespace=~"$namespace",kind=~"$kind"}[5m])) by (kind, name)
"""

# What the control plane's asks besides.
LEFT_OUT = {
    "go_info": "there is no Go",
    "go_memstats_alloc_bytes": "there is no Go",
    "container_memory_working_set_bytes": "the kubelet's",
}
