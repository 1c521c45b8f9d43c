package spv

import (
	"fmt"

	"github.com/spvd/spvd/spv/consensus"
)

// Codes of the warnings about rules that this version may not know.
const (
	// codeUpdate: most of the newest blocks have versions above what is known here.
	codeUpdate = "update-spvd"

	// codeDisputed: peers in different networks have a block that breaks a rule.
	codeDisputed = "rule-disputed"
)

// disputeText says which block is disputed, and what users can do about it.
func disputeText(broken *consensus.RuleError) (text, hint string) {
	return fmt.Sprintf("Peers in different networks have a block %s that breaks the rule for %v as this version knows it, "+
			"and none shows another chain with more work.", grouped(broken.Block.Height), broken.Rule),
		"The network may have changed the rule by a vote: update spvd. Until then the chain ends before this block."
}

// judgeVersions warns when most of the newest blocks have versions above those that this
// version knows.
func (l *loop) judgeVersions() error {
	if l.headers.FetchingTail() || l.versionsAt == l.staged.Tip {
		return nil
	}
	newer, of, err := l.store.Newer()
	if err != nil {
		return err
	}
	l.versionsAt = l.staged.Tip
	switch {
	case 2*newer <= of:
		l.display.unwarn(codeUpdate)
	case !l.display.warned(codeUpdate):
		text := fmt.Sprintf("%d of the newest %d blocks have a version that this version of spvd does not know.", newer, of)
		l.cfg.Log.Warn(text)
		l.display.warn(codeUpdate, text, "The network is changing its rules, or has changed them: update spvd.")
	}
	return nil
}

// warnOfDispute warns while peers in different networks have a block that breaks a rule.
func (l *loop) warnOfDispute() {
	broken := l.headers.Dispute()
	if broken == nil {
		l.display.unwarn(codeDisputed)
		return
	}
	text, hint := disputeText(broken)
	if !l.display.warned(codeDisputed, text) {
		l.cfg.Log.Error(text, "block", broken.Block.Hash, "evidence", broken)
		l.display.warn(codeDisputed, text, hint)
	}
}
