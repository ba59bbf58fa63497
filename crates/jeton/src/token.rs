//! Codes, device codes and refresh tokens: a grant id and a generation under a MAC.
//!
//! ```text
//! prefix_ base64url(version ‖ key id ‖ grant id ‖ generation [‖ repeat ‖ H(redirect_uri)] ‖ MAC)
//! ```
//!
//! Tokens are not stored. A token that is forged, or presented by the wrong client or with the wrong
//! verifier or redirect URI, is refused before any store is asked.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{
    client::ClientId,
    config::Config,
    ledger::{Grant, GrantId, Id128},
    secret::Secret,
};

/// Where the claims of a token's grant are. It is the first byte of the token, so that whoever redeems it
/// knows before any store is asked: claims beside the record are read before the record moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClaimsAt {
    /// In the record itself, or nowhere.
    Record,
    /// Beside it.
    Attachment,
}

impl ClaimsAt {
    /// Where the claims of `grant` are.
    pub(crate) fn of(grant: &Grant) -> Self {
        match grant.claims.attached {
            None => Self::Record,
            Some(_) => Self::Attachment,
        }
    }

    const fn version(self) -> u8 {
        match self {
            Self::Record => 1,
            Self::Attachment => 2,
        }
    }

    const fn from_version(version: u8) -> Option<Self> {
        match version {
            1 => Some(Self::Record),
            2 => Some(Self::Attachment),
            _ => None,
        }
    }
}

/// The kind of a token. Its prefix says it, and its MAC covers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// An authorization code (RFC 6749 §4.1.2).
    AuthorizationCode,
    /// A device code (RFC 8628 §3.2).
    DeviceCode,
    /// A refresh token (RFC 6749 §1.5).
    RefreshToken,
}

impl TokenKind {
    /// Every kind. A kind that is missing here is never accepted.
    pub(crate) const ALL: [Self; 3] = [
        Self::AuthorizationCode,
        Self::DeviceCode,
        Self::RefreshToken,
    ];

    /// The kind whose prefix `text` begins with.
    fn of(text: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|kind| text.starts_with(kind.prefix()))
    }

    pub(crate) const fn prefix(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "jac_",
            Self::DeviceCode => "jdc_",
            Self::RefreshToken => "jrt_",
        }
    }

    /// Whether a token of this kind may be of `generation`.
    const fn has_generation(self, generation: u32) -> bool {
        match self {
            Self::AuthorizationCode | Self::DeviceCode => generation == 0,
            Self::RefreshToken => generation > 0,
        }
    }

    /// How many bytes a token of this kind has between its generation and its MAC.
    const fn redirect_length(self) -> usize {
        match self {
            Self::AuthorizationCode => 33,
            Self::DeviceCode | Self::RefreshToken => 0,
        }
    }
}

/// The parameters of a request that a token is bound to: its MAC covers them besides the token itself.
pub(crate) struct Binding<'a> {
    pub(crate) client_id: &'a ClientId,
    /// `code_challenge` of an authorization code (RFC 7636 §4.2, S256), if there was one.
    pub(crate) code_challenge: Option<&'a str>,
}

/// A token that is well-formed, and not yet verified: [`TokenKeys::verify`] does that.
#[derive(Clone)]
pub(crate) struct ParsedToken {
    pub(crate) kind: TokenKind,
    pub(crate) claims: ClaimsAt,
    pub(crate) grant: GrantId,
    pub(crate) generation: u32,
    pub(crate) redirect: Option<CodeRedirect>,
    key_id: [u8; 4],
    mac: [u8; 32],
}

/// What a code says of the redirect URI that it was sent to. It travels in the code, so that one that
/// the token request names is checked without a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CodeRedirect {
    pub(crate) repeat: Repeat,
    pub(crate) hash: RedirectHash,
}

/// Whether the token request must repeat `redirect_uri`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// It may leave it out: PKCE protects more (OAuth 2.1 §4.1.3), or the authorization request named
    /// none.
    Optional,
    /// It must (RFC 6749 §4.1.3).
    Required,
}

/// The SHA-256 of a redirect URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RedirectHash([u8; 32]);

impl CodeRedirect {
    /// Whether a token request with this `redirect_uri`, or without any, fits.
    pub(crate) fn permits(&self, requested: Option<&str>) -> bool {
        match requested {
            None => self.repeat == Repeat::Optional,
            Some(uri) => self.hash == RedirectHash::of(uri),
        }
    }

    fn to_bytes(self) -> [u8; 33] {
        let mut bytes = [0; 33];
        let (repeat, hash) = bytes.split_at_mut(1);
        repeat.copy_from_slice(&[u8::from(self.repeat == Repeat::Required)]);
        hash.copy_from_slice(&self.hash.0);
        bytes
    }

    /// `None` for what is not of this form; one redirect has one spelling.
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (repeat, hash) = bytes.split_first()?;
        Some(Self {
            repeat: match repeat {
                0 => Repeat::Optional,
                1 => Repeat::Required,
                _ => return None,
            },
            hash: RedirectHash(hash.try_into().ok()?),
        })
    }
}

impl RedirectHash {
    pub(crate) fn of(redirect_uri: &str) -> Self {
        Self(Sha256::digest(redirect_uri).into())
    }
}

