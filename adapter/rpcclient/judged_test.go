package rpcclient

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"strings"
	"testing"
)

// TestJudged: the errors of trust are told from those that may pass, and name the next step.
func TestJudged(t *testing.T) {
	verifying := func(err error) error { return &tls.CertificateVerificationError{Err: err} }
	for _, test := range []struct {
		err  error
		want string
	}{
		{verifying(x509.HostnameError{Certificate: new(x509.Certificate), Host: "spvd.example"}), "--altdnsnames spvd.example and --renewcert"},
		{verifying(x509.CertificateInvalidError{Reason: x509.Expired}), "copy the new one"},
		{verifying(x509.CertificateInvalidError{Reason: x509.NotAuthorizedToSign}), "CertFile has to be"},
		{verifying(x509.UnknownAuthorityError{}), "CertFile has to be"},
		{tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, "--notls"},
		{io.ErrUnexpectedEOF, ""}, {tls.AlertError(80), ""},
	} {
		err := judged(test.err)
		if errors.Is(err, ErrCertificate) != (test.want != "") || !strings.Contains(err.Error(), test.want) || !errors.Is(err, test.err) {
			t.Errorf("%v is judged %v", test.err, err)
		}
	}
}
