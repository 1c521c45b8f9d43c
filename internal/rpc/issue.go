package rpc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"

	"github.com/spvd/spvd/internal/certificate"
)

// clockSlack is how long before its issue a certificate is valid: the clocks of two machines
// differ.
const clockSlack = time.Hour

// IssueClientCert makes a key and a certificate for a client. It returns them in PEM, as the key,
// its certificate and that of the issuer, and the issuer, which a server has to trust, see
// TLSFiles. The key of the issuer is kept nowhere: it has issued this one certificate.
func IssueClientCert(now time.Time) (client []byte, issuer *x509.Certificate, err error) {
	root := &x509.Certificate{
		Subject:   pkix.Name{CommonName: "spvd client issuer"},
		NotBefore: now.Add(-clockSlack), NotAfter: now.Add(certificate.Life),
		KeyUsage: x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
	}
	rootKey, rootDER, err := certify(root, nil, nil)
	if err != nil {
		return nil, nil, err
	}
	if issuer, err = x509.ParseCertificate(rootDER); err != nil {
		return nil, nil, fmt.Errorf("issue RPC client certificate: %w", err)
	}
	leaf := &x509.Certificate{
		Subject:   pkix.Name{CommonName: "spvd client"},
		NotBefore: root.NotBefore, NotAfter: root.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
	}
	key, der, err := certify(leaf, issuer, rootKey)
	if err != nil {
		return nil, nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("issue RPC client certificate: %w", err)
	}
	client = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	for _, cert := range [][]byte{der, rootDER} {
		client = append(client, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})...)
	}
	return client, issuer, nil
}

// certify makes a key and a certificate of it that an issuer signs, nil for one that signs itself.
func certify(cert, issuer *x509.Certificate, issuerKey *ecdsa.PrivateKey) (*ecdsa.PrivateKey, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("issue RPC client certificate: %w", err)
	}
	if issuer == nil {
		issuer, issuerKey = cert, key
	}
	if cert.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127)); err != nil {
		return nil, nil, fmt.Errorf("issue RPC client certificate: %w", err)
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, issuer, &key.PublicKey, issuerKey)
	if err != nil {
		return nil, nil, fmt.Errorf("issue RPC client certificate: %w", err)
	}
	return key, der, nil
}
