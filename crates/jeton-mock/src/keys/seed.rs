//! What keys are derived from.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hkdf::Hkdf;
use jeton::{
    CryptoError, InvalidSecret, MOCK_MEMBER, Mode, PUBLIC_PREFIX, PUBLIC_SECRET, PrivateKey,
    Secrets,
};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::{
    runtime::Handle,
    sync::{OnceCell, Semaphore},
};

use super::{named::NamedKey, rsa};
use crate::spec::InvalidSpec;

/// What [`rsa::private_jwk`] makes of everyone's seed for the default issuer, and for those that have names
/// of platforms: written down, so that nobody waits for it. Each says in the mock's member whose it is.
pub(super) const BUNDLED: &str = include_str!("../../keys/rs256.json");

/// How many RSA keys are remembered that were not written down.
const REMEMBERED: usize = 1000;

/// The number of the key that never is in JWKS: the default issuer's signs what is to be wrong at any.
pub(super) const WRONG: u32 = u32::MAX;

/// What a reference to a key begins with, and no PKCS #8 does.
const REFERENCE: &[u8] = b"jeton-mock";

/// The text that keys are derived from, with the issuer's name; and the keys of which that takes long.
#[derive(Clone)]
pub(crate) struct Seed {
    text: String,
    rsa: Arc<RsaKeys>,
}

struct RsaKeys {
    made: Mutex<BTreeMap<Name, Arc<OnceCell<NamedKey>>>>,
    /// As many are made at a time as there are processors: beyond that all would only be later.
    turns: Semaphore,
}

/// An issuer's name and the number of its key.
type Name = (String, u32);

impl Seed {
    /// The seed of that text, or everyone's.
    ///
    /// # Errors
    /// A deployment would take the text for its secret, so it may be one: a mock has no such key.
    pub(crate) fn new(text: Option<&str>) -> Result<Self, InvalidSpec> {
        let text = text.unwrap_or(PUBLIC_SECRET);
        match Secrets::parse(text, Mode::Production) {
            Ok(_) | Err(InvalidSecret::Length(_) | InvalidSecret::Checksum) => {
                let expected = "a text that is no deployment's secret, such as one of fewer than 43 characters";
                Err(InvalidSpec::new("seed", expected))
            }
            Err(_) => Ok(Self {
                text: text.to_owned(),
                rsa: Arc::new(RsaKeys {
                    made: Mutex::default(),
                    turns: Semaphore::new(thread::available_parallelism().map_or(1, usize::from)),
                }),
            }),
        }
    }

    fn is_everyones(&self) -> bool {
        self.text == PUBLIC_SECRET
    }

    /// The secret of its issuers, of a form that no deployment accepts.
    pub(crate) fn secret(&self) -> String {
        if self.is_everyones() {
            return self.text.clone();
        }
        let secret = URL_SAFE_NO_PAD.encode(self.derive::<32>(&[b"secret"]));
        format!("{PUBLIC_PREFIX}{secret}")
    }

    /// The key of an issuer that signs `algorithm`, `number` being how many there were before it.
    pub(super) async fn key(
        &self,
        algorithm: Algorithm,
        issuer_name: &str,
        number: u32,
    ) -> Result<NamedKey, CryptoError> {
        match self.curve_jwk(algorithm, issuer_name, number) {
            Some(jwk) => NamedKey::import(jwk),
            None => self.rsa_key(issuer_name, number).await,
        }
    }

    /// The same for the core; of RSA only how [`Self::followed`] finds it, since nobody may need it.
    pub(super) fn private_key(
        &self,
        algorithm: Algorithm,
        issuer_name: &str,
        number: u32,
    ) -> Option<PrivateKey> {
        let Some(jwk) = self.curve_jwk(algorithm, issuer_name, number) else {
            let reference = [REFERENCE, &number.to_be_bytes(), issuer_name.as_bytes()].concat();
            return Some(PrivateKey::by_reference(algorithm, reference));
        };
        Some(NamedKey::import(jwk).ok()?.private)
    }

    /// The key that the core knows by a reference; `None` for one that it has.
    pub(crate) async fn followed(
        &self,
        key: &PrivateKey,
    ) -> Option<Result<PrivateKey, CryptoError>> {
        let reference = key.pkcs8().strip_prefix(REFERENCE)?;
        let (number, issuer_name) = reference.split_first_chunk()?;
        let issuer_name = std::str::from_utf8(issuer_name).ok()?;
        let made = self.rsa_key(issuer_name, u32::from_be_bytes(*number)).await;
        Some(made.map(|key| key.private))
    }

