package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/spvd/spvd/internal/snapshot"
)

const (
	// maxConns is how many connections to a host there are at a time: two for each
	// segment that is read ahead.
	maxConns = 8

	// maxHeaders is how many bytes of response headers are read.
	maxHeaders = 64 << 10
)

// web is a directory of a web server.
type web struct {
	base      *url.URL
	cfg       Config
	client    *http.Client
	transport *http.Transport
}

func newWeb(base *url.URL, cfg Config) *web {
	transport := &http.Transport{
		DialContext:            cfg.Dial,
		TLSHandshakeTimeout:    cfg.Patience,
		DisableCompression:     true,
		MaxConnsPerHost:        maxConns,
		MaxIdleConnsPerHost:    maxConns,
		IdleConnTimeout:        cfg.Patience,
		MaxResponseHeaderBytes: maxHeaders,
		ForceAttemptHTTP2:      true,
	}
	client := &http.Client{Transport: transport, CheckRedirect: redirect}
	return &web{base: base, cfg: cfg, transport: transport, client: client}
}

// Open implements snapshot.Source. The size is -1 if the server does not say it.
func (w *web) Open(ctx context.Context, name string, from int64) (io.ReadCloser, int64, error) {
	ctx, cancel, timer := watch(ctx, w.cfg.Patience)
	response, err := w.request(ctx, name, from) //nolint:bodyclose // the guard closes it
	timer.Stop()
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		cancel(nil)
		return nil, 0, err
	}
	body := &guard{body: response.Body, ctx: ctx, cancel: cancel, timer: timer, patience: w.cfg.Patience}
	size, err := w.position(response, body, from)
	if err != nil {
		_ = body.Close()
		return nil, 0, err
	}
	return body, size, nil
}

// request asks for a file from an offset on.
func (w *web) request(ctx context.Context, name string, from int64) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.base.JoinPath(name).String(), nil)
	if err != nil {
		return nil, errors.New("the address cannot be requested")
	}
	if w.cfg.UserAgent != "" {
		r.Header.Set("User-Agent", w.cfg.UserAgent)
	}
	if from > 0 {
		r.Header.Set("Range", fmt.Sprintf("bytes=%d-", from))
	}
	response, err := w.client.Do(r) //nolint:bodyclose // the caller closes it
	var failed *url.Error
	if errors.As(err, &failed) {
		err = failed.Err // without the address, which may hold a password
	}
	return response, err
}

// position reads up to the offset that was asked for, if the server sends the whole file,
// and returns the size of the file.
func (w *web) position(response *http.Response, body *guard, from int64) (size int64, err error) {
	switch response.StatusCode {
	case http.StatusOK:
		if size = response.ContentLength; size >= 0 && size < from {
			return size, nil // likewise: it reads nothing of the body
		}
		_, err := io.CopyN(io.Discard, body, from)
		return size, err
	case http.StatusPartialContent:
		return contentRange(response.Header.Get("Content-Range"), from)
	case http.StatusRequestedRangeNotSatisfiable:
		_, total, ok := strings.Cut(response.Header.Get("Content-Range"), "*/")
		if n, err := strconv.ParseInt(total, 10, 64); ok && err == nil && n >= 0 && n <= from {
			return n, nil // the caller expects more, and so reads nothing of the body
		}
	case http.StatusNotFound, http.StatusGone:
		return 0, fs.ErrNotExist
	}
	return 0, fmt.Errorf("the server answers with status %d", response.StatusCode)
}

// contentRange reads the header that says which part of a file comes, and returns the size
// of the file, -1 if it is not known.
func contentRange(text string, from int64) (size int64, err error) {
	rest, ok := strings.CutPrefix(text, "bytes "+strconv.FormatInt(from, 10)+"-")
	_, total, cut := strings.Cut(rest, "/")
	if !ok || !cut {
		return 0, fmt.Errorf("the server was asked for the bytes from %d on, and sends others", from)
	}
	if total == "*" {
		return -1, nil
	}
	size, err = strconv.ParseInt(total, 10, 64)
	if err != nil || size < from {
		return 0, errors.New("the server does not say of how many bytes it sends a part")
	}
	return size, nil
}

// Close closes the connections that are open between requests.
func (w *web) Close() error {
	w.transport.CloseIdleConnections()
	return nil
}

// String returns the address without a password.
func (w *web) String() string { return w.base.Redacted() }

var _ snapshot.Source = (*web)(nil)
