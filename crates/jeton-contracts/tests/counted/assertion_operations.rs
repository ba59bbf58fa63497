//! Storage operations of requests that bring an assertion: the table of `ARCHITECTURE.md`, asserted.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{Request, StatusCode};
use jeton::{Crypto as _, Key, PrivateKey, Realm, Seconds, UnixTime};
use jeton_native::NativeCrypto;
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use crate::bench::{Bench, ISSUER, NOW};

const VECTORS: &str = include_str!("../../src/crypto/vectors.json");
const CI: &str = "https://ci.example";
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// What a request costs: reads of the registry, writes of the ledger. Of the others there are none.
type Cost = (u32, u32);

/// A deployment that knows the key of assertions, as that of clients and of `CI`.
async fn deployment() -> Bench {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    let own = vectors["sign"]["keys"].as_array().unwrap().iter();
    let mut public = own.clone().find(|it| it["crv"] == "P-256").unwrap().clone();
    public.as_object_mut().unwrap().remove("d");
    let jwks = json!({ "keys": [public] });

    let bench = Bench::new(&[]);
    let grants = ["client_credentials", JWT_BEARER];
    for (id, more) in [
        ("once", json!({ "jwks": jwks })),
        (
            "often",
            json!({ "jwks": jwks, "client_assertion_single_use": false }),
        ),
        (
            "job",
            json!({ "token_endpoint_auth_method": "federated_jwt" }),
        ),
    ] {
        let mut record = json!({
            "client_id": id, "grant_types": grants, "token_endpoint_auth_method": "private_key_jwt",
        });
        let members = record.as_object_mut().unwrap();
        members.extend(more.as_object().unwrap().clone());
        bench.write_client(&record).await;
    }
    let rule = |name: &str, single_use: bool| {
        json!({
            "name": name, "client_id": "job", "single_use": single_use,
            "conditions": [{ "claim": "sub", "equals": name }],
        })
    };
    let trust = json!({
        "issuer": CI, "jwks": jwks, "rules": [rule("often", false), rule("once", true)],
    });
    bench
        .write(&Key::trust(&Realm::default(), CI), &trust)
        .await;
    bench
}

