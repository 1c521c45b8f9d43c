package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/spvd/spvd/internal/certificate"
	"github.com/spvd/spvd/internal/orchestrator"
	"github.com/spvd/spvd/internal/parent"
	"github.com/spvd/spvd/internal/rpc"
	"github.com/spvd/spvd/internal/settings"
	"github.com/spvd/spvd/internal/wait"
)

// parentPipes are the pipes to the program that has started the daemon, and what is reported
// there. Without settings they are none.
type parentPipes struct {
	rx, tx  *parent.Pipe // nil for none
	reports []parent.Message

	// issuer has issued the certificate that is reported; nil for none.
	issuer *x509.Certificate
}

// openParent opens the pipes of the settings, and makes the certificate that is to be reported.
func openParent(cfg *settings.Config) (p *parentPipes, err error) {
	p = &parentPipes{}
	for _, each := range []struct {
		flag   string
		number *uint
		pipe   **parent.Pipe
	}{{"--piperx", cfg.PipeRx, &p.rx}, {"--pipetx", cfg.PipeTx, &p.tx}} {
		if each.number == nil {
			continue
		}
		if *each.pipe, err = parent.Open(uintptr(*each.number)); err != nil {
			return nil, errors.Join(settings.UsageError{Err: fmt.Errorf("%s: %w", each.flag, err)}, p.close())
		}
	}
	if !cfg.IssueClientCert {
		return p, nil
	}
	client, issuer, err := rpc.IssueClientCert(time.Now())
	if err != nil {
		return nil, errors.Join(err, p.close())
	}
	p.issuer = issuer
	p.reports = append(p.reports, parent.Message{Type: parent.ClientCertType, Payload: client})
	return p, nil
}

// close closes the pipes that no service uses.
func (p *parentPipes) close() error {
	var errs []error
	for _, pipe := range []*parent.Pipe{p.rx, p.tx} {
		if pipe != nil {
			errs = append(errs, pipe.Close())
		}
	}
	return errors.Join(errs...)
}

// services returns the services that report, and that stop the daemon when the program has
// closed its pipe.
func (p *parentPipes) services(cfg *settings.Config, addresses []net.Addr, certificates *rpc.Certificates, stop func(), log *slog.Logger) (list []orchestrator.Worker) {
	if cfg.RPCListenerEvents {
		for _, a := range addresses {
			p.reports = append(p.reports, parent.Message{Type: parent.ListenerType, Payload: []byte(a.String())})
		}
	}
	if p.tx != nil {
		list = append(list, orchestrator.Worker{Name: "reports to the parent", Serve: func(ctx context.Context) error { return p.report(ctx, certificates, log) }})
	}
	if p.rx != nil {
		list = append(list, orchestrator.Worker{Name: "end of the parent", Serve: func(ctx context.Context) error { return p.awaitEnd(ctx, stop, log) }})
	}
	return list
}

// reissueEvery is how often the end of the certificate that was reported is checked.
const reissueEvery = time.Hour

// report reports, and keeps the pipe open until ctx ends, so that the program notices the end of
// the daemon. A certificate that soon expires is followed by a new one. What the program does not
// take is logged, and holds up nothing.
func (p *parentPipes) report(ctx context.Context, certificates *rpc.Certificates, log *slog.Logger) error {
	defer p.tx.Close()
	send := func(messages ...parent.Message) {
		if err := p.tx.Send(ctx, messages...); err != nil && ctx.Err() == nil {
			log.Warn("The program that has started spvd gets no reports", "err", err)
		}
	}
	send(p.reports...)
	if p.issuer == nil {
		<-ctx.Done()
		return nil
	}
	for wait.For(ctx, reissueEvery) == nil {
		if _, soon := certificate.Ended(p.issuer, time.Now()); !soon {
			continue
		}
		client, issuer, err := rpc.IssueClientCert(time.Now())
		if err != nil {
			return err
		}
		p.issuer = issuer
		certificates.Trust(issuer)
		log.Info("The certificate of the program that has started spvd is renewed", "until", issuer.NotAfter)
		send(parent.Message{Type: parent.ClientCertType, Payload: client})
	}
	return nil
}

// awaitEnd stops the daemon when the program closes its pipe.
func (p *parentPipes) awaitEnd(ctx context.Context, stop func(), log *slog.Logger) error {
	err := p.rx.AwaitEnd(ctx)
	if ctx.Err() != nil {
		return nil
	}
	log.Info("The program that has started spvd has closed its pipe", "err", err)
	stop()
	<-ctx.Done()
	return nil
}
