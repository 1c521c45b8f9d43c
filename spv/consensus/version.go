package consensus

import (
	"fmt"

	"github.com/decred/dcrd/wire"
)

// checkVersion checks that a block does not have a version that nearly all of
// the network has left behind: of the newest BlockUpgradeNumToCheck blocks,
// BlockRejectNumRequired have a newer one.
func checkVersion(p *Params, a Ancestors, h *Header) error {
	if h.Version() >= finalVersion(p) || lateVersion(p, h) {
		return nil
	}
	old, ok := majority(p, a, h.Height()-1, h.Version()+1, p.ChainParams.BlockRejectNumRequired)
	switch {
	case !ok:
		return fmt.Errorf("version of block %d: %w", h.Height(), ErrOutOfReach)
	case old:
		return NewRuleError(RuleVersion, h, "want %d or above, got %d", h.Version()+1, h.Version())
	}
	return nil
}

// KnownVersions returns the newest block version, and the newest stake version with a vote,
// that the program knows on a network.
func KnownVersions(p *Params) (block int32, stake uint32) {
	for version := range p.ChainParams.Deployments {
		stake = max(stake, version)
	}
	return finalVersion(p), stake
}

// finalVersion returns the block version that no newer one outdates: later
// versions are upgrades that the rule does not know of. It is the version of the newest vote
// in the chain parameters (dcrd: isOldBlockVersionByMajority).
func finalVersion(p *Params) int32 {
	if p.ChainParams.Net == wire.MainNet {
		return 11
	}
	return 12
}

// lateVersion reports whether a block is one of those that kept their version
// when DCP0005 had outdated it, and were accepted nevertheless: the network
// enforced that only later.
func lateVersion(p *Params, h *Header) bool {
	switch {
	case p.ChainParams.Net == wire.TestNet3:
		return h.Version() == 7 && h.Height() <= 323_282
	case p.ChainParams.Net != wire.MainNet || h.Version() != 6:
		return false
	}
	var known string
	switch h.Height() {
	case 413_762:
		known = "00000000000000002086ed61f62a546f3bfa8f3e567b003f097efa982008c47b"
	case 414_036:
		known = "0000000000000000194fa59310b9e988ecb23de0c716d6e8f1b2aa31d9592387"
	case 424_011:
		known = "0000000000000000317fc6c7a8a6578be7dfa9c96eb81d620050a3732b02d572"
	case 428_809:
		known = "00000000000000003147798ccffcecaa420fb1c7934d8f4e33809a871ee34aaa"
	case 430_191:
		known = "00000000000000002127ad6d4cb30cc16f6344589b417e42650388bb0690a88e"
	default:
		return false
	}
	return h.Hash() == mustHash(known)
}

// majority reports whether at least n of the newest BlockUpgradeNumToCheck
// blocks, the one at the height tip being the last, have at least the version.
// It looks only at as many as it takes to know, and reports false for ok if
// one of them is out of reach.
func majority(p *Params, a Ancestors, tip Height, version int32, n uint64) (is, ok bool) {
	runs, _ := a.(VersionRuns)
	found, left := uint64(0), min(p.ChainParams.BlockUpgradeNumToCheck, uint64(tip+1))
	for h := tip; found < n && found+left >= n; {
		block := a.At(h)
		if block == nil {
			return false, false
		}
		alike := uint64(1)
		if runs != nil {
			alike = min(left, uint64(max(1, runs.VersionRun(h))))
		}
		if block.Version() >= version {
			found += alike
		}
		left -= alike
		h -= Height(alike)
	}
	return found >= n, true
}

// stakeVersionBlocks is the block version that came with stake versions.
const stakeVersionBlocks = 3

// checkStakeVersion checks that the stake version changes only where one of
// its intervals begins. It follows from the votes of the intervals before,
// which headers do not show; within an interval it is the same for all blocks,
// from when the majority that makes it a rule is there.
func checkStakeVersion(p *Params, a Ancestors, h, parent *Header) error {
	sinceVotes := int64(h.Height()) - p.ChainParams.StakeValidationHeight
	if h.StakeVersion() == parent.StakeVersion() || sinceVotes%p.ChainParams.StakeVersionInterval == 0 {
		return nil
	}
	for _, block := range [...]*Header{h, parent} {
		enforced, ok := majority(p, a, block.Height()-1, stakeVersionBlocks, p.ChainParams.BlockEnforceNumRequired)
		switch {
		case !ok:
			return fmt.Errorf("stake version of block %d: %w", h.Height(), ErrOutOfReach)
		case !enforced || block.Version() < stakeVersionBlocks:
			return nil
		}
	}
	return NewRuleError(RuleStakeVersion, h, "want %d, got %d", parent.StakeVersion(), h.StakeVersion())
}
