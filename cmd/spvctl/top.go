package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/decred/dcrd/wire"
	"github.com/jrick/wsrpc/v2"
	"golang.org/x/sync/errgroup"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/wait"
)

const (
	drawEvery  = 250 * time.Millisecond // how often the size of the terminal is read, and changes are drawn
	askEvery   = 2 * time.Second        // for peers and the list of wallets, which have no notifications
	retryEvery = time.Second            // after a connection was lost

	// refusedRetry is when a refusal by the daemon is asked for again: seldom enough that wrong
	// passwords lock no user out.
	refusedRetry = 10 * time.Second

	// mostWallets is how many wallets are shown: each has a connection of its own.
	mostWallets = 8
)

// Keys.
const ctrlC = 3

// Sequences that switch to a screen of its own, without a cursor, and back.
const (
	enterScreen = "\x1b[?1049h\x1b[?25l\x1b[2J"
	leaveScreen = "\x1b[?25h\x1b[?1049l"
)

func topCommand() command {
	return command{
		name:     "top",
		synopsis: "top",
		summary:  "Show sync, peers, wallets and events live on one screen.",
		help: `
It is kept up to date by subscriptions. Wallets are those the user may use, the first 8 of
them, or with -w the one that is named. While the connection is lost it says so, and
connects again. q or Ctrl-C quits. It needs a terminal; without colours if NO_COLOR is set.
`,
		run: func(ctx context.Context, in *invocation) (int, error) {
			if _, err := in.words(0); err != nil {
				return exitUsage, err
			}
			if in.opts.JSON {
				return exitUsage, usagef("top: --json has no use on a screen (run: spvctl status --forever --json)")
			}
			if in.screen == nil || in.keys == nil {
				return exitError, errors.New("top: standard input and output have to be a terminal that takes control sequences (elsewhere, run: spvctl status --forever)")
			}
			return runTop(ctx, in)
		},
	}
}

// runTop shows the dashboard until the user quits. Without a daemon at first it returns an error;
// later it waits for the daemon.
func runTop(ctx context.Context, in *invocation) (code int, err error) {
	t := &top{invocation: in, news: make(chan func(*dashboard))}
	first, err := t.connect(ctx, in.opts.Wallet)
	if err != nil {
		return exitError, err
	}
	keys, err := in.keys()
	if err != nil {
		first.close()
		return exitError, err
	}
	out := in.drawing()
	fmt.Fprint(out, enterScreen)
	gone := false // the terminal
	defer func() {
		fmt.Fprint(out, leaveScreen)
		if failed := keys.restore(); failed != nil && err == nil && !gone {
			code, err = exitError, fmt.Errorf("restore the terminal: %w", failed)
		}
	}()
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return watchKeys(ctx, keys) })
	g.Go(func() error {
		t.follow(ctx, first)
		return nil
	})
	g.Go(func() error {
		t.draw(ctx, out)
		return nil
	})
	err = g.Wait()
	if gone = errors.Is(err, io.EOF); err != nil && !gone && !errors.Is(err, errQuit) {
		return exitError, err
	}
	return exitOK, nil
}

// errQuit means that the user quits.
var errQuit = errors.New("quit")

// watchKeys returns errQuit when the user quits, io.EOF when the terminal has gone, and nil when ctx
// ends.
func watchKeys(ctx context.Context, keys *keyboard) error {
	for ctx.Err() == nil {
		pressed, err := keys.read()
		if err != nil {
			return fmt.Errorf("read keys: %w", err)
		}
		if slices.ContainsFunc(pressed, func(k byte) bool { return k == 'q' || k == 'Q' || k == ctrlC }) {
			return errQuit
		}
	}
	return nil
}

// top keeps a dashboard up to date.
type top struct {
	*invocation

	// news are changes of the dashboard, which the goroutine that draws makes.
	news chan func(*dashboard)
}

// tell makes a change of the dashboard, unless ctx ends before.
func (t *top) tell(ctx context.Context, change func(*dashboard)) {
	select {
	case t.news <- change:
	case <-ctx.Done():
	}
}

