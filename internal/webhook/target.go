package webhook

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// Target is the address of a receiver. The zero value is none.
type Target struct{ url *url.URL }

// ParseTarget returns the receiver at an address: one that begins with https://, or with http://
// at localhost or a loopback address. A user name and password in it are sent as Basic
// authentication. The error does not repeat the address, which may hold a secret.
func ParseTarget(text string) (Target, error) {
	u, err := url.Parse(text)
	if err != nil {
		var wrong *url.Error
		if errors.As(err, &wrong) {
			err = wrong.Err
		}
		return Target{}, fmt.Errorf("it is no address of a web server: %w", err)
	}
	t := Target{u}
	switch port := u.Port(); {
	case u.Scheme != "https" && u.Scheme != "http":
		return Target{}, errors.New("it has to begin with https://, or with http:// at a loopback address")
	case u.Hostname() == "" || strings.HasSuffix(u.Host, ":"):
		return Target{}, errors.New("it has no host, or an empty port")
	case port != "" && !validPort(port):
		return Target{}, fmt.Errorf("port %s is none", port)
	case u.Fragment != "" || strings.Contains(text, "#"):
		return Target{}, errors.New("it ends with a fragment (#), which is not sent")
	case u.Scheme == "http" && !t.Loopback():
		return Target{}, errors.New("without TLS only loopback addresses are allowed: use https://")
	}
	return t, nil
}

// validPort reports whether a port can be connected to.
func validPort(port string) bool {
	n, err := net.LookupPort("tcp", port)
	return err == nil && n > 0
}

// Loopback reports whether the receiver is on this machine.
func (t Target) Loopback() bool {
	host := t.url.Hostname()
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// String returns scheme and host: the rest of an address is often a secret.
func (t Target) String() string {
	if t.url == nil {
		return ""
	}
	return t.url.Scheme + "://" + t.url.Host
}
