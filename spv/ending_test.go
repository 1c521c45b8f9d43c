package spv

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/defect"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/headersync"
	"github.com/spvd/spvd/spv/match"
)

// cause says what an error stems from.
type cause string

const (
	byDisk     cause = "disk"     // the disk, or the file on it: ends a run
	bySettings cause = "settings" // what the user has configured: ends a run
	byUser     cause = "user"     // what the user or the embedding program does: ends a run, or only a call
	byPeers    cause = "peers"    // what peers send: never ends a run
)

// errorsOfTheSync is every error value and type that packages spv, spv/chain and
// spv/match declare, by its name.
var errorsOfTheSync = map[string]struct {
	err error
	cause
}{
	"spv.ErrRunning":             {ErrRunning, byUser},
	"spv.ErrNotInitialised":      {ErrNotInitialised, byUser},
	"spv.ErrRejected":            {ErrRejected, byUser},
	"spv.ErrNoPeers":             {ErrNoPeers, byUser},
	"spv.ErrTooMany":             {ErrTooMany, byUser},
	"spv.ErrUnprovable":          {ErrUnprovable, byUser},
	"spv.ErrBusy":                {ErrBusy, byUser},
	"headersync.ErrElsewhere":    {headersync.ErrElsewhere, byPeers},
	"headersync.ErrOutdated":     {headersync.ErrOutdated, byPeers},
	"headersync.ErrGoesBack":     {headersync.ErrGoesBack, byPeers},
	"spv.errMoved":               {nil, byPeers}, // never leaves the import of a source
	"chain.ErrCorrupt":           {chain.ErrCorrupt, byDisk},
	"chain.ErrNewerFormat":       {chain.ErrNewerFormat, bySettings},
	"chain.ErrOtherNetwork":      {chain.ErrOtherNetwork, bySettings},
	"chain.ErrInUse":             {chain.ErrInUse, byUser},
	"chain.ErrDiskFull":          {chain.ErrDiskFull, byDisk},
	"chain.ErrClosed":            {chain.ErrClosed, byUser},
	"chain.ErrNotFound":          {chain.ErrNotFound, byPeers},
	"chain.ErrBelowFloor":        {chain.ErrBelowFloor, byPeers}, // an ErrNotFound
	"chain.ErrFloorBusy":         {chain.ErrFloorBusy, byUser},   // the worker that moves the floor calls again
	"chain.ErrOrphan":            {chain.ErrOrphan, byPeers},
	"chain.ErrStale":             {chain.ErrStale, byPeers},
	"consensus.ErrOutOfReach":    {consensus.ErrOutOfReach, byPeers},
	"consensus.RuleError":        {&consensus.RuleError{Rule: consensus.RuleBits}, byPeers},
	"consensus.InvalidBlock":     {&consensus.InvalidBlock{}, byPeers},
	"consensus.errFirstCoinbase": {nil, byPeers}, // only ever inside an InvalidBlock
	"consensus.errExpired":       {nil, byPeers}, // the same
	"consensus.errNotFinal":      {nil, byPeers}, // the same
	"consensus.errTwice":         {nil, byPeers}, // the same
	"consensus.errSpentInBlock":  {nil, byPeers}, // the same
	"consensus.errStakeTree":     {nil, byPeers}, // the same
	"consensus.errRegularTree":   {nil, byPeers}, // the same
	"consensus.errShort":         {nil, byPeers}, // only ever inside a RuleError
	"consensus.errVarInt":        {nil, byPeers}, // the same
	"defect.Error":               {&defect.Error{}, byPeers},
	"match.ErrMalformed":         {match.ErrMalformed, byPeers},
}

