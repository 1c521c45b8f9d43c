package wallet

import "net" // want arrows

var Dial = net.Dial
