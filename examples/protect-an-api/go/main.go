// An API that checks its tokens by github.com/coreos/go-oidc, and what that leaves to it: the type of the
// token, its scopes, and that it is bound to no key.
//
// Run with:
//
//	ISSUER=https://tokens.example.com API=https://orders.example.com PORT=8080 go run main.go
package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"

	oidc "github.com/coreos/go-oidc"
)

// Claims are those of an access token (RFC 9068) that this API looks at.
type Claims struct {
	Subject  string                 `json:"sub"`
	ClientID string                 `json:"client_id"`
	Scope    string                 `json:"scope"`
	Bound    map[string]interface{} `json:"cnf"`
}

func (claims Claims) may(scope string) bool {
	for _, one := range strings.Fields(claims.Scope) {
		if one == scope {
			return true
		}
	}
	return false
}

// isAccessToken says whether the header of this JWT has the type of access tokens: an ID token has another.
func isAccessToken(token string) bool {
	header, err := base64.RawURLEncoding.DecodeString(strings.SplitN(token, ".", 2)[0])
	if err != nil {
		return false
	}
	var members struct {
		Type string `json:"typ"`
	}
	if json.Unmarshal(header, &members) != nil {
		return false
	}
	kind := strings.ToLower(members.Type)
	return kind == "at+jwt" || kind == "application/at+jwt"
}

// protect answers 401 or 403 (RFC 6750) unless the request has a token with this scope.
func protect(verifier *oidc.IDTokenVerifier, scope string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		refuse := func(status int, challenge string) {
			w.Header().Set("WWW-Authenticate", challenge)
			w.WriteHeader(status)
		}
		given := r.Header.Values("Authorization")
		if len(given) == 0 {
			refuse(http.StatusUnauthorized, fmt.Sprintf(`Bearer scope="%s"`, scope))
			return
		}
		invalid := `Bearer error="invalid_token"`
		scheme, token, _ := strings.Cut(given[0], " ")
		if len(given) > 1 || !strings.EqualFold(scheme, "Bearer") || len(token) > 16384 || !isAccessToken(token) {
			refuse(http.StatusUnauthorized, invalid)
			return
		}
		verified, err := verifier.Verify(r.Context(), token)
		var claims Claims
		if err != nil || verified.Claims(&claims) != nil || claims.Bound != nil {
			refuse(http.StatusUnauthorized, invalid)
			return
		}
		if !claims.may(scope) {
			refuse(http.StatusForbidden, fmt.Sprintf(`Bearer error="insufficient_scope", scope="%s"`, scope))
			return
		}
		next(w, r)
	}
}

func main() {
	// The provider keeps the keys, and asks for them again when a token names one that it does not know.
	provider, err := oidc.NewProvider(context.Background(), os.Getenv("ISSUER"))
	if err != nil {
		log.Fatal(err)
	}
	// The audience stands under the name that it has for ID tokens.
	verifier := provider.Verifier(&oidc.Config{
		ClientID:             os.Getenv("API"),
		SupportedSigningAlgs: []string{oidc.ES256, oidc.RS256, oidc.PS256},
	})
	read := protect(verifier, "orders:read", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"orders":["1 jeton"]}`)
	})
	write := protect(verifier, "orders:write", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusCreated)
	})
	http.HandleFunc("/orders", func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodGet:
			read(w, r)
		case http.MethodPost:
			write(w, r)
		default:
			w.WriteHeader(http.StatusMethodNotAllowed)
		}
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
