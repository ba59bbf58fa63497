//! How a client proves who it is.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue, header};
use serde_json::json;
use url::form_urlencoded::byte_serialize;

use crate::{
    error::Error, jws::SigningKey, metadata::Metadata, platform::PlatformToken, runtime::Runtime,
};

/// The `client_assertion_type` of RFC 7523 §2.2.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How long a client's own assertion counts.
const ASSERTION_LIFETIME: u64 = 60;

/// How the client proves who it is.
#[derive(Clone)]
pub struct Authentication(Method);

#[derive(Clone)]
enum Method {
    Secret(String),
    Key(SigningKey),
    Platform(PlatformToken),
    None,
}

impl Authentication {
    /// By a secret: `client_secret_basic`, or `client_secret_post` where the server has only that.
    #[must_use]
    pub fn client_secret(secret: impl Into<String>) -> Self {
        Self(Method::Secret(secret.into()))
    }

    /// By a JWT that the client signs for each request (`private_key_jwt`, RFC 7523 §2.2, RFC 10070):
    /// its audience is the issuer alone, and it counts for 60 s.
    #[must_use]
    pub fn private_key_jwt(key: SigningKey) -> Self {
        Self(Method::Key(key))
    }

    /// By a token with which the platform vouches for this machine (RFC 7523 §2.2).
    #[must_use]
    pub fn platform_token(source: PlatformToken) -> Self {
        Self(Method::Platform(source))
    }

    /// Not at all: a public client (RFC 6749 §2.1).
    #[must_use]
    pub fn none() -> Self {
        Self(Method::None)
    }
}

impl fmt::Debug for Authentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Method::Secret(_) => "ClientSecret([redacted])",
            Method::Key(_) => "PrivateKeyJwt([redacted])",
            Method::Platform(_) => "PlatformToken",
            Method::None => "None",
        })
    }
}

