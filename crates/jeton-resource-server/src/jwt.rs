//! JSON Web Signatures in their compact form (RFC 7515 §3.1), decoded and not yet verified.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, de::IgnoredAny};
use serde_json::Value;

use crate::{crypto::algorithm, encoding::into_buffer, error::Code, json::Unique};
use jsonwebtoken::Algorithm;

/// The largest token, and the largest proof, that is looked at: 16 kB.
pub(crate) const LARGEST: usize = 16 * 1024;

/// A text that is borrowed where JSON needs no escape in it.
#[derive(Deserialize)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// Of the header, what is looked at (RFC 7515 §4.1). `jku`, `x5u` and `x5c` are not: keys come from
/// the issuer alone. `jwk` is, in a proof of DPoP.
#[derive(Deserialize)]
pub(crate) struct Header<'a> {
    #[serde(borrow)]
    alg: Text<'a>,
    #[serde(borrow)]
    typ: Option<Text<'a>>,
    #[serde(borrow)]
    kid: Option<Text<'a>>,
    #[serde(default, deserialize_with = "value")]
    jwk: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    crit: bool,
}

fn value<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Unique::deserialize(deserializer).map(|Unique(value)| Some(value))
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

impl Header<'_> {
    /// The algorithm, if it is one of `allowed`.
    pub(crate) fn algorithm(&self, allowed: &[Algorithm]) -> Result<Algorithm, Code> {
        let alg = &*self.alg.0;
        if alg.eq_ignore_ascii_case("none") {
            return Err(Code::Unsigned);
        }
        let found = algorithm(alg).filter(|found| allowed.contains(found));
        found.ok_or(Code::WrongAlgorithm)
    }

    /// Whether the type is `wanted`, which has no `application/` (RFC 7515 §4.1.9).
    pub(crate) fn has_type(&self, wanted: &str) -> bool {
        self.typ.as_ref().is_some_and(|Text(typ)| {
            let full = typ.split_at_checked("application/".len());
            let short = full
                .filter(|(prefix, _)| prefix.eq_ignore_ascii_case("application/"))
                .map_or(&**typ, |(_, short)| short);
            short.eq_ignore_ascii_case(wanted)
        })
    }

    pub(crate) fn kid(&self) -> Option<&str> {
        self.kid.as_ref().map(|Text(kid)| &**kid)
    }

    pub(crate) fn jwk(&self) -> Option<&Value> {
        self.jwk.as_ref()
    }
}

/// A JWS in parts.
pub(crate) struct Jwt<'a> {
    pub(crate) header: Header<'a>,
    pub(crate) payload: &'a [u8],
    /// What is signed.
    pub(crate) message: &'a [u8],
    /// Empty where there is none.
    pub(crate) signature: &'a [u8],
}

/// In the place of a signature that is no base64url: as long as none is.
const UNREADABLE: &[u8] = &[0];

impl<'a> Jwt<'a> {
    /// Decodes `token` into `buffer`, which is as long as it. Nothing where it is no JWS, or has a
    /// `crit`: no extension is understood here (RFC 7515 §4.1.11).
    pub(crate) fn decode(token: &'a str, buffer: &'a mut [u8]) -> Option<Self> {
        let (message, signature) = token.rsplit_once('.')?;
        let (header, payload) = message.split_once('.')?;
        let (header, buffer) = into_buffer(header, buffer)?;
        let (payload, buffer) = into_buffer(payload, buffer)?;
        let signature =
            into_buffer(signature, buffer).map_or(UNREADABLE, |(signature, _)| signature);
        let header: Header<'a> = serde_json::from_slice(header).ok()?;
        (!header.crit).then_some(Self {
            header,
            payload,
            message: message.as_bytes(),
            signature,
        })
    }
}
