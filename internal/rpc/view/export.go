package view

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/txscript/v4/stdscript"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

// Export translates an export of a wallet of a network.
func Export(e *wallet.Export, net *chaincfg.Params) api.WalletExport {
	out := api.WalletExport{
		Version: api.ExportVersion, Network: e.Network, Birthday: exportedBirthday(e.Birthday),
		Accounts: []api.ExportedAccount{}, Scripts: []api.ExportedScript{}, Labels: e.Labels, Locks: []api.LockedOutput{},
	}
	for _, a := range e.Accounts {
		out.Accounts = append(out.Accounts, api.ExportedAccount{
			Name: a.Name, Xpub: a.Xpub, Gap: a.Gap, Birthday: exportedBorn(&a.Born),
			External: exportedBranch(&a.Branches[wallet.External]), Internal: exportedBranch(&a.Branches[wallet.Internal]),
		})
	}
	for _, sc := range e.Scripts {
		one := api.ExportedScript{Preimage: hex.EncodeToString(sc.Preimage), Birthday: exportedBorn(&sc.Born)}
		if one.Address = addressOf(sc.Script, net); one.Address == "" {
			one.Script = hex.EncodeToString(sc.Script)
		}
		out.Scripts = append(out.Scripts, one)
	}
	for i := range e.Locks {
		out.Locks = append(out.Locks, LockedOutput(&e.Locks[i]))
	}
	return out
}

// addressOf returns the address that stands for just this script, or nothing.
func addressOf(script []byte, net *chaincfg.Params) string {
	_, list := stdscript.ExtractAddrs(0, script, net)
	if len(list) != 1 {
		return ""
	}
	if _, pay := list[0].PaymentScript(); !bytes.Equal(pay, script) {
		return ""
	}
	return list[0].String()
}

func exportedBranch(b *wallet.ExportedBranch) api.ExportedBranch {
	out := api.ExportedBranch{Issued: b.Issued, Used: b.Used, Watched: b.Watched}
	if len(b.Late) > 0 {
		out.Late = make(map[uint32]api.ExportedBirthday, len(b.Late))
	}
	for index, born := range b.Late {
		out.Late[index] = exportedBorn(&born)
	}
	return out
}

func exportedBorn(b *wallet.Born) api.ExportedBirthday {
	out := api.ExportedBirthday{Height: someHeight(b.Height)}
	if !b.Date.IsZero() {
		out.Date, out.From = b.Date.Unix(), someHeight(b.From)
		if b.FromHash != (chainhash.Hash{}) {
			out.FromHash = b.FromHash.String()
		}
	}
	if b.After.Hash != (chainhash.Hash{}) {
		out.After = &api.ExportedBlock{Height: int64(b.After.Height), Hash: b.After.Hash.String()}
	}
	return out
}

// exportedBirthday translates the birthday of imports, which has one part.
func exportedBirthday(b wallet.Birthday) api.ExportedBirthday {
	if !b.Time.IsZero() {
		return api.ExportedBirthday{Date: b.Time.Unix()}
	}
	return api.ExportedBirthday{Height: someHeight(b.Height)}
}

// someHeight returns a height, nil for consensus.Never.
func someHeight(h consensus.Height) *int64 {
	if h == consensus.Never {
		return nil
	}
	n := int64(h)
	return &n
}

// LockedOutput translates a locked output.
func LockedOutput(l *wallet.LockedOutput) api.LockedOutput {
	out := api.LockedOutput{OutPoint: api.OutPoint{TxID: l.Hash.String(), Vout: l.Index, Tree: l.Tree}, Amount: api.Amount(l.Amount)}
	if !l.Until.IsZero() {
		out.Until = l.Until.Unix()
	}
	return out
}

