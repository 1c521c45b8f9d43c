package testnet

import (
	"github.com/spvd/spvd/spv/consensus"
)

// Eras returns the parameters of a network that goes through all the rules
// that the main network had, one after the other, within its first few hundred
// blocks. It is the simulation network in everything else.
func Eras() *consensus.Params {
	p := consensus.SimNet()
	p.DCP0001 = 200
	p.DCP0005 = 300
	p.DCP0009 = 350
	p.DCP0011 = 400
	p.ASERTAnchor = p.DCP0011 - 1
	return p
}