    /// A key of `algorithm` that is in no JWKS.
    pub(super) async fn wrong(&self, algorithm: Algorithm) -> Result<NamedKey, CryptoError> {
        self.key(algorithm, "", WRONG).await
    }

    /// A private JWK of a curve (RFC 7518 §6.2, RFC 8037); `None` for RS256.
    pub(super) fn curve_jwk(
        &self,
        algorithm: Algorithm,
        issuer_name: &str,
        number: u32,
    ) -> Option<Value> {
        let number = number.to_be_bytes();
        let d = |label: &[u8]| {
            let d: [u8; 32] = self.derive(&[label, issuer_name.as_bytes(), &number]);
            URL_SAFE_NO_PAD.encode(d)
        };
        match algorithm {
            // All but one of 2^32 strings of 32 bytes are a P-256 scalar.
            Algorithm::ES256 => {
                Some(json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "d": d(b"ES256") }))
            }
            Algorithm::EdDSA => {
                Some(json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "d": d(b"EdDSA") }))
            }
            _ => None,
        }
    }

    async fn rsa_key(&self, issuer_name: &str, number: u32) -> Result<NamedKey, CryptoError> {
        let name = (issuer_name.to_owned(), number);
        let cell = self.rsa.cell(name.clone());
        let key = cell.get_or_try_init(|| self.make_rsa_key(name)).await?;
        Ok(key.clone())
    }

    /// Looks it up or makes it, on a thread for what takes long: others are answered meanwhile.
    async fn make_rsa_key(&self, name: Name) -> Result<NamedKey, CryptoError> {
        let failed = || CryptoError::new("import", "no RSA key could be derived");
        let bundled = self.is_everyones().then(|| bundled(&name)).flatten();
        if let Some(jwk) = bundled {
            return NamedKey::import(jwk);
        }
        // It is never closed.
        let _turn = self.rsa.turns.acquire().await;
        let starts = self.rsa_starts(&name);
        let make = move || rsa::private_jwk(starts);
        let made = match Handle::try_current() {
            Ok(runtime) => runtime.spawn_blocking(make).await.ok().flatten(),
            // Of a mock without a socket, in somebody else's runtime.
            Err(_) => make(),
        };
        NamedKey::import(made.ok_or_else(failed)?)
    }

    pub(super) fn rsa_starts(&self, (issuer_name, number): &Name) -> [[u8; rsa::PRIME]; 2] {
        let number = number.to_be_bytes();
        [b"p", b"q"]
            .map(|prime: &[u8; 1]| self.derive(&[b"RS256", issuer_name.as_bytes(), &number, prime]))
    }

    /// Bytes of the seed for a use that `parts` name.
    pub(crate) fn derive<const N: usize>(&self, parts: &[&[u8]]) -> [u8; N] {
        let mut info = Vec::with_capacity(64);
        for part in [b"jeton-mock/v1".as_slice()].iter().chain(parts) {
            info.extend_from_slice(&(part.len() as u64).to_be_bytes());
            info.extend_from_slice(part);
        }
        let mut output = [0; N];
        // So few bytes are far below HKDF's limit, so this cannot fail.
        let _ = Hkdf::<Sha256>::new(None, self.text.as_bytes()).expand(&info, &mut output);
        output
    }
}

impl RsaKeys {
    fn cell(&self, name: Name) -> Arc<OnceCell<NamedKey>> {
        // A panic elsewhere leaves it whole.
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if made.len() >= REMEMBERED && !made.contains_key(&name) {
            made.clear();
        }
        Arc::clone(made.entry(name).or_default())
    }
}

/// The private JWK that is written down for a name.
fn bundled((issuer_name, number): &Name) -> Option<Value> {
    let mut set: Value = serde_json::from_str(BUNDLED).ok()?;
    let whose = json!({ "issuer": issuer_name, "number": number });
    let keys = set.get_mut("keys")?.as_array_mut()?;
    let own = keys.iter_mut().find(|key| key[MOCK_MEMBER] == whose)?;
    Some(own.take())
}

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}
