//! The documents of clients: shown without secrets, and made with them.

use std::borrow::Cow;

use serde_json::{Value, json};
use url::Url;

use super::{
    Change, Document, InvalidClient, Key, ManagementFault, Members, Scope, document_of, merge,
    record, twin,
};
use crate::{
    api::is_same_audience,
    client::{Client, ClientId, ClientRecord, SecretHash, SecretRecord},
    client_ids::MadeBy,
    host::Host,
    json,
    refusal::Refusal,
    request::At,
};

mod ceiling;

/// Members that a record has and that are not shown: secrets have an address of their own.
pub(super) const HIDDEN: [&str; 2] = ["client_secrets", "registration"];

/// Members of private and symmetric keys (RFC 7518 §6), which no record may have.
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Members that name pages and pictures, which are for a browser.
const PAGES: [&str; 4] = ["client_uri", "logo_uri", "policy_uri", "tos_uri"];

/// Members that follow from what is done with the client.
const SET_ELSEWHERE: [&str; 3] = ["client_secret", "client_secret_expires_at", "deleted_at"];

/// Ids that no URL can end in: they are steps in its path (RFC 3986 §3.3), also percent-encoded to whoever
/// follows the URL standard.
const STEPS: [&str; 2] = [".", ".."];

/// Takes what is not shown out of the members of a record: secrets, and what of a record that was written by
/// hand is one though the server does not take it.
pub(super) fn hide(members: &mut Members) {
    for hidden in HIDDEN.into_iter().chain(["client_secret"]) {
        members.remove(hidden);
    }
    let keys = members.get("jwks").and_then(|jwks| jwks.get("keys"));
    let mut keys = keys.and_then(Value::as_array).into_iter().flatten();
    let is_private = |key: &Value| PRIVATE.iter().any(|member| key.get(member).is_some());
    if keys.any(is_private) {
        members.remove("jwks");
    }
}

/// Refuses the id of a new client that is the issuer or an API, or that only looks as if it were made here.
pub(super) async fn require_own_id<H: Host>(at: &At<'_, H>, key: &Key) -> Result<(), Refusal> {
    let store = at.issuer.store();
    let id = key.name.as_str();
    match id.parse().map(|id: ClientId| store.ids().made_by(&id)) {
        // No API is called so.
        Ok(MadeBy::Us) => return Ok(()),
        Ok(MadeBy::Forger) => {
            let fault = "client_id: it looks like one that is made here, and is none";
            return Err(metadata(fault).into());
        }
        Ok(MadeBy::Anybody) | Err(_) => {}
    }
    let is_issuer = is_same_audience(id, at.issuer.config().issuer().as_str());
    if is_issuer || store.is_configured_name(id) {
        return Err(metadata("client_id: it is the name of an API").into());
    }
    for name in [Some(Cow::from(id)), twin(id)].into_iter().flatten() {
        let api = store.standing(&Key::api(store.realm(), &name)).await?;
        if api.is_some() {
            return Err(metadata("client_id: it is the name of an API").into());
        }
    }
    Ok(())
}

/// The id of a new client: as it was chosen, or made here and added to the members.
pub(super) fn id_of<H: Host>(at: &At<'_, H>, body: &mut Members) -> Result<ClientId, Refusal> {
    let text = match body.get("client_id") {
        Some(Value::String(text)) => text.clone(),
        Some(_) => return Err(metadata("client_id: no text").into()),
        None => {
            let id = at.issuer.new_client_id()?;
            body.insert("client_id".to_owned(), id.clone().into());
            id
        }
    };
    text.parse()
        .map_err(|error| metadata(format!("client_id: {error}")).into())
}

/// The client with these members in the place of all that it shows. What is hidden stays; where its method
/// needs a secret and it has none, it gets one.
pub(super) fn replacement<H: Host>(
    at: &At<'_, H>,
    key: &Key,
    standing: Option<Document>,
    body: Members,
) -> Result<Change, Refusal> {
    let before = standing.as_ref().map(members_of).unwrap_or_default();
    replaced(at, key, standing, before, body)
}

/// The client whose document stands, changed by a merge patch. `"registration": null` takes its registration
/// access tokens away: it has what it has, and changes nothing more of it by itself.
pub(super) fn patched<H: Host>(
    at: &At<'_, H>,
    key: &Key,
    standing: Document,
    patch: &Members,
) -> Result<Change, Refusal> {
    let mut before = members_of(&standing);
    let mut body = before.clone();
    hide(&mut body);
    merge(&mut body, patch);
    if patch.get("registration") == Some(&Value::Null) {
        let registration = before
            .get_mut("registration")
            .and_then(Value::as_object_mut);
        let registration =
            registration.ok_or_else(|| metadata("registration: the client has none"))?;
        registration.insert("tokens".to_owned(), json!([]));
    }
    replaced(at, key, Some(standing), before, body)
}

/// The members of what stands, none of which a tombstone has.
fn members_of(standing: &Document) -> Members {
    let members: Option<Members> = json::read(standing.as_str()).ok();
    let members = members.filter(|members| !super::is_tombstone(members));
    members.unwrap_or_default()
}

