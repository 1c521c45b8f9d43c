package api

// BestBlock is the result of getbestblock.
type BestBlock struct {
	Hash   string `json:"hash"`
	Height int64  `json:"height"`
}

// CFilterV2 is the result of getcfilterv2 in dcrwallet's form, with the fields of dcrd's form
// added.
type CFilterV2 struct {
	BlockHash string `json:"blockhash"`
	Filter    string `json:"filter"` // hex
	Key       string `json:"key"`    // hex, 16 bytes

	// Data is the filter once more. The proof is that of the only commitment
	// there is in a header (DCP0005): it has no siblings.
	Data        string   `json:"data"`
	ProofIndex  uint32   `json:"proofindex"`
	ProofHashes []string `json:"proofhashes"`
}
