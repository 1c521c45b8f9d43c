package state

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/decred/dcrd/chaincfg/v3"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/birthday"
	"github.com/spvd/spvd/wallet/internal/hd"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/remembered"
	"github.com/spvd/spvd/wallet/internal/rows"
)

// The labels bucket. Keys are what is labelled: an address, or a transaction
// hash in its usual hex form. Values are UTF-8 text.
var LabelsBucket = []byte("labels")

// buckets returns every bucket of the file. Each is described where it is
// declared.
func buckets() [][]byte {
	return [][]byte{
		MetaBucket, blocksBucket, ledger.DisapprovedBucket,
		accountsBucket, ledger.ScriptsBucket, PreimagesBucket, LabelsBucket,
		ledger.MinedBucket, ledger.CommitmentsBucket, ledger.SumsBucket, ledger.TicketsBucket, ledger.AgingBucket, rows.TablesBucket,
		ledger.UnminedBucket, ledger.LocksBucket, JobsBucket,
		anchorsBucket, anchoredBucket, datesBucket,
		ledger.LeftBucket, ledger.TakenBucket,
	}
}

// UpToDate reports whether a file has the newest format. Prepare writes nothing then.
func UpToDate(tx *bolt.Tx) bool {
	meta := tx.Bucket(MetaBucket)
	return meta != nil && bytes.Equal(meta.Get(FormatKey), rows.Key(NewestFormat()))
}

// Prepare checks a file and upgrades one of an older format.
func Prepare(tx *bolt.Tx, net *chaincfg.Params) error {
	meta := tx.Bucket(MetaBucket)
	if meta == nil {
		return fmt.Errorf("bucket %s is missing: %w", MetaBucket, ErrCorrupt)
	}
	network, format := meta.Get(NetworkKey), meta.Get(FormatKey)
	if len(network) != 4 || len(format) != 4 {
		return ErrCorrupt
	}
	if err := UpgradeFrom(tx, binary.BigEndian.Uint32(format)); err != nil {
		return err
	}
	if binary.BigEndian.Uint32(network) != uint32(net.Net) {
		return fmt.Errorf("%w than %s", ErrOtherNetwork, net.Name)
	}
	for _, name := range buckets() {
		if tx.Bucket(name) == nil {
			return fmt.Errorf("bucket %s is missing: %w", name, ErrCorrupt)
		}
	}
	for _, kind := range ledger.Tables() {
		if _, err := rows.OpenTable(tx, kind); err != nil {
			return err
		}
	}
	return nil
}

// Create fills a new file. Birthday is that of accounts and imports which name none.
func Create(tx *bolt.Tx, net *chaincfg.Params, birthday birthday.Birthday) error {
	for _, name := range buckets() {
		if _, err := tx.CreateBucket(name); err != nil {
			return err
		}
	}
	for _, kind := range ledger.Tables() {
		if err := rows.NewTable(tx, kind); err != nil {
			return err
		}
	}
	genesis := remembered.Block{
		BlockID: consensus.BlockID{Hash: net.GenesisHash},
		Time:    uint32(net.GenesisBlock.Header.Timestamp.Unix()),
	}
	meta := tx.Bucket(MetaBucket)
	return errors.Join(
		meta.Put(FormatKey, rows.Key(NewestFormat())),
		meta.Put(NetworkKey, rows.Key(uint32(net.Net))),
		meta.Put(BirthdayKey, appendBirthday(nil, birthday)),
		saveProgress(tx, Progress{Tip: genesis.BlockID, Cursor: genesis.BlockID, Common: genesis.BlockID}),
		saveBlocks(tx, nil, []remembered.Block{genesis}),
	)
}

// LoadSnapshot reads what is kept in memory.
func LoadSnapshot(tx *bolt.Tx) (*Snapshot, error) {
	s := &Snapshot{ID: tx.ID()}
	var err [7]error
	s.Progress, err[0] = loadProgress(tx)
	s.Blocks, err[1] = loadBlocks(tx)
	s.Accounts, err[2] = loadAccounts(tx)
	s.Scripts, err[3] = loadScripts(tx)
	s.Jobs, err[4] = loadJobs(tx)
	s.Pool, err[5] = ledger.LoadPool(tx)
	s.Forgetting, err[6] = loadForgetting(tx)
	if err := errors.Join(err[:]...); err != nil {
		return nil, err
	}
	if err := s.loadAnchors(tx); err != nil {
		return nil, err
	}
	for i := range s.Accounts {
		s.Accounts[i].Birthday = s.Birthdays.Public(s.Accounts[i].Born)
	}
	for i := range s.Scripts {
		s.Pays = append(s.Pays, s.Scripts[i].Pay)
	}
	s.Full = s.isFull()
	if err := s.loadWaiting(tx); err != nil {
		return nil, err
	}
	return s, s.check()
}

// check holds the rows against each other.
func (s *Snapshot) check() error {
	for _, id := range []consensus.BlockID{s.Tip, s.Cursor, s.Common} {
		if b, ok := remembered.At(s.Blocks, id.Height); !ok || b.BlockID != id {
			return fmt.Errorf("block %d is not remembered: %w", id.Height, ErrCorrupt)
		}
	}
	if s.Fresh > s.Count() {
		return fmt.Errorf("%d of %d scripts are scanned: %w", s.Fresh, s.Count(), ErrCorrupt)
	}
	seen := make(map[string]bool, len(s.Scripts))
	for i := range s.Scripts {
		sc := &s.Scripts[i]
		if sc.Account != ImportedAccount && (sc.Account >= uint32(len(s.Accounts)) || sc.Branch > hd.Internal) {
			return fmt.Errorf("script %d belongs to no account: %w", i, ErrCorrupt)
		}
		if seen[string(sc.Pay)] {
			return fmt.Errorf("script %d is there twice: %w", i, ErrCorrupt)
		}
		seen[string(sc.Pay)] = true
	}
	return nil
}

// Save stores what differs between a snapshot and the one before it.
func (s *Snapshot) Save(tx *bolt.Tx, old *Snapshot) error {
	if s.Forgetting != old.Forgetting {
		if err := saveForgetting(tx, s.Forgetting); err != nil {
			return err
		}
	}
	if s.Waiting != old.Waiting {
		if err := saveWaiting(tx, s.Waiting); err != nil {
			return err
		}
	}
	if s.Progress != old.Progress {
		if err := saveProgress(tx, s.Progress); err != nil {
			return err
		}
	}
	if !slices.Equal(s.Blocks, old.Blocks) {
		if err := saveBlocks(tx, old.Blocks, s.Blocks); err != nil {
			return err
		}
	}
	for i := range s.Accounts {
		if seen := s.Birthdays.Public(s.Accounts[i].Born); seen != s.Accounts[i].Birthday {
			s.Accounts[i].Birthday = seen // only then the accounts are the snapshot's own
		}
		if i < len(old.Accounts) && s.Accounts[i] == old.Accounts[i] {
			continue
		}
		if err := saveAccount(tx, &s.Accounts[i]); err != nil {
			return err
		}
	}
	if err := saveJobs(tx, old.Jobs, s.Jobs, s.Forgetting.Job); err != nil {
		return err
	}
	if err := s.saveAnchors(tx, old); err != nil {
		return err
	}
	return saveScripts(tx, old.Count(), s.Scripts[old.Count():])
}
