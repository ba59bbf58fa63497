//! Tokens that are bound to a key: RFC 9449 §4.3 and §7.

use jeton_resource_server::{
    BoxFuture, Builder, Code, Credentials, Fault, ReplayMemory, ReplayStore, ReplayUnavailable,
    ResourceServer,
};
use serde_json::{Value, json};

use crate::support::{AUDIENCE, KEY, Key, NOW, STRANGER, World, claims, merged, sha256};

/// A proof of `holder`'s for a GET of the API, with these members instead.
pub(crate) fn proof(holder: &Key, token: &str, of_header: Value, of_claims: Value) -> String {
    let alg = format!("{:?}", holder.alg);
    let header = json!({ "typ": "dpop+jwt", "alg": alg, "jwk": holder.bare() });
    let claims = json!({
        "jti": format!("{of_header}{of_claims}"), "htm": "GET", "htu": format!("{AUDIENCE}/read"),
        "iat": NOW, "ath": sha256(token),
    });
    let (header, claims) = (merged(header, of_header), merged(claims, of_claims));
    holder.sign(&header.to_string(), &claims.to_string())
}

pub(crate) fn none() -> Value {
    json!({})
}

/// A token that is bound to `holder`.
pub(crate) fn bound(holder: &Key) -> String {
    KEY.token(&claims(json!({ "cnf": { "jkt": holder.jkt() } })))
}

async fn by_dpop(server: &ResourceServer, token: &str, proofs: &[&str]) -> Result<(), Code> {
    let authorization = format!("DPoP {token}");
    let credentials = Credentials::new()
        .authorization(&authorization)
        .request("GET", "/v1/read?query=left#out");
    let credentials = proofs
        .iter()
        .fold(credentials, |sent, proof| sent.dpop(proof));
    server
        .verify(&credentials)
        .await
        .map(drop)
        .map_err(|error| error.code())
}

#[tokio::test]
async fn proofs() {
    let server = World::new().server();
    let holder = Key::es256("holder");
    let token = bound(&holder);
    let check = async |of_header: Value, of_claims: Value, expected: Result<(), Code>| {
        let proof = proof(&holder, &token, of_header.clone(), of_claims.clone());
        assert_eq!(
            by_dpop(&server, &token, &[&proof]).await,
            expected,
            "{of_header} {of_claims}"
        );
    };
    let refused = Err(Code::InvalidDpopProof);
    check(none(), none(), Ok(())).await;
    check(json!({ "typ": "application/DPoP+JWT" }), none(), Ok(())).await;
    check(
        json!({ "jwk": merged(holder.bare(), json!({ "kid": "a", "use": "sig" })) }),
        none(),
        Ok(()),
    )
    .await;
    let private = |name: &str| json!({ "jwk": merged(holder.bare(), json!({ name: "AAAA" })) });
    for of_header in [
        json!({ "typ": "JWT" }),
        json!({ "typ": "at+jwt" }),
        json!({ "typ": null }),
        json!({ "jwk": null }),
        json!({ "jwk": "key" }),
        json!({ "jwk": STRANGER.bare() }),
        json!({ "jwk": { "kty": "oct", "k": "AAAA" } }),
        private("d"),
        private("p"),
        private("k"),
        json!({ "alg": "none" }),
        json!({ "alg": "HS256" }),
        json!({ "alg": "RS256" }),
        json!({ "alg": "ES384" }),
        json!({ "crit": ["jwk"] }),
    ] {
        check(of_header, none(), refused).await;
    }
    let htu = |url: &str| json!({ "htu": url });
    for url in [
        "https://api.example/v1/read?a=b",
        "https://api.example/v1/read#c",
        "HTTPS://API.example:443/v1/x/../read",
        "https://api.example/v1/%72ead",
        "https://api.example/v1/re%61d",
    ] {
        check(none(), htu(url), Ok(())).await;
    }
    for url in [
        "https://api.example/v1/write",
        "https://api.example/v1/read/",
        "https://api.example/V1/read",
        "https://api.example:444/v1/read",
        "https://a@api.example/v1/read",
        "https://other.example/v1/read",
        "http://api.example/v1/read",
        "/v1/read",
        "https://api.example/v1%2Fread",
        "",
    ] {
        check(none(), htu(url), refused).await;
    }
    for off in [-60_i64, 60] {
        check(
            none(),
            json!({ "iat": NOW.saturating_add_signed(off), "jti": off.to_string() }),
            Ok(()),
        )
        .await;
    }
    for of_claims in [
        json!({ "htu": null }),
        json!({ "htu": ["https://api.example/v1/read"] }),
        json!({ "htm": "POST" }),
        json!({ "htm": "get" }),
        json!({ "htm": null }),
        json!({ "iat": NOW - 61 }),
        json!({ "iat": NOW + 61 }),
        json!({ "iat": null }),
        json!({ "iat": "now" }),
        json!({ "jti": null }),
        json!({ "jti": 1 }),
        json!({ "ath": null }),
        json!({ "ath": sha256("another") }),
    ] {
        check(none(), of_claims, refused).await;
    }
    // Members that have no meaning in a proof do no harm: the FAPI suite sends them.
    check(
        none(),
        json!({ "nbf": NOW + 9, "exp": NOW - 9, "nonce": "unasked" }),
        Ok(()),
    )
    .await;
}

