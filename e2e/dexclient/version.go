package main

import (
	_ "unsafe" // for linkname

	"decred.org/dcrdex/dex"
)

// acceptedVersions are the versions of dcrwallet's JSON-RPC that the client accepts. This
// release of it knows those of dcrwallet 1.7 and 2.0 only, which dcrwallet 5 has left
// behind: it refuses that as it would spvd. All else of the client is as it was released.
//
//go:linkname acceptedVersions decred.org/dcrdex/client/asset/dcr.compatibleWalletRPCVersions
var acceptedVersions []dex.Semver

// ticketVersion is the first version of which the client asks about tickets in SPV mode. It compares
// the minor numbers of different major ones, and so takes 11.0 for older than 9.2.
//
//go:linkname ticketVersion decred.org/dcrdex/client/asset/dcr.vspWithSPVWalletRPCVersion
var ticketVersion dex.Semver

// acceptDcrwallet5 adds the version that dcrwallet 5 and spvd advertise.
func acceptDcrwallet5() {
	acceptedVersions = append(acceptedVersions, dex.Semver{Major: 11})
	ticketVersion = dex.Semver{Major: 11}
}
