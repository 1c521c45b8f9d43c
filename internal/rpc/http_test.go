package rpc_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
)

// httpTranscript is the golden file of whole HTTP requests: the lines that
// begin with > are one, down to its body, which ends without a line end; the
// line with < is the status and the body that came back.
const httpTranscript = "testdata/http.txt"

func TestRecordedRequests(t *testing.T) {
	want, err := os.ReadFile(httpTranscript)
	if err != nil {
		t.Fatal(err)
	}
	address := newStage(t).address
	var got strings.Builder
	var request []string
	for line := range strings.Lines(string(want)) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, ">"):
			request = append(request, strings.TrimPrefix(line[1:], " "))
		case strings.HasPrefix(line, "<"):
			line = "< " + steady(rawExchange(t, address, strings.Join(request, "\r\n")))
			request = nil
		}
		fmt.Fprintln(&got, line)
	}
	golden(t, httpTranscript, got.String())
}

// rawExchange sends bytes on a connection of their own and returns status and
// body of the answer.
func rawExchange(t *testing.T, address, request string) string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	r, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d %s", r.StatusCode, strings.TrimSpace(string(body)))
}
