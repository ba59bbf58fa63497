//! How we prove to a provider who we are (OpenID Connect Core 1.0 §9): by its secret, or by a key of ours
//! (`private_key_jwt`, RFC 7523).

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jeton::{Crypto, CryptoError, PrivateKey, Seconds, UnixTime};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{ClientSecret, Metadata};
use crate::{random::random_text, settings::InvalidLogin, sorted::inserted};

/// How long an assertion can be used: it is made for one request.
const LIFETIME: Seconds = Seconds(60);

/// The members of the key by which some providers find its certificate (RFC 7515 §4.1.7, §4.1.8).
const CERTIFICATE: [&str; 2] = ["x5t", "x5t#S256"];

/// `token_endpoint_auth_method`: how we prove to the provider who we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Method {
    ClientSecretBasic,
    ClientSecretPost,
    PrivateKeyJwt,
    None,
}

/// Refuses a method without what it takes, and what no method takes.
pub(super) fn check_method(
    method: Option<Method>,
    client_secret: Option<&ClientSecret>,
    private_key: Option<&AssertionKey>,
) -> Result<(), InvalidLogin> {
    use Method::{ClientSecretBasic, ClientSecretPost, None as Nothing, PrivateKeyJwt};
    let (place, expected) = match (method, client_secret, private_key) {
        (None | Some(ClientSecretBasic | ClientSecretPost), Some(_), None)
        | (None | Some(PrivateKeyJwt), None, Some(_))
        | (Some(Nothing), None, None) => return Ok(()),
        (Some(PrivateKeyJwt), _, None) => (
            "private_key",
            "a private key as a JWK, in the place of client_secret: private_key_jwt signs with it",
        ),
        (Some(Nothing), Some(_), _) => (
            "client_secret",
            "no secret where token_endpoint_auth_method is none",
        ),
        (Some(Nothing), None, Some(_)) => (
            "private_key",
            "no key where token_endpoint_auth_method is none",
        ),
        (_, Some(_), Some(_)) => (
            "client_secret",
            "no secret beside private_key: the key is in its place",
        ),
        (_, None, _) => (
            "client_secret",
            "the secret that the provider gave you; or private_key, or \
             token_endpoint_auth_method none, without one",
        ),
    };
    Err(InvalidLogin::new(place, expected))
}

/// Whom an assertion names as its reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Audience {
    /// The provider (RFC 10070 §4): one that names the endpoint of another cannot use it there.
    Issuer,
    /// `token_endpoint_is_audience`: its token endpoint, as those want it that are older.
    TokenEndpoint,
}

/// A key that signs assertions. `Debug` shows nothing of it that is secret.
#[derive(Clone, Debug)]
pub(super) struct AssertionKey {
    key: PrivateKey,
    audience: Audience,
    /// What names its certificate, as it stands in the key.
    certificate: Vec<(&'static str, String)>,
}

impl AssertionKey {
    /// The key that is written as a JWK with its private members (RFC 7517 §4).
    #[inline(never)]
    pub(super) fn parse(jwk: &Value, audience: Audience) -> Result<Self, InvalidLogin> {
        let set = json!({ "keys": [jwk] }).to_string();
        let mut keys = PrivateKey::from_jwks(&set).unwrap_or_default();
        let Some(key) = keys.pop() else {
            let expected =
                "a private key as a JWK: EC P-256, OKP Ed25519 or RSA of 2048 bits or more";
            return Err(InvalidLogin::new("private_key", expected));
        };
        let named = |name| Some((name, jwk.get(name)?.as_str()?.to_owned()));
        Ok(Self {
            key,
            audience,
            certificate: CERTIFICATE.into_iter().filter_map(named).collect(),
        })
    }

    /// An assertion that we are `client_id`, for the provider with this metadata alone.
    pub(super) async fn assertion<C: Crypto>(
        &self,
        crypto: &C,
        client_id: &str,
        metadata: &Metadata,
        now: UnixTime,
    ) -> Result<String, CryptoError> {
        let (key, public) = crypto.import(&self.key).await?;
        let kid = self.key.kid().map(str::to_owned);
        let header = [
            ("alg", json!(self.key.algorithm())),
            ("typ", "JWT".into()),
            ("kid", kid.unwrap_or_else(|| public.thumbprint()).into()),
        ];
        let certificate = self.certificate.iter();
        let certificate = certificate.map(|(name, value)| (*name, Value::from(value.as_str())));
        let header: BTreeMap<_, _> = inserted(header.into_iter().chain(certificate));
        let claims = json!({
            "iss": client_id,
            "sub": client_id,
            "aud": match self.audience {
                Audience::Issuer => &metadata.issuer,
                Audience::TokenEndpoint => &metadata.token_endpoint,
            },
            "jti": random_text::<16>(crypto)?,
            "iat": now.0,
            "exp": (now + LIFETIME).0,
        });
        let encoded = |json: Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let signed = format!("{}.{}", encoded(json!(header)), encoded(claims));
        let signature = crypto.sign(&key, signed.as_bytes()).await?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}
