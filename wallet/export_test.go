package wallet

import (
	"errors"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
)

// goodExport is an export that can be imported.
func goodExport(t *testing.T) *Export {
	t.Helper()
	born := Born{Height: 3, From: consensus.Never}
	window := ExportedBranch{Window: Window{Issued: 50}, Watched: 50, Late: map[uint32]Born{45: {Height: 9, From: consensus.Never}}}
	return &Export{
		Network: "simnet", Birthday: Birthday{Height: 2},
		Accounts: []ExportedAccount{{Name: "a", Xpub: testXpub(t, 1), Gap: 20, Born: born, Branches: [2]ExportedBranch{
			window, {Watched: 40, Late: map[uint32]Born{}}}}},
		Scripts: []ExportedScript{{Script: []byte{0x51}, Born: born}},
		Labels:  map[string]string{"2a00000000000000000000000000000000000000000000000000000000000000": "rent"},
		Locks:   []LockedOutput{{OutPoint: wire.OutPoint{Index: 1}}, {OutPoint: wire.OutPoint{Index: 2}, Until: time.Unix(1<<32, 0).UTC()}},
	}
}

// TestImportWallet: what is imported is exported again, a bad export changes nothing, and leaves
// no file.
func TestImportWallet(t *testing.T) {
	set := NewSet(SetConfig{Dir: filepath.Join(t.TempDir(), "wallets"), Params: consensus.SimNet()})
	defer set.Close()
	for name, tt := range map[string]struct {
		want  error
		spoil func(e *Export)
	}{
		"network":          {ErrBadExport, func(e *Export) { e.Network = "mainnet" }},
		"birthday":         {ErrBadExport, func(e *Export) { e.Birthday.Height = -1 }},
		"gap":              {ErrGapLimit, func(e *Export) { e.Accounts[0].Gap = 0 }},
		"key":              {ErrBadKey, func(e *Export) { e.Accounts[0].Xpub = "spub" }},
		"name":             {ErrBadName, func(e *Export) { e.Accounts[0].Name = ImportedName }},
		"no birthday":      {ErrBadExport, func(e *Export) { e.Accounts[0].Born.Height = consensus.Never }},
		"negative":         {ErrBadExport, func(e *Export) { e.Scripts[0].Born.After.Height = -1 }},
		"date":             {ErrBadExport, func(e *Export) { e.Scripts[0].Born.Date = time.Unix(-5, 0) }},
		"twice":            {ErrDuplicate, func(e *Export) { e.Accounts = append(e.Accounts, e.Accounts[0]) }},
		"key twice":        {ErrDuplicate, func(e *Export) { e.Accounts = append(e.Accounts, e.Accounts[0]); e.Accounts[1].Name = "b" }},
		"too many":         {ErrFull, func(e *Export) { e.Accounts[0].Branches[1].Watched = 1 << 31 }},
		"used":             {ErrBadExport, func(e *Export) { e.Accounts[0].Branches[1].Used = 1 << 31 }},
		"late":             {ErrBadExport, func(e *Export) { e.Accounts[0].Branches[0].Late[50] = e.Scripts[0].Born }},
		"no script":        {ErrBadScript, func(e *Export) { e.Scripts[0].Script = nil }},
		"preimage":         {ErrBadExport, func(e *Export) { e.Scripts[0].Preimage = []byte{1} }},
		"account's script": {ErrBadExport, func(e *Export) { _, pay := testKey(1, 5); e.Scripts[0].Script = []byte(pay) }},
		"label":            {ErrBadLabel, func(e *Export) { e.Labels["2b00000000000000000000000000000000000000000000000000000000000000"] = "a\nb" }},
		"labelled":         {ErrBadAddress, func(e *Export) { e.Labels["nonsense"] = "a" }},
		"tree":             {ErrBadExport, func(e *Export) { e.Locks[0].Tree = 2 }},
	} {
		e := goodExport(t)
		tt.spoil(e)
		if err := set.ImportWallet(t.Context(), "one", e); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", name, err, tt.want)
		}
	}
	if list, err := set.List(); len(list) != 0 {
		t.Fatalf("%d wallets are left (%v)", len(list), err)
	}
	if err := set.ImportWallet(t.Context(), "one", goodExport(t)); err != nil {
		t.Fatal(err)
	}
	x, err := set.Wallet("one")
	if err != nil {
		t.Fatal(err)
	}
	got, err := x.Export(t.Context())
	if err := errors.Join(err, x.Check(t.Context())); err != nil || !reflect.DeepEqual(got, goodExport(t)) {
		t.Errorf("it exports\n%+v, not\n%+v (%v)", got, goodExport(t), err)
	}
}

// TestImportIntoAWallet: scripts, labels and locks are added to a wallet that is there; its
// labels stay.
func TestImportIntoAWallet(t *testing.T) {
	set := NewSet(SetConfig{Dir: filepath.Join(t.TempDir(), "wallets"), Params: consensus.SimNet()})
	defer set.Close()
	if err := set.ImportWallet(t.Context(), "one", goodExport(t)); err != nil {
		t.Fatal(err)
	}
	more := goodExport(t)
	more.Accounts = nil
	more.Scripts = append(more.Scripts, ExportedScript{Script: []byte{0x52}, Born: Born{Height: 7, From: consensus.Never}})
	more.Scripts[0].Born.Height = 1 // older than before
	for subject := range more.Labels {
		more.Labels[subject] = "food"
	}
	if err := set.ImportWallet(t.Context(), "one", more); err != nil {
		t.Fatal(err)
	}
	x, err := set.Wallet("one")
	if err != nil {
		t.Fatal(err)
	}
	want := goodExport(t)
	want.Scripts = more.Scripts
	got, err := x.Export(t.Context())
	if err := errors.Join(err, x.Check(t.Context())); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("it exports\n%+v, not\n%+v (%v)", got, want, err)
	}
}
