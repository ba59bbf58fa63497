//! Sealing: authenticated encryption of values that leave the server and must come back unread and
//! unchanged. XChaCha20-Poly1305 with random 192-bit nonces, one key a kind; AES-GCM's 96-bit random
//! nonces would run out.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead, KeyInit, Payload},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    config::Config,
    crypto::{Crypto, CryptoError},
    json,
};

const NONCE_LENGTH: usize = 24;

/// How much the seal adds to what it seals (RFC 8439 §2.8).
const TAG_LENGTH: usize = 16;

/// The most that is sealed of an authorization request, in bytes of JSON: it travels in addresses, to the
/// login application and, with the answer of that, back.
pub(crate) const LONGEST_REQUEST: usize = 4096;

/// The kind of a sealed value. One kind never opens as another: each has its own key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SealKind {
    /// An authorization request on its way through the login application.
    Request,
    /// A request and the outcome of its login on the way back through the browser.
    Ticket,
    /// A self-contained access token.
    AccessToken,
    /// A logout on its way through the login application, and where the browser goes afterwards.
    Logout,
    /// That a person has seen a device's code, on the page that asks for their decision.
    Confirmation,
    /// A browser's session with the login application that runs inside.
    Session,
    /// A login that is under way at an upstream.
    Flow,
    /// A document of a person, as it is stored.
    Document,
}

impl SealKind {
    /// Every kind. A kind that is missing here has no key, so nothing can be sealed as it.
    pub(crate) const ALL: [Self; 8] = [
        Self::Request,
        Self::Ticket,
        Self::AccessToken,
        Self::Logout,
        Self::Confirmation,
        Self::Session,
        Self::Flow,
        Self::Document,
    ];

    /// How long the text is that `length` bytes of JSON are sealed as.
    pub(crate) const fn length_of(self, length: usize) -> usize {
        let sealed = NONCE_LENGTH + length + TAG_LENGTH;
        self.prefix().len() + (4 * sealed).div_ceil(3)
    }

    pub(crate) const fn prefix(self) -> &'static str {
        match self {
            Self::Request => "jsr_",
            Self::Ticket => "jst_",
            Self::AccessToken => "jat_",
            Self::Logout => "jsl_",
            Self::Confirmation => "jsd_",
            Self::Session => "jss_",
            Self::Flow => "jsf_",
            Self::Document => "jsp_",
        }
    }
}

/// The sealing keys of a deployment, one list a kind: the first seals, all open.
pub(crate) struct SealKeys {
    issuer: String,
    keys: Vec<[(SealKind, XChaCha20Poly1305); SealKind::ALL.len()]>,
}

impl SealKeys {
    pub(crate) fn new(config: &Config) -> Self {
        let issuer = config.key_context().to_owned();
        let keys = config
            .secrets()
            .iter()
            .map(|secret| {
                SealKind::ALL.map(|kind| {
                    let label = kind.prefix().as_bytes();
                    let key =
                        secret.derive::<32>(&[b"jeton/v1", b"seal", label, issuer.as_bytes()]);
                    (kind, XChaCha20Poly1305::new(&(*key).into()))
                })
            })
            .collect();
        Self { issuer, keys }
    }

    fn of(&self, kind: SealKind) -> impl Iterator<Item = &XChaCha20Poly1305> {
        self.keys
            .iter()
            .flatten()
            .filter(move |(own, _)| *own == kind)
            .map(|(_, key)| key)
    }

    /// `value` sealed as a URL-safe string.
    pub(crate) fn seal(
        &self,
        kind: SealKind,
        value: &impl Serialize,
        crypto: &impl Crypto,
    ) -> Result<String, CryptoError> {
        let failed = |error: &dyn std::fmt::Display| CryptoError::new("seal", error);
        let plain = serde_json::to_vec(value).map_err(|error| failed(&error))?;
        let mut nonce = [0; NONCE_LENGTH];
        crypto.fill(&mut nonce)?;
        let key = self.of(kind).next().ok_or_else(|| failed(&"no key"))?;
        let payload = Payload {
            msg: &plain,
            aad: self.issuer.as_bytes(),
        };
        let sealed = key
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|error| failed(&error))?;
        let text = URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat());
        Ok(format!("{}{text}", kind.prefix()))
    }

    /// The value that was sealed here as `kind`; `None` for any other text.
    pub(crate) fn open<T: DeserializeOwned>(&self, kind: SealKind, text: &str) -> Option<T> {
        let plain = self.opened(kind, text)?;
        json::read(std::str::from_utf8(&plain).ok()?).ok()
    }

    /// The JSON of it.
    fn opened(&self, kind: SealKind, text: &str) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD
            .decode(text.strip_prefix(kind.prefix())?)
            .ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_LENGTH>()?;
        let nonce = XNonce::from(*nonce);
        self.of(kind).find_map(|key| {
            let payload = Payload {
                msg: sealed,
                aad: self.issuer.as_bytes(),
            };
            key.decrypt(&nonce, payload).ok()
        })
    }
}
