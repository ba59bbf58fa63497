//! What an application says to use an issuer, to be copied.

use crate::address::Address;

/// A way to use an issuer, and the text for it.
pub(super) struct Snippet {
    pub(super) title: &'static str,
    /// What to know besides.
    pub(super) note: &'static str,
    pub(super) text: String,
}

/// `{insecure}` stands for what a library wants to hear before it speaks plain HTTP.
struct Template {
    title: &'static str,
    note: &'static str,
    text: &'static str,
    insecure: &'static str,
}

const TEMPLATES: [Template; 7] = [
    Template {
        title: "curl",
        note: "Any client and any secret will do, unless the issuer is strict.",
        text: "curl -u demo:demo-secret -d grant_type=client_credentials -d scope=read {address}/token",
        insecure: "",
    },
    Template {
        title: "JavaScript: openid-client",
        note: "",
        text: "import * as client from 'openid-client';

const config = await client.discovery(new URL('{issuer}'), 'demo', 'demo-secret'{insecure});
const code_verifier = client.randomPKCECodeVerifier();
const state = client.randomState();
const url = client.buildAuthorizationUrl(config, {
  redirect_uri: 'http://localhost:3000/callback',
  scope: 'openid profile email',
  code_challenge: await client.calculatePKCECodeChallenge(code_verifier),
  code_challenge_method: 'S256',
  state,
});
// Send the browser to url. When it is back at currentUrl:
const tokens = await client.authorizationCodeGrant(config, currentUrl, {
  pkceCodeVerifier: code_verifier,
  expectedState: state,
});",
        insecure: ", undefined, {
  execute: [client.allowInsecureRequests],
}",
    },
    Template {
        title: "Java: Spring Boot, application.yml",
        note: "Spring Security takes ID tokens that are signed with RS256, as they are unless \
               signing_algs says otherwise.",
        text: "spring:
  security:
    oauth2:
      resourceserver:
        jwt:
          issuer-uri: {issuer}
      client:
        provider:
          jeton:
            issuer-uri: {issuer}
        registration:
          jeton:
            client-id: demo
            client-secret: demo-secret
            scope: openid,profile,email",
        insecure: "",
    },
    Template {
        title: ".NET: OpenID Connect, Program.cs",
        note: "",
        text: "builder.Services
    .AddAuthentication(options =>
    {
        options.DefaultScheme = CookieAuthenticationDefaults.AuthenticationScheme;
        options.DefaultChallengeScheme = OpenIdConnectDefaults.AuthenticationScheme;
    })
    .AddCookie()
    .AddOpenIdConnect(options =>
    {
        options.Authority = \"{issuer}\";{insecure}
        options.ClientId = \"demo\";
        options.ClientSecret = \"demo-secret\";
        options.ResponseType = \"code\";
        options.ResponseMode = \"query\";
        options.Scope.Add(\"email\");
        options.MapInboundClaims = false;
        options.GetClaimsFromUserInfoEndpoint = true;
    });",
        insecure: "
        options.RequireHttpsMetadata = false;",
    },
    Template {
        title: ".NET: an API, appsettings.json",
        note: "For AddAuthentication().AddJwtBearer().",
        text: "{
  \"Authentication\": {
    \"Schemes\": {
      \"Bearer\": {
        \"Authority\": \"{issuer}\",{insecure}
        \"ValidAudiences\": [\"https://api.example\"]
      }
    }
  }
}",
        insecure: "
        \"RequireHttpsMetadata\": false,",
    },
    Template {
        title: "Python: Authlib",
        note: "",
        text: "oauth.register(
    \"jeton\",
    server_metadata_url=\"{issuer}/.well-known/openid-configuration\",
    client_id=\"demo\",
    client_secret=\"demo-secret\",
    client_kwargs={\"scope\": \"openid profile email\", \"code_challenge_method\": \"S256\"},
)",
        insecure: "",
    },
    Template {
        title: "Go: go-oidc",
        note: "",
        text: "provider, err := oidc.NewProvider(ctx, \"{issuer}\")
if err != nil {
	return err
}
config := oauth2.Config{
	ClientID:     \"demo\",
	ClientSecret: \"demo-secret\",
	Endpoint:     provider.Endpoint(),
	RedirectURL:  \"http://localhost:3000/callback\",
	Scopes:       []string{oidc.ScopeOpenID, \"profile\", \"email\"},
}
verifier := provider.Verifier(&oidc.Config{ClientID: config.ClientID})",
        insecure: "",
    },
];

/// The snippets for the issuer at `address`.
pub(super) fn all(address: &Address) -> impl Iterator<Item = Snippet> {
    let is_secure = address.issuer.starts_with("https:");
    TEMPLATES.iter().map(move |template| Snippet {
        title: template.title,
        note: template.note,
        text: template
            .text
            .replace("{insecure}", if is_secure { "" } else { template.insecure })
            .replace("{issuer}", &address.issuer)
            .replace("{address}", &address.browser),
    })
}
