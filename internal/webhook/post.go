package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv"
)

const (
	// firstPause is the pause after the first attempt that failed; it doubles up to longestPause.
	firstPause   = time.Second
	longestPause = 5 * time.Minute

	// answerTime is how long one attempt may take, with a proxy in addition proxyTime.
	answerTime = 30 * time.Second
	proxyTime  = 30 * time.Second

	// readBody is how much of an answer is read, so that the connection can be used again.
	readBody = 64 << 10

	// warnAfter is how long an event is pending before the status warns.
	warnAfter = time.Minute
)

// WarningCode is the code of the warning that the receiver accepts nothing.
const WarningCode = "webhook-failing"

// newClient returns a client of the web server, which connects with dial.
func newClient(dial dialer, patience time.Duration) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext:            dial,
			ForceAttemptHTTP2:      true,
			MaxIdleConnsPerHost:    1,
			IdleConnTimeout:        time.Minute,
			TLSHandshakeTimeout:    patience,
			MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       patience,
	}
}

// dialer makes connections.
type dialer = func(ctx context.Context, network, address string) (net.Conn, error)

// toThisMachine connects to a loopback address. The name localhost is not looked up: another
// machine may answer to it.
func toThisMachine(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	hosts := []string{host}
	if net.ParseIP(host) == nil {
		hosts = []string{"127.0.0.1", "::1"}
	}
	var errs []error
	for _, host := range hosts {
		conn, err := new(net.Dialer).DialContext(ctx, network, net.JoinHostPort(host, port))
		if err == nil {
			return conn, nil
		}
		errs = append(errs, err)
	}
	return nil, errs[0]
}

// deliver posts a body until the receiver accepts it, and returns nil, or until ctx ends.
func (h *Hook) deliver(ctx context.Context, seq uint64, event string, body []byte) error {
	began, pause := h.cfg.Now(), h.cfg.pause
	h.note(func(s *shown) { s.pending, s.since, s.attempts = seq, began, 0 })
	for {
		err := h.attempt(ctx, seq, event, body)
		if err == nil {
			h.succeeded(seq)
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := wait.For(ctx, h.failed(seq, began, pause, err)); err != nil {
			return err
		}
		pause = min(2*pause, longestPause)
	}
}

// attempt posts a body once.
func (h *Hook) attempt(ctx context.Context, seq uint64, event string, body []byte) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.cfg.Target.url.String(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", h.cfg.UserAgent)
	r.Header.Set(eventHeader, event)
	r.Header.Set(deliveryHeader, h.stream()+"/"+strconv.FormatUint(seq, 10))
	r.Header.Set(signatureHeader, sign(h.cfg.Secret, body, h.cfg.Now()))
	answer, err := h.client.Do(r)
	if err != nil {
		var wrapped *url.Error // which repeats the address
		if errors.As(err, &wrapped) {
			return wrapped.Err
		}
		return err
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, readBody))
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return fmt.Errorf("the receiver answers %d %s", answer.StatusCode, http.StatusText(answer.StatusCode))
	}
	return nil
}

// failed records an attempt that failed, and returns how long to wait for the next.
func (h *Hook) failed(seq uint64, began time.Time, pause time.Duration, why error) time.Duration {
	pause = pause*3/4 + rand.N(pause/2)
	now := h.cfg.Now()
	first := false
	h.note(func(s *shown) {
		first = s.attempts == 0
		s.attempts++
		s.trouble, s.next = why, now.Add(pause)
	})
	if first {
		h.cfg.Log.Warn("Receiver of notifyurl has not accepted an event, which is posted again", "receiver", h.cfg.Target, "event", seq, "err", why)
	} else {
		h.cfg.Log.Debug("Receiver of notifyurl has not accepted an event", "receiver", h.cfg.Target, "event", seq, "err", why)
	}
	if now.Sub(began) >= warnAfter {
		h.cfg.Warn(spv.Warning{Code: WarningCode, Text: "The receiver " + h.cfg.Target.String() + " of notifyurl accepts no events.",
			Hint: "They wait for it, in order, and the sync goes on. Check that it runs and answers with a status of 200 to 299; getwebhookinfo says what failed last."})
	}
	return pause
}

// succeeded records that the receiver has accepted an event.
func (h *Hook) succeeded(seq uint64) {
	again := false
	h.note(func(s *shown) {
		again = s.attempts > 0
		*s = shown{delivered: seq}
	})
	if again {
		h.cfg.Log.Info("Receiver of notifyurl accepts events again", "receiver", h.cfg.Target, "event", seq)
	}
	h.cfg.Warn()
}
