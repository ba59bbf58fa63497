//! What one kind of document has for its own: how it is shown, checked and stored.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{Change, Manager, Right, path_segment};
use crate::{
    api::{Api, ApiRecord, twin},
    client::{Client, ClientId, InvalidClient, SecretRecord},
    document::Document,
    host::Host,
    json, management_scope as scopes,
    parameters::BODY_LIMIT,
    refusal::{ManagementFault, Refusal},
    registry::{CutOff, Key, Kind},
    request::At,
    route::path,
    scope::Scope,
    trust::{TrustRecord, TrustedIssuer},
};

mod client;

/// A kind of document that is managed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Managed {
    /// Client metadata (RFC 7591 §2).
    Client,
    /// An API: [`ApiRecord`].
    Api,
    /// A trusted issuer: [`TrustRecord`].
    Trust,
}

type Members = Map<String, Value>;

impl Managed {
    /// Checks a document that is to be written, for all that can be known without the deployment that it is
    /// for.
    ///
    /// # Errors
    /// The first member that is wrong, and why.
    pub fn check(self, members: &Map<String, Value>) -> Result<(), String> {
        let checked = match self {
            Self::Client => client::check(members),
            Self::Api => api(members).map(drop),
            Self::Trust => trusted_issuer(members).map(drop),
        };
        checked.map_err(|fault| fault.told())
    }

    /// The kind of its documents in the registry.
    pub(super) fn kind(self) -> Kind {
        match self {
            Self::Client => Kind::Client,
            Self::Api => Kind::Api,
            Self::Trust => Kind::Trust,
        }
    }

