package settings

// The subsystems of the log.
const (
	LogDaemon = "SPVD"
	LogPeer   = "PEER"
	LogSync   = "SYNC"
	LogWallet = "WLLT"
	LogRPC    = "RPCS"
	LogPage   = "PAGE"
	LogHook   = "HOOK"
	LogVotes  = "VOTE"
	LogServe  = "SERV"
)

// Subsystems returns all subsystems, in the order in which data flows.
func Subsystems() []string {
	return []string{LogDaemon, LogPeer, LogSync, LogVotes, LogWallet, LogServe, LogRPC, LogPage, LogHook}
}