/// What proves a request: added parameters and headers, and what no message may repeat of them.
#[derive(Default)]
pub(crate) struct Proof {
    pub(crate) form: Vec<(&'static str, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) secrets: Vec<String>,
}

impl Authentication {
    /// A new proof for one request of `client_id`.
    pub(crate) async fn proof(
        &self,
        runtime: &Runtime,
        metadata: &Metadata,
        client_id: &str,
    ) -> Result<Proof, Error> {
        let mut proof = Proof::default();
        let id = ("client_id", client_id.to_owned());
        match &self.0 {
            Method::None => proof.form.push(id),
            Method::Secret(secret) if takes_basic(metadata) => {
                proof.secrets = basic(client_id, secret, &mut proof.headers)?;
            }
            Method::Secret(secret) => {
                proof.form = vec![id, ("client_secret", secret.clone())];
                proof.secrets.push(secret.clone());
            }
            Method::Key(key) => {
                let assertion = assertion(key, runtime, &metadata.issuer, client_id)?;
                proof.assert(id, assertion);
            }
            Method::Platform(source) => {
                let assertion = source.token(runtime, &metadata.issuer).await?;
                proof.assert(id, assertion);
            }
        }
        Ok(proof)
    }
}

impl Proof {
    fn assert(&mut self, id: (&'static str, String), assertion: String) {
        self.secrets.push(assertion.clone());
        self.form = vec![
            id,
            ("client_assertion_type", JWT_BEARER.to_owned()),
            ("client_assertion", assertion),
        ];
    }
}

/// What is not said is `client_secret_basic` (RFC 8414 §2).
fn takes_basic(metadata: &Metadata) -> bool {
    let supported = metadata.token_endpoint_auth_methods_supported.as_ref();
    supported.is_none_or(|methods| {
        let has = |name| methods.iter().any(|method| method == name);
        has("client_secret_basic") || !has("client_secret_post")
    })
}

/// RFC 6749 §2.3.1: both parts are form-encoded before they are joined.
fn basic(client_id: &str, secret: &str, headers: &mut HeaderMap) -> Result<Vec<String>, Error> {
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let credentials = STANDARD.encode(format!("{}:{}", encoded(client_id), encoded(secret)));
    let mut value = HeaderValue::try_from(format!("Basic {credentials}"))
        .map_err(|_| Error::configuration("the secret is no header"))?;
    value.set_sensitive(true);
    headers.insert(header::AUTHORIZATION, value);
    Ok(vec![secret.to_owned(), encoded(secret), credentials])
}

fn assertion(
    key: &SigningKey,
    runtime: &Runtime,
    issuer: &str,
    client_id: &str,
) -> Result<String, Error> {
    let now = runtime.seconds();
    let mut header = json!({"typ": "client-authentication+jwt"});
    if let (Some(members), Some(kid)) = (header.as_object_mut(), key.key_id()) {
        members.insert("kid".to_owned(), kid.into());
    }
    let claims = json!({
        "iss": client_id,
        "sub": client_id,
        "aud": issuer,
        "jti": runtime.unguessable()?,
        "iat": now,
        "exp": now + ASSERTION_LIFETIME,
    });
    key.sign(header, &claims)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::{OsRandom, jws::Jwt, testing};

    async fn proof(runtime: &Runtime, authentication: &Authentication, methods: Value) -> Proof {
        let metadata = json!({"issuer": "https://a.example", "token_endpoint_auth_methods_supported": methods});
        let metadata = serde_json::from_value(metadata).unwrap();
        let proof = authentication.proof(runtime, &metadata, "a:b c").await;
        proof.unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_secret_goes_where_the_server_takes_it() {
        let runtime = testing::runtime();
        let secret = Authentication::client_secret("p/w%é");
        for methods in [
            json!(null),
            json!(["client_secret_post", "client_secret_basic"]),
            json!([]),
        ] {
            let proof = proof(&runtime, &secret, methods).await;
            let header = proof.headers[header::AUTHORIZATION].to_str().unwrap();
            let decoded = STANDARD
                .decode(header.strip_prefix("Basic ").unwrap())
                .unwrap();
            assert_eq!(decoded, b"a%3Ab+c:p%2Fw%25%C3%A9");
            assert!(proof.form.is_empty());
        }
        let proof = proof(&runtime, &secret, json!(["client_secret_post"])).await;
        assert!(proof.headers.is_empty());
        let expected = [
            ("client_id", "a:b c".to_owned()),
            ("client_secret", "p/w%é".to_owned()),
        ];
        assert_eq!(proof.form, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn an_assertion_is_new_each_time() {
        let key = SigningKey::generate(&OsRandom).unwrap();
        let mut jwk: Value = serde_json::from_str(&key.private_jwk()).unwrap();
        jwk["kid"] = json!("k1");
        let key = SigningKey::from_jwk(&jwk.to_string()).unwrap();
        let method = Authentication::private_key_jwt(key.clone());
        let runtime = testing::runtime();
        let mut identifiers = Vec::new();
        for _ in 0..2 {
            let proof = proof(&runtime, &method, json!(null)).await;
            assert_eq!(proof.form[0], ("client_id", "a:b c".to_owned()));
            assert_eq!(proof.form[1].1, JWT_BEARER);
            let jwt = Jwt::parse(&proof.form[2].1).unwrap();
            let header = proof.form[2].1.split('.').next().unwrap();
            let header: Value =
                serde_json::from_slice(&crate::jws::decode(header).unwrap()).unwrap();
            assert_eq!(
                header,
                json!({"alg": "ES256", "kid": "k1", "typ": "client-authentication+jwt"})
            );
            let claims = &jwt.claims;
            assert_eq!(
                (&claims["iss"], &claims["sub"]),
                (&json!("a:b c"), &json!("a:b c"))
            );
            assert_eq!(claims["aud"], "https://a.example");
            assert_eq!(
                claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(),
                60
            );
            let mut public = key.public().clone();
            public["kid"] = json!("k1");
            assert!(jwt.is_signed_by(&[public]));
            identifiers.push(claims["jti"].clone());
            assert_eq!(proof.secrets, [proof.form[2].1.clone()]);
        }
        assert_ne!(identifiers[0], identifiers[1]);
    }

    #[test]
    fn is_not_printed() {
        let printed = format!("{:?}", Authentication::client_secret("hunter2"));
        assert!(!printed.contains("hunter2"), "{printed}");
    }
}
