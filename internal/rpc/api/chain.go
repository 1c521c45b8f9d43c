package api

// BestBlock is the result of getbestblock.
type BestBlock struct {
	Hash   string `json:"hash"`
	Height int64  `json:"height"`
}

// CFilterV2 is the result of getcfilterv2 in dcrwallet's form.
type CFilterV2 struct {
	BlockHash string `json:"blockhash"`
	Filter    string `json:"filter"` // hex
	Key       string `json:"key"`    // hex, 16 bytes
}