    /// The scopes of which one gives the right.
    pub(super) fn right_to(self, right: Right) -> &'static [&'static str] {
        match (self, right) {
            (Self::Client, Right::Read) => &[scopes::CLIENTS_READ, scopes::CLIENTS],
            (Self::Client, Right::Write) => &[scopes::CLIENTS],
            (Self::Api, _) => &[scopes::APIS],
            (Self::Trust, _) => &[scopes::TRUST],
        }
    }

    /// The parameter by which one document is found in its collection; a client's id is its name.
    pub(super) fn name_parameter(self) -> Option<&'static str> {
        match self {
            Self::Client => None,
            Self::Api => Some("identifier"),
            Self::Trust => Some("issuer"),
        }
    }

    /// The key of the document that says this of itself.
    pub(super) fn key_of_name<H: Host>(self, at: &At<'_, H>, name: &str) -> Key {
        let realm = at.issuer.store().realm();
        match self {
            Self::Trust => Key::trust(realm, name),
            Self::Client | Self::Api => Key::api(realm, name),
        }
    }

    /// The key of the document with this id; `None` where it is no id.
    pub(super) fn key_of_id<H: Host>(self, at: &At<'_, H>, id: &str) -> Option<Key> {
        let realm = at.issuer.store().realm();
        let is_hash = || {
            URL_SAFE_NO_PAD
                .decode(id)
                .is_ok_and(|hash| hash.len() == 32)
        };
        match self {
            Self::Client => {
                let id: ClientId = id.parse().ok()?;
                Some(Key::client(realm, &id))
            }
            Self::Api => is_hash().then(|| Key::api_of_id(realm, id)),
            Self::Trust => is_hash().then(|| Key::trust_of_id(realm, id)),
        }
    }

    /// Where a document is.
    pub(super) fn url_of<H: Host>(self, at: &At<'_, H>, key: &Key) -> String {
        let collection = match self {
            Self::Client => path::MANAGED_CLIENTS,
            Self::Api => path::MANAGED_APIS,
            Self::Trust => path::MANAGED_TRUST,
        };
        let collection = at.issuer.url_of(collection);
        format!("{collection}/{}", path_segment(&key.name))
    }

    /// A document as it is shown; `None` where it is no JSON object.
    pub(super) fn shown(self, document: &Document) -> Option<Members> {
        let mut members: Members = json::read(document.as_str()).ok()?;
        if self == Self::Client {
            client::hide(&mut members);
        }
        Some(members)
    }

    /// Why the server cannot serve a document.
    pub(super) fn problem(self, document: &Document) -> Option<String> {
        let text = document.as_str();
        match self {
            Self::Client => Client::from_record(text).err().map(|it| it.to_string()),
            Self::Api => Api::from_record(text).err().map(|it| it.to_string()),
            Self::Trust => TrustedIssuer::from_record(text)
                .err()
                .map(|it| it.to_string()),
        }
    }

    /// Whether a document is the tombstone of one that was deleted.
    pub(super) fn is_deleted(self, document: &Document) -> bool {
        self == Self::Client
            && self
                .shown(document)
                .is_some_and(|shown| is_tombstone(&shown))
    }

    /// The key of a document that is to be registered, which gets an id of ours where it has none.
    pub(super) fn key_of_new<H: Host>(
        self,
        at: &At<'_, H>,
        body: &mut Members,
    ) -> Result<Key, Refusal> {
        Ok(match self {
            Self::Client => {
                let id = client::id_of(at, body)?;
                Key::client(at.issuer.store().realm(), &id)
            }
            Self::Api | Self::Trust => {
                let name = self.name_parameter().unwrap_or_default();
                let text = body.get(name).and_then(Value::as_str);
                let text = text.ok_or_else(|| {
                    ManagementFault::Document(format!("{name}: missing, or no text"))
                })?;
                self.key_of_name(at, text)
            }
        })
    }

    /// The document under `key` with these members in the place of all that it shows.
    pub(super) fn replacement<H: Host>(
        self,
        at: &At<'_, H>,
        key: &Key,
        standing: Option<Document>,
        body: Members,
    ) -> Result<Change, Refusal> {
        match self {
            Self::Client => client::replacement(at, key, standing, body),
            Self::Api | Self::Trust => self.checked(at, key, standing, body),
        }
    }

    /// The document that stands under `key`, changed by a merge patch (RFC 7396).
    pub(super) fn patched<H: Host>(
        self,
        at: &At<'_, H>,
        key: &Key,
        standing: Document,
        patch: &Members,
    ) -> Result<Change, Refusal> {
        match self {
            Self::Client => client::patched(at, key, standing, patch),
            Self::Api | Self::Trust => {
                let mut members = self.shown(&standing).unwrap_or_default();
                merge(&mut members, patch);
                self.checked(at, key, Some(standing), members)
            }
        }
    }

    /// The client whose document stands, with these secrets in the place of its own.
    pub(super) fn with_secrets<H: Host>(
        self,
        at: &At<'_, H>,
        key: &Key,
        standing: Document,
        secrets: &[SecretRecord],
    ) -> Result<Change, Refusal> {
        client::with_secrets(at, key, standing, secrets)
    }

    /// An API or a trust document, checked.
    fn checked<H: Host>(
        self,
        at: &At<'_, H>,
        key: &Key,
        standing: Option<Document>,
        body: Members,
    ) -> Result<Change, Refusal> {
        let config = at.issuer.config();
        let named = match self {
            Self::Trust => {
                let trusted = trusted_issuer(&body)?;
                config
                    .require_reachable_keys(&trusted)
                    .map_err(ManagementFault::Document)?;
                trusted.issuer
            }
            Self::Client | Self::Api => {
                let api = api(&body)?;
                config
                    .require_servable(&api)
                    .map_err(|error| document_fault(&error))?;
                api.identifier
            }
        };
        if self.key_of_name(at, &named) != *key {
            let name = self.name_parameter().unwrap_or_default();
            let text = format!("{name}: another than the document's at this address");
            return Err(ManagementFault::Document(text).into());
        }
        Ok(Change {
            key: key.clone(),
            standing,
            next: document_of(body)?,
            told: Members::new(),
        })
    }

    /// Refuses to write over what is configured: that would never be read.
    pub(super) fn require_registered<H: Host>(
        self,
        at: &At<'_, H>,
        key: &Key,
    ) -> Result<(), ManagementFault> {
        let is_configured = match self {
            Self::Client => {
                let id = key.name.parse::<ClientId>();
                id.is_ok_and(|id| at.issuer.clients().is_configured(&id))
            }
            Self::Api => at.issuer.store().has_configured_api(key),
            Self::Trust => at.issuer.trusted_issuers().has_configured(key),
        };
        if is_configured {
            return Err(ManagementFault::Configured);
        }
        Ok(())
    }

    /// Refuses a name that a document would share with another: an API's with a configured one or, but for
    /// a final slash, with any; a new client's with an API, whose tokens it could look at (RFC 7662 §2.1),
    /// and an id that only looks as if it were made here, which is never looked for.
    pub(super) async fn require_own_name<H: Host>(
        self,
        at: &At<'_, H>,
        change: &Change,
    ) -> Result<(), Refusal> {
        match self {
            Self::Client if change.standing.is_none() => {
                client::require_own_id(at, &change.key).await
            }
            Self::Client | Self::Trust => Ok(()),
            Self::Api => require_own_names_of_api(at, change).await,
        }
    }

    /// Refuses a change that gives, or takes over, rights which the manager does not have.
    pub(super) fn require_rights<H: Host>(
        self,
        at: &At<'_, H>,
        manager: &Manager,
        change: &Change,
    ) -> Result<(), ManagementFault> {
        for document in change.standing.iter().chain([&change.next]) {
            match self {
                Self::Client => {
                    manager.require_privileges_of(&client::scope_of(document))?;
                }
                Self::Api => {}
                Self::Trust => require_rights_of_rules(at, manager, document)?,
            }
        }
        Ok(())
    }

    /// Refuses to remove what has rights that the manager does not have.
    pub(super) fn require_right_to_remove<H: Host>(
        self,
        at: &At<'_, H>,
        manager: &Manager,
        standing: &Document,
    ) -> Result<(), ManagementFault> {
        match self {
            Self::Client => manager.require_privileges_of(&client::scope_of(standing)),
            Self::Api => Ok(()),
            Self::Trust => require_rights_of_rules(at, manager, standing),
        }
    }

    /// Ends the grants and tokens of a client that is about to be removed.
    pub(super) async fn end_what_it_gave<H: Host>(
        self,
        at: &At<'_, H>,
        key: &Key,
    ) -> Result<(), Refusal> {
        if self == Self::Client
            && let Ok(id) = key.name.parse::<ClientId>()
        {
            let clients = at.issuer.clients();
            clients.end_all_of(&CutOff::client(&id), at.now).await?;
        }
        Ok(())
    }

    /// What is left of a document that is removed.
    pub(super) fn tombstone<H: Host>(self, at: &At<'_, H>, key: &Key) -> Option<Document> {
        (self == Self::Client).then(|| Document::tombstone(&key.name, at.now, None))
    }
}

