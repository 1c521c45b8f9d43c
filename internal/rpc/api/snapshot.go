package api

// Snapshot is the result of getsnapshotinfo.
type Snapshot struct {
	// Directory is where the snapshot is written; empty if none is.
	Directory string `json:"directory"`

	// LastBlock is the height of the last block in it, -1 while it has no segment, and Size
	// the size of its files in bytes, without the manifest.
	LastBlock int64 `json:"lastblock"`
	Size      int64 `json:"size"`

	// Trouble says why nothing is written at the moment; left out while there is no trouble.
	Trouble string `json:"trouble,omitempty"`

	// Segments are the segments in it, from the genesis block on.
	Segments []SnapshotSegment `json:"segments"`
}

// SnapshotSegment is a segment of a snapshot.
type SnapshotSegment struct {
	First int64  `json:"first"` // height of the first block
	Last  int64  `json:"last"`  // height of the last one
	Hash  string `json:"hash"`  // of that

	// HeadersSize and FiltersSize are the sizes of the files in bytes, the others their
	// SHA-256.
	HeadersSize   int64  `json:"headerssize"`
	HeadersSHA256 string `json:"headerssha256"`
	FiltersSize   int64  `json:"filterssize"`
	FiltersSHA256 string `json:"filterssha256"`

	// State is verified if the files were written by this process, or were compared with
	// its chain; listed before that.
	State string `json:"state"`
}
