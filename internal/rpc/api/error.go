package api

import "strconv"

// Code says what kind of failure an error is. The numbers are those of the
// JSON-RPC specification and of dcrd and dcrwallet.
type Code int

// The codes of the daemon's errors.
const (
	CodeParse          Code = -32700 // the request is not JSON
	CodeInvalidRequest Code = -32600 // JSON, but not a request
	CodeNoMethod       Code = -32601 // no such method
	CodeParams         Code = -32602 // wrong number, names or types of parameters
	CodeInternal       Code = -32603 // a fault of the daemon
	CodeMisc           Code = -1     // anything no other code fits
	CodeWallet         Code = -4     // the wallet refuses
	CodeNotFound       Code = -5     // no such block, transaction or address
	CodeFunds          Code = -6     // not enough coins
	CodeInvalid        Code = -8     // a parameter of the right type with a wrong value
	CodeNoPeers        Code = -9     // a peer is needed and none is connected
	CodeAccount        Code = -11    // no account of that name
	CodeSyncing        Code = -10    // the answer needs data the sync has not brought yet
	CodeNoWallet       Code = -18    // there is no such wallet, or it is not loaded
	CodeHex            Code = -22    // bad hex, or bytes that do not decode
	CodeRejected       Code = -25    // refused by a rule
	CodeForbidden      Code = -32001 // the read-only user may not call this
)

// Error is a JSON-RPC error. Message is one sentence and the next step.
type Error struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
}

// Error returns the message and the code.
func (e *Error) Error() string { return e.Message + " (code " + strconv.Itoa(int(e.Code)) + ")" }

// CodeInfo describes a code.
type CodeInfo struct {
	Code    Code
	Name    string
	Meaning string
}

// Codes returns what each code means, those of the protocol first.
func Codes() []CodeInfo {
	return []CodeInfo{
		{CodeParse, "Parse", "the request is not JSON"},
		{CodeInvalidRequest, "InvalidRequest", "the request is JSON, but not a request"},
		{CodeNoMethod, "NoMethod", "there is no such method"},
		{CodeParams, "Params", "wrong number, names or types of parameters"},
		{CodeInternal, "Internal", "a fault of the daemon, explained in its log"},
		{CodeMisc, "Misc", "given up: it took too long, or the daemon is stopping"},
		{CodeWallet, "Wallet", "the wallet refuses, or there is none"},
		{CodeNotFound, "NotFound", "no such block, transaction or address"},
		{CodeFunds, "Funds", "the wallet has not enough coins that can be spent"},
		{CodeInvalid, "Invalid", "a parameter has a value that does not exist or is refused"},
		{CodeNoPeers, "NoPeers", "a peer is needed and none is connected"},
		{CodeAccount, "Account", "there is no account of that name"},
		{CodeSyncing, "Syncing", "the answer needs data that the sync has not brought yet"},
		{CodeNoWallet, "NoWallet", "there is no wallet of that name, or it is not loaded"},
		{CodeHex, "Hex", "not the hex of what it should be"},
		{CodeRejected, "Rejected", "a transaction that cannot be mined"},
		{CodeForbidden, "Forbidden", "the user may not call this method, or not use this wallet"},
	}
}