#[tokio::test]
async fn how_a_proof_is_sent() {
    let server = World::new().server();
    let holder = Key::es256("holder");
    let token = bound(&holder);
    let good = |jti: &str| proof(&holder, &token, none(), json!({ "jti": jti }));
    let refused = Err(Code::InvalidDpopProof);
    assert_eq!(by_dpop(&server, &token, &[]).await, refused);
    assert_eq!(by_dpop(&server, &token, &[""]).await, refused);
    assert_eq!(by_dpop(&server, &token, &["word"]).await, refused);
    assert_eq!(
        by_dpop(&server, &token, &[&good("a"), &good("b")]).await,
        refused
    );
    assert_eq!(
        by_dpop(&server, &token, &[&format!("{}, {}", good("a"), good("b"))]).await,
        refused
    );
    let cut = good("a");
    assert_eq!(
        by_dpop(&server, &token, &[&cut[..cut.len() - 4]]).await,
        refused
    );
    let stolen = proof(&STRANGER, &token, none(), none());
    assert_eq!(by_dpop(&server, &token, &[&stolen]).await, refused);
    // None of them has used a proof up.
    assert_eq!(by_dpop(&server, &token, &[&good("a")]).await, Ok(()));
    assert_eq!(by_dpop(&server, &token, &[&good("a")]).await, refused);
    assert_eq!(by_dpop(&server, &token, &[&good("b")]).await, Ok(()));
    // An identifier is a key's own.
    let other = Key::es256("other");
    let token = bound(&other);
    assert_eq!(
        by_dpop(
            &server,
            &token,
            &[&proof(&other, &token, none(), json!({ "jti": "a" }))]
        )
        .await,
        Ok(())
    );
}

#[tokio::test]
async fn schemes() {
    let server = World::new().server();
    let holder = Key::es256("holder");
    let unbound = KEY.token(&claims(none()));
    assert_eq!(
        by_dpop(
            &server,
            &unbound,
            &[&proof(&holder, &unbound, none(), none())]
        )
        .await,
        Err(Code::BoundToken)
    );
    let token = bound(&holder);
    let sent = proof(&holder, &token, none(), none());
    for scheme in ["Bearer", "bearer"] {
        let authorization = format!("{scheme} {token}");
        let credentials = Credentials::new()
            .authorization(&authorization)
            .request("GET", "/v1/read");
        for credentials in [credentials, credentials.dpop(&sent)] {
            let error = server.verify(&credentials).await.unwrap_err();
            assert_eq!(error.code(), Code::BoundToken);
            assert!(
                error
                    .challenge()
                    .next()
                    .unwrap()
                    .starts_with("DPoP error=\"invalid_token\"")
            );
        }
    }
    let authorization = format!("dpop {token}");
    let credentials = Credentials::new()
        .authorization(&authorization)
        .request("GET", "/v1/read");
    server.verify(&credentials.dpop(&sent)).await.unwrap();
    // A proof beside a token that needs none is not looked at.
    let authorization = format!("Bearer {unbound}");
    server
        .verify(
            &Credentials::new()
                .authorization(&authorization)
                .dpop("word"),
        )
        .await
        .unwrap();
}

