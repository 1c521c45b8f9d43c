package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/spvd/spvd/internal/certificate"
	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/usage"
)

// States of a finding.
const (
	stateGood = "ok"
	stateWait = "wait" // not complete yet, and nothing is wrong
	stateBad  = "bad"
)

// Limits of good findings.
const (
	// leastFree is the room a first sync of mainnet needs, with a reserve.
	leastFree = 1 << 30

	// clockSlack is how far a block may be ahead of a correct clock.
	clockSlack = 10 * time.Minute
)

// finding is the result of one check of the doctor.
type finding struct {
	Check string `json:"check"`
	State string `json:"state"`
	Text  string `json:"text"`
	Hint  string `json:"hint,omitempty"`
}

// judgeDisk judges the free space where the data is, -1 if it is unknown.
func judgeDisk(free int64) finding {
	switch {
	case free < 0:
		return finding{"disk", stateWait, "The free space is not known here.", ""}
	case free < leastFree:
		return finding{"disk", stateBad, byteSize(uint64(free)) + " are free where the data is.", "Free at least 1 GB, or move the data with --appdata."}
	}
	return finding{"disk", stateGood, byteSize(uint64(free)) + " are free where the data is.", ""}
}

// judgeCertificate judges the file of the daemon's certificate, which holds certs or gave err.
func judgeCertificate(name string, certs []*x509.Certificate, err error, now time.Time) finding {
	const check = "tls"
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return finding{check, stateWait, "There is no certificate " + name + " yet.", "spvd makes it when it starts; with --rpccert, see that the path is right."}
	case errors.Is(err, fs.ErrPermission):
		return finding{check, stateBad, "It cannot be read: " + err.Error() + ".", "Ask the owner of the file for access to it and its directory."}
	case err != nil:
		return finding{check, stateBad, name + ": " + err.Error() + ".", "Remove it together with its key and restart spvd, which makes both again; or restore them."}
	}
	text := name + " " + certificate.Term(certs[0], now)
	expired, soon := certificate.Ended(certs[0], now)
	switch made := certificate.SelfMade(certs[0]); {
	case !soon && !now.Before(certs[0].NotBefore):
		return finding{check, stateGood, text + ".", ""}
	case !soon:
		return finding{check, stateBad, text + ".", "Set this machine's clock."}
	case expired && made:
		return finding{check, stateBad, text + "; spvd has made it.", "Start or restart spvd, which renews it. If the file is a copy, copy the new one."}
	case made:
		return finding{check, stateGood, text + "; spvd has made it and renews it.", ""}
	case expired:
		return finding{check, stateBad, text + ", and spvd has not made it.", "Have its issuer make a new one; spvd reads it without a restart."}
	}
	return finding{check, stateWait, text + ", and spvd has not made it.", "Have its issuer make a new one in time; spvd reads it without a restart."}
}

// judgeStore judges the chain store by the status of the daemon.
func judgeStore(st *api.SyncStatus) finding {
	for _, w := range st.Warnings {
		if w.Code == api.WarningStoreCorrupt {
			return finding{"store", stateBad, w.Text, w.Hint}
		}
	}
	switch {
	case st.Error != "":
		return finding{"store", stateBad, "The sync has ended: " + st.Error, "Restart spvd, and see its log if this comes again."}
	case !st.Initialised:
		return finding{"store", stateWait, "It is being opened.", ""}
	}
	return finding{"store", stateGood, fmt.Sprintf("It holds %s headers.", grouped(st.Tip.Height+1)), ""}
}

// judgeClock judges this machine's clock, which must not be behind the newest block.
func judgeClock(st *api.SyncStatus, now time.Time) finding {
	for _, w := range st.Warnings {
		if w.Code == api.WarningFutureBlock {
			return finding{"clock", stateBad, w.Text, w.Hint}
		}
	}
	clock := now.UTC().Format(time.DateTime) + " UTC"
	if st.Initialised && time.Unix(st.Tip.Time, 0).After(now.Add(clockSlack)) {
		return finding{"clock", stateBad, "It shows " + clock + ", which is before the newest block.", "Set this machine's clock."}
	}
	return finding{"clock", stateGood, "It shows " + clock + ", and no block contradicts it.", ""}
}

// judgeNetwork judges the connections.
func judgeNetwork(peers []api.PeerInfo) finding {
	if len(peers) == 0 {
		return finding{"network", stateBad, "No peer is connected.", "Check the network connection, the firewall, and the connect and proxy options."}
	}
	connected := "1 peer is"
	if n := len(peers); n > 1 {
		connected = usage.Count(n, "peer") + " are"
	}
	best := int64(0)
	for _, p := range peers {
		best = max(best, p.StartingHeight, p.CurrentHeight)
	}
	return finding{"network", stateGood, fmt.Sprintf("%s connected, the highest claims %s.", connected, grouped(best)), ""}
}

// judgeSync repeats the daemon's own judgement.
func judgeSync(st *api.SyncStatus) finding {
	switch {
	case st.Synced:
		return finding{"sync", stateGood, st.Reason, st.Hint}
	case st.Hint != "" || st.Error != "":
		return finding{"sync", stateBad, st.Reason, st.Hint}
	}
	return finding{"sync", stateWait, fmt.Sprintf("%s %s done.", st.Reason, percent(st.Ratio)), "Watch it: spvctl status --watch"}
}
