//! The tokens that an issuer has issued and that its server would not know by their text: those that
//! left in other words than it made them in, and those that it never made.
//!
//! What rules, headers, faults and `mint` make of a token is for those whom it is shown to. Whoever
//! brings it back here is answered for the token that it stands for.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::{issuer::Issuer, spec::TokenKind};

mod words;

pub(crate) use words::{Reader, client_of, scope_of, subject_of};

/// How many tokens are known; the oldest go first.
const MOST: usize = 10_000;

/// How many bytes are kept of them.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// What keeping a token takes besides its texts, in bytes.
const OVERHEAD: usize = 160;

/// What is kept of tokens instead of the tokens: their SHA-256.
type Hash = [u8; 32];

/// What an issuer knows of a token that it issued.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Issued {
    /// The server made it, and it left in other words: the token as the server made it.
    Changed(String),
    /// The server made it and sealed it: what it says, as far as the server told.
    Sealed(Map<String, Value>),
    /// The server did not make it.
    Own(Own),
}

/// A token of the mock's own, which its server knows nothing of.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Own {
    /// What it is; of a token that anything may be said of, what it is presented as.
    pub(crate) kind: Option<TokenKind>,
    /// What is said of it, by the names of RFC 9068 §2.2 (`iss`, `sub`, `aud`, `client_id`, `scope`, `iat`,
    /// `exp`, `jti`) or as vendors say it.
    pub(crate) claims: Map<String, Value>,
}

/// The newest tokens of one issuer.
#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    tokens: BTreeMap<Hash, Kept>,
    order: VecDeque<Hash>,
    bytes: usize,
}

/// What is kept of a token: texts, which take less room than what is read of them.
#[derive(Debug)]
enum Kept {
    Changed(Box<str>),
    Sealed(Box<str>),
    Own(Option<TokenKind>, Box<str>),
}

impl Kept {
    fn new(issued: Issued) -> Self {
        // A map of texts to values always serializes.
        let text = |map| Value::Object(map).to_string().into_boxed_str();
        match issued {
            Issued::Changed(own) => Self::Changed(own.into_boxed_str()),
            Issued::Sealed(claims) => Self::Sealed(text(claims)),
            Issued::Own(own) => Self::Own(own.kind, text(own.claims)),
        }
    }

    fn read(&self) -> Issued {
        let map = |text: &str| serde_json::from_str(text).unwrap_or_default();
        match self {
            Self::Changed(own) => Issued::Changed(own.to_string()),
            Self::Sealed(claims) => Issued::Sealed(map(claims)),
            Self::Own(kind, claims) => Issued::Own(Own {
                kind: *kind,
                claims: map(claims),
            }),
        }
    }

    fn bytes(&self) -> usize {
        let (Self::Changed(text) | Self::Sealed(text) | Self::Own(_, text)) = self;
        OVERHEAD + text.len()
    }
}

impl Known {
    /// Keeps the newest, and what was known of the same text no more.
    fn keep(&mut self, hash: Hash, kept: Kept) {
        self.bytes += kept.bytes();
        match self.tokens.insert(hash, kept) {
            Some(former) => self.bytes = self.bytes.saturating_sub(former.bytes()),
            None => self.order.push_back(hash),
        }
        while self.order.len() > MOST || self.bytes > MOST_BYTES {
            let Some(oldest) = self.order.pop_front() else {
                break;
            };
            if let Some(gone) = self.tokens.remove(&oldest) {
                self.bytes = self.bytes.saturating_sub(gone.bytes());
            }
        }
    }
}

impl Memory {
    fn lock(&self) -> MutexGuard<'_, Known> {
        // Each change is whole before anything could panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hash(token: &str) -> Hash {
    Sha256::digest(token).into()
}

impl Issuer {
    /// Knows a token from now on, by the text with which it leaves.
    pub(crate) fn issue(&self, token_as_sent: &str, issued: Issued) {
        let kept = Kept::new(issued);
        self.memory().lock().keep(hash(token_as_sent), kept);
    }

    /// What is known of a token that somebody brings; `None` of one that its server knows, or nobody.
    pub(crate) fn issued(&self, token: &str) -> Option<Issued> {
        let known = self.memory().lock();
        if known.tokens.is_empty() {
            return None;
        }
        known.tokens.get(&hash(token)).map(Kept::read)
    }

    /// Whether any token is known.
    pub(crate) fn has_issued(&self) -> bool {
        !self.memory().lock().tokens.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(tokens: impl IntoIterator<Item = (String, Issued)>) -> Known {
        let mut known = Known::default();
        for (token, issued) in tokens {
            known.keep(hash(&token), Kept::new(issued));
        }
        known
    }

    fn has(known: &Known, token: &str) -> bool {
        known.tokens.contains_key(&hash(token))
    }

    #[test]
    fn the_oldest_go_first() {
        let changed = |n: usize| (n.to_string(), Issued::Changed("x".to_owned()));
        let full = known((0..=MOST).map(changed));
        assert_eq!((full.tokens.len(), full.order.len()), (MOST, MOST));
        assert!(!has(&full, "0") && has(&full, "1") && has(&full, &MOST.to_string()));
    }

    #[test]
    fn large_ones_leave_room_for_fewer() {
        let large = |n: usize| (n.to_string(), Issued::Changed("x".repeat(MOST_BYTES / 8)));
        let full = known((0..20).map(large));
        assert!(full.bytes <= MOST_BYTES, "{}", full.bytes);
        assert!(!has(&full, "12") && has(&full, "13") && has(&full, "19"));
        let too_large = known([("a".to_owned(), Issued::Changed("x".repeat(MOST_BYTES + 1)))]);
        assert_eq!((too_large.tokens.len(), too_large.bytes), (0, 0));
    }

    #[test]
    fn one_of_the_same_text_takes_the_place_of_the_former() {
        let same = |_| ("a".to_owned(), Issued::Changed("own".to_owned()));
        let known = known((0..3).map(same));
        assert_eq!((known.tokens.len(), known.order.len()), (1, 1));
        assert_eq!(known.bytes, OVERHEAD + 3);
    }

    #[test]
    fn what_is_kept_is_read_as_it_was() {
        let claims = serde_json::json!({ "sub": "alice", "aud": ["a", "b"] });
        let claims = claims.as_object().cloned().unwrap();
        for issued in [
            Issued::Changed("own".to_owned()),
            Issued::Sealed(claims.clone()),
            Issued::Own(Own {
                kind: Some(TokenKind::IdToken),
                claims,
            }),
        ] {
            assert_eq!(Kept::new(issued.clone()).read(), issued);
        }
    }
}