/// An assertion of `iss` about `sub`, for two minutes from `NOW`.
async fn signed(iss: &str, sub: &str, jti: &str) -> String {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    let private = PrivateKey::from_jwks(&vectors["sign"].to_string()).unwrap();
    let is_es256 = |key: &PrivateKey| key.algorithm() == Algorithm::ES256;
    let key = private.into_iter().find(is_es256).unwrap();
    let encode = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let header = encode(&json!({ "alg": "ES256" }));
    let exp = (NOW + Seconds(120)).0;
    let claims = json!({ "iss": iss, "sub": sub, "aud": ISSUER, "exp": exp, "jti": jti });
    let message = format!("{header}.{}", encode(&claims));
    let crypto = NativeCrypto::new();
    let (key, _) = crypto.import(&key).await.unwrap();
    let signature = crypto.sign(&key, message.as_bytes()).await.unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

impl Bench {
    async fn present(&self, form: &[(&str, &str)], at: UnixTime) -> StatusCode {
        let answer = self.submit(Request::post("/token"), form, at);
        answer.await.status()
    }

    /// Sends an assertion as client assertion, at `at`.
    async fn authenticate_at(&self, assertion: &str, at: UnixTime) -> StatusCode {
        let form = [
            ("grant_type", "client_credentials"),
            (
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            ),
            ("client_assertion", assertion),
        ];
        self.present(&form, at).await
    }

    async fn authenticate(&self, assertion: &str) -> StatusCode {
        self.authenticate_at(assertion, NOW).await
    }

    /// Sends an assertion as a grant (RFC 7523 §2.1).
    async fn bear(&self, assertion: &str) -> StatusCode {
        let form = [("grant_type", JWT_BEARER), ("assertion", assertion)];
        self.present(&form, NOW).await
    }

    #[track_caller]
    fn assert_cost(&self, (registry_reads, ledger_writes): Cost, what: &str) {
        let expected = [registry_reads, 0, 0, ledger_writes];
        assert_eq!(self.operations(), expected, "{what}");
    }
}

#[tokio::test]
async fn private_key_jwt() {
    let bench = deployment().await;
    for (jti, reads, what) in [("1", 1, "cold"), ("2", 0, "warm")] {
        let assertion = signed("once", "once", jti).await;
        assert_eq!(bench.authenticate(&assertion).await, StatusCode::OK);
        bench.assert_cost((reads, 1), what);
    }
    let assertion = signed("once", "once", "1").await;
    assert_eq!(
        bench.authenticate(&assertion).await,
        StatusCode::UNAUTHORIZED
    );
    bench.assert_cost((0, 1), "replayed: the condition that fails");

    let assertion = signed("often", "often", "1").await;
    for (reads, what) in [(1, "cold"), (0, "the same assertion again")] {
        assert_eq!(bench.authenticate(&assertion).await, StatusCode::OK);
        bench.assert_cost((reads, 0), what);
    }
}

#[tokio::test]
async fn tokens_of_trusted_issuers() {
    let bench = deployment().await;
    let often = signed(CI, "often", "1").await;
    assert_eq!(bench.authenticate(&often).await, StatusCode::OK);
    bench.assert_cost((2, 0), "cold: the trust document and the client");
    assert_eq!(bench.authenticate(&often).await, StatusCode::OK);
    bench.assert_cost((0, 0), "warm");
    assert_eq!(bench.bear(&often).await, StatusCode::OK);
    bench.assert_cost((0, 0), "as a grant");

    let once = signed(CI, "once", "1").await;
    assert_eq!(bench.authenticate(&once).await, StatusCode::OK);
    bench.assert_cost((0, 1), "single use");
    assert_eq!(bench.bear(&once).await, StatusCode::BAD_REQUEST);
    bench.assert_cost((0, 1), "replayed, as a grant");
    let once = signed(CI, "once", "2").await;
    assert_eq!(bench.bear(&once).await, StatusCode::OK);
    bench.assert_cost((0, 1), "single use, as a grant");

    let later = NOW + Seconds(60);
    assert_eq!(bench.authenticate_at(&often, later).await, StatusCode::OK);
    bench.assert_cost((2, 0), "after JETON_REGISTRY_MAX_AGE");
}

#[tokio::test]
async fn a_cold_grant_reads_what_a_client_assertion_does() {
    let bench = deployment().await;
    let often = signed(CI, "often", "1").await;
    assert_eq!(bench.bear(&often).await, StatusCode::OK);
    bench.assert_cost((2, 0), "cold");
}

#[tokio::test]
async fn what_is_refused_costs_no_write() {
    let bench = deployment().await;
    let once = signed(CI, "once", "1").await;
    let (message, _) = once.rsplit_once('.').unwrap();
    let forged = format!("{message}.{}", "A".repeat(86));
    assert_eq!(bench.authenticate(&forged).await, StatusCode::UNAUTHORIZED);
    bench.assert_cost((1, 0), "forged: the trust document");
    assert_eq!(bench.bear(&forged).await, StatusCode::BAD_REQUEST);
    bench.assert_cost((0, 0), "the same, warm");
    let nobody = signed(CI, "nobody", "1").await;
    assert_eq!(bench.bear(&nobody).await, StatusCode::BAD_REQUEST);
    bench.assert_cost((0, 0), "no rule");

    let unknown = signed("https://unknown.example", "a", "1").await;
    for (reads, what) in [(1, "an unknown issuer"), (0, "remembered as unknown")] {
        assert_eq!(bench.bear(&unknown).await, StatusCode::BAD_REQUEST);
        bench.assert_cost((reads, 0), what);
    }
    for text in [format!("https://{}", "a".repeat(248)), "a b".to_owned()] {
        let no_issuer = signed(&text, "a", "1").await;
        assert_eq!(bench.bear(&no_issuer).await, StatusCode::BAD_REQUEST);
        bench.assert_cost((0, 0), "what no document can be about");
    }
}

#[tokio::test]
async fn a_flood_of_issuers_pushes_out_none_that_is_trusted() {
    let bench = deployment().await;
    let often = signed(CI, "often", "1").await;
    assert_eq!(bench.bear(&often).await, StatusCode::OK);
    bench.assert_cost((2, 0), "cold");
    for n in 0..20_000 {
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256"}"#);
        let claims = format!(
            r#"{{"iss":"https://{n}.example","sub":"a","exp":{}}}"#,
            NOW.0 + 60
        );
        let claims = URL_SAFE_NO_PAD.encode(claims);
        let made_up = format!("{header}.{claims}.{}", "A".repeat(86));
        assert_eq!(bench.bear(&made_up).await, StatusCode::BAD_REQUEST);
    }
    bench.assert_cost((20_000, 0), "one read each");
    assert_eq!(bench.bear(&often).await, StatusCode::OK);
    bench.assert_cost((0, 0), "from memory");
}
