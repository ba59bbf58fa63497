//! The keys of the moment: what signs and what is published.

use std::sync::{Arc, Mutex, PoisonError};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{
    Algorithm, Header,
    jwk::{AlgorithmParameters, CommonParameters, Jwk, JwkSet, PublicKeyUse},
};
use sha2::{Digest, Sha256};

use super::{Epoch, derive::Derivation};
use crate::{
    config::Config,
    crypto::{Crypto, CryptoError},
    document::Document,
    jwk::PrivateKey,
    jwt::TokenType,
    time::UnixTime,
};

/// Imported signing keys and the JWKS, each made at its first use and kept for an epoch.
pub(crate) struct Keyring<K> {
    /// One slot an algorithm of the deployment. The mutex is never held across an `.await`.
    signing: Mutex<Vec<Imported<K>>>,
    published: Mutex<Option<(Epoch, Arc<Published>)>>,
}

type Imported<K> = (Algorithm, Epoch, Arc<SigningKey<K>>);

/// The JWKS, as a document and as keys to verify with.
pub(crate) struct Published {
    pub(crate) document: Document,
    keys: Vec<PublishedKey>,
}

/// A public key of ours.
pub(crate) struct PublishedKey {
    pub(crate) kid: String,
    pub(crate) algorithm: Algorithm,
    pub(crate) public: AlgorithmParameters,
}

impl Published {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &PublishedKey> {
        self.keys.iter()
    }
}

/// A key that signs, with its JOSE headers already encoded.
pub(crate) struct SigningKey<K> {
    pub(crate) key: K,
    access_token_header: String,
    id_token_header: String,
}

impl<K> SigningKey<K> {
    /// `base64url(header)` for a token of `typ`.
    pub(crate) fn encoded_header(&self, typ: TokenType) -> &str {
        match typ {
            TokenType::AccessToken => &self.access_token_header,
            TokenType::IdToken => &self.id_token_header,
        }
    }
}

impl<K> Keyring<K> {
    pub(crate) fn new() -> Self {
        Self {
            signing: Mutex::new(Vec::new()),
            published: Mutex::new(None),
        }
    }

    /// The key that signs `algorithm` at `now`. Two requests that find none both import it; the
    /// result is the same key, so nobody waits for the other.
    pub(crate) async fn signing<C: Crypto<Key = K>>(
        &self,
        config: &Config,
        crypto: &C,
        algorithm: Algorithm,
        now: UnixTime,
    ) -> Result<Arc<SigningKey<K>>, CryptoError> {
        let epoch = Epoch::at(now);
        let kept = lock(&self.signing)
            .iter()
            .find(|(of, at, _)| *of == algorithm && *at == epoch)
            .map(|(_, _, key)| Arc::clone(key));
        if let Some(key) = kept {
            return Ok(key);
        }
        let private = private_keys(config, algorithm, [epoch])
            .into_iter()
            .next()
            .ok_or_else(|| CryptoError::new("import", format!("no key for {algorithm:?}")))?;
        let (key, public) = crypto.import(&private).await?;
        let kid = thumbprint(&public)?;
        let key = Arc::new(SigningKey {
            key,
            access_token_header: encode_header(TokenType::AccessToken, algorithm, &kid)?,
            id_token_header: encode_header(TokenType::IdToken, algorithm, &kid)?,
        });
        let mut kept = lock(&self.signing);
        kept.retain(|(of, _, _)| *of != algorithm);
        kept.push((algorithm, epoch, Arc::clone(&key)));
        Ok(key)
    }

    /// The JWKS at `now`: for each algorithm the supplied keys, or for each secret the keys of the
    /// previous, the current and the next epoch.
    pub(crate) async fn published<C: Crypto<Key = K>>(
        &self,
        config: &Config,
        crypto: &C,
        now: UnixTime,
    ) -> Result<Arc<Published>, CryptoError> {
        let epoch = Epoch::at(now);
        if let Some((at, published)) = &*lock(&self.published)
            && *at == epoch
        {
            return Ok(Arc::clone(published));
        }
        let mut keys = Vec::new();
        for &algorithm in config.signing_algorithms() {
            for private in private_keys(config, algorithm, epoch.published()) {
                let (_, public) = crypto.import(&private).await?;
                keys.push(PublishedKey {
                    kid: thumbprint(&public)?,
                    algorithm,
                    public,
                });
            }
        }
        let set = JwkSet {
            keys: keys.iter().map(jwk).collect(),
        };
        let published = Arc::new(Published {
            document: Document::json(&set),
            keys,
        });
        *lock(&self.published) = Some((epoch, Arc::clone(&published)));
        Ok(published)
    }
}

/// The key that signs `algorithm` at `now`, if that is one of the deployment's algorithms: for a
/// host that signs what the server does not.
#[must_use]
pub fn signing_key(config: &Config, algorithm: Algorithm, now: UnixTime) -> Option<PrivateKey> {
    if !config.signing_algorithms().contains(&algorithm) {
        return None;
    }
    let mut keys = private_keys(config, algorithm, [Epoch::at(now)]).into_iter();
    keys.next()
}

/// All private keys of `algorithm` for `epochs`, the one that signs first.
fn private_keys<const N: usize>(
    config: &Config,
    algorithm: Algorithm,
    epochs: [Epoch; N],
) -> Vec<PrivateKey> {
    let supplied: Vec<_> = config.supplied_keys().of(algorithm).cloned().collect();
    if !supplied.is_empty() {
        return supplied;
    }
    config
        .secrets()
        .iter()
        .flat_map(|secret| {
            epochs.iter().filter_map(move |&epoch| {
                Derivation {
                    issuer: config.realm(),
                    serial: config.key_serial(),
                    epoch,
                }
                .key(secret, algorithm)
            })
        })
        .collect()
}

fn jwk(key: &PublishedKey) -> Jwk {
    Jwk {
        common: CommonParameters {
            public_key_use: Some(PublicKeyUse::Signature),
            key_algorithm: Some(key.algorithm.into()),
            key_id: Some(key.kid.clone()),
            ..CommonParameters::default()
        },
        algorithm: key.public.clone(),
    }
}

/// The JWK thumbprint of RFC 7638: the required members in lexicographic order, without spaces.
/// `Jwk::thumbprint` would do, but panics where no jsonwebtoken provider is compiled in, as on a
/// Worker.
///
/// # Errors
/// The key is of none of the types that Jeton signs with.
pub fn thumbprint(public: &AlgorithmParameters) -> Result<String, CryptoError> {
    let canonical = match public {
        AlgorithmParameters::EllipticCurve(key) => {
            format!(
                r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#,
                key.x, key.y
            )
        }
        AlgorithmParameters::OctetKeyPair(key) => {
            format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, key.x)
        }
        AlgorithmParameters::RSA(key) => {
            format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, key.e, key.n)
        }
        _ => {
            return Err(CryptoError::new(
                "import",
                "the public half is of no known type",
            ));
        }
    };
    Ok(URL_SAFE_NO_PAD.encode(Sha256::digest(canonical)))
}

fn encode_header(typ: TokenType, algorithm: Algorithm, kid: &str) -> Result<String, CryptoError> {
    let mut header = Header::new(algorithm);
    header.typ = Some(typ.as_str().to_owned());
    header.kid = Some(kid.to_owned());
    serde_json::to_vec(&header)
        .map(|json| URL_SAFE_NO_PAD.encode(json))
        .map_err(|error| CryptoError::new("sign", error))
}

/// A panic elsewhere leaves these caches whole: each write replaces a finished value.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
