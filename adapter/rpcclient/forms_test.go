package rpcclient

import (
	"encoding/json"
	"testing"
)

// TestForms: each form of a result is decoded into its member and no other, also with members that a
// newer daemon adds; what has no form is an error.
func TestForms(t *testing.T) {
	decoded := func(raw string, into any) string {
		t.Helper()
		if err := json.Unmarshal([]byte(raw), into); err != nil {
			return "error"
		}
		out, err := json.Marshal(into)
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	job := `{"id":7,"wallet":"w","kind":"votes","state":"queued","from":0,"at":0,"target":0,"progress":0,"rate":0,"eta":0,"began":0,"ended":0,"error":"","more":1}`
	var votes VerifyVotesResult
	if got := decoded(" "+job, &votes); votes.Job == nil || votes.Job.ID != 7 || votes.VerifiedVotes != nil {
		t.Errorf("a job: %s", got)
	}
	votes = VerifyVotesResult{}
	if got := decoded(`{"txid":"t","blockhash":"b","blockheight":5,"blocks":[]}`, &votes); votes.VerifiedVotes == nil || votes.VerifiedVotes.BlockHeight != 5 || votes.Job != nil {
		t.Errorf("votes: %s", got)
	}
	for raw, want := range map[string]string{
		`["a","b"]`: `{"Texts":["a","b"],"List":null}`, `[]`: `{"Texts":[],"List":null}`, `{}`: "error", `7`: "error", `[7]`: "error",
	} {
		if got := decoded(raw, new(ListWalletsResult)); got != want {
			t.Errorf("%s gives %s, want %s", raw, got, want)
		}
	}
	var wallets ListWalletsResult
	if got := decoded(`[{"name":"default"}]`, &wallets); len(wallets.List) != 1 || wallets.List[0].Name != "default" || wallets.Texts != nil {
		t.Errorf("wallets: %s", got)
	}
	var block GetBlockResult
	if got := decoded(`"00ff"`, &block); block.Text == nil || *block.Text != "00ff" || block.GetBlockVerboseResult != nil {
		t.Errorf("a block in hex: %s", got)
	}
	block = GetBlockResult{}
	if got := decoded(`{"hash":"00"}`, &block); block.GetBlockVerboseResult == nil || block.GetBlockVerboseResult.Hash != "00" || block.Text != nil {
		t.Errorf("a block: %s", got)
	}
}
