// Command oracle answers a replay script with what Go's own client library prints.
//
// It shares no code with the crate. Names, order, escapes, numbers and histograms
// are client_golang's; only the life of an object, which Go leaves to the caller, is
// written out here, one series at a time.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
)

// badField says which field of a line is wrong.
type badField struct{ field, problem string }

func (b badField) Error() string { return b.field + ": " + b.problem }

// statements gives the fields of each statement, in order.
var statements = map[string][]string{
	"condition": {"KIND", "NAME", "NAMESPACE", "TYPE", "STATUS"},
	"suspend":   {"KIND", "NAME", "NAMESPACE", "SUSPENDED"},
	"duration":  {"KIND", "NAME", "NAMESPACE", "SECONDS"},
	"deleted":   {"KIND", "NAME", "NAMESPACE"},
	"forget":    {"KIND", "NAME", "NAMESPACE"},
	"advance":   {"SECONDS"},
	"clear":     {},
	"print":     {"FORMAT"},
}

var formats = map[string]expfmt.Format{
	"text":        expfmt.FmtText,
	"openmetrics": expfmt.FmtOpenMetrics,
}

// fields splits a line and checks the number of its fields.
func fields(line string) (string, []string, error) {
	if !utf8.ValidString(line) {
		return "", nil, badField{"line", "not UTF-8"}
	}
	raw := strings.Split(line, "\t")
	names, ok := statements[raw[0]]
	if !ok {
		return "", nil, badField{"statement", "unknown"}
	}
	args := raw[1:]
	if len(args) > len(names) {
		return "", nil, badField{"line", "too many fields"}
	}
	if len(args) < len(names) {
		return "", nil, badField{names[len(args)], "missing"}
	}
	for i := range args {
		value, err := unescape(args[i])
		if err != nil {
			return "", nil, badField{names[i], err.Error()}
		}
		args[i] = value
	}
	return raw[0], args, nil
}

func (r *recorder) run(line string) error {
	statement, args, err := fields(line)
	if err != nil {
		return err
	}
	var o object
	if len(args) >= 3 {
		o = object{truncate(args[0], kindCap), truncate(args[1], nameCap), truncate(args[2], namespaceCap)}
	}
	switch statement {
	case "condition":
		r.condition(o, args[3], args[4])
	case "suspend":
		if args[3] != "true" && args[3] != "false" {
			return badField{"SUSPENDED", "neither true nor false"}
		}
		r.suspend(o, args[3] == "true")
	case "duration", "advance":
		span, err := seconds(args[len(args)-1])
		if err != nil {
			return badField{"SECONDS", err.Error()}
		}
		if statement == "advance" {
			r.advance(span)
		} else {
			r.duration(o, span)
		}
	case "deleted":
		r.delete(o)
	case "forget":
		r.forget(o)
	case "clear":
		r.clear()
	case "print":
		format, ok := formats[args[0]]
		if !ok {
			return badField{"FORMAT", "neither text nor openmetrics"}
		}
		return r.print(format)
	}
	return nil
}

func unescape(value string) (string, error) {
	var plain strings.Builder
	for i := 0; i < len(value); i++ {
		if value[i] != '\\' {
			plain.WriteByte(value[i])
			continue
		}
		i++
		if i == len(value) {
			return "", errors.New("ends in a backslash")
		}
		at := strings.IndexByte(`nt\`, value[i])
		if at < 0 {
			return "", fmt.Errorf("unknown escape \\%c", value[i])
		}
		plain.WriteByte("\n\t\\"[at])
	}
	return plain.String(), nil
}

// seconds reads a decimal exactly: a float64 would lose nanoseconds of long durations.
func seconds(text string) (time.Duration, error) {
	whole, fraction, point := strings.Cut(text, ".")
	if whole == "" || point && fraction == "" || len(fraction) > 9 || strings.Trim(whole+fraction, "0123456789") != "" {
		return 0, fmt.Errorf("not a decimal with at most 9 fraction digits: %q", text)
	}
	nanos, err := strconv.ParseInt(whole+(fraction + "000000000")[:9], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("longer than Go's longest duration: %q", text)
	}
	return time.Duration(nanos), nil
}

func parseBounds(text string) ([]float64, error) {
	if text == "" {
		return prometheus.ExponentialBucketsRange(10e-3, 1800, 10), nil
	}
	var bounds []float64
	for _, part := range strings.Split(text, ",") {
		bound, err := strconv.ParseFloat(part, 64)
		if err != nil {
			return nil, err
		}
		if math.IsNaN(bound) || len(bounds) > 0 && bounds[len(bounds)-1] >= bound {
			return nil, fmt.Errorf("%q is not above the bound before it", part)
		}
		bounds = append(bounds, bound)
	}
	return bounds, nil
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "oracle:", err)
	os.Exit(2)
}

func main() {
	boundsFlag := flag.String("bounds", "", "upper bounds of the histogram, `a,b,c`; Flux's if empty")
	graceFlag := flag.String("grace", "300", "`seconds` from deletion to removal")
	flag.Parse()
	bounds, err := parseBounds(*boundsFlag)
	if err != nil {
		fail(fmt.Errorf("--bounds: %w", err))
	}
	grace, err := seconds(*graceFlag)
	if err != nil {
		fail(fmt.Errorf("--grace: %w", err))
	}
	script, err := io.ReadAll(os.Stdin)
	if err != nil {
		fail(err)
	}
	out := bufio.NewWriter(os.Stdout)
	r := newRecorder(bounds, grace, out)
	for i, line := range strings.Split(string(script), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		if err := r.run(line); err != nil {
			out.Flush()
			fail(fmt.Errorf("line %d: %w", i+1, err))
		}
	}
	if err := out.Flush(); err != nil {
		fail(err)
	}
}
