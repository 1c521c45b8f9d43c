package webhook

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/spvd/spvd/internal/testenv"
)

// receiverVariable makes the test program a receiver: its value is the seed of its faults.
const receiverVariable = "WEBHOOK_TEST_RECEIVER"

const testSecret = "the secret of the tests"

func TestMain(m *testing.M) {
	testenv.Set()
	if seed, err := strconv.ParseUint(os.Getenv(receiverVariable), 10, 64); err == nil {
		os.Exit(receive(seed))
	}
	os.Exit(m.Run())
}

// receive is a receiver, as its users may write one: it checks the signature, writes the body as a
// line to its disk, which is standard output, and answers. Sometimes it refuses an event before
// that, or after. It listens on the socket that it has inherited.
func receive(seed uint64) int {
	random := rand.New(rand.NewPCG(seed, 0))
	l, err := net.FileListener(os.NewFile(3, "listener"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var turn sync.Mutex
	server := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		turn.Lock()
		defer turn.Unlock()
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		stamp, signature, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Spvd-Signature"), "t="), ",v1=")
		mac := hmac.New(sha256.New, []byte(testSecret))
		fmt.Fprintf(mac, "%s.%s", stamp, body)
		if hex.EncodeToString(mac.Sum(nil)) != signature {
			os.Stdout.WriteString("forged\n")
		}
		refuses := random.IntN(12)
		if refuses == 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		os.Stdout.Write(append(body, '\n'))
		if refuses == 1 {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})}
	fmt.Fprintln(os.Stderr, server.Serve(l))
	return 1
}

// receiver is a receiver in a process of its own, which can be killed.
type receiver struct {
	t       *testing.T
	socket  *os.File
	address string
	lines   chan string // what is on its disk
	seed    uint64

	mu      sync.Mutex
	process *exec.Cmd
	readers sync.WaitGroup
}

// startReceiver runs a receiver until the test ends.
func startReceiver(t *testing.T) *receiver {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	socket, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	r := &receiver{t: t, socket: socket, address: "http://" + l.Addr().String() + "/hook?token=1", lines: make(chan string, 10000)}
	l.Close()
	r.start()
	t.Cleanup(func() {
		r.kill()
		r.readers.Wait()
		socket.Close()
	})
	return r
}

// start starts the process.
func (r *receiver) start() {
	r.t.Helper()
	program, err := os.Executable()
	if err != nil {
		r.t.Fatal(err)
	}
	r.seed++
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), receiverVariable+"="+strconv.FormatUint(r.seed, 10))
	cmd.ExtraFiles, cmd.Stderr = []*os.File{r.socket}, os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		r.t.Fatal(err)
	}
	r.mu.Lock()
	r.process = cmd
	r.mu.Unlock()
	r.readers.Go(func() {
		for disk := bufio.NewReader(out); ; {
			line, err := disk.ReadString('\n')
			if err != nil { // a line that is not whole was not written
				_ = cmd.Wait()
				return
			}
			r.lines <- strings.TrimSuffix(line, "\n")
		}
	})
}

// kill ends the process at once.
func (r *receiver) kill() {
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = r.process.Process.Kill() // which may have ended
}
