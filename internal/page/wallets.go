package page

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/spvd/spvd/internal/rpc/api"
)

const (
	walletsOnPage = 10 // wallets that are shown at once
	lastPayments  = 5  // transactions of each wallet
	lastJobs      = 5  // jobs of each wallet
)

// userView is what a user sees besides the status.
type userView struct {
	Name    string
	Wallets []walletView
	Trouble string // why the wallets cannot be listed

	// Page is the number of the page with the Wallets, from 1 on, and Pages how many there are.
	Page, Pages int

	// status is the status with the warnings for this user; nil if it is not known.
	status *api.SyncStatus
}

// Before and After return the numbers of the pages beside this one, 0 for none.
func (u *userView) Before() int { return u.Page - 1 }

// After is described at Before.
func (u *userView) After() int {
	if u.Page >= u.Pages {
		return 0
	}
	return u.Page + 1
}

// walletView is a wallet as the page shows it.
type walletView struct {
	Name    string
	Trouble string                  // what is wrong with it; empty if nothing is
	Balance *api.Balance            // nil if it is not known
	Lines   []api.ListedTransaction // newest first
	Jobs    []api.Job               // newest first
}

// figure is an amount with its name.
type figure struct {
	Name   string
	Amount api.Amount
}

// Figures returns the sums of the wallet: the first two always, others unless they are zero.
func (w *walletView) Figures() []figure {
	b := w.Balance
	list := []figure{{"Spendable", b.TotalSpendable}, {"Total", b.CumulativeTotal}}
	for _, f := range []figure{
		{"Not confirmed", b.TotalUnconfirmed}, {"Immature rewards", b.TotalImmatureCoinbase + b.TotalImmatureStake}, {"In tickets", b.TotalLockedByTickets},
	} {
		if f.Amount != 0 {
			list = append(list, f)
		}
	}
	return list
}

// shownPage returns the number of the page with wallets that a request is for.
func shownPage(r *http.Request) int {
	n, err := strconv.Atoi(r.URL.Query().Get("wallets"))
	if err != nil {
		return 1
	}
	return n
}

// userView asks for what the user of a session may see, in the user's name, of the wallets on a
// page. Without a session it is nil.
func (s *Server) userView(ctx context.Context, of *session, page int) *userView {
	if of == nil {
		return nil
	}
	v := &userView{Name: of.name, Page: 1, Pages: 1}
	var st api.SyncStatus
	if of.user.Call(ctx, "", "syncstatus", &st) == nil {
		v.status = &st
	}
	var list []api.WalletFile
	if err := of.user.Call(ctx, "", "listwallets", &list, true); err != nil {
		v.Trouble = s.trouble(err)
		return v
	}
	v.Pages = max(1, (len(list)+walletsOnPage-1)/walletsOnPage)
	v.Page = min(max(page, 1), v.Pages)
	list = list[(v.Page-1)*walletsOnPage:]
	for _, f := range list[:min(len(list), walletsOnPage)] {
		v.Wallets = append(v.Wallets, s.walletView(ctx, of, f))
	}
	return v
}

// walletView asks for what the page shows of a wallet.
func (s *Server) walletView(ctx context.Context, of *session, f api.WalletFile) walletView {
	w := walletView{Name: f.Name, Trouble: sentence(f.Trouble)}
	if !f.Loaded {
		w.Trouble = cmp.Or(w.Trouble, "This wallet is not loaded.")
		return w
	}
	var balance api.Balance
	err := of.user.Call(ctx, f.Name, "getbalance", &balance)
	if err == nil {
		err = of.user.Call(ctx, f.Name, "listtransactions", &w.Lines, "*", lastPayments)
	}
	if err == nil {
		err = of.user.Call(ctx, f.Name, "listjobs", &w.Jobs)
	}
	if err != nil {
		return walletView{Name: f.Name, Trouble: s.trouble(err)}
	}
	w.Balance = &balance
	slices.Reverse(w.Jobs)
	w.Jobs = w.Jobs[:min(len(w.Jobs), lastJobs)]
	return w
}

// trouble returns an error for the user. What is no answer of a method is for the log.
func (s *Server) trouble(err error) string {
	var answer *api.Error
	if errors.As(err, &answer) {
		return sentence(answer.Message)
	}
	s.cfg.Log.Error("Wallets not shown on the status page", "err", err)
	return "This could not be read; the daemon's log has the details."
}
