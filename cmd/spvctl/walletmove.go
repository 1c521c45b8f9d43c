package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/usage"
)

// importBytes is about how many bytes of an export are sent at a time: the daemon bounds the size
// of a request.
const importBytes = 2 << 20

// runWalletExport writes what a wallet like the one that -w names can be made of, to a new file
// or to standard output.
func runWalletExport(ctx context.Context, in *invocation, words []string) (int, error) {
	c, err := in.connect(ctx)
	if err != nil {
		return exitError, err
	}
	defer c.close()
	var e api.WalletExport
	if err := c.call(ctx, "exportwallet", &e); err != nil {
		return exitError, err
	}
	if len(words) == 0 || words[0] == stdinWord {
		return exitOK, in.writeJSON(e)
	}
	file, err := os.OpenFile(words[0], os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return exitError, err
	}
	if err := writeFile(file, &e); err != nil {
		return exitError, err
	}
	fmt.Fprintf(in.out, "Written to %s, with %s and %s. Whoever has it sees all addresses of the wallet.\n",
		words[0], usage.Count(len(e.Accounts), "account"), usage.Count(len(e.Scripts), "script"))
	return exitOK, nil
}

// runWalletImport makes a wallet of a file that runWalletExport has written.
func runWalletImport(ctx context.Context, in *invocation, name, file string) (int, error) {
	e, err := readExport(in, file)
	if err != nil {
		return exitError, err
	}
	c, err := in.connect(ctx)
	if err != nil {
		return exitError, err
	}
	defer c.close()
	for i, part := range parts(e) {
		switch err := c.call(ctx, "importwallet", nil, name, part); {
		case err != nil && i > 0:
			return exitError, fmt.Errorf("%w (a part is in wallet %s)", err, name)
		case err != nil:
			return exitError, err
		}
	}
	return exitOK, done(nowWatching)(in.out, nil)
}

// parts returns an export in parts of about importBytes. The first one has the accounts.
func parts(e *api.WalletExport) []*api.WalletExport {
	list, size := []*api.WalletExport{}, importBytes
	last := func(more int) *api.WalletExport {
		if size += more; size >= importBytes {
			list = append(list, &api.WalletExport{Version: e.Version, Network: e.Network, Birthday: e.Birthday, Labels: make(map[string]string)})
			size = more
		}
		return list[len(list)-1]
	}
	last(0).Accounts = e.Accounts
	for _, sc := range e.Scripts {
		part := last(len(sc.Script) + len(sc.Preimage) + 256)
		part.Scripts = append(part.Scripts, sc)
	}
	for subject, text := range e.Labels {
		last(len(subject) + 2*len(text) + 16).Labels[subject] = text
	}
	for _, l := range e.Locks {
		part := last(256)
		part.Locks = append(part.Locks, l)
	}
	return list
}

// readExport reads a file that runWalletExport has written.
func readExport(in *invocation, file string) (*api.WalletExport, error) {
	var raw []byte
	var err error
	if file == stdinWord {
		raw, err = io.ReadAll(in.in)
	} else {
		raw, err = os.ReadFile(file)
	}
	if err != nil {
		return nil, err
	}
	var e api.WalletExport
	if err := json.Unmarshal(raw, &e); err != nil || e.Version == 0 {
		return nil, fmt.Errorf("%s is not what spvctl wallet export has written", file)
	}
	return &e, nil
}

// writeBackup prints where a copy of a wallet is.
func writeBackup(w io.Writer, b api.WalletBackup) error {
	return writeLine(w, "Copied to "+b.File+".")
}
