// A service that gets its tokens by golang.org/x/oauth2, which keeps one until ten seconds before it expires.
//
// Run with:
//
//	ISSUER=https://tokens.example.com CLIENT_ID=… CLIENT_SECRET=… API=https://orders.example.com go run main.go
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// tokenEndpoint asks the issuer for its metadata (RFC 8414), and holds that it is the issuer's.
func tokenEndpoint(ctx context.Context, issuer string) (string, error) {
	at, err := url.Parse(issuer)
	if err != nil {
		return "", err
	}
	at.Path = "/.well-known/oauth-authorization-server" + strings.TrimSuffix(at.Path, "/")
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var metadata struct {
		Issuer        string `json:"issuer"`
		TokenEndpoint string `json:"token_endpoint"`
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, 1<<18)).Decode(&metadata); err != nil {
		return "", err
	}
	if metadata.Issuer != issuer {
		return "", fmt.Errorf("the metadata is of another issuer than %s", issuer)
	}
	return metadata.TokenEndpoint, nil
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	endpoint, err := tokenEndpoint(ctx, os.Getenv("ISSUER"))
	if err != nil {
		log.Fatal(err)
	}
	api := os.Getenv("API")
	config := clientcredentials.Config{
		ClientID:       os.Getenv("CLIENT_ID"),
		ClientSecret:   os.Getenv("CLIENT_SECRET"),
		TokenURL:       endpoint,
		Scopes:         []string{"orders:read"},
		EndpointParams: url.Values{"resource": {api}},
		// Without this the library asks twice to find out what the service takes.
		AuthStyle: oauth2.AuthStyleInHeader,
	}
	// Each request of this client has a token; make one client, not one a request.
	orders := config.Client(ctx)
	response, err := orders.Get(api + "/orders")
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		log.Fatal(err)
	}
	if response.StatusCode != http.StatusOK {
		log.Fatalf("%s: %s", response.Status, response.Header.Get("WWW-Authenticate"))
	}
	fmt.Println(string(body))
}
