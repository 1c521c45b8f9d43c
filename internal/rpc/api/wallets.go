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
}
