package method

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/txscript/v4/stdscript"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/wallet"
)

// multisigMethods returns the methods about scripts of several keys, and signatures.
func multisigMethods() []Method {
	return []Method{
		createMultisig(),
		getMultisigOutInfo(),
		verifyMessage(),
	}
}

// maxMultisigKeys is how many keys a script may name (txscript's limit for a standard one).
const maxMultisigKeys = 15

func createMultisig() Method {
	return Method{
		Name:    "createmultisig",
		Reads:   true,
		Summary: "Makes the script and the address of outputs that several keys have to sign for.",
		Help:    "It changes nothing: watch the address with importscript.",
		Params: []param{
			{name: "nrequired", kind: kindInt, text: "How many of the keys have to sign."},
			{name: "keys", kind: kindStrings, text: "Public keys in hex, or addresses of the wallet whose keys it knows."},
		},
		Result:  "an object with the address and the redeem script in hex",
		Returns: []any{api.Multisig{}},
		Example: `[1,["` + examplePubKey + `"]]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			names, required := c.strings("keys"), c.int("nrequired")
			if len(names) == 0 || len(names) > maxMultisigKeys || required < 1 || required > int64(len(names)) {
				return nil, fail(api.CodeInvalid, "%d of %d keys: at least one has to sign, of at most %d", required, len(names), maxMultisigKeys)
			}
			var keys [][]byte
			for i, name := range names {
				key, err := c.publicKey(ctx, name)
				if err != nil {
					return nil, err
				}
				if key == nil {
					return nil, fail(api.CodeNotFound, "number %d of the keys is neither a public key nor an address whose key the wallet knows", i+1)
				}
				keys = append(keys, key)
			}
			script, err := stdscript.MultiSigScriptV0(int(required), keys...)
			if err != nil {
				return nil, fail(api.CodeInvalid, "%v", err)
			}
			address, err := stdaddr.NewAddressScriptHashV0(script, c.Params.ChainParams)
			if err != nil {
				return nil, fail(api.CodeInvalid, "%v", err)
			}
			return api.Multisig{Address: address.String(), RedeemScript: hex.EncodeToString(script)}, nil
		},
	}
}

// publicKey returns the key that a text is in hex, or that the wallet knows for an address,
// nil if there is none. The text may be a private key by mistake and is not repeated.
func (c *Call) publicKey(ctx context.Context, text string) ([]byte, error) {
	if raw, err := hex.DecodeString(text); err == nil {
		key, err := secp256k1.ParsePubKey(raw)
		if err != nil {
			return nil, nil //nolint:nilerr // the caller says which one is no key
		}
		return key.SerializeCompressed(), nil
	}
	addr, err := stdaddr.DecodeAddress(text, c.Params.ChainParams)
	if err != nil {
		return nil, nil //nolint:nilerr // the same
	}
	w, err := c.open()
	if err != nil {
		return nil, err
	}
	info, err := w.AddressInfo(ctx, addr.String())
	return info.PublicKey, err
}

func getMultisigOutInfo() Method {
	return Method{
		Name:    "getmultisigoutinfo",
		Reads:   true,
		Summary: "Describes an output of the wallet that pays to a script of several keys.",
		Params: []param{
			{name: "hash", kind: kindHash, text: "The hash of the transaction."},
			{name: "index", kind: kindInt, text: "The index of the output."},
		},
		Result:  "an object with dcrwallet's fields",
		Returns: []any{api.MultisigOut{}},
		Example: `["` + exampleTx + `",0]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			index, err := c.count("index")
			if err != nil {
				return nil, err
			}
			w, err := c.open()
			if err != nil {
				return nil, err
			}
			tx, err := w.Transaction(ctx, c.hash("hash"))
			if err != nil {
				return nil, err
			}
			return c.multisigOut(ctx, w, tx, index)
		},
	}
}