impl ParsedToken {
    /// The token of `kind` in `text`; `None` if the text is of another kind or form.
    pub(crate) fn parse(kind: TokenKind, text: &str) -> Option<Self> {
        if TokenKind::of(text)? != kind {
            return None;
        }
        // The engine refuses padding and stray bits: one token has one spelling.
        let bytes = URL_SAFE_NO_PAD
            .decode(text.strip_prefix(kind.prefix())?)
            .ok()?;
        let (version, rest) = bytes.split_first()?;
        let (key_id, rest) = rest.split_first_chunk()?;
        let (grant, rest) = rest.split_first_chunk()?;
        let (generation, rest) = rest.split_first_chunk()?;
        let (redirect, mac) = rest.split_at_checked(kind.redirect_length())?;
        let redirect = match redirect {
            [] => None,
            bytes => Some(CodeRedirect::from_bytes(bytes)?),
        };
        let claims = ClaimsAt::from_version(*version)?;
        let generation = u32::from_be_bytes(*generation);
        if !kind.has_generation(generation) {
            return None;
        }
        Some(Self {
            kind,
            claims,
            grant: Id128(*grant),
            generation,
            redirect,
            key_id: *key_id,
            mac: mac.try_into().ok()?,
        })
    }
}

impl fmt::Debug for ParsedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?}({} at {}, [redacted])",
            self.kind, self.grant, self.generation
        )
    }
}

/// The MAC keys of a deployment, one a secret: the first issues, all verify.
pub(crate) struct TokenKeys {
    issuer: String,
    keys: Vec<TokenKey>,
}

struct TokenKey {
    /// Names the key in tokens. Derived from the secret, and no secret itself.
    id: [u8; 4],
    mac: Zeroizing<[u8; 32]>,
}

impl TokenKeys {
    pub(crate) fn new(config: &Config) -> Self {
        let issuer = config.key_context();
        let key = |secret: &Secret| TokenKey {
            id: *secret.derive(&[b"jeton/v1", b"token key id", issuer.as_bytes()]),
            mac: secret.derive(&[b"jeton/v1", b"token", issuer.as_bytes()]),
        };
        Self {
            issuer: issuer.to_owned(),
            keys: config.secrets().iter().map(key).collect(),
        }
    }

    /// The token of `grant` at its generation: the same each time it is asked for.
    pub(crate) fn issue(
        &self,
        kind: TokenKind,
        grant: &Grant,
        redirect: Option<CodeRedirect>,
        binding: &Binding<'_>,
    ) -> String {
        let Some(key) = self.keys.first() else {
            return String::new();
        };
        let mut token = ParsedToken {
            kind,
            claims: ClaimsAt::of(grant),
            grant: grant.id,
            generation: grant.generation,
            redirect,
            key_id: key.id,
            mac: [0; 32],
        };
        token.mac = self
            .mac(key, &token, binding)
            .finalize()
            .into_bytes()
            .into();
        let mut bytes = Vec::with_capacity(90);
        bytes.push(token.claims.version());
        bytes.extend_from_slice(&token.key_id);
        bytes.extend_from_slice(&token.grant.0);
        bytes.extend_from_slice(&token.generation.to_be_bytes());
        if let Some(redirect) = token.redirect {
            bytes.extend_from_slice(&redirect.to_bytes());
        }
        bytes.extend_from_slice(&token.mac);
        format!("{}{}", kind.prefix(), URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Whether the token was issued here for this very binding. MACs are compared in constant time.
    pub(crate) fn verify(&self, token: &ParsedToken, binding: &Binding<'_>) -> bool {
        self.keys
            .iter()
            .filter(|key| key.id == token.key_id)
            .any(|key| {
                self.mac(key, token, binding)
                    .verify_slice(&token.mac)
                    .is_ok()
            })
    }

    /// The MAC of a token and its binding. Every part has its length in front, and an optional one a byte
    /// that says whether it is there: so no kind, issuer or client can pass for another.
    fn mac(&self, key: &TokenKey, token: &ParsedToken, binding: &Binding<'_>) -> Hmac<Sha256> {
        // HMAC takes keys of any length; the error type is there for other MACs.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.mac.as_ref()) else {
            return Hmac::new(&Default::default());
        };
        let mut part = |bytes: &[u8]| {
            mac.update(&(bytes.len() as u64).to_be_bytes());
            mac.update(bytes);
        };
        part(&[token.claims.version()]);
        part(token.kind.prefix().as_bytes());
        part(self.issuer.as_bytes());
        part(&token.grant.0);
        part(&token.generation.to_be_bytes());
        part(binding.client_id.as_str().as_bytes());
        let redirect = token.redirect.map(CodeRedirect::to_bytes);
        for optional in [
            redirect.as_ref().map(<[u8; 33]>::as_slice),
            binding.code_challenge.map(str::as_bytes),
        ] {
            match optional {
                None => part(&[0]),
                Some(bytes) => part(&[&[1], bytes].concat()),
            }
        }
        mac
    }
}
/// The grant that a refresh token says it is of. Nothing of it is verified: no right comes of knowing it.
#[must_use]
pub fn grant_of_refresh_token(text: &str) -> Option<GrantId> {
    let token = ParsedToken::parse(TokenKind::RefreshToken, text)?;
    Some(token.grant)
}
