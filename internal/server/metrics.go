package server

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"usher/internal/httpio"
)

// metrics are what /metrics shows, on a listener of its own.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "usher_http_requests_total", Help: "Requests by route, method, status and error code.",
		}, []string{"route", "method", "status", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "usher_http_request_seconds", Help: "Time to answer, by route.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"route"}),
	}
	m.registry.MustRegister(m.requests, m.seconds,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) observe(o httpio.Outcome) {
	m.requests.WithLabelValues(o.Route, o.Method, strconv.Itoa(o.Status), string(o.Code)).Inc()
	m.seconds.WithLabelValues(o.Route).Observe(o.Duration.Seconds())
}

// serveMetrics answers on metrics_listen, if that is set. The channel gets the
// error that ends it.
func (s *Server) serveMetrics(ctx context.Context, wg *sync.WaitGroup) <-chan error {
	failed := make(chan error, 1)
	if s.cfg.MetricsListen == "" {
		return failed
	}
	l, err := listen(ctx, s.cfg.MetricsListen)
	if err != nil {
		failed <- err
		return failed
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{}))
	h := &http.Server{Handler: mux, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout}
	wg.Go(func() {
		<-ctx.Done()
		_ = h.Close() // a scrape that is cut off comes again
	})
	wg.Go(func() {
		if err := h.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	})
	return failed
}
