package api

// ExportVersion is the version of WalletExport that this package describes.
const ExportVersion = 1

// WalletExport is a wallet without what the chain tells: the result of exportwallet, and a
// parameter of importwallet.
type WalletExport struct {
	Version  int               `json:"version"` // ExportVersion
	Network  string            `json:"network"`
	Birthday ExportedBirthday  `json:"birthday"` // of imports that name none
	Accounts []ExportedAccount `json:"accounts"`
	Scripts  []ExportedScript  `json:"scripts"` // that belong to no account
	Labels   map[string]string `json:"labels"`  // by address or transaction hash
	Locks    []LockedOutput    `json:"locks"`
}

// ExportedAccount is an account in a WalletExport.
type ExportedAccount struct {
	Name     string           `json:"name"`
	Xpub     string           `json:"xpub"`
	Gap      uint32           `json:"gap"`
	Birthday ExportedBirthday `json:"birthday"`
	External ExportedBranch   `json:"external"`
	Internal ExportedBranch   `json:"internal"`
}

// ExportedBranch is a branch of an account in a WalletExport.
type ExportedBranch struct {
	Issued  uint32 `json:"issued"`  // addresses handed out, from index 0 on
	Used    uint32 `json:"used"`    // one more than the highest index that was paid
	Watched uint32 `json:"watched"` // addresses searched for, from index 0 on

	// Late are birthdays of addresses that were handed out behind the gap limit, by index.
	Late map[uint32]ExportedBirthday `json:"late,omitempty"`
}

// ExportedScript is an address or script in a WalletExport: one of the first two fields.
type ExportedScript struct {
	Address  string           `json:"address,omitempty"`
	Script   string           `json:"script,omitempty"`   // hex
	Preimage string           `json:"preimage,omitempty"` // hex of the redeem script or public key
	Birthday ExportedBirthday `json:"birthday"`
}

// ExportedBirthday is where the search for payments begins: at the earliest of up to three.
type ExportedBirthday struct {
	Height *int64 `json:"height,omitempty"`

	// Date is in Unix seconds; From is the first height that it includes, once there is one, and
	// FromHash the hash of that block while it may leave the chain.
	Date     int64  `json:"date,omitempty"`
	From     *int64 `json:"from,omitempty"`
	FromHash string `json:"fromhash,omitempty"`

	After *ExportedBlock `json:"after,omitempty"` // the block before it
}

// ExportedBlock is a block in a WalletExport.
type ExportedBlock struct {
	Height int64  `json:"height"`
	Hash   string `json:"hash"`
}

// WalletBackup is the result of backupwallet.
type WalletBackup struct {
	File string `json:"file"`
}
