package api

// WalletPath precedes the name of a wallet in the path of a request for it, POST
// or websocket.
const WalletPath = "/wallet/"

// WalletName is the result of createwallet and loadwallet.
type WalletName struct {
	Name string `json:"name"`
}

// WalletDir is the result of listwalletdir.
type WalletDir struct {
	Wallets []WalletFile `json:"wallets"`
}

// WalletFile is a wallet of the data directory.
type WalletFile struct {
	Name   string `json:"name"`
	Loaded bool   `json:"loaded"`

	// State is one of the Wallet constants, and Trouble the error in the last three.
	State   string `json:"state"`
	Trouble string `json:"trouble,omitempty"`
}

// States of a wallet.
const (
	WalletLoaded   = "loaded"
	WalletUnloaded = "unloaded"
	WalletDamaged  = "damaged"  // its file is damaged, whether it is loaded or not
	WalletStopped  = "stopped"  // loaded, and no longer following the chain after an error
	WalletUnusable = "unusable" // its file cannot be opened for another reason
)
