package spv

import (
	"fmt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/filtersync"
)

// Codes of the warnings about early filters, those below DCP0005.
const (
	codeEarlyWrong    = "early-filters-wrong"    // they do not fit, and peers are compared
	codeEarlyUnproven = "early-filters-unproven" // they do not fit, and are used
)

// earlyRange names the early filters for users.
func earlyRange(params *consensus.Params) string {
	return fmt.Sprintf("1–%s", grouped(params.DCP0005-1))
}

// warnOfEarly warns of what was found out about the early filters, or ends such a warning.
func (r *run) warnOfEarly() {
	for _, f := range r.filters.Found() {
		switch f {
		case filtersync.Wrong:
			r.warn(codeEarlyWrong, fmt.Sprintf("The filters %s that came do not have the known hash of the network. "+
				"Single peers are asked for all of them, to be compared.", earlyRange(r.cfg.Params)),
				"Nothing needs to be done if peers in different networks are connected.")
		case filtersync.Unproven:
			r.unwarn(codeEarlyWrong)
			r.warnEarlyUnproven()
		case filtersync.Proven:
			r.unwarn(codeEarlyWrong)
			r.unwarn(codeEarlyUnproven)
		}
	}
}

// warnEarlyUnproven warns that the early filters on the chain are not proven.
func (r *run) warnEarlyUnproven() {
	if r.warned(codeEarlyUnproven) {
		return
	}
	text := fmt.Sprintf("Early filters unproven: the filters %s do not have the hash that this version knows, "+
		"but peers in different networks agreed on them.", earlyRange(r.cfg.Params))
	r.cfg.Log.Warn(text)
	r.warn(codeEarlyUnproven, text, "Payments before block "+grouped(r.cfg.Params.DCP0005)+
		" could be missing if those peers were one. Check whether there is a newer version of spvd.")
}

// earlyReason says that peers are compared, and which one is asked or looked for.
func (x pinned) earlyReason() (reason, hint string) {
	reason = fmt.Sprintf("The filters before block %s do not have the known hash of the network: ", grouped(x.active))
	if x.early.Asking {
		return reason + fmt.Sprintf("asking single peers for all of them, compared so far: %d.", x.early.Opinions), ""
	}
	return reason + fmt.Sprintf("peers compared: %d; waiting for others, in other networks.", x.early.Opinions),
		"They are used once one set has that hash, or peers in different networks agree. " +
			"Name more peers with the connect option."
}
