//! SPIFFE: JWT-SVIDs, and the bundle of their trust domain
//! (<https://github.com/spiffe/spiffe/blob/main/standards/JWT-SVID.md>). The Workload API is gRPC over a
//! local socket, which the mock does not speak: workloads have files, as spiffe-helper writes them.

use std::sync::{Mutex, PoisonError};

use jeton::CryptoError;
use jsonwebtoken::Algorithm;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    ask::{Ask, Token},
    check::{self, Checked},
    environment::File,
};
use crate::{address::Address, visit::Visit};

/// How long a JWT-SVID lives, in seconds.
const LIFETIME: u64 = 300;

/// A workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a workload of SPIFFE: a table, such as { trust_domain = \"example.org\", path = \"/ns/prod/sa/deployer\" }"
)]
pub struct Spiffe {
    /// The trust domain, without `spiffe://`.
    pub trust_domain: String,
    /// The path of the workload in it.
    pub path: String,
    /// `iss`, which most servers leave out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// After how many seconds the bundle is to be fetched anew.
    pub refresh_hint: u64,
}

impl Default for Spiffe {
    fn default() -> Self {
        Self {
            trust_domain: "example.org".to_owned(),
            path: "/ns/prod/sa/deployer".to_owned(),
            issuer: None,
            refresh_hint: 300,
        }
    }
}

/// How often the keys of a bundle have changed.
#[derive(Debug, Default)]
pub(crate) struct Sequence(Mutex<(Vec<String>, u64)>);

impl Sequence {
    /// The number of a bundle with these keys: greater than that of all before it that had others.
    fn of(&self, kids: Vec<String>) -> u64 {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.0 != kids {
            *last = (kids, last.1 + 1);
        }
        last.1
    }
}

impl Spiffe {
    pub(super) fn check(&self) -> Checked {
        let expected =
            "a trust domain of a-z 0-9 . - and _, without spiffe://, such as example.org";
        check::text("trust_domain", &self.trust_domain, expected, |value| {
            let plain = |byte: u8| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte)
            };
            value.bytes().all(plain)
        })?;
        let expected = "a path such as /ns/prod/sa/deployer, no part of which is empty, . or ..";
        check::text("path", &self.path, expected, |path| {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
            path.strip_prefix('/').is_some_and(|path| {
                path.split('/')
                    .all(|part| !matches!(part, "" | "." | "..") && part.bytes().all(plain))
            })
        })?;
        check::issuer(self.issuer.as_ref())?;
        check::seconds("refresh_hint", self.refresh_hint, 1, 86_400)
    }

    fn id(&self) -> String {
        format!("spiffe://{}{}", self.trust_domain, self.path)
    }

    /// The SVID for the audience that is asked for, and the bundle: spiffe-helper's files.
    pub(super) async fn files(&self, ask: &mut Ask<'_, '_>) -> Result<Vec<File>, CryptoError> {
        let own = ask.visit.at.address.issuer.clone();
        let audience = ask.get("audience").unwrap_or(&own).to_owned();
        let claims = json!({
            "iss": self.issuer,
            "sub": self.id(),
            "aud": [audience],
            "iat": ask.now(),
            "exp": ask.now().saturating_add(LIFETIME),
        });
        let svid = ask.issue(Token::new(ask, claims)).await?;
        Ok(vec![File::new("jwt_svid.token".to_owned(), svid)])
    }

    pub(super) fn variables(&self, ask: &Ask<'_, '_>) -> Vec<(String, String)> {
        let bundle = format!("{}{}", ask.visit.at.address.backend, super::path::BUNDLE);
        vec![
            ("SPIFFE_ID".to_owned(), self.id()),
            ("SPIFFE_BUNDLE_ENDPOINT_URL".to_owned(), bundle),
        ]
    }

    /// The keys as a bundle has them (SPIFFE Trust Domain and Bundle §4): `use` says what they sign, and none
    /// says its algorithm.
    pub(super) fn bundle(&self, visit: &Visit<'_>, set: &mut Map<String, Value>) {
        let mut kids = Vec::new();
        for key in set
            .get_mut("keys")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            if let Some(key) = key.as_object_mut() {
                key.insert("use".to_owned(), json!("jwt-svid"));
                key.remove("alg");
                kids.extend(key.get("kid").and_then(Value::as_str).map(str::to_owned));
            }
        }
        let sequence = visit.at.issuer.bundle_sequence().of(kids);
        set.insert("spiffe_sequence".to_owned(), json!(sequence));
        set.insert("spiffe_refresh_hint".to_owned(), json!(self.refresh_hint));
    }

    /// As SPIRE's OIDC discovery provider has it.
    pub(super) fn discovery(&self, address: &Address, signing: &[Algorithm]) -> Value {
        json!({
            "issuer": self.issuer.as_ref().unwrap_or(&address.issuer),
            "jwks_uri": format!("{}/keys", address.backend),
            "authorization_endpoint": "",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": signing,
        })
    }
}
