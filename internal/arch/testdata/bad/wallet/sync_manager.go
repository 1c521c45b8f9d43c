package wallet
