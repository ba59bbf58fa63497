//! A client by its registration access token (RFC 7592 §2), which opens its own registration and nothing
//! else.

use serde_json::{Map, Value};
use subtle::ConstantTimeEq;

use crate::{
    audit::Audit,
    client::{Client, ClientId, ClientRecord, Registration, RegistrationRecord, SecretHash},
    client_ids::MadeBy,
    document::{Document, Expected, Put},
    endpoint::bearer::token_in_header,
    host::Host,
    refusal::{BearerFault, Refusal},
    registration::InvalidMetadata,
    registration_token::is_registration_token,
    registry::{Key, client_record},
    request::At,
    time::UnixTime,
};

/// What a client may not say of itself when it changes its registration (RFC 7592 §2.2).
const TOLD_ONLY: [&str; 4] = [
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
];

/// The client whose registration the request manages.
pub(super) struct Own {
    pub(super) key: Key,
    pub(super) record: ClientRecord,
    pub(super) client: Client,
    pub(super) registration: Registration,
    /// The token of the request, and which of the registration's it is.
    pub(super) token: String,
    place: usize,
    standing: Document,
}

/// What became of a write.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    Done,
    /// Another document stands than was read.
    Raced,
}

impl Own {
    /// The client in the path, if the token of the request is one of its own. Whether there is no such client
    /// or the token is not its, is not told apart (RFC 7592 §2.1).
    pub(super) async fn of<H: Host>(at: &At<'_, H>, audit: &mut Audit) -> Result<Self, Refusal> {
        let token = token_in_header(at.request)?.ok_or(BearerFault::Missing)?;
        let own = Self::find(at, token, audit).await?;
        Ok(own.ok_or(BearerFault::Invalid)?)
    }

    async fn find<H: Host>(
        at: &At<'_, H>,
        token: &str,
        audit: &mut Audit,
    ) -> Result<Option<Self>, Refusal> {
        let segment = at.request.first_segment().unwrap_or_default();
        let Ok(id) = segment.parse::<ClientId>() else {
            return Ok(None);
        };
        if !is_registration_token(token) {
            return Ok(None);
        }
        let store = at.issuer.store();
        if store.ids().made_by(&id) == MadeBy::Forger || at.issuer.clients().is_configured(&id) {
            return Ok(None);
        }
        let key = Key::client(store.realm(), &id);
        let Some(standing) = store.standing(&key).await? else {
            audit.note_unknown_client(&segment);
            return Ok(None);
        };
        let Some(record) = client_record(&key, &standing)? else {
            return Ok(None);
        };
        audit.client_id = Some(id);
        let registration = record.registration.as_ref();
        let registration = registration.map(RegistrationRecord::parse).transpose();
        let Some(registration) = registration.map_err(|error| key.unreadable(error))? else {
            return Ok(None);
        };
        let hash = SecretHash::of(token);
        let mut tokens = registration.tokens.iter();
        let Some(place) = tokens.position(|own| own.hash.ct_eq(&hash).into()) else {
            return Ok(None);
        };
        // Not before: strangers are not to have the server parse all that is registered.
        let client = record.clone().parse();
        let own = Self {
            client: client.map_err(|error| key.unreadable(error))?,
            key,
            record,
            registration,
            place,
            token: token.to_owned(),
            standing,
        };
        let has_ended = own.expires_at().is_some_and(|end| end <= at.now);
        Ok(Some(own).filter(|own| own.client.stands_at(at.now) && !has_ended))
    }

    /// The end of the request's token, if another has taken its place.
    pub(super) fn expires_at(&self) -> Option<UnixTime> {
        self.registration.tokens.get(self.place)?.expires_at
    }

    /// Whether the request has the newest of several tokens: the others are of no more use.
    pub(super) fn is_by_newest_of_several(&self) -> bool {
        let tokens = self.registration.tokens.len();
        tokens > 1 && self.place + 1 == tokens
    }

    /// Refuses metadata that is another client's, or says what only the server says (RFC 7592 §2.2).
    pub(super) fn require_same_client(
        &self,
        metadata: &Map<String, Value>,
        now: UnixTime,
    ) -> Result<(), InvalidMetadata> {
        let fault = |member, expected| Err(InvalidMetadata::Member { member, expected });
        for member in TOLD_ONLY {
            if metadata.contains_key(member) {
                return fault(member, "only told, and not sent back");
            }
        }
        if metadata.get("client_id").and_then(Value::as_str) != Some(self.client.id.as_str()) {
            return fault("client_id", "that of the client");
        }
        let Some(secret) = metadata.get("client_secret").filter(|it| !it.is_null()) else {
            return Ok(());
        };
        let hash = secret.as_str().map(SecretHash::of);
        if !hash.is_some_and(|hash| self.client.holds_secret(&hash, now)) {
            return fault(
                "client_secret",
                "that of the client, which it cannot choose",
            );
        }
        Ok(())
    }

    /// Writes a document in the place of the one that was read.
    pub(super) async fn write<H: Host>(
        &self,
        at: &At<'_, H>,
        next: &Document,
    ) -> Result<Written, Refusal> {
        let expected = Expected::Version(self.standing.version());
        let clients = at.issuer.clients();
        let put = clients.change(&self.key, Some(next), &expected, at.now);
        match put.await? {
            Put::Done => Ok(Written::Done),
            Put::Conflict(_) => Ok(Written::Raced),
        }
    }
}
