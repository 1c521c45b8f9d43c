package main

import (
	"fmt"
	"slices"
	"strings"
)

// words are what the names of methods and parameters are made of.
const words = `abandon absolute account accounts add added addr address addresses after all allow amounts async audit
	backup balance ban bans begin best birthday block blocks branch build by cancel cf cfilter chain chains change changed
	check choices cmd command confirmations conf connect connection count create current cursor debug dcp0005 decode depth
	destination difficulty dir disconnect discover dns empty estimate expiry export fee fees filter from fund gap get hash
	header headers height help hex high id immature import include index info inputs job jobs key keys label labels
	level limit list load lock locators locktime mempool master max message min mode multisig name net network new node
	notify old only options out outputs p2sh peer ping policy pre previous pub published raw received rename required
	rescan reuse rpc scan script scripts send serving set signature since smart snapshot spec stake start status stop
	string structured sub subscribe sync target ticket tickets time tips to topic totals transaction transactions
	treasury tree tspend tx txid unban unconfirmed unload unlock unlocked unspent unsubscribe usage v2 validate verbose verify version vote votes
	vout wallet wallets watch webhook xpub n`

// split takes a name apart into the fewest words.
func split(name string) ([]string, error) {
	known := strings.Fields(words)
	best := make([][]string, len(name)+1)
	best[0] = []string{}
	for end := 1; end <= len(name); end++ {
		for start := range end {
			word := name[start:end]
			if best[start] != nil && slices.Contains(known, word) && (best[end] == nil || len(best[start])+1 < len(best[end])) {
				best[end] = append(slices.Clone(best[start]), word)
			}
		}
	}
	if best[len(name)] == nil {
		return nil, fmt.Errorf("%s is not made of words that are known: add them to words.go", name)
	}
	return best[len(name)], nil
}

// upper returns a name with every word in upper case, as Go has exported names.
func upper(name string) (string, error) {
	parts, err := split(strings.ReplaceAll(name, ".", ""))
	for i, p := range parts {
		switch p {
		case "id", "rpc", "dns":
			parts[i] = strings.ToUpper(p)
		case "txid":
			parts[i] = "TxID"
		default:
			parts[i] = strings.ToUpper(p[:1]) + p[1:]
		}
	}
	return strings.Join(parts, ""), err
}

// lower returns a name in camel case that begins with a small letter. Words that languages have
// for themselves get a line.
func lower(name string) (string, error) {
	parts, err := split(strings.ReplaceAll(name, ".", ""))
	for i, p := range parts {
		if i > 0 {
			parts[i] = strings.ToUpper(p[:1]) + p[1:]
		}
	}
	joined := strings.Join(parts, "")
	if joined == "export" {
		joined += "_"
	}
	return joined, err
}
