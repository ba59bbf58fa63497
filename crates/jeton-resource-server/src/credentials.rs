//! What a request presents.

use http::{HeaderMap, header};

use crate::{
    encoding::sha256,
    error::{Code, Refusal},
};

/// What a request presents: its `Authorization` and `DPoP` headers, its method and URL, and the
/// certificate of its client. Tokens in the query or the body are not looked at (RFC 9700 §4.3.2).
///
/// It does not print: it has the token.
#[derive(Clone, Copy, Default)]
pub struct Credentials<'a> {
    authorization: Sent<'a>,
    dpop: Sent<'a>,
    pub(crate) method: &'a str,
    pub(crate) url: &'a str,
    /// SHA-256 of the certificate.
    pub(crate) certificate: Option<[u8; 32]>,
}

/// A header of which there may be one.
#[derive(Clone, Copy, Default)]
enum Sent<'a> {
    #[default]
    Nothing,
    One(&'a str),
    Several,
    /// With bytes that are no text.
    Unreadable,
}

impl<'a> Sent<'a> {
    fn all(headers: &'a HeaderMap, name: impl header::AsHeaderName) -> Self {
        let mut values = headers.get_all(name).iter();
        match (values.next().map(|value| value.to_str()), values.next()) {
            (None, _) => Self::Nothing,
            (Some(Ok(value)), None) => Self::One(value),
            (Some(Err(_)), None) => Self::Unreadable,
            (Some(_), Some(_)) => Self::Several,
        }
    }

    fn and(self, value: &'a str) -> Self {
        match self {
            Self::Nothing => Self::One(value),
            _ => Self::Several,
        }
    }
}

/// How a token is presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Bearer,
    Dpop,
}

impl<'a> Credentials<'a> {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The `Authorization` and `DPoP` headers of a request.
    #[must_use]
    pub fn from_headers(headers: &'a HeaderMap) -> Self {
        Self {
            authorization: Sent::all(headers, header::AUTHORIZATION),
            dpop: Sent::all(headers, "dpop"),
            ..Self::default()
        }
    }

    /// And an `Authorization` header. Two of them are refused.
    #[must_use]
    pub fn authorization(mut self, value: &'a str) -> Self {
        self.authorization = self.authorization.and(value);
        self
    }

    /// And a `DPoP` header. Two of them are refused.
    #[must_use]
    pub fn dpop(mut self, value: &'a str) -> Self {
        self.dpop = self.dpop.and(value);
        self
    }

    /// The method and the URL of the request, for proofs of DPoP. Of the URL the path counts; its origin
    /// is that of [`Builder::resource`](crate::Builder::resource), so that no `Host` header is believed.
    #[must_use]
    pub fn request(mut self, method: &'a str, url: &'a str) -> Self {
        (self.method, self.url) = (method, url);
        self
    }

    /// The certificate of the client as DER, by which it has opened the connection (RFC 8705 §3).
    ///
    /// Only from the TLS stack or from a proxy that removes the header from what it is sent.
    #[must_use]
    pub fn certificate(self, der: &[u8]) -> Self {
        self.certificate_sha256(sha256(der))
    }

    /// The same, where only the SHA-256 of the DER is known.
    #[must_use]
    pub fn certificate_sha256(mut self, digest: [u8; 32]) -> Self {
        self.certificate = Some(digest);
        self
    }

    /// How the token is presented, and the token.
    pub(crate) fn token(&self) -> Result<(Scheme, &'a str), Refusal> {
        let value = match self.authorization {
            Sent::Nothing => return Err(Code::MissingToken.into()),
            Sent::One(value) => value,
            Sent::Several => return Err(Code::InvalidRequest.into()),
            Sent::Unreadable => return Err(Code::Malformed.into()),
        };
        let value = value.trim_matches([' ', '\t']);
        let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
        let scheme = match scheme {
            _ if scheme.eq_ignore_ascii_case("bearer") => Scheme::Bearer,
            _ if scheme.eq_ignore_ascii_case("dpop") => Scheme::Dpop,
            // Of another scheme, which is not ours to judge.
            _ => return Err(Code::MissingToken.into()),
        };
        let token = token.trim_start_matches(' ');
        match token {
            "" => Err(Code::Malformed.into()),
            _ if token.bytes().all(is_token68) => Ok((scheme, token)),
            // What a proxy makes of two headers (RFC 9110 §5.3).
            _ if token.contains(',') => Err(Code::InvalidRequest.into()),
            _ => Err(Code::Malformed.into()),
        }
    }

    /// The scheme alone, for the challenge of a refusal.
    pub(crate) fn scheme(&self) -> Scheme {
        match self.authorization {
            Sent::One(value) => {
                let scheme = value.trim_start_matches([' ', '\t']).split(' ').next();
                match scheme {
                    Some(scheme) if scheme.eq_ignore_ascii_case("dpop") => Scheme::Dpop,
                    _ => Scheme::Bearer,
                }
            }
            _ => Scheme::Bearer,
        }
    }

    /// The one proof of the request.
    pub(crate) fn proof(&self) -> Result<&'a str, Refusal> {
        let why = match self.dpop {
            Sent::One(proof) if proof.contains(',') => "several DPoP proofs",
            Sent::One(proof) => return Ok(proof.trim_matches([' ', '\t'])),
            Sent::Nothing => "no DPoP proof",
            Sent::Several => "several DPoP proofs",
            Sent::Unreadable => "the DPoP proof is no JWT",
        };
        Err(Refusal::new(Code::InvalidDpopProof, why))
    }
}

/// RFC 9110 §11.2, which is what RFC 6750 §2.1 calls `b64token`.
fn is_token68(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte)
}