// ParseExport translates what Export returns back. The error is for users; it repeats no text
// of the export, which may be a key.
func ParseExport(in *api.WalletExport, net *chaincfg.Params) (*wallet.Export, error) {
	if in.Version != api.ExportVersion {
		return nil, fmt.Errorf("version %d of exports is not %d, the one that this spvd knows", in.Version, api.ExportVersion)
	}
	e := &wallet.Export{Network: in.Network, Labels: in.Labels}
	if in.Birthday.Date != 0 {
		e.Birthday.Time = time.Unix(in.Birthday.Date, 0)
	} else if h := in.Birthday.Height; h != nil && *h >= 0 && *h < int64(consensus.Never) {
		e.Birthday.Height = consensus.Height(*h)
	}
	for i, a := range in.Accounts {
		one := wallet.ExportedAccount{Name: a.Name, Xpub: a.Xpub, Gap: a.Gap}
		var errs [3]error
		one.Born, errs[0] = parseBorn(&a.Birthday)
		one.Branches[wallet.External], errs[1] = parseBranch(&a.External)
		one.Branches[wallet.Internal], errs[2] = parseBranch(&a.Internal)
		if err := errors.Join(errs[:]...); err != nil {
			return nil, fmt.Errorf("account %d: %w", i+1, err)
		}
		e.Accounts = append(e.Accounts, one)
	}
	for i := range in.Scripts {
		one, err := parseScript(&in.Scripts[i], net)
		if err != nil {
			return nil, fmt.Errorf("script %d: %w", i+1, err)
		}
		e.Scripts = append(e.Scripts, one)
	}
	for i, l := range in.Locks {
		hash, err := parseHash(l.TxID)
		if err != nil {
			return nil, fmt.Errorf("lock %d: %w", i+1, err)
		}
		lock := wallet.LockedOutput{OutPoint: wire.OutPoint{Hash: hash, Index: l.Vout, Tree: l.Tree}}
		if l.Until != 0 {
			lock.Until = time.Unix(l.Until, 0)
		}
		e.Locks = append(e.Locks, lock)
	}
	return e, nil
}

func parseScript(in *api.ExportedScript, net *chaincfg.Params) (out wallet.ExportedScript, err error) {
	if (in.Address == "") == (in.Script == "") {
		return out, errors.New("it has to have either an address or a script")
	}
	if in.Script != "" {
		if out.Script, err = hex.DecodeString(in.Script); err != nil {
			return out, errors.New("it is not hex")
		}
	} else {
		addr, err := stdaddr.DecodeAddress(in.Address, net)
		if err != nil {
			return out, fmt.Errorf("its address is not one of %s", net.Name)
		}
		_, out.Script = addr.PaymentScript()
	}
	if out.Preimage, err = hex.DecodeString(in.Preimage); err != nil {
		return out, errors.New("its preimage is not hex")
	}
	if len(out.Preimage) == 0 {
		out.Preimage = nil
	}
	out.Born, err = parseBorn(&in.Birthday)
	return out, err
}

func parseBranch(in *api.ExportedBranch) (wallet.ExportedBranch, error) {
	out := wallet.ExportedBranch{Window: wallet.Window{Issued: in.Issued, Used: in.Used}, Watched: in.Watched, Late: make(map[uint32]wallet.Born)}
	for index, born := range in.Late {
		var err error
		if out.Late[index], err = parseBorn(&born); err != nil {
			return out, fmt.Errorf("address %d: %w", index, err)
		}
	}
	return out, nil
}

func parseBorn(in *api.ExportedBirthday) (wallet.Born, error) {
	out := wallet.Born{Height: consensus.Never, From: consensus.Never}
	for _, part := range []struct {
		from *int64
		to   *consensus.Height
	}{{in.Height, &out.Height}, {in.From, &out.From}} {
		if part.from == nil {
			continue
		}
		if *part.from < 0 || *part.from >= int64(consensus.Never) {
			return out, fmt.Errorf("%d is no height", *part.from)
		}
		*part.to = consensus.Height(*part.from)
	}
	if in.Date != 0 {
		out.Date = time.Unix(in.Date, 0)
	}
	if in.FromHash != "" {
		hash, err := parseHash(in.FromHash)
		if err != nil {
			return out, errors.New("the block at its date is not one")
		}
		out.FromHash = hash
	}
	if in.After != nil {
		hash, err := parseHash(in.After.Hash)
		if err != nil || in.After.Height < 0 || in.After.Height >= int64(consensus.Never) {
			return out, errors.New("its block is not one")
		}
		out.After = consensus.BlockID{Height: consensus.Height(in.After.Height), Hash: hash}
	}
	return out, nil
}

func parseHash(text string) (chainhash.Hash, error) {
	hash, err := chainhash.NewHashFromStr(text)
	if err != nil || len(text) != hex.EncodedLen(chainhash.HashSize) {
		return chainhash.Hash{}, errors.New("it is not a hash of 64 hex digits")
	}
	return *hash, nil
}
