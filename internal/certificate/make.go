package certificate

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"time"

	"github.com/decred/dcrd/certgen"

	"github.com/spvd/spvd/internal/regular"
)

// ErrForeign means that a certificate is not renewed because spvd has not made it.
var ErrForeign = errors.New("spvd has not made it")

// Ensure makes a certificate and its key unless they exist: a P-256 key, and a certificate that is
// valid for this machine's addresses, localhost and the hosts. It is an error if only one of the
// files exists, and that file is not changed.
func (f Files) Ensure(hosts []string) error {
	noCert, err := missing(f.Cert)
	if err != nil {
		return err
	}
	noKey, err := missing(f.Key)
	if err != nil {
		return err
	}
	switch {
	case noCert && noKey:
		return f.generate(hosts)
	case noCert:
		return fmt.Errorf("the key %s has no certificate %s: restore it, or remove the key to have both made again", f.Key, f.Cert)
	case noKey:
		return fmt.Errorf("the certificate %s has no key %s: restore it, or remove the certificate to have both made again", f.Cert, f.Key)
	}
	return nil
}

// generate writes a new key and a certificate for it. The key is written last, so that two existing
// files are a pair.
func (f Files) generate(hosts []string) error {
	cert, key, err := certgen.NewTLSCertPair(elliptic.P256(), organization, time.Now().Add(Life), hosts)
	if err != nil {
		return fmt.Errorf("generate certificate: %w", err)
	}
	if err := regular.Replace(f.Cert, cert, 0o644, nil); err != nil {
		return fmt.Errorf("write certificate: %w", err)
	}
	if err := regular.Replace(f.Key, key, 0o600, nil); err != nil {
		os.Remove(f.Cert)
		return fmt.Errorf("write key: %w", err)
	}
	return nil
}

// Renew replaces the certificate of a pair that was read from the files by one for the same key. It
// is valid from the same day on, and for what a new one would be valid for; with keep for the names
// and addresses of the old one, too. The error is ErrForeign for a pair that is not Own.
func (f Files) Renew(old *Pair, hosts []string, keep bool) error {
	key, ok := old.PrivateKey.(*ecdsa.PrivateKey)
	if !old.Own || !ok {
		return ErrForeign
	}
	fresh, _, err := certgen.NewTLSCertPair(elliptic.P256(), organization, time.Now().Add(Life), hosts)
	if err != nil {
		return fmt.Errorf("generate certificate: %w", err)
	}
	certs, err := Parse(fresh)
	if err != nil {
		return fmt.Errorf("generate certificate: %w", err)
	}
	cert := certs[0]
	cert.PublicKey = &key.PublicKey
	cert.NotAfter = time.Now().Add(Life) // certgen ends with the year 2049
	if old.Leaf.NotBefore.Before(cert.NotBefore) {
		cert.NotBefore = old.Leaf.NotBefore
	}
	// Clients that know the old certificate find it as the issuer of this one by the name.
	cert.Subject, cert.RawSubject = old.Leaf.Subject, old.Leaf.RawSubject
	if keep {
		cert.DNSNames = union(cert.DNSNames, old.Leaf.DNSNames, func(a, b string) bool { return a == b })
		cert.IPAddresses = union(cert.IPAddresses, old.Leaf.IPAddresses, net.IP.Equal)
	}
	if sameNames(cert, old.Leaf) {
		slices.Reverse(cert.IPAddresses)
	}
	cert.SubjectKeyId, cert.AuthorityKeyId = nil, nil // x509 makes them for the key
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, &key.PublicKey, key)
	if err != nil {
		return fmt.Errorf("generate certificate: %w", err)
	}
	if err := regular.Replace(f.Cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644, nil); err != nil {
		return fmt.Errorf("write certificate: %w", err)
	}
	return nil
}

// sameNames reports whether two certificates have the same names and addresses in the same order.
// Clients then take them for one certificate, and the old one is not found as the issuer of the new
// one (crypto/x509).
func sameNames(a, b *x509.Certificate) bool {
	return slices.Equal(a.DNSNames, b.DNSNames) && slices.EqualFunc(a.IPAddresses, b.IPAddresses, net.IP.Equal)
}

// union returns a list with those of another one that it lacks.
func union[T any](list, more []T, equal func(a, b T) bool) []T {
	for _, m := range more {
		if !slices.ContainsFunc(list, func(l T) bool { return equal(l, m) }) {
			list = append(list, m)
		}
	}
	return list
}