// TestEveryErrorThatCanEndARun lists the errors of the sync, by reading the source of its
// packages, and holds that those which peers can cause do not end a run.
func TestEveryErrorThatCanEndARun(t *testing.T) {
	found := make(map[string]bool)
	for dir, name := range map[string]string{".": "spv", "chain": "chain", "chain/internal/store": "chain", "consensus": "consensus", "match": "match", "../internal/defect": "defect", "internal/headersync": "headersync"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatal(dir, err)
		}
		for _, file := range files {
			if !strings.HasSuffix(file, "_test.go") {
				declaredErrors(t, file, func(e string) { found[name+"."+e] = true })
			}
		}
	}
	for name := range found {
		if _, ok := errorsOfTheSync[name]; !ok {
			t.Errorf("%s is not in the list: say what causes it", name)
		}
	}
	for name, e := range errorsOfTheSync {
		if !found[name] {
			t.Errorf("%s is in the list and nowhere else", name)
		}
		if e.err == nil {
			continue
		}
		if wrapped := fmt.Errorf("extend chain: %w", e.err); causedByPeers(wrapped) != (e.cause == byPeers) {
			t.Errorf("%s is caused by %s: does it end a run? %v", name, e.cause, !causedByPeers(wrapped))
		}
	}
	for _, err := range []error{
		syscall.ENOSPC, syscall.EIO, &fs.PathError{Op: "write", Path: "chain.db", Err: syscall.EROFS}, context.Canceled,
	} {
		if causedByPeers(err) {
			t.Errorf("%v counts as caused by peers", err)
		}
	}
}

// declaredErrors calls found for each error that a file declares at package level: a
// variable set to errors.New, or a type with an Error method.
func declaredErrors(t *testing.T, file string, found func(name string)) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, decl := range f.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Recv != nil && d.Name.Name == "Error" {
				recv := d.Recv.List[0].Type
				if star, ok := recv.(*ast.StarExpr); ok {
					recv = star.X
				}
				found(recv.(*ast.Ident).Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				v, ok := spec.(*ast.ValueSpec)
				if !ok || d.Tok != token.VAR {
					continue
				}
				for i, value := range v.Values {
					if call, ok := value.(*ast.CallExpr); ok && isErrorsNew(call) {
						found(v.Names[i].Name)
					}
				}
			}
		}
	}
}

// isErrorsNew reports whether a call is one of errors.New or fmt.Errorf.
func isErrorsNew(call *ast.CallExpr) bool {
	f, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	pkg, ok := f.X.(*ast.Ident)
	return ok && (pkg.Name == "errors" && f.Sel.Name == "New" || pkg.Name == "fmt" && f.Sel.Name == "Errorf")
}

// failing is a wallet whose Apply fails a number of times.
type failing struct {
	*diary
	with  error
	times int
}

func (w *failing) Apply(ctx context.Context, u chain.Update) (bool, error) {
	if w.times > 0 {
		w.times--
		return false, fmt.Errorf("apply: %w", w.with)
	}
	return w.diary.Apply(ctx, u)
}

// TestAnErrorOfPeersDoesNotEndTheRun lets every error of the list surface where no phase
// works around it.
func TestAnErrorOfPeersDoesNotEndTheRun(t *testing.T) {
	c := generate(t, 300, nil)
	for name, e := range errorsOfTheSync {
		if e.err == nil || errors.Is(e.err, chain.ErrCorrupt) || errors.Is(e.err, chain.ErrStale) || name == "consensus.InvalidBlock" {
			continue // a damaged store is repaired, a stale scan is made again, an invalid block is left
		}
		w := &failing{diary: newDiary(t, c, []byte{0x51}), with: e.err, times: 2}
		inHouse(t, c, w, func(h *house) {
			h.net.join(&fakePeer{chain: c, latency: latency})
			h.start()
			if e.cause == byPeers {
				h.untilSyncedTo(time.Minute, c)
				if !h.syncer.Status().hasWarning(codeResumed) {
					h.Errorf("%s: not warned", name)
				}
				return
			}
			h.run.Wait()
			h.cancel = nil
			if !errors.Is(h.err, e.err) {
				h.Errorf("%s: Run returned %v", name, h.err)
			}
		})
	}
}
