package settings

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spvd/spvd/internal/password"
	"github.com/spvd/spvd/internal/rpc"
	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/wallet"
)

// WalletUser is a JSON-RPC user of some wallets, without the password.
type WalletUser struct {
	name     string
	wallets  []string
	readOnly bool
}

// readOnlySuffix ends the wallets of a user who may only read.
const readOnlySuffix = ":ro"

// UnmarshalFlag implements flags.Unmarshaler.
func (u *WalletUser) UnmarshalFlag(value string) error {
	list, readOnly := strings.CutSuffix(value, readOnlySuffix)
	name, wallets, ok := strings.Cut(list, ":")
	if !ok || name == "" {
		return refused("user of wallets %q: not of the form NAME:WALLET,… or NAME:WALLET,…%s", value, readOnlySuffix)
	}
	u.name, u.readOnly = name, readOnly
	for w := range strings.SplitSeq(wallets, ",") {
		if err := wallet.CheckWalletName(w); err != nil {
			return refused("user of wallets %q: %q is not the name of a wallet: %v", value, w, err)
		}
		u.wallets = append(u.wallets, w)
	}
	return nil
}

// String returns the flag as it is written.
func (u WalletUser) String() string {
	text := u.name + ":" + strings.Join(u.wallets, ",")
	if u.readOnly {
		text += readOnlySuffix
	}
	return text
}

// WalletPass is the password of a user of wallets.
type WalletPass struct{ name, secret string }

// UnmarshalFlag implements flags.Unmarshaler. Its error does not repeat the text, which holds the
// password.
func (p *WalletPass) UnmarshalFlag(value string) error {
	name, secret, ok := strings.Cut(value, ":")
	if !ok || name == "" || secret == "" {
		return refused("the password of a user of wallets is not of the form NAME:SECRET")
	}
	p.name, p.secret = name, secret
	return nil
}

// String returns the name.
func (p WalletPass) String() string { return p.name }

// walletUsers returns the users of wallets with their passwords, those of one name as one. The
// error is for the user.
func (c *Config) Users() ([]rpc.WalletUser, error) {
	var users []rpc.WalletUser
	find := func(name string) int {
		return slices.IndexFunc(users, func(u rpc.WalletUser) bool { return u.Name == name })
	}
	for _, f := range c.WalletUser {
		i := find(f.name)
		if i < 0 {
			users = append(users, rpc.WalletUser{Name: f.name, ReadOnly: f.readOnly})
			i = len(users) - 1
		}
		if users[i].ReadOnly != f.readOnly {
			return nil, fmt.Errorf("--walletuser names %q with %s and without: use two users", f.name, readOnlySuffix)
		}
		for _, w := range f.wallets {
			if !slices.Contains(users[i].Wallets, w) {
				users[i].Wallets = append(users[i].Wallets, w)
			}
		}
	}
	for _, p := range c.WalletPass {
		i := find(p.name)
		switch {
		case i < 0:
			return nil, fmt.Errorf("--walletpass names %q: give the wallets of this user with --walletuser", p.name)
		case users[i].Password != "":
			return nil, fmt.Errorf("--walletpass names %q twice: give each user one password", p.name)
		}
		users[i].Password = p.secret
	}
	for i := range users {
		if users[i].Password == "" {
			return nil, fmt.Errorf("--walletuser names %q: give this user a password with --walletpass %s:SECRET", users[i].Name, users[i].Name)
		}
	}
	return users, nil
}

// validateUsers returns an error for JSON-RPC users that lack something, or whose names Basic
// authentication cannot carry.
func (c *Config) validateUsers() error {
	switch {
	case (c.Username == "") != (c.Password == ""):
		return errors.New("--username and --password need each other: set both, or neither to use the cookie file")
	case (c.ReadOnlyUser == "") != (c.ReadOnlyPass == ""):
		return errors.New("--readonlyuser and --readonlypass need each other: set both or neither")
	case c.ReadOnlyUser != "" && c.ReadOnlyUser == c.Username:
		return errors.New("--readonlyuser is also --username: give them different names")
	}
	users, err := c.Users()
	if err != nil {
		return err
	}
	type named struct{ flag, name, secret string }
	all := []named{{"--username", c.Username, c.Password}, {"--readonlyuser", c.ReadOnlyUser, c.ReadOnlyPass}}
	for i := range users {
		all = append(all, named{"--walletuser", users[i].Name, users[i].Password})
	}
	for i, u := range all {
		switch {
		case strings.Contains(u.name, ":"):
			return fmt.Errorf("%s %q holds a colon, which ends a name", u.flag, u.name)
		case u.name == api.CookieUser:
			return fmt.Errorf("%s %q is the name that the cookie file has: choose another one", u.flag, u.name)
		case i > 1 && (u.name == c.Username || u.name == c.ReadOnlyUser):
			return fmt.Errorf("%s %q is also --username or --readonlyuser: give them different names", u.flag, u.name)
		}
		if _, err := password.IsHash(u.secret); err != nil {
			return fmt.Errorf("the password of %s %q looks like a hash, but %w", u.flag, u.name, err)
		}
	}
	return nil
}
