package main

// The subsystems of the log.
const (
	logDaemon = "SPVD"
	logPeer   = "PEER"
	logSync   = "SYNC"
	logWallet = "WLLT"
	logRPC    = "RPCS"
	logPage   = "PAGE"
	logHook   = "HOOK"
	logVotes  = "VOTE"
	logServe  = "SERV"
)

// subsystems returns all subsystems, in the order in which data flows.
func subsystems() []string {
	return []string{logDaemon, logPeer, logSync, logVotes, logWallet, logServe, logRPC, logPage, logHook}
}
