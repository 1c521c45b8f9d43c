package main

import (
	"strconv"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/peer"
)

// peersPort tells who is connected in the terms of JSON-RPC.
type peersPort struct{ pool *peer.Pool }

// Peers implements rpc.Peers.
func (p peersPort) Peers() []api.PeerInfo {
	infos := p.pool.Infos()
	out := make([]api.PeerInfo, len(infos))
	for i, info := range infos {
		out[i] = peerInfo(info)
	}
	return out
}

// peerInfo translates what is known about one peer. We dial every peer, so
// that none is inbound, and none is a special node for our sync.
func peerInfo(info peer.Info) api.PeerInfo {
	var out api.PeerInfo
	out.ID = int32(info.ID)
	out.Addr = info.Addr
	out.AddrLocal = info.LocalAddr
	out.Services = strconv.FormatUint(info.Services, 10)
	out.LastSend = unix(info.LastSent)
	out.LastRecv = unix(info.LastReceived)
	out.BytesSent = info.BytesSent
	out.BytesRecv = info.BytesReceived
	out.ConnTime = unix(info.Connected)
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
