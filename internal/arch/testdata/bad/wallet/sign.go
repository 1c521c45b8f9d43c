package wallet

import (
	"net" // want arrows
	"time"
)

var dial = net.Dial

func rest() {
	<-time.NewTicker(time.Second).C // want wait
}