// draw draws the dashboard when it or the size of the terminal has changed, until ctx ends.
func (t *top) draw(ctx context.Context, out io.Writer) {
	var d dashboard
	last := ""
	tick := wait.NewTimer(0)
	defer tick.Stop()
	for {
		select {
		case change := <-t.news:
			change(&d)
			continue
		case <-tick.C():
		case <-ctx.Done():
			return
		}
		on := t.screen()
		if next := frame(topPicture(&d, time.Now(), on), on); next != last {
			fmt.Fprint(out, next)
			last = next
		}
		tick.Reset(drawEvery)
	}
}

// frame returns the sequences that draw rows on a whole screen, each over what was there.
func frame(rows []row, on screen) string {
	var b strings.Builder
	b.WriteString("\x1b[H")
	for i, r := range rows {
		if i > 0 {
			b.WriteString("\n")
		}
		if on.colours && r.style != plain {
			fmt.Fprintf(&b, "\x1b[%sm%s\x1b[0m\x1b[K", r.style, r.text)
			continue
		}
		b.WriteString(r.text + "\x1b[K")
	}
	b.WriteString("\x1b[J")
	return b.String()
}

// link is a connection with notifications.
type link struct {
	*client
	target  *target
	arrived chan notification
	gone    chan struct{} // closed by close: nothing is delivered any longer
	once    sync.Once
}

// notification is a message of a subscription.
type notification struct {
	topic string
	news  json.RawMessage
}

// Notify implements wsrpc.Notifier.
func (l *link) Notify(topic string, params json.RawMessage) error {
	var list []json.RawMessage
	if err := json.Unmarshal(params, &list); err != nil || len(list) != 1 {
		return fmt.Errorf("notification of %s: not one parameter: %w", topic, err)
	}
	select {
	case l.arrived <- notification{topic, list[0]}:
		return nil
	case <-l.gone:
		return errLost
	}
}

// close ends the connection.
func (l *link) close() {
	l.once.Do(func() { close(l.gone) })
	l.client.close()
}

// connect connects to the daemon for a wallet, none if the name is empty. Credentials are read again: a
// daemon that was started again has another cookie.
func (t *top) connect(ctx context.Context, wallet string) (*link, error) {
	opts := *t.opts
	opts.Wallet = wallet
	to, err := opts.target()
	if err != nil {
		return nil, err
	}
	l := &link{target: to, arrived: make(chan notification), gone: make(chan struct{})}
	l.client, err = dial(ctx, to, wsrpc.WithNotifier(l))
	return l, err
}

// follow keeps the dashboard in step with the daemon, over one connection after the other, until ctx
// ends.
func (t *top) follow(ctx context.Context, l *link) {
	for {
		err := t.attend(ctx, l)
		l.close()
		for {
			if ctx.Err() != nil {
				return
			}
			t.tell(ctx, func(d *dashboard) { d.lose(err, time.Now()) })
			if wait.For(ctx, retryAfter(err)) != nil {
				return
			}
			if l, err = t.connect(ctx, t.opts.Wallet); err == nil {
				break
			}
		}
	}
}

// retryAfter returns how long to wait after an error before the next connection.
func retryAfter(err error) time.Duration {
	var refused *api.Error
	if errors.As(err, &refused) {
		return refusedRetry
	}
	return retryEvery
}

// attend follows the daemon over a connection until that or ctx ends.
func (t *top) attend(ctx context.Context, l *link) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return t.listen(ctx, l, "") })
	g.Go(func() error { return t.ask(ctx, l) })
	return g.Wait()
}

