//go:build unix

package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spvd/spvd/internal/parent"
)

// TestDesktopFrontEnd is what a desktop program does: it starts the daemon on a port that the
// system chooses, reads from a pipe where it is and a certificate, calls a method with that and
// without a password, and closes the other pipe, which stops the daemon cleanly.
func TestDesktopFrontEnd(t *testing.T) {
	dir := t.TempDir()
	p, life, reports := startChild(t, "--appdata", dir, "--rpclistenerevents", "--issueclientcert")
	issued, at := readReport(t, reports), readReport(t, reports)
	if issued.Type != "issuedclientcertificate" || at.Type != "jsonrpclistener" {
		t.Fatalf("reports of the types %s and %s", issued.Type, at.Type)
	}
	client := clientWith(t, filepath.Join(dir, "rpc.cert"), issued.Payload)
	body := `{"jsonrpc":"1.0","method":"version","params":[],"id":1}`
	reply, err := client.Post("https://"+string(at.Payload)+"/", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(reply.Body)
	reply.Body.Close()
	if err != nil || reply.StatusCode != http.StatusOK || !strings.Contains(string(text), `"spvd":`) {
		t.Errorf("status %d, %s, %v", reply.StatusCode, text, err)
	}
	client.CloseIdleConnections()

	stranger := clientWith(t, filepath.Join(dir, "rpc.cert"), nil)
	if reply, err := stranger.Post("https://"+string(at.Payload)+"/", "application/json", strings.NewReader(body)); err != nil {
		t.Error(err)
	} else if reply.Body.Close(); reply.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a certificate: status %d", reply.StatusCode)
	}
	stranger.CloseIdleConnections()

	life.Close()
	if err := p.wait(); err != nil || !strings.HasSuffix(p.out.String(), "SPVD: Stopped\n") {
		t.Errorf("the daemon ended with %v:\n%s", err, p.out)
	}
	if rest, err := io.ReadAll(reports); err != nil || len(rest) > 0 {
		t.Errorf("after the end %d bytes are read, %v", len(rest), err)
	}
}

// TestFrontEndThatReadsNothing: reports that stay unread hold up neither the daemon nor its stop,
// and neither does a program that has closed the pipe of the reports.
func TestFrontEndThatReadsNothing(t *testing.T) {
	for _, closed := range []bool{false, true} {
		p, life, reports := startChild(t, "--appdata", t.TempDir(), "--issueclientcert")
		if closed {
			reports.Close()
		}
		p.await(t, "RPC server listens")
		life.Close()
		if err := p.wait(); err != nil {
			t.Errorf("the daemon ended with %v:\n%s", err, p.out)
		}
	}
}

// TestPipesThatAreNone: wrong numbers and settings that report nowhere are refused as settings.
func TestPipesThatAreNone(t *testing.T) {
	for args, want := range map[string]string{
		"--piperx=999":                         "--piperx: 999 is not the number of an open file",
		"--pipetx=-1":                          "pipetx",
		"--issueclientcert":                    "without --pipetx",
		"--rpclistenerevents":                  "without --pipetx",
		"--piperx=3 --pipetx=3":                "two pipes",
		"--pipetx=4 --notls --issueclientcert": "--notls",
	} {
		p := startProcess(t, append(strings.Fields(args), "--appdata", t.TempDir())...)
		err := p.wait()
		if p.cmd.ProcessState.ExitCode() != exitUsage || !strings.Contains(p.err.String(), want) || strings.Count(p.err.String(), "\n") != 1 {
			t.Errorf("%s: %v, %s", args, err, p.err)
		}
	}
}

// startChild starts a daemon with two pipes. Life is the end that keeps it running, reports the
// one that it reports on.
func startChild(t *testing.T, args ...string) (p *process, life, reports *os.File) {
	t.Helper()
	rx, life, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	reports, tx, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p = startProcessWith(t, []*os.File{rx, tx}, append([]string{"--piperx=3", "--pipetx=4"}, args...)...)
	rx.Close()
	tx.Close()
	t.Cleanup(func() { life.Close(); reports.Close() })
	return p, life, reports
}

// readReport reads a message.
func readReport(t *testing.T, r io.Reader) parent.Message {
	t.Helper()
	read := func(n uint32) []byte {
		b := make([]byte, n)
		if _, err := io.ReadFull(r, b); err != nil {
			t.Fatal(err)
		}
		return b
	}
	head := read(2)
	if head[0] != 1 {
		t.Fatalf("a message of version %d", head[0])
	}
	m := parent.Message{Type: string(read(uint32(head[1])))}
	m.Payload = read(binary.LittleEndian.Uint32(read(4)))
	return m
}

// clientWith returns an HTTP client that trusts a certificate file, and has the key and
// certificates of a text; nil for none.
func clientWith(t *testing.T, file string, own []byte) *http.Client {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	settings := &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
	if !settings.RootCAs.AppendCertsFromPEM(text) {
		t.Fatalf("%s holds no certificate", file)
	}
	if own != nil {
		pair, err := tls.X509KeyPair(own, own)
		if err != nil {
			t.Fatal(fmt.Errorf("what was issued: %w", err))
		}
		if n := bytes.Count(own, []byte("BEGIN")); n != 3 {
			t.Errorf("%d parts were issued", n)
		}
		settings.Certificates = []tls.Certificate{pair}
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: settings}}
}
