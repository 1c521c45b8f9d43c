package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spvd/spvd/internal/settings"
	"github.com/spvd/spvd/internal/snapshot"
	"github.com/spvd/spvd/internal/usage"
)

// checkSnapshot proves the snapshot of the network in the directory of --verifysnapshot,
// without a network and without the data directory, and writes one line if all of it is
// right. The error says what is wrong, and up to where all is proven.
func checkSnapshot(ctx context.Context, cfg *settings.Config, stdout io.Writer) error {
	params, err := networkParams(cfg)
	if err != nil {
		return err
	}
	dir := snapshot.Dir(cfg.VerifySnapshot)
	v, err := snapshot.Verify(ctx, dir, params, time.Now(), func(snapshot.Verified) {})
	var wrong *snapshot.Fault
	switch {
	case errors.As(err, &wrong) && v.Segments > 0:
		return fmt.Errorf("snapshot in %s: %w: segments that are right: %d, up to block %d", dir, err, v.Segments,
			v.Segments*snapshot.BlocksOf(params)-1)
	case err != nil:
		return fmt.Errorf("snapshot in %s: %w", dir, err)
	case v.Segments == 0:
		fmt.Fprintf(stdout, "spvd: the snapshot in %s has no segments\n", dir)
		return nil
	}
	unproven := ""
	if !v.EarlyProven {
		unproven = fmt.Sprintf("; nothing proves its filters, because all those below %d are needed for that", params.DCP0005)
	}
	if !v.EnoughWork {
		unproven += "; its chain ends before the newest known block and has less than the minimum known work, as it has to"
	}
	fmt.Fprintf(stdout, "spvd: the snapshot in %s is right: proved all headers and filters of %s, up to block %d (%v)%s\n",
		dir, usage.Count(v.Segments, "segment"), v.Last.Height, v.Last.Hash, unproven)
	return nil
}
