//! How long stores keep documents.

use serde::{Deserialize, de::IgnoredAny};

use super::{Document, Key, Kind};
use crate::{
    client::expiry,
    json,
    time::{Seconds, UnixTime},
};

/// How much longer than until it has expired a client is kept that registered itself.
const KEPT: Seconds = Seconds(24 * 60 * 60);

/// What says of a client's record how long it is needed.
#[derive(Deserialize)]
struct Record {
    client_expires_at: Option<UnixTime>,
    /// Of a client that registered itself.
    registration: Option<IgnoredAny>,
    /// Of what is left of a client, which has an end only if the client registered itself.
    deleted_at: Option<IgnoredAny>,
}

impl Key {
    /// When a document that is written under this key may go by itself: for a client that registered itself,
    /// a day after it has expired, whether or not it was deleted before. `None`: it stays until it is deleted,
    /// as everything does that somebody with the right to it has registered.
    ///
    /// For stores, which do not read documents otherwise. Expiry itself is decided where a client is read.
    #[must_use]
    pub fn kept_until(&self, document: &Document) -> Option<UnixTime> {
        if self.collection.kind != Kind::Client {
            return None;
        }
        // What cannot be read stays as it is.
        let record: Record = json::read(document.as_str()).ok()?;
        record.registration.or(record.deleted_at)?;
        Some(expiry(record.client_expires_at)? + KEPT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Realm;

    #[test]
    fn what_registered_itself_goes_and_what_is_left_of_it() {
        let key = Key::client(&Realm::default(), &"jc_1".parse().unwrap());
        let check = |document: &Document, expected: Option<u64>| {
            let kept = key.kept_until(document).map(|until| until.0);
            assert_eq!(kept, expected, "{document:?}");
        };
        let json = |json: &str| Document::new(json);
        let gone = Some(9 + KEPT.0);
        check(&json(r#"{"client_id":"jc_1","client_expires_at":9}"#), None);
        check(&json(r#"{"client_id":"jc_1","registration":{}}"#), None);
        check(
            &json(r#"{"client_id":"jc_1","registration":{},"client_expires_at":9}"#),
            gone,
        );
        check(
            &json(r#"{"client_id":"jc_1","registration":{},"client_expires_at":0}"#),
            None,
        );
        check(&Document::tombstone("jc_1", UnixTime(1), None), None);
        check(
            &Document::tombstone("jc_1", UnixTime(1), Some(UnixTime(9))),
            gone,
        );
    }
}
