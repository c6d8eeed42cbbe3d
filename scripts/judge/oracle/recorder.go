package main

import (
	"bufio"
	"math"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
)

// Bytes of a label value that are kept.
const (
	kindCap      = 63
	nameCap      = 253
	namespaceCap = 253
	typeCap      = 316
)

const maxTypes = 16

var statuses = []string{"True", "False", "Unknown", "Deleted"}

type object struct{ kind, name, namespace string }

// life is what Go's vectors do not know about an object that has a series.
type life struct {
	types     []string
	deleted   bool
	deletedAt time.Duration
}

type recorder struct {
	registry   *prometheus.Registry
	conditions *prometheus.GaugeVec
	suspends   *prometheus.GaugeVec
	durations  *prometheus.HistogramVec

	objects map[object]*life
	types   map[string]bool // of the whole process; never shrinks
	now     time.Duration
	grace   time.Duration
	out     *bufio.Writer
}

func newRecorder(bounds []float64, grace time.Duration, out *bufio.Writer) *recorder {
	labels := []string{"kind", "name", "namespace"}
	r := &recorder{
		registry: prometheus.NewRegistry(),
		conditions: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "gotk_reconcile_condition",
			Help: "The current condition status of a GitOps Toolkit resource reconciliation.",
		}, []string{"kind", "name", "namespace", "type", "status"}),
		suspends: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "gotk_suspend_status",
			Help: "The current suspend status of a GitOps Toolkit resource.",
		}, labels),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "gotk_reconcile_duration_seconds",
			Help:    "The duration in seconds of a GitOps Toolkit resource reconciliation.",
			Buckets: bounds,
		}, labels),
		objects: map[object]*life{},
		types:   map[string]bool{"Ready": true, "Reconciling": true, "Stalled": true},
		grace:   grace,
		out:     out,
	}
	r.registry.MustRegister(r.conditions, r.suspends, r.durations)
	return r
}

// at returns the life of an object, which begins here if it has none.
func (r *recorder) at(o object) *life {
	if r.objects[o] == nil {
		r.objects[o] = &life{}
	}
	return r.objects[o]
}

func (r *recorder) setCondition(o object, kind, current string) {
	for _, status := range statuses {
		value := 0.0
		if status == current {
			value = 1
		}
		r.conditions.WithLabelValues(o.kind, o.name, o.namespace, kind, status).Set(value)
	}
}

func (r *recorder) condition(o object, kind, status string) {
	kind = truncate(kind, typeCap)
	if !r.types[kind] {
		if len(r.types) == maxTypes {
			return
		}
		r.types[kind] = true
	}
	if status != "True" && status != "False" {
		status = "Unknown"
	}
	l := r.at(o)
	known := false
	for _, other := range l.types {
		known = known || other == kind
		if l.deleted {
			r.setCondition(o, other, "Unknown")
		}
	}
	if !known {
		l.types = append(l.types, kind)
	}
	l.deleted = false
	r.setCondition(o, kind, status)
}

func (r *recorder) suspend(o object, suspended bool) {
	r.at(o)
	value := 0.0
	if suspended {
		value = 1
	}
	r.suspends.WithLabelValues(o.kind, o.name, o.namespace).Set(value)
}

func (r *recorder) duration(o object, took time.Duration) {
	r.at(o)
	r.durations.WithLabelValues(o.kind, o.name, o.namespace).Observe(took.Seconds())
}

func (r *recorder) delete(o object) {
	l := r.objects[o]
	if l == nil || l.deleted {
		return
	}
	l.deleted, l.deletedAt = true, r.now
	for _, kind := range l.types {
		r.setCondition(o, kind, "Deleted")
	}
	r.expire()
}

func (r *recorder) forget(o object) {
	l := r.objects[o]
	if l == nil {
		return
	}
	for _, kind := range l.types {
		for _, status := range statuses {
			r.conditions.DeleteLabelValues(o.kind, o.name, o.namespace, kind, status)
		}
	}
	r.suspends.DeleteLabelValues(o.kind, o.name, o.namespace)
	r.durations.DeleteLabelValues(o.kind, o.name, o.namespace)
	delete(r.objects, o)
}

func (r *recorder) advance(by time.Duration) {
	if r.now > math.MaxInt64-by {
		r.now = math.MaxInt64 // the end of Go's time; a script that gets here stays here
	} else {
		r.now += by
	}
	r.expire()
}

func (r *recorder) expire() {
	for o, l := range r.objects {
		if l.deleted && r.now-l.deletedAt >= r.grace {
			r.forget(o)
		}
	}
}

func (r *recorder) clear() {
	for o := range r.objects {
		r.forget(o)
	}
}

func (r *recorder) print(format expfmt.Format) error {
	families, err := r.registry.Gather()
	if err != nil {
		return err
	}
	encoder := expfmt.NewEncoder(r.out, format)
	for _, family := range families {
		if err := encoder.Encode(family); err != nil {
			return err
		}
	}
	if closer, ok := encoder.(expfmt.Closer); ok {
		return closer.Close() // "# EOF"
	}
	return nil
}

// truncate keeps the longest run of whole characters that fits.
func truncate(value string, limit int) string {
	if len(value) <= limit {
		return value
	}
	for !utf8.RuneStart(value[limit]) {
		limit--
	}
	return value[:limit]
}
