package metrics

import "github.com/spvd/spvd/internal/rpc/api"

// calls writes the counts of JSON-RPC, of each method that was called.
func (p *printer) calls(list []api.MethodCalls) {
	for _, m := range []struct {
		name, help string
		value      func(api.MethodCalls) float64
	}{
		{"spvd_rpc_calls_total", "The calls of JSON-RPC, by method.", func(c api.MethodCalls) float64 { return float64(c.Calls) }},
		{"spvd_rpc_errors_total", "Those that were answered with an error.", func(c api.MethodCalls) float64 { return float64(c.Errors) }},
		{"spvd_rpc_seconds_total", "The time that they have taken.", func(c api.MethodCalls) float64 { return c.Seconds }},
	} {
		p.headOf("counter", m.name, m.help)
		for _, c := range list {
			p.sample(m.name, m.value(c), label{"method", c.Method})
		}
	}
}

// walletStates returns the states of wallets: each has a sample, also without a wallet.
func walletStates() []string {
	return []string{api.WalletLoaded, api.WalletUnloaded, api.WalletDamaged, api.WalletStopped, api.WalletUnusable}
}

// wallets writes how many wallets there are. Their names are not shown.
func (p *printer) wallets(byState map[string]int) {
	p.head("spvd_wallets", "The wallets of the daemon, by state.")
	for _, state := range walletStates() {
		p.sample("spvd_wallets", float64(byState[state]), label{"state", state})
	}
}
