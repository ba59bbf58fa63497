// The mock, for Go tests: one process for all, an issuer for each test.
//
// Run with:
//
//	go test

package shop

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Where the control API is, and beneath what every issuer lies.
var mock string

func TestMain(m *testing.M) {
	os.Exit(withMock(m))
}

// withMock runs `jeton mock` on a free port until the tests have ended, however they end.
func withMock(m *testing.M) int {
	bin := os.Getenv("JETON_BIN")
	if bin == "" {
		bin = "jeton"
	}
	command := exec.Command(bin, "mock", "--port", "0", "--stop-with-stdin")
	// Without the settings of whoever runs the tests.
	command.Env = []string{"PATH=" + os.Getenv("PATH")}
	command.Stderr = os.Stderr
	stdin, err := command.StdinPipe()
	if err != nil {
		log.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		log.Fatal(err)
	}
	if err := command.Start(); err != nil {
		log.Fatal(err)
	}
	output := bufio.NewReader(stdout)
	line, err := output.ReadString('\n')
	if err != nil {
		log.Fatalf("the mock did not start: %v", err)
	}
	// It never waits for somebody to read what it says.
	go func() { _, _ = io.Copy(io.Discard, output) }()
	// The first line: jeton mock: ISSUER on http://ADDRESS
	if _, err := fmt.Sscanf(line, "jeton mock: %s on", &mock); err != nil {
		log.Fatalf("the mock said %q", line)
	}
	mock = strings.TrimSuffix(mock, "/")

	code := m.Run()
	_ = stdin.Close()
	_ = command.Wait()
	return code
}

// issuer is one of a test's own. Its URL is what the program under test is configured with.
type issuer struct {
	t    *testing.T
	name string
	URL  string
}

func newIssuer(t *testing.T) issuer {
	t.Helper()
	name := strings.ToLower(strings.ReplaceAll(t.Name(), "/", "-"))
	made := issuer{t, name, mock + "/" + name}
	made.control(http.MethodPut, "issuer", map[string]any{}, nil)
	return made
}

// control asks the control API of the mock, which /_mock/openapi.json describes.
func (issuer issuer) control(method, operation string, body, answer any) {
	issuer.t.Helper()
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			issuer.t.Fatal(err)
		}
	}
	operation, query, _ := strings.Cut(operation, "?")
	at := fmt.Sprintf("%s/_mock/%s?issuer=%s&%s", mock, operation, url.QueryEscape(issuer.name), query)
	request, err := http.NewRequest(method, at, bytes.NewReader(text))
	if err != nil {
		issuer.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		issuer.t.Fatal(err)
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode >= 300 {
		issuer.t.Fatalf("%s %s: %s %s %v", method, operation, response.Status, got, err)
	}
	if answer != nil {
		if err := json.Unmarshal(got, answer); err != nil {
			issuer.t.Fatal(err)
		}
	}
}
