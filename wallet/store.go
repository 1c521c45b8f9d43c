package wallet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/decred/dcrd/chaincfg/v3"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/hd"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/rows"
)

// buckets returns every bucket of the file. Each is described where it is
// declared.
func buckets() [][]byte {
	return [][]byte{
		metaBucket, blocksBucket, ledger.DisapprovedBucket,
		accountsBucket, ledger.ScriptsBucket, preimagesBucket, labelsBucket,
		ledger.MinedBucket, ledger.CommitmentsBucket, ledger.SumsBucket, ledger.TicketsBucket, ledger.AgingBucket, rows.TablesBucket,
		ledger.UnminedBucket, ledger.LocksBucket, jobsBucket,
		anchorsBucket, anchoredBucket, datesBucket,
		ledger.LeftBucket, ledger.TakenBucket,
	}
}

// upToDate reports whether a file has the newest format. Prepare writes nothing then.
func upToDate(tx *bolt.Tx) bool {
	meta := tx.Bucket(metaBucket)
	return meta != nil && bytes.Equal(meta.Get(formatKey), rows.Key(newestFormat()))
}

// prepare checks a file and upgrades one of an older format.
func prepare(tx *bolt.Tx, net *chaincfg.Params) error {
	meta := tx.Bucket(metaBucket)
	if meta == nil {
		return fmt.Errorf("bucket %s is missing: %w", metaBucket, ErrCorrupt)
	}
	network, format := meta.Get(networkKey), meta.Get(formatKey)
	if len(network) != 4 || len(format) != 4 {
		return ErrCorrupt
	}
	if err := upgradeFrom(tx, binary.BigEndian.Uint32(format)); err != nil {
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

// create fills a new file. Birthday is that of accounts and imports which name none.
func create(tx *bolt.Tx, net *chaincfg.Params, birthday Birthday) error {
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
	genesis := block{
		BlockID: consensus.BlockID{Hash: net.GenesisHash},
		time:    uint32(net.GenesisBlock.Header.Timestamp.Unix()),
	}
	meta := tx.Bucket(metaBucket)
	return errors.Join(
		meta.Put(formatKey, rows.Key(newestFormat())),
		meta.Put(networkKey, rows.Key(uint32(net.Net))),
		meta.Put(birthdayKey, appendBirthday(nil, birthday)),
		saveProgress(tx, progress{tip: genesis.BlockID, cursor: genesis.BlockID, common: genesis.BlockID}),
		saveBlocks(tx, nil, []block{genesis}),
	)
}

// loadSnapshot reads what is kept in memory.
func loadSnapshot(tx *bolt.Tx) (*snapshot, error) {
	s := &snapshot{id: tx.ID()}
	var err [7]error
	s.progress, err[0] = loadProgress(tx)
	s.blocks, err[1] = loadBlocks(tx)
	s.accounts, err[2] = loadAccounts(tx)
	s.scripts, err[3] = loadScripts(tx)
	s.jobs, err[4] = loadJobs(tx)
	s.pool, err[5] = ledger.LoadPool(tx)
	s.forgetting, err[6] = loadForgetting(tx)
	if err := errors.Join(err[:]...); err != nil {
		return nil, err
	}
	if err := s.loadAnchors(tx); err != nil {
		return nil, err
	}
	for i := range s.accounts {
		s.accounts[i].Birthday = s.public(s.accounts[i].born)
	}
	for i := range s.scripts {
		s.pays = append(s.pays, s.scripts[i].pay)
	}
	s.full = s.isFull()
	s.waiting = ledger.AnyUnmined(tx)
	return s, s.check()
}

// check holds the rows against each other.
func (s *snapshot) check() error {
	for _, id := range []consensus.BlockID{s.tip, s.cursor, s.common} {
		if b, ok := blockAt(s.blocks, id.Height); !ok || b.BlockID != id {
			return fmt.Errorf("block %d is not remembered: %w", id.Height, ErrCorrupt)
		}
	}
	if s.fresh > s.count() {
		return fmt.Errorf("%d of %d scripts are scanned: %w", s.fresh, s.count(), ErrCorrupt)
	}
	seen := make(map[string]bool, len(s.scripts))
	for i := range s.scripts {
		sc := &s.scripts[i]
		if sc.account != ImportedAccount && (sc.account >= uint32(len(s.accounts)) || sc.branch > hd.Internal) {
			return fmt.Errorf("script %d belongs to no account: %w", i, ErrCorrupt)
		}
		if seen[string(sc.pay)] {
			return fmt.Errorf("script %d is there twice: %w", i, ErrCorrupt)
		}
		seen[string(sc.pay)] = true
	}
	return nil
}

// save stores what differs between a snapshot and the one before it.
func (s *snapshot) save(tx *bolt.Tx, old *snapshot) error {
	if s.forgetting != old.forgetting {
		if err := saveForgetting(tx, s.forgetting); err != nil {
			return err
		}
	}
	if s.progress != old.progress {
		if err := saveProgress(tx, s.progress); err != nil {
			return err
		}
	}
	if !slices.Equal(s.blocks, old.blocks) {
		if err := saveBlocks(tx, old.blocks, s.blocks); err != nil {
			return err
		}
	}
	for i := range s.accounts {
		if seen := s.public(s.accounts[i].born); seen != s.accounts[i].Birthday {
			s.accounts[i].Birthday = seen // only then the accounts are the snapshot's own
		}
		if i < len(old.accounts) && s.accounts[i] == old.accounts[i] {
			continue
		}
		if err := saveAccount(tx, &s.accounts[i]); err != nil {
			return err
		}
	}
	if err := saveJobs(tx, old.jobs, s.jobs, s.forgetting.job); err != nil {
		return err
	}
	if err := s.saveAnchors(tx, old); err != nil {
		return err
	}
	return saveScripts(tx, old.count(), s.scripts[old.count():])
}
