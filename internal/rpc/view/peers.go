package view

import (
	"strconv"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/peer"
)

// Peers translates the descriptions of peers, in their order. The list is not nil.
func Peers(infos []peer.Info) []api.PeerInfo {
	out := make([]api.PeerInfo, len(infos))
	for i := range infos {
		out[i] = peerInfo(&infos[i])
	}
	return out
}

// peerInfo translates the description of one peer. All peers are dialled, so none is inbound,
// and none is a special node for the sync.
func peerInfo(info *peer.Info) api.PeerInfo {
	var out api.PeerInfo
	out.ID = int32(info.ID)
	out.Addr = info.Addr
	out.AddrLocal = info.LocalAddr
	out.Services = strconv.FormatUint(info.Services, 10)
	out.LastSend = Unix(info.LastSent)
	out.LastRecv = Unix(info.LastReceived)
	out.BytesSent = info.BytesSent
	out.BytesRecv = info.BytesReceived
	out.ConnTime = Unix(info.Connected)
	out.PingTime = float64(info.Ping) / float64(time.Microsecond)
	out.PingWait = float64(info.PingWait) / float64(time.Microsecond)
	out.RelayTxes = info.WantsTx
	out.TimeOffset = int64(info.TimeOffset / time.Second)
	out.Version = info.Version
	out.SubVer = info.UserAgent
	out.StartingHeight = int64(info.StartingHeight)
	out.CurrentHeight = int64(info.Height)
	out.BanScore = int32(info.Score)
	out.Role = info.Role.String()
	out.Rate = int64(info.Rate)
	out.InFlight, out.InFlightBytes = info.Requests, info.RequestBytes
	if info.LastReason != 0 {
		out.LastReason = info.LastReason.String()
	}
	return out
}

// Bans translates bans; the time that remains is measured at now. The list is not nil.
func Bans(bans []peer.Ban, now time.Time) []api.Ban {
	out := make([]api.Ban, len(bans))
	for i, b := range bans {
		out[i] = api.Ban{
			Address:       b.Addr,
			BanCreated:    Unix(b.At),
			BannedUntil:   Unix(b.Until),
			BanDuration:   int64(b.Until.Sub(b.At) / time.Second),
			TimeRemaining: int64(b.Until.Sub(now) / time.Second),
			Reason:        b.Reason.String(),
			Evidence:      b.Evidence,
		}
	}
	return out
}