#[tokio::test]
async fn each_kind_of_key() {
    let server = World::new().server();
    let rsa = Key::rsa(jeton_resource_server::Algorithm::PS256);
    let ed = Key::eddsa("ed");
    let (n, e) = (
        rsa.public["n"].as_str().unwrap(),
        rsa.public["e"].as_str().unwrap(),
    );
    let x = ed.public["x"].as_str().unwrap();
    let rows = [
        (
            &rsa,
            sha256(format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#)),
        ),
        (
            &ed,
            sha256(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#)),
        ),
    ];
    for (holder, jkt) in rows {
        let token = KEY.token(&claims(json!({ "cnf": { "jkt": jkt } })));
        let sent = proof(holder, &token, none(), none());
        assert_eq!(by_dpop(&server, &token, &[&sent]).await, Ok(()));
    }
}

#[tokio::test]
async fn nonces() {
    let world = World::new();
    let server = |secret: u8| world.builder().dpop_nonce_secret([secret; 32]).build();
    let server = |secret| server(secret).unwrap();
    let (one, other, stranger) = (server(1), server(1), server(2));
    let short = world.builder().dpop_nonce_secret([1; 31]).build();
    assert_eq!(short.unwrap_err().code(), Code::InvalidConfiguration);
    let holder = Key::es256("holder");
    let lasting = json!({ "exp": NOW + 10_000, "cnf": { "jkt": holder.jkt() } });
    let token = KEY.token(&claims(lasting));
    let nonce = one.dpop_nonce().unwrap();
    let mut jti = 0;
    let mut check =
        async |server: &ResourceServer, now: u64, nonce: Value, expected: Result<(), Code>| {
            world.at(now);
            jti += 1;
            let changes = json!({ "nonce": nonce, "iat": now, "jti": jti.to_string() });
            let sent = proof(&holder, &token, none(), changes);
            assert_eq!(
                by_dpop(server, &token, &[&sent]).await,
                expected,
                "{now} {nonce}"
            );
        };
    let wanted = Err(Code::UseDpopNonce);
    check(&one, NOW, Value::Null, wanted).await;
    check(&one, NOW, json!("word"), wanted).await;
    check(&one, NOW, json!(""), wanted).await;
    check(&one, NOW, json!(nonce), Ok(())).await;
    check(&other, NOW, json!(nonce), Ok(())).await;
    check(&stranger, NOW, json!(nonce), wanted).await;
    // NOW is a multiple of the two minutes.
    check(&one, NOW + 239, json!(nonce), Ok(())).await;
    check(&one, NOW + 240, json!(nonce), wanted).await;
    check(&one, NOW - 1, json!(nonce), wanted).await;

    world.at(NOW);
    let authorization = format!("DPoP {token}");
    let sent = proof(&holder, &token, none(), json!({ "iat": NOW - 3600 }));
    let credentials = Credentials::new()
        .authorization(&authorization)
        .request("GET", "/v1/read")
        .dpop(&sent);
    let error = one.verify(&credentials).await.unwrap_err();
    // Before the time: who has a wrong clock learns the nonce.
    assert_eq!(error.code(), Code::UseDpopNonce);
    assert_eq!(error.headers()["dpop-nonce"], nonce);
    let challenges: Vec<_> = error.challenge().collect();
    assert_eq!(
        challenges,
        [
            "DPoP error=\"use_dpop_nonce\", error_description=\"the DPoP proof needs a nonce of this server\", \
         resource_metadata=\"https://api.example/.well-known/oauth-protected-resource/v1\", \
         algs=\"ES256 EdDSA RS256 PS256\"",
        ]
    );
    let error = one.verify(&Credentials::new()).await.unwrap_err();
    assert_eq!(error.challenge().count(), 2);
    assert_eq!(error.headers()["dpop-nonce"], nonce);
}

#[tokio::test]
async fn the_url_is_the_configured_one() {
    let world = World::new();
    let holder = Key::es256("holder");
    let token = bound(&holder);
    let check = async |builder: Builder, url: &str, expected: Result<(), Code>| {
        let server = builder.build().unwrap();
        let authorization = format!("DPoP {token}");
        let sent = proof(&holder, &token, none(), none());
        let credentials = Credentials::new().authorization(&authorization).dpop(&sent);
        let found = server.verify(&credentials.request("GET", url)).await;
        assert_eq!(
            found.map(drop).map_err(|error| error.code()),
            expected,
            "{url}"
        );
    };
    check(world.builder(), "http://10.0.0.1:8080/v1/read?a=b", Ok(())).await;
    check(world.builder(), "https://evil.example/v1/read", Ok(())).await;
    check(
        world.builder().resource("https://evil.example"),
        "/v1/read",
        Err(Code::InvalidDpopProof),
    )
    .await;
    check(
        world.builder(),
        "/v1/read/../write",
        Err(Code::InvalidDpopProof),
    )
    .await;
    check(world.builder(), "v1 read", Err(Code::InvalidDpopProof)).await;
    check(world.builder(), "", Err(Code::InvalidConfiguration)).await;
    // Where none is configured nothing takes its place: the caller's is made of `Host`.
    let nameless = || {
        ResourceServer::builder(crate::support::ISSUER, "api")
            .http(world.clone())
            .clock(|| std::time::Duration::from_secs(NOW))
            .audience(AUDIENCE)
    };
    for url in ["https://api.example/v1/read?a=b", "/v1/read"] {
        check(nameless(), url, Err(Code::InvalidConfiguration)).await;
    }
}

/// One that answers always the same.
struct Same(Result<bool, ReplayUnavailable>);

impl ReplayStore for Same {
    fn first_use(
        &self,
        _: [u8; 32],
        expires_at: u64,
        now: u64,
    ) -> BoxFuture<'_, Result<bool, ReplayUnavailable>> {
        assert_eq!((expires_at, now), (NOW + 60, NOW));
        Box::pin(std::future::ready(self.0.clone()))
    }
}

#[tokio::test]
async fn what_was_used() {
    let holder = Key::es256("holder");
    let token = bound(&holder);
    let server = World::new().builder().replay(Same(Ok(false)));
    let server = server.build().unwrap();
    let sent = proof(&holder, &token, none(), none());
    assert_eq!(
        by_dpop(&server, &token, &[&sent]).await,
        Err(Code::InvalidDpopProof)
    );

    let away = Same(Err(ReplayUnavailable("the store is away".to_owned())));
    let server = World::new().builder().replay(away).build().unwrap();
    let authorization = format!("DPoP {token}");
    let credentials = Credentials::new()
        .authorization(&authorization)
        .request("GET", "/v1/read")
        .dpop(&sent);
    let error = server.verify(&credentials).await.unwrap_err();
    assert_eq!(error.code(), Code::ReplayUnavailable);
    assert_eq!(error.message(), "the store is away");
    assert_eq!(
        (error.fault(), error.status().as_u16(), error.retry_after()),
        (Fault::Server, 503, Some(1))
    );
    assert_eq!(error.challenge().count(), 0);

    let used = ReplayMemory::new(2);
    let first_use = async |id, expires_at, now| {
        let found = used.first_use([id; 32], expires_at, now).await;
        found.ok()
    };
    assert_eq!(first_use(1, NOW + 60, NOW).await, Some(true));
    // At its end it would hold a second time.
    assert_eq!(first_use(1, NOW + 60, NOW + 60).await, Some(false));
    assert_eq!(first_use(2, NOW + 90, NOW).await, Some(true));
    // There is no room; but what is known is known.
    assert_eq!(first_use(3, NOW + 60, NOW).await, None);
    assert_eq!(first_use(1, NOW + 60, NOW).await, Some(false));
    // There is room again.
    assert_eq!(first_use(3, NOW + 120, NOW + 61).await, Some(true));
    assert_eq!(first_use(2, NOW + 90, NOW + 61).await, Some(false));
    assert_eq!(format!("{used:?}"), "ReplayMemory { .. }");
}

#[tokio::test]
async fn the_example_of_rfc_9449() {
    // §7.1, figures 12 and 13: the access token, and the proof for it.
    let token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
    let sent = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA";
    let world = World::new();
    world.at(1_562_262_618);
    // That token has two dots, and is no JWT: it is asked about here under another name.
    let opaque = "Kz~8mXK1EalYznwH-LC-1fBAo4Ljp~zsPE_NeOgxU";
    let answer = json!({
        "active": true, "aud": "https://resource.example.org",
        // §6.1, figure 9.
        "cnf": { "jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" },
    });
    world.answers("/introspect", crate::support::Answer::Json(answer));
    let authentication = jeton_resource_server::ClientAuthentication::secret("a");
    let server = world
        .builder()
        .audience("https://resource.example.org")
        .resource("https://resource.example.org")
        .introspection("api", authentication)
        .build()
        .unwrap();
    let authorization = format!("DPoP {opaque}");
    let credentials = Credentials::new()
        .authorization(&authorization)
        .request("GET", "/protectedresource")
        .dpop(sent);
    let error = server.verify(&credentials).await.unwrap_err();
    // All of it holds but the token's hash, which is of the token with its dots.
    assert_eq!(
        error.message(),
        "the ath of the DPoP proof is of another token"
    );
    assert_eq!(sha256(token), "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
}
