package main

import (
	"context"
	"crypto/x509"
	"log/slog"

	"github.com/spvd/spvd/internal/orchestrator"
	"github.com/spvd/spvd/internal/rpc"
	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/settings"
	"github.com/spvd/spvd/spv"
)

// newCertificates returns the certificates of the RPC server, nil without TLS. Clients with a
// certificate of the issuer, if there is one, need no password.
func newCertificates(cfg *settings.Config, issuer *x509.Certificate, log *slog.Logger) (*rpc.Certificates, error) {
	if cfg.NoTLS {
		return nil, nil
	}
	files := rpc.TLSFiles{Cert: cfg.Cert(), Key: cfg.Key(), Renew: cfg.RenewCert, ClientCAs: string(cfg.ClientCAFile), Issuer: issuer}
	for _, h := range cfg.AltDNSNames {
		files.Hosts = append(files.Hosts, string(h))
	}
	return rpc.LoadTLS(files, log)
}

// certificateService returns the service that renews the certificates in time, and shows in the
// status what users should know of them.
func certificateService(certificates *rpc.Certificates, syncer *spv.Syncer) orchestrator.Worker {
	return orchestrator.Worker{Name: "RPC certificates", Serve: func(ctx context.Context) error {
		return certificates.Run(ctx, func(list []api.Warning) {
			warnings := make([]spv.Warning, len(list))
			for i, w := range list {
				warnings[i] = spv.Warning{Code: w.Code, Text: w.Text, Hint: w.Hint}
			}
			syncer.Notify("RPC certificates", warnings...)
		})
	}}
}