// multisigOut describes an output of a transaction.
func (c *Call) multisigOut(ctx context.Context, w *wallet.Wallet, tx *wallet.Transaction, index int64) (any, error) {
	if index >= int64(len(tx.Outputs)) {
		return nil, fail(api.CodeInvalid, "transaction %s has %d outputs, none with index %d", tx.Hash, len(tx.Outputs), index)
	}
	var info wallet.AddressInfo
	var err error
	if address := tx.Outputs[index].Address; address != "" {
		if info, err = w.AddressInfo(ctx, address); err != nil {
			return nil, err
		}
	}
	details := stdscript.ExtractMultiSigScriptDetailsV0(info.RedeemScript, true)
	if !details.Valid {
		return nil, fail(api.CodeNotFound, "output %d of %s pays to no script of several keys that the wallet knows; run: spvctl call importscript", index, tx.Hash)
	}
	out := api.MultisigOut{
		Address: info.Address, RedeemScript: hex.EncodeToString(info.RedeemScript),
		M: int(details.RequiredSigs), N: int(details.NumPubKeys), PubKeys: []string{},
		TxHash: tx.Hash.String(), Amount: api.Amount(tx.Tx.TxOut[index].Value),
	}
	for _, key := range details.PubKeys {
		out.PubKeys = append(out.PubKeys, hex.EncodeToString(key))
	}
	point, there := wire.OutPoint{Hash: tx.Hash, Index: uint32(index)}, false
	err = w.EachTransaction(ctx, wallet.HistoryFilter{Addresses: []string{info.Address}}, func(other *wallet.Transaction) bool {
		if other.Hash == tx.Hash {
			there = true
			if other.Mined() {
				out.BlockHash, out.BlockHeight = other.Block.String(), int64(other.Place.Height)
			}
		}
		for i, in := range other.Tx.TxIn {
			if in.PreviousOutPoint.Hash == point.Hash && in.PreviousOutPoint.Index == point.Index {
				out.Spent, out.SpentBy, out.SpentByIndex = true, other.Hash.String(), i
			}
		}
		return true
	})
	if err == nil && !there {
		err = wallet.ErrNoTransaction // it was taken back since
	}
	return out, err
}

// signedMessage is what comes before a message when it is signed (dcrwallet).
const signedMessage = "Decred Signed Message:\n"

func verifyMessage() Method {
	return Method{
		Name:    "verifymessage",
		Reads:   true,
		Summary: "Tells whether the key of an address has signed a message.",
		Params: []param{
			{name: "address", kind: kindString, text: "The address, of a key's hash."},
			{name: "signature", kind: kindString, text: "The signature in base64."},
			{name: "message", kind: kindString, text: "The message."},
		},
		Result:  "true or false",
		Returns: []any{true},
		Example: `["` + exampleAddress + `","AA==","hello"]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			text, err := c.address("address")
			if err != nil {
				return nil, err
			}
			addr, err := stdaddr.DecodeAddress(text, c.Params.ChainParams)
			if err != nil {
				return nil, err
			}
			hashed, ok := addr.(*stdaddr.AddressPubKeyHashEcdsaSecp256k1V0)
			if !ok {
				return nil, fail(api.CodeInvalid, "address %s is not that of a secp256k1 key's hash, which signs messages", text)
			}
			sig, err := base64.StdEncoding.DecodeString(c.str("signature"))
			if err != nil {
				return nil, fail(api.CodeInvalid, "parameter signature is not base64")
			}
			return signs(hashed, sig, c.str("message"))
		},
	}
}

// signs reports whether a compact signature of a message is by the key of an address.
func signs(addr *stdaddr.AddressPubKeyHashEcdsaSecp256k1V0, sig []byte, message string) (bool, error) {
	var signed bytes.Buffer
	for _, part := range []string{signedMessage, message} {
		if err := wire.WriteVarString(&signed, 0, part); err != nil {
			return false, err
		}
	}
	key, compressed, err := ecdsa.RecoverCompact(sig, chainhash.HashB(signed.Bytes()))
	if err != nil {
		return false, nil //nolint:nilerr // no signature of anything
	}
	serialized := key.SerializeUncompressed()
	if compressed {
		serialized = key.SerializeCompressed()
	}
	return bytes.Equal(stdaddr.Hash160(serialized), addr.Hash160()[:]), nil
}