// listen delivers the notifications of a connection, of a wallet if the name is not empty, until that
// or ctx ends.
func (t *top) listen(ctx context.Context, l *link, wallet string) error {
	for {
		select {
		case n := <-l.arrived:
			change, err := understand(n, wallet)
			if err != nil {
				return err
			}
			t.tell(ctx, change)
		case <-l.ws.Done():
			return cmp.Or(l.ws.Err(), errLost)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// understand returns what a notification changes.
func understand(n notification, wallet string) (func(*dashboard), error) {
	var change func(*dashboard)
	var err error
	now := time.Now()
	switch n.topic {
	case api.TopicSyncStatus:
		var st api.SyncStatus
		err = json.Unmarshal(n.news, &st)
		change = func(d *dashboard) { d.st = &st }
	case api.TopicBlocks:
		var e api.BlocksEvent
		err = json.Unmarshal(n.news, &e)
		change = func(d *dashboard) { d.blocks(&e, now) }
	case api.TopicTransactions:
		var e api.WalletEvent
		err = json.Unmarshal(n.news, &e)
		change = func(d *dashboard) { d.transactions(wallet, &e, now) }
	case api.TopicJobs:
		var e api.JobsEvent
		err = json.Unmarshal(n.news, &e)
		change = func(d *dashboard) { d.jobs(wallet, &e, now) }
	default:
		change = func(*dashboard) {}
	}
	if err != nil {
		return nil, fmt.Errorf("notification of %s: %w", n.topic, err)
	}
	return change, nil
}

// ask subscribes to what there are notifications of, and asks for the rest again and again, until the
// connection or ctx ends.
func (t *top) ask(ctx context.Context, l *link) error {
	var net wire.CurrencyNet
	if err := l.call(ctx, "getcurrentnet", &net); err != nil {
		return err
	}
	t.tell(ctx, func(d *dashboard) { d.found(l.target.address, networkName(net)) })
	for _, topic := range []string{api.TopicSyncStatus, api.TopicBlocks} {
		if err := l.call(ctx, "subscribe", nil, topic); err != nil {
			return err
		}
	}
	var shown []string
	end := func() {} // of the goroutines for these wallets
	defer func() { end() }()
	for {
		peers, err := peersOf(ctx, l)
		if err != nil {
			return err
		}
		names, err := t.names(ctx, l)
		if err != nil {
			return err
		}
		followed := names[:min(len(names), mostWallets)]
		hidden := len(names) - len(followed)
		t.tell(ctx, func(d *dashboard) { d.peers, d.hidden = peers, hidden })
		if !slices.Equal(followed, shown) {
			end()
			t.tell(ctx, func(d *dashboard) { d.show(followed) })
			shown, end = followed, t.followWallets(ctx, followed)
		}
		if err := wait.For(ctx, askEvery); err != nil {
			return err
		}
	}
}

// peersOf returns the peers; none for a user of wallets, who may not ask for them.
func peersOf(ctx context.Context, l *link) ([]api.PeerInfo, error) {
	var peers []api.PeerInfo
	err := l.call(ctx, peerInfoMethod, &peers)
	var refused *api.Error
	if errors.As(err, &refused) && refused.Code == api.CodeForbidden {
		return nil, nil
	}
	return peers, err
}

// names returns the names of the wallets that are to be shown.
func (t *top) names(ctx context.Context, l *link) ([]string, error) {
	var names []string
	err := l.call(ctx, "listwallets", &names)
	if t.opts.Wallet != "" {
		names = slices.DeleteFunc(names, func(n string) bool { return n != t.opts.Wallet })
	}
	return names, err
}

// followWallets follows wallets, each over a connection of its own, and returns a function that ends
// that.
func (t *top) followWallets(ctx context.Context, names []string) (end func()) {
	ctx, cancel := context.WithCancel(ctx)
	var following sync.WaitGroup
	for _, name := range names {
		following.Go(func() {
			for ctx.Err() == nil {
				err := t.followWallet(ctx, name)
				t.tell(ctx, func(d *dashboard) { d.walletOf(name).trouble = oneLine(err) })
				_ = wait.For(ctx, retryAfter(err))
			}
		})
	}
	return func() {
		cancel()
		following.Wait()
	}
}

// followWallet follows a wallet until its connection or ctx ends, and returns why.
func (t *top) followWallet(ctx context.Context, name string) error {
	l, err := t.connect(ctx, name)
	if err != nil {
		return err
	}
	defer l.close()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return t.listen(ctx, l, name) })
	g.Go(func() error {
		for _, topic := range []string{api.TopicTransactions, api.TopicJobs} {
			if err := l.call(ctx, "subscribe", nil, topic); err != nil {
				return err
			}
		}
		for {
			var b api.Balance
			var jobs []api.Job
			if err := l.call(ctx, "getbalance", &b); err != nil {
				return err
			}
			if err := l.call(ctx, "listjobs", &jobs); err != nil {
				return err
			}
			t.tell(ctx, func(d *dashboard) { d.balance(name, &b, jobs) })
			if err := wait.For(ctx, askEvery); err != nil {
				return err
			}
		}
	})
	return g.Wait()
}
