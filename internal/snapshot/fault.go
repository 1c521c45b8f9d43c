package snapshot

import (
	"fmt"
)

// Reason is what is wrong with a snapshot. The set is closed.
type Reason uint8

// The reasons.
const (
	// Missing: a file is not there.
	Missing Reason = iota + 1

	// Unreachable: the source cannot be read at the moment, or answers with an error.
	Unreachable

	// Slow: the source has stopped to deliver bytes, or delivers too few of them.
	Slow

	// Truncated: a file is smaller than the manifest says.
	Truncated

	// Oversized: a file is larger than the manifest says, or the manifest than allowed.
	Oversized

	// Malformed: the manifest, or a file, is not of the documented form.
	Malformed

	// OtherFormat: the snapshot has a version of the format that this program cannot read.
	OtherFormat

	// OtherNetwork: the snapshot is one of another network.
	OtherNetwork

	// OtherBytes: a file does not have the SHA-256 that the manifest says.
	OtherBytes

	// OtherBlock: a segment does not end with the block that it is named after.
	OtherBlock

	// Unlinked: a block does not follow the block before it.
	Unlinked

	// Invalid: a header or a filter breaks a rule.
	Invalid

	// LowWork: the chain goes beyond all known blocks and has less work than the network
	// is known to have.
	LowWork
)

// String returns the reason in a word, for logs.
func (r Reason) String() string {
	switch r {
	case Missing:
		return "missing"
	case Unreachable:
		return "unreachable"
	case Slow:
		return "slow"
	case Truncated:
		return "truncated"
	case Oversized:
		return "oversized"
	case Malformed:
		return "malformed"
	case OtherFormat:
		return "other format"
	case OtherNetwork:
		return "other network"
	case OtherBytes:
		return "other bytes"
	case OtherBlock:
		return "other block"
	case Unlinked:
		return "unlinked"
	case Invalid:
		return "invalid"
	case LowWork:
		return "low work"
	}
	return "unknown"
}

// Forged reports whether the content is wrong, and not merely the way to it: then no
// other byte of the source is worth reading.
func (r Reason) Forged() bool { return r > Oversized }

// Fault is what is wrong with a snapshot. The error of a rule is a *consensus.RuleError in
// it.
type Fault struct {
	Reason  Reason
	Segment *Segment // nil if the fault is of no segment
	Detail  string   // a sentence without the segment and a full stop
	Err     error    // the cause; may be nil
}

// Error names the segment and what is wrong.
func (f *Fault) Error() string {
	text := f.Detail
	if f.Err != nil {
		text += ": " + f.Err.Error()
	}
	if f.Segment != nil {
		text = f.Segment.String() + ": " + text
	}
	return text
}

// Unwrap returns the cause.
func (f *Fault) Unwrap() error { return f.Err }

// fault returns a fault without a segment and a cause.
func fault(r Reason, format string, args ...any) *Fault {
	return &Fault{Reason: r, Detail: fmt.Sprintf(format, args...)}
}

// of returns the fault as one of a segment.
func (f *Fault) of(s *Segment) *Fault {
	named := *f
	named.Segment = s
	return &named
}

// because returns the fault with a cause.
func (f *Fault) because(err error) *Fault {
	caused := *f
	caused.Err = err
	return &caused
}
