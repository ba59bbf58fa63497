// Package shop is what is under test: a service that calls an API, and an application that logs people in.
package shop

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"

	oidc "github.com/coreos/go-oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// Service is a client of its own: what it asks has tokens.
func Service(ctx context.Context, issuer string) (*http.Client, error) {
	provider, err := oidc.NewProvider(ctx, issuer)
	if err != nil {
		return nil, err
	}
	config := clientcredentials.Config{
		ClientID:     "billing",
		ClientSecret: "any",
		TokenURL:     provider.Endpoint().TokenURL,
		Scopes:       []string{"orders:read"},
		AuthStyle:    oauth2.AuthStyleInHeader,
	}
	return config.Client(ctx), nil
}

// Application logs people in at /login, by code and PKCE.
func Application(ctx context.Context, issuer, origin string) (http.Handler, error) {
	provider, err := oidc.NewProvider(ctx, issuer)
	if err != nil {
		return nil, err
	}
	config := oauth2.Config{
		ClientID:     "shop",
		ClientSecret: "any",
		Endpoint:     provider.Endpoint(),
		RedirectURL:  origin + "/callback",
		Scopes:       []string{oidc.ScopeOpenID},
	}
	verifier := provider.Verifier(&oidc.Config{ClientID: config.ClientID})

	mux := http.NewServeMux()
	mux.HandleFunc("/login", func(w http.ResponseWriter, r *http.Request) {
		secret := random()
		hash := sha256.Sum256([]byte(secret))
		// The cookie is the state and the nonce, by its hash, and the verifier of PKCE.
		http.SetCookie(w, &http.Cookie{Name: "login", Value: secret, Path: "/", HttpOnly: true})
		challenge := base64.RawURLEncoding.EncodeToString(hash[:])
		http.Redirect(w, r, config.AuthCodeURL(challenge,
			oidc.Nonce(challenge),
			oauth2.SetAuthURLParam("code_challenge", challenge),
			oauth2.SetAuthURLParam("code_challenge_method", "S256"),
			oauth2.SetAuthURLParam("login_hint", r.URL.Query().Get("login_hint")),
		), http.StatusSeeOther)
	})
	mux.HandleFunc("/callback", func(w http.ResponseWriter, r *http.Request) {
		subject, err := callback(r, &config, verifier)
		if err != nil {
			http.Error(w, "Login failed: "+err.Error(), http.StatusBadGateway)
			return
		}
		fmt.Fprintln(w, "Logged in as", subject)
	})
	return mux, nil
}

// callback says who has logged in.
func callback(r *http.Request, config *oauth2.Config, verifier *oidc.IDTokenVerifier) (string, error) {
	cookie, err := r.Cookie("login")
	if err != nil {
		return "", err
	}
	hash := sha256.Sum256([]byte(cookie.Value))
	challenge := base64.RawURLEncoding.EncodeToString(hash[:])
	if r.FormValue("state") != challenge {
		return "", fmt.Errorf("the login was begun elsewhere")
	}
	if refused := r.FormValue("error"); refused != "" {
		return "", fmt.Errorf("%s", refused)
	}
	token, err := config.Exchange(r.Context(), r.FormValue("code"),
		oauth2.SetAuthURLParam("code_verifier", cookie.Value))
	if err != nil {
		return "", err
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := verifier.Verify(r.Context(), raw)
	if err != nil {
		return "", err
	}
	if id.Nonce != challenge {
		return "", fmt.Errorf("the ID token is of another login")
	}
	return id.Subject, nil
}

func random() string {
	bytes := make([]byte, 32)
	if _, err := rand.Read(bytes); err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(bytes)
}
