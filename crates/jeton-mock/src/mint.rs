//! Tokens with any claims, signed by an issuer's key.

use std::fmt;

use jeton::CryptoError;
use jsonwebtoken::Algorithm;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    address::Address,
    forge::{ACCESS_TOKEN, Forge, ID_TOKEN},
    issued::{Issued, Own},
    issuer::Issuer,
    spec::{Effect, InvalidSpec, TokenFault, TokenKind},
};

/// How long a minted token lives unless told otherwise, in seconds.
const MINTED_LIFETIME: u64 = 3600;

/// A token to be signed: its claims, and what is to be wrong with it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MintRequest {
    /// The claims; `iss`, `iat`, `exp` and `jti` are filled in where absent, and left out where null.
    #[serde(default)]
    pub claims: Map<String, Value>,
    /// RFC 7515 §4.1.9; `at+jwt` where absent.
    #[serde(default)]
    pub typ: Option<String>,
    /// The issuer's default where absent.
    #[serde(default)]
    pub alg: Option<Algorithm>,
    /// What is to be wrong with it: a token fault.
    #[serde(default)]
    pub fault: Option<Effect>,
}

/// A signed token.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Minted {
    /// JWS compact serialization.
    pub token: String,
    /// The key it was signed with.
    pub kid: String,
}

/// Without the token, which is a credential.
impl fmt::Debug for Minted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Minted")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

/// Why no token was minted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MintError {
    /// The request asks for what is not there.
    #[error(transparent)]
    Invalid(#[from] InvalidSpec),
    /// The signature failed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl MintRequest {
    /// A token that says nothing but what is filled in.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One more claim; null leaves out what would be filled in.
    #[must_use]
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }

    /// What is to be wrong with it.
    #[must_use]
    pub fn fault(mut self, fault: TokenFault) -> Self {
        self.fault = Some(fault.into());
        self
    }
}

impl Issuer {
    /// Signs any claims.
    pub(crate) async fn mint(
        &self,
        request: &MintRequest,
        address: &Address,
    ) -> Result<Minted, MintError> {
        let now = self.now();
        let fault = match &request.fault {
            None => None,
            Some(Effect::Token(fault)) => Some(fault.clone()),
            Some(_) => return Err(InvalidSpec::new("fault", "a token fault").into()),
        };
        let served = self
            .served(address)
            .map_err(|error| InvalidSpec::new("issuer", error))?;
        let default = served.config.signing_algorithms().first().copied();
        let algorithm = request.alg.or(default).unwrap_or(Algorithm::ES256);
        if !served.config.signing_algorithms().contains(&algorithm) {
            return Err(InvalidSpec::new("alg", "one of the issuer's signing algorithms").into());
        }
        let mut claims = request.claims.clone();
        let filled_in = [
            ("iss", json!(address.issuer)),
            ("iat", json!(now)),
            ("exp", json!(now.0.saturating_add(MINTED_LIFETIME))),
            ("jti", json!(crate::random_id()?)),
        ];
        for (name, value) in filled_in.clone() {
            claims.entry(name).or_insert(value);
        }
        claims.retain(|_, value| !value.is_null());
        let forge = Forge {
            config: &served.config,
            keys: self.own_keys(),
            now,
        };
        let typ = request.typ.as_deref().unwrap_or(ACCESS_TOKEN);
        let token = forge.mint(algorithm, typ, claims).await?;
        let kid = token.header.get("kid").and_then(Value::as_str);
        let kid = kid.unwrap_or_default().to_owned();
        let mut said = token.claims.clone();
        for (name, value) in filled_in {
            said.entry(name).or_insert(value);
        }
        let is_forged = fault.as_ref().is_some_and(TokenFault::makes_forgery);
        let token = forge.sign_wrong(token, fault.as_slice()).await?;
        if !is_forged {
            let own = Own {
                kind: kind_of(typ, &said),
                claims: said,
            };
            self.issue(&token, Issued::Own(own));
        }
        Ok(Minted { token, kid })
    }
}

/// What a token is by its type and its claims; where these leave it open, what it is presented as.
fn kind_of(typ: &str, claims: &Map<String, Value>) -> Option<TokenKind> {
    let is_id_token = ["nonce", "at_hash"]
        .iter()
        .any(|name| claims.contains_key(*name));
    match typ {
        ACCESS_TOKEN => Some(TokenKind::AccessToken),
        ID_TOKEN if is_id_token => Some(TokenKind::IdToken),
        _ => None,
    }
}
