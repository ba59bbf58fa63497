//! Proofs of possession (RFC 9449).

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::json;
use sha2::{Digest, Sha256};
use url::Url;

use crate::{
    error::Error,
    jws::{SigningKey, encode},
    runtime::Runtime,
};

/// The header of a proof.
pub(crate) const DPOP: HeaderName = HeaderName::from_static("dpop");
const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// Of how many origins nonces are remembered.
const ORIGINS: usize = 100;

/// A key that tokens are bound to, and the nonces that servers gave for it.
#[derive(Debug)]
pub(crate) struct Dpop {
    key: SigningKey,
    /// The nonce of each origin, the one that was heard of last at the end.
    nonces: Mutex<VecDeque<(String, String)>>,
}

/// A proof as a header, and the nonce in it.
pub(crate) struct Proof {
    pub(crate) header: HeaderValue,
    pub(crate) nonce: Option<String>,
}

impl Dpop {
    pub(crate) fn new(key: SigningKey) -> Self {
        Self {
            key,
            nonces: Mutex::default(),
        }
    }

    /// A new proof for one request (§4.2), with which `access_token` is presented.
    pub(crate) fn proof(
        &self,
        runtime: &Runtime,
        method: &Method,
        url: &Url,
        access_token: Option<&str>,
    ) -> Result<Proof, Error> {
        let nonce = self.nonce(url);
        let mut target = url.clone();
        target.set_query(None);
        target.set_fragment(None);
        // Of a URL that has a host neither fails.
        let _ = target.set_username("");
        let _ = target.set_password(None);
        let mut claims = json!({
            "jti": runtime.unguessable()?,
            "htm": method.as_str(),
            "htu": target.as_str(),
            "iat": runtime.seconds(),
        });
        let optional = [
            (
                "ath",
                access_token.map(|token| encode(&Sha256::digest(token))),
            ),
            ("nonce", nonce.clone()),
        ];
        if let Some(claims) = claims.as_object_mut() {
            let given = optional
                .into_iter()
                .filter_map(|(name, value)| Some((name.to_owned(), value?.into())));
            claims.extend(given);
        }
        let header = json!({"typ": "dpop+jwt", "jwk": self.key.public()});
        let header = HeaderValue::try_from(self.key.sign(header, &claims)?)
            .map_err(|_| Error::configuration("the proof is no header"))?;
        Ok(Proof { header, nonce })
    }

    /// Remembers the nonce of an answer (§8). Says whether it is another than the proof had: others may
    /// have learnt it meanwhile.
    pub(crate) fn remember(&self, url: &Url, headers: &HeaderMap, sent: Option<&str>) -> bool {
        let nonce = headers
            .get(DPOP_NONCE)
            .and_then(|nonce| nonce.to_str().ok());
        let Some(nonce) = nonce.filter(|nonce| (1..=1000).contains(&nonce.len())) else {
            return false;
        };
        let origin = url.origin().ascii_serialization();
        let mut nonces = self.nonces.lock().unwrap_or_else(PoisonError::into_inner);
        nonces.retain(|(of, _)| *of != origin);
        if nonces.len() >= ORIGINS {
            nonces.pop_front();
        }
        nonces.push_back((origin, nonce.to_owned()));
        sent != Some(nonce)
    }

    fn nonce(&self, url: &Url) -> Option<String> {
        let origin = url.origin().ascii_serialization();
        let nonces = self.nonces.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, nonce) = nonces.iter().find(|(of, _)| *of == origin)?;
        Some(nonce.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{OsRandom, jws::Jwt, testing};

    fn heard(dpop: &Dpop, url: &str, nonce: &'static str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(DPOP_NONCE, HeaderValue::from_static(nonce));
        dpop.remember(&Url::parse(url).unwrap(), &headers, Some("n"))
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_proof_says() {
        let runtime = testing::runtime();
        let dpop = Dpop::new(SigningKey::generate(&OsRandom).unwrap());
        let url = Url::parse("https://user:word@api.example/a?b=c#d").unwrap();
        assert!(heard(&dpop, "https://api.example/other", "n-1"));
        assert!(heard(&dpop, "https://api.example:444/other", "n-2"));
        let proofs: Vec<String> = [Some("at"), None]
            .map(|token| dpop.proof(&runtime, &Method::PUT, &url, token).unwrap())
            .map(|proof| proof.header.to_str().unwrap().to_owned())
            .to_vec();
        let claims = |index: usize| Jwt::parse(&proofs[index]).unwrap().claims;
        let first = claims(0);
        assert_eq!(first["htm"], "PUT");
        assert_eq!(first["htu"], "https://api.example/a");
        assert_eq!(first["iat"], runtime.seconds());
        assert_eq!(first["nonce"], "n-1");
        assert_eq!(first["ath"], encode(&Sha256::digest("at")));
        assert!(!claims(1).contains_key("ath"));
        assert_ne!(first["jti"], claims(1)["jti"]);
        assert!(
            Jwt::parse(&proofs[0])
                .unwrap()
                .is_signed_by(&[dpop.key.public().clone()])
        );
    }

    #[test]
    fn nonces_are_bounded() {
        let dpop = Dpop::new(SigningKey::generate(&OsRandom).unwrap());
        for origin in 0..=ORIGINS {
            assert!(heard(&dpop, &format!("https://{origin}.example"), "m"));
        }
        assert!(!heard(&dpop, "https://7.example", "n"));
        assert!(heard(&dpop, "https://7.example", "m"));
        assert_eq!(dpop.nonces.lock().unwrap().len(), ORIGINS);
        assert_eq!(dpop.nonce(&Url::parse("https://0.example").unwrap()), None);
    }
}
