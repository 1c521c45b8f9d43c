package bench

import "github.com/spvd/spvd/internal/bench/meter"

// The parts that processor time is divided into, in the order of the table.
const (
	partNetwork   = "network"
	partChecksums = "checksums"
	partHeaders   = "header hashes"
	partRules     = "rules"
	partFilters   = "filter proofs"
	partStore     = "store"
)

// partNames returns the names of all parts.
func partNames() []string {
	return []string{partNetwork, partChecksums, partHeaders, partRules, partFilters, partStore, meter.Runtime, meter.Other}
}

// parts lists which function belongs to which part. A sample counts for the innermost
// function in the list, so that a hash counts for its caller, and a write likewise.
func parts() []meter.Rule {
	const module = "github.com/spvd/spvd/"
	return []meter.Rule{
		{Function: module + "peer/internal/conn.(*frameReader).payload", Part: partChecksums},
		{Function: module + "peer.", Part: partNetwork},
		{Function: module + "peer/internal/", Part: partNetwork},
		{Function: module + "spv/consensus.PrepareHeaders", Part: partHeaders},
		{Function: module + "spv/consensus.ProveFilters", Part: partFilters},
		{Function: module + "spv/consensus.CheckContext", Part: partRules},
		{Function: module + "spv/chain.(*Chain).Extend", Part: partRules},
		{Function: module + "spv/chain.(*Chain).extend", Part: partRules},
		{Function: module + "spv/chain.(*Chain).check", Part: partRules},
		{Function: module + "spv/chain.(*Chain).push", Part: partRules},
		{Function: module + "spv/chain.(*Chain).", Part: partStore},
		{Function: module + "spv/chain/internal/store.", Part: partStore},
		{Function: "go.etcd.io/bbolt.", Part: partStore},
	}
}
