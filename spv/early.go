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
func (l *loop) warnOfEarly() {
	for _, f := range l.filters.Found() {
		switch f {
		case filtersync.Wrong:
			l.display.warn(codeEarlyWrong, fmt.Sprintf("The filters %s that came do not have the known hash of the network. "+
				"Single peers are asked for all of them, to be compared.", earlyRange(l.cfg.Params)),
				"Nothing needs to be done if peers in different networks are connected.")
		case filtersync.Unproven:
			l.display.unwarn(codeEarlyWrong)
			l.warnEarlyUnproven()
		case filtersync.Proven:
			l.display.unwarn(codeEarlyWrong)
			l.display.unwarn(codeEarlyUnproven)
		}
	}
}

// warnEarlyUnproven warns that the early filters on the chain are not proven.
func (l *loop) warnEarlyUnproven() {
	if l.display.warned(codeEarlyUnproven) {
		return
	}
	text := fmt.Sprintf("Early filters unproven: the filters %s do not have the hash that this version knows, "+
		"but peers in different networks agreed on them.", earlyRange(l.cfg.Params))
	l.cfg.Log.Warn(text)
	l.display.warn(codeEarlyUnproven, text, "Payments before block "+grouped(l.cfg.Params.DCP0005)+
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