fn replaced<H: Host>(
    at: &At<'_, H>,
    key: &Key,
    standing: Option<Document>,
    before: Members,
    mut body: Members,
) -> Result<Change, Refusal> {
    require_settable(&before, &body)?;
    if body.get("client_id").and_then(Value::as_str) != Some(&key.name) {
        return Err(metadata("client_id: another than the client's at this address").into());
    }
    for kept in HIDDEN.into_iter().chain(["client_id_issued_at"]) {
        if let Some(value) = before.get(kept) {
            body.insert(kept.to_owned(), value.clone());
        }
    }
    if before.is_empty() {
        body.entry("client_id_issued_at").or_insert(json!(at.now));
    }
    let mut record = read(&body)?;
    let mut told = Members::new();
    if let Some(secret) = record.equip(at.issuer.crypto(), at.now)? {
        told.insert("client_secret".to_owned(), secret.text().into());
        told.insert("client_secret_expires_at".to_owned(), json!(0));
    }
    set_secrets(&mut body, &record.client_secrets);
    let client = servable(at, record)?;
    if let Some(lowered) = ceiling::lowered(&before, &client)?
        && let Some(Value::Object(registration)) = body.get_mut("registration")
    {
        registration.insert("ceiling".to_owned(), json!(lowered.to_record()));
    }
    Ok(Change {
        key: key.clone(),
        standing,
        next: document_of(body)?,
        told,
    })
}

/// The client with these secrets in the place of its own.
pub(super) fn with_secrets<H: Host>(
    at: &At<'_, H>,
    key: &Key,
    standing: Document,
    secrets: &[SecretRecord],
) -> Result<Change, Refusal> {
    let members: Result<Members, _> = json::read(standing.as_str());
    let mut members = members.map_err(|error| metadata(error.to_string()))?;
    set_secrets(&mut members, secrets);
    let record = read(&members)?;
    if !record.has_secret_method() {
        let fault = "token_endpoint_auth_method: a client of this method has no secrets";
        return Err(metadata(fault).into());
    }
    servable(at, record)?;
    Ok(Change {
        key: key.clone(),
        standing: Some(standing),
        next: document_of(members)?,
        told: Members::new(),
    })
}

fn is_page(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| url.scheme() == "https")
}

fn set_secrets(members: &mut Members, secrets: &[SecretRecord]) {
    if secrets.is_empty() {
        members.remove("client_secrets");
    } else {
        members.insert("client_secrets".to_owned(), json!(secrets));
    }
}

/// Checks a client for all that can be known without the deployment that it is for.
pub(super) fn check(members: &Members) -> Result<(), ManagementFault> {
    require_settable(&Members::new(), members)?;
    let mut record = read(members)?;
    if record.has_secret_method() {
        // The deployment makes one; here any will do.
        let some = SecretRecord::of(&SecretHash::of(""));
        record.client_secrets.push(some);
    }
    parsed(record).map(drop)
}

/// Refuses members that are not set by who writes a client, unless they are as they stand already.
fn require_settable(before: &Members, body: &Members) -> Result<(), ManagementFault> {
    for refused in HIDDEN.into_iter().chain(SET_ELSEWHERE) {
        let said = body.get(refused);
        if said.is_some() && said != before.get(refused) {
            return Err(metadata(format!("{refused}: is not set here")));
        }
    }
    let id = body.get("client_id").and_then(Value::as_str);
    if id.is_some_and(|id| STEPS.contains(&id)) {
        return Err(metadata(
            "client_id: a client of this id would have no address",
        ));
    }
    Ok(())
}

/// Reads members as a record, of which none is a typing error.
fn read(members: &Members) -> Result<ClientRecord, ManagementFault> {
    let read: ClientRecord = record(members).map_err(ManagementFault::ClientMetadata)?;
    for page in PAGES {
        let value = members.get(page).filter(|value| !value.is_null());
        if value.is_some_and(|value| !value.as_str().is_some_and(is_page)) {
            return Err(metadata(format!("{page}: expected an https URL")));
        }
    }
    if let Some(member) = read.unknown_member() {
        return Err(metadata(format!("{member:?}: is no client metadata")));
    }
    Ok(read)
}

/// The client of a record, as the server can serve it.
fn servable<H: Host>(at: &At<'_, H>, record: ClientRecord) -> Result<Client, Refusal> {
    let client = parsed(record)?;
    let config = at.issuer.config();
    config
        .require_servable_client(&client)
        .map_err(|error| metadata(error.to_string()))?;
    Ok(client)
}

fn parsed(record: ClientRecord) -> Result<Client, ManagementFault> {
    let client = record.storable().and_then(ClientRecord::parse);
    client.map_err(fault)
}

/// The scope that a record names, of which only some may be rights over this server.
pub(super) fn scope_of(document: &Document) -> Scope {
    let record: Result<ClientRecord, _> = json::read(document.as_str());
    let scope = record.ok().and_then(|record| record.scope);
    scope
        .and_then(|scope| scope.parse().ok())
        .unwrap_or_default()
}

fn metadata(text: impl Into<String>) -> ManagementFault {
    ManagementFault::ClientMetadata(text.into())
}

fn fault(error: InvalidClient) -> ManagementFault {
    let text = error.to_string();
    match error {
        InvalidClient::RedirectUri { .. } | InvalidClient::NoRedirectUri => {
            ManagementFault::RedirectUri(text)
        }
        _ => ManagementFault::ClientMetadata(text),
    }
}
