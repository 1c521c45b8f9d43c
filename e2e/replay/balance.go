package replay

// Balances are what getbalance answers.
type Balances struct {
	Accounts  []Balance `json:"balances"`
	BlockHash string    `json:"blockhash"`

	ImmatureCoinbase Amount `json:"totalimmaturecoinbaserewards"`
	ImmatureStake    Amount `json:"totalimmaturestakegeneration"`
	LockedByTickets  Amount `json:"totallockedbytickets"`
	Spendable        Amount `json:"totalspendable"`
	Total            Amount `json:"cumulativetotal"`
	Unconfirmed      Amount `json:"totalunconfirmed"`
	VotingAuthority  Amount `json:"totalvotingauthority"`
}

// Balance is that of one account.
type Balance struct {
	AccountName      string `json:"accountname"`
	ImmatureCoinbase Amount `json:"immaturecoinbaserewards"`
	ImmatureStake    Amount `json:"immaturestakegeneration"`
	LockedByTickets  Amount `json:"lockedbytickets"`
	Spendable        Amount `json:"spendable"`
	Total            Amount `json:"total"`
	Unconfirmed      Amount `json:"unconfirmed"`
	VotingAuthority  Amount `json:"votingauthority"`
}

// Balances returns what the accounts have.
func (b *Book) Balances(minConf int64) Balances {
	by := make(map[string]*Balance)
	for _, c := range b.coins {
		if c.spent != nil {
			continue
		}
		if c.isTicket() {
			for _, p := range c.tx.promises {
				of(by, p.owner).LockedByTickets += p.amount
			}
			if c.owner != nil {
				of(by, c.owner).VotingAuthority += c.amount
			}
			continue
		}
		confs := b.confirmations(c.tx)
		switch balance := of(by, c.owner); {
		case confs < c.maturity() && c.tx.kind == coinbase:
			balance.ImmatureCoinbase += c.amount
		case confs < c.maturity():
			balance.ImmatureStake += c.amount
		case confs < minConf:
			balance.Unconfirmed += c.amount
		default:
			balance.Spendable += c.amount
		}
	}
	return b.sum(by)
}

// of returns the balance of an owner's account.
func of(by map[string]*Balance, o *owner) *Balance {
	if by[o.account] == nil {
		by[o.account] = new(Balance)
	}
	return by[o.account]
}

// sum puts the accounts in their order, what was imported alone last.
func (b *Book) sum(by map[string]*Balance) Balances {
	out := Balances{BlockHash: b.blocks[b.tip].BlockHash().String()}
	for _, a := range append(b.watch.Accounts[:len(b.watch.Accounts):len(b.watch.Accounts)], &Account{Name: Imported}) {
		balance := Balance{}
		if by[a.Name] != nil {
			balance = *by[a.Name]
		}
		balance.AccountName = a.Name
		balance.Total = balance.Spendable + balance.ImmatureCoinbase + balance.ImmatureStake + balance.LockedByTickets + balance.Unconfirmed
		out.Accounts = append(out.Accounts, balance)

		out.ImmatureCoinbase += balance.ImmatureCoinbase
		out.ImmatureStake += balance.ImmatureStake
		out.LockedByTickets += balance.LockedByTickets
		out.Spendable += balance.Spendable
		out.Total += balance.Total
		out.Unconfirmed += balance.Unconfirmed
		out.VotingAuthority += balance.VotingAuthority
	}
	return out
}

// Received returns what was ever paid to each address, with so many confirmations
// at least. Scripts without an address are left out.
func (b *Book) Received(minConf int64) map[string]Amount {
	by := make(map[string]Amount)
	for _, c := range b.coins {
		if !c.isTicket() && c.owner.address != "" && b.confirmations(c.tx) >= minConf {
			by[c.owner.address] += c.amount
		}
	}
	return by
}

// ReceivedBy returns what was ever paid to an account.
func (b *Book) ReceivedBy(account string, minConf int64) Amount {
	var sum Amount
	for _, c := range b.coins {
		if !c.isTicket() && c.owner.account == account && b.confirmations(c.tx) >= minConf {
			sum += c.amount
		}
	}
	return sum
}
