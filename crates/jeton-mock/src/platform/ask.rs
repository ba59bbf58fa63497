//! A job that asks, and the tokens that it is given.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Request, Response, header::AUTHORIZATION};
use jeton::{Audit, CryptoError};
use jeton_native::Es384Key;
use jsonwebtoken::Algorithm;
use serde_json::{Map, Value, json};

use super::aws;
use crate::{
    departures::Departures,
    forge::{Jwt, tampered},
    issued::{Issued, Own},
    spec::{Effect, TokenFault, TokenKind},
    visit::Visit,
};

/// One request of a job to its platform.
pub(super) struct Ask<'a, 'v> {
    pub(super) visit: &'a Visit<'v>,
    pub(super) request: &'a Request<Bytes>,
    pub(super) departures: &'a mut Departures,
}

/// A token to be issued.
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) algorithm: Algorithm,
    /// RFC 7515 §4.1.9.
    pub(super) typ: Option<&'static str>,
    pub(super) claims: Map<String, Value>,
}

impl Token {
    /// An ID token by the issuer's default algorithm; a claim that is null is left out.
    pub(super) fn new(ask: &Ask<'_, '_>, claims: Value) -> Self {
        let algorithms = ask.visit.at.served.config.signing_algorithms();
        let mut claims = match claims {
            Value::Object(claims) => claims,
            _ => Map::new(),
        };
        claims.retain(|_, value| !value.is_null());
        Self {
            kind: TokenKind::IdToken,
            algorithm: algorithms.first().copied().unwrap_or(Algorithm::RS256),
            typ: Some("JWT"),
            claims,
        }
    }
}

impl Ask<'_, '_> {
    /// The path beneath the issuer's; of what is at the root, all of it.
    pub(super) fn path(&self) -> &str {
        let at = &self.visit.at;
        let path = self.request.uri().path();
        let path = path.strip_prefix(at.provider.addresses().path());
        let path = path.unwrap_or_default();
        let own = path
            .strip_prefix('/')
            .and_then(|path| path.strip_prefix(at.issuer.name()));
        own.filter(|own| !at.issuer.name().is_empty() && (own.is_empty() || own.starts_with('/')))
            .unwrap_or(path)
    }

    /// A parameter of its query or form; an empty one is none.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let value = self.visit.asked.parameters.get(name)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.request.headers().get(name)?.to_str().ok()
    }

    /// The token of its `Authorization: Bearer`.
    pub(super) fn bearer(&self) -> Option<&str> {
        let header = self.request.headers().get(AUTHORIZATION)?.to_str().ok()?;
        let (scheme, token) = header.split_once(' ')?;
        Some(token.trim()).filter(|it| scheme.eq_ignore_ascii_case("bearer") && !it.is_empty())
    }

    /// By the issuer's clock, in seconds.
    pub(super) fn now(&self) -> u64 {
        self.visit.at.now.0
    }

    /// `iss`: what the description says, else where the issuer is.
    pub(super) fn issuer(&self, described: Option<&String>) -> String {
        described.unwrap_or(&self.visit.at.address.issuer).clone()
    }

    /// The token signed, with the faults that are due.
    pub(super) async fn issue(&mut self, token: Token) -> Result<String, CryptoError> {
        let faults: Vec<_> = self.faults(&token);
        let forge = self.visit.at.forge();
        let own = Own {
            kind: Some(token.kind),
            claims: token.claims.clone(),
        };
        let text = if token.algorithm == Algorithm::ES384 {
            self.sign_es384(token, &faults)?
        } else {
            let mut jwt = forge.mint(token.algorithm, "JWT", token.claims).await?;
            name_type(&mut jwt, token.typ);
            forge.sign_wrong(jwt, &faults).await?
        };
        for fault in faults {
            self.departures.note(Effect::Token(fault));
        }
        self.visit.at.issuer.issue(&text, Issued::Own(own));
        Ok(text)
    }

    fn faults(&self, token: &Token) -> Vec<TokenFault> {
        let due = self.departures.due.iter();
        due.filter(|due| due.is_about(token.kind))
            .filter_map(|due| match &due.effect {
                // None has a nonce.
                Effect::Token(TokenFault::WrongNonce) => None,
                Effect::Token(TokenFault::Without(claim)) if !token.claims.contains_key(claim) => {
                    None
                }
                Effect::Token(fault) => Some(fault.clone()),
                _ => None,
            })
            .collect()
    }

    /// Signed by ES384, for which the server has no keys.
    fn sign_es384(&self, token: Token, faults: &[TokenFault]) -> Result<String, CryptoError> {
        let key = aws::es384_key(self.visit, aws::Es384::Signs)?;
        let mut jwt = Jwt {
            header: header(&key, token.typ),
            claims: token.claims,
        };
        self.visit.at.forge().spoil(&mut jwt, faults);
        if faults.contains(&TokenFault::AlgNone) {
            return Ok(jwt.with_no_signature());
        }
        let unsigned = jwt.unsigned();
        let signer = if faults.contains(&TokenFault::WrongKey) {
            aws::es384_key(self.visit, aws::Es384::Wrong)?
        } else {
            key
        };
        let signature = URL_SAFE_NO_PAD.encode(signer.sign(unsigned.as_bytes())?);
        let signed = format!("{unsigned}.{signature}");
        if faults.contains(&TokenFault::Tampered) {
            return Ok(tampered(&jwt, &signed));
        }
        Ok(signed)
    }

    /// Keeps what an opaque access token says.
    pub(super) fn remember_access_token(&self, token: &str, claims: Map<String, Value>) {
        let own = Own {
            kind: Some(TokenKind::AccessToken),
            claims,
        };
        self.visit.at.issuer.issue(token, Issued::Own(own));
    }

    /// Says in the journal whose token was issued.
    pub(super) fn about<T>(mut response: Response<T>, subject: &str) -> Response<T> {
        response.extensions_mut().insert(Audit {
            subject: Some(subject.to_owned()),
            ..Audit::default()
        });
        response
    }
}

fn header(key: &Es384Key, typ: Option<&str>) -> Map<String, Value> {
    let mut header = Map::new();
    header.insert("alg".to_owned(), json!("ES384"));
    header.insert("kid".to_owned(), json!(key.public().thumbprint()));
    if let Some(typ) = typ {
        header.insert("typ".to_owned(), json!(typ));
    }
    header
}

fn name_type(jwt: &mut Jwt, typ: Option<&str>) {
    match typ {
        Some(typ) => jwt.header.insert("typ".to_owned(), json!(typ)),
        None => jwt.header.remove("typ"),
    };
}