fn api(members: &Members) -> Result<Api, ManagementFault> {
    let record: ApiRecord = record(members).map_err(ManagementFault::Document)?;
    record.parse().map_err(|error| document_fault(&error))
}

fn trusted_issuer(members: &Members) -> Result<TrustedIssuer, ManagementFault> {
    let record: TrustRecord = record(members).map_err(ManagementFault::Document)?;
    let trusted = record.parse().map_err(|error| document_fault(&error))?;
    let mut rules = trusted.rules.iter();
    if let Some(rule) = rules.find(|rule| rule.client_id.is_built_in()) {
        let text = format!("rules: {:?} is for the client that is built in", rule.name);
        return Err(ManagementFault::Document(text));
    }
    Ok(trusted)
}

async fn require_own_names_of_api<H: Host>(at: &At<'_, H>, change: &Change) -> Result<(), Refusal> {
    let store = at.issuer.store();
    let Ok(api) = Api::from_record(change.next.as_str()) else {
        return Ok(());
    };
    if store.has_configured_name_of(&api) {
        return Err(ManagementFault::Configured.into());
    }
    let is_new = change.standing.is_none();
    if let Some(twin) = twin(&api.identifier).filter(|_| is_new) {
        let twin = store.standing(&Key::api(store.realm(), &twin)).await?;
        if twin.is_some() {
            return Err(ManagementFault::Twin.into());
        }
    }
    Ok(())
}

/// The document of these members: no longer than a request may be, however often it is patched.
fn document_of(members: Members) -> Result<Document, ManagementFault> {
    let text = Value::Object(members).to_string();
    if text.len() > BODY_LIMIT {
        return Err(ManagementFault::TooLong);
    }
    Ok(Document::new(text))
}

/// Whether the members are a tombstone's.
pub(super) fn is_tombstone(members: &Members) -> bool {
    members.contains_key("deleted_at")
}

/// A rule passes on rights over this server only where its own scope lists them, and may not make its
/// writer who logs people in.
fn require_rights_of_rules<H: Host>(
    at: &At<'_, H>,
    manager: &Manager,
    document: &Document,
) -> Result<(), ManagementFault> {
    let Ok(trusted) = TrustedIssuer::from_record(document.as_str()) else {
        return Ok(());
    };
    for rule in &trusted.rules {
        if let Some(scope) = &rule.scope {
            manager.require_privileges_of(scope)?;
        }
        if at.issuer.clients().is_login_application(&rule.client_id) {
            return Err(ManagementFault::LoginApplication);
        }
    }
    Ok(())
}

/// The record of these members; or which member is wrong, and what is expected of it.
fn record<T: DeserializeOwned>(members: &Members) -> Result<T, String> {
    let text = serde_json::to_string(members).unwrap_or_default();
    json::read_record(&text).map_err(|error| error.to_string())
}

fn document_fault(error: &impl std::fmt::Display) -> ManagementFault {
    ManagementFault::Document(error.to_string())
}

/// Changes `members` as a JSON merge patch says (RFC 7396 §2).
pub fn merge(members: &mut Members, patch: &Members) {
    for (name, value) in patch {
        match value {
            Value::Null => {
                members.remove(name);
            }
            Value::Object(patch) => {
                let entry = members.entry(name.clone()).or_insert(Value::Null);
                if !entry.is_object() {
                    *entry = Value::Object(Members::new());
                }
                if let Value::Object(inner) = entry {
                    merge(inner, patch);
                }
            }
            value => {
                members.insert(name.clone(), value.clone());
            }
        }
    }
}
