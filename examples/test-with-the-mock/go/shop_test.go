package shop

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestServiceAsksOnceForTwoCalls(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ey") {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	defer api.Close()
	service, err := Service(context.Background(), issuer.URL)
	if err != nil {
		t.Fatal(err)
	}
	for call := 0; call < 2; call++ {
		response, err := service.Get(api.URL)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("the API answers %s", response.Status)
		}
	}
	var asked struct {
		Count int `json:"count"`
	}
	issuer.control(http.MethodGet, "journal/count?endpoint=token", nil, &asked)
	if asked.Count != 1 {
		t.Errorf("asked %d times for a token", asked.Count)
	}
}

func TestServiceSaysThatTheProviderIsDown(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	issuer.control(http.MethodPost, "faults", map[string]any{"fault": "status-503"}, nil)
	service, err := Service(context.Background(), issuer.URL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := service.Get("http://127.0.0.1:1/never-asked"); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("it says %v", err)
	}
}

func TestLogin(t *testing.T) {
	t.Parallel()
	if got := login(t, newIssuer(t), "alice"); got != "Logged in as alice\n" {
		t.Error(got)
	}
}

func TestLoginWithAWrongToken(t *testing.T) {
	for _, fault := range []string{"expired", "wrong-key", "wrong-audience", "wrong-nonce"} {
		fault := fault
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			issuer := newIssuer(t)
			issuer.control(http.MethodPost, "faults", map[string]any{"fault": fault, "tokens": []string{"id_token"}}, nil)
			if got := login(t, issuer, "alice"); !strings.HasPrefix(got, "Login failed: ") {
				t.Error(got)
			}
		})
	}
}

// login is what a browser does: with login_hint nobody is asked.
func login(t *testing.T, issuer issuer, who string) string {
	t.Helper()
	var application http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		application.ServeHTTP(w, r)
	}))
	defer server.Close()
	var err error
	if application, err = Application(context.Background(), issuer.URL, server.URL); err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := http.Client{Jar: jar}
	response, err := browser.Get(server.URL + "/login?login_hint=" + who)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}
