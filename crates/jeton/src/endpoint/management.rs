//! The management interface: what is registered, listed, read, made, changed and removed. It is an API of
//! this server itself, opened by its own access tokens.
//!
//! ```text
//! manager.rs        who calls: the access token, and its scope
//! precondition.rs   If-Match and If-None-Match: which document the caller means
//! grants.rs         what people have granted: listed and ended
//! secrets.rs        the secrets of a client
//! tokens.rs         access tokens that stem from no grant: ended by their jti
//! managed.rs        what is one kind's own: its documents as they are shown, checked and stored
//! ```

use std::borrow::Cow;

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Method, Response, StatusCode,
    header::{CONTENT_TYPE, ETAG, LOCATION},
};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    audit::Audit,
    document::{Document, Expected, Put, Version},
    host::Host,
    parameters::Parameters,
    public_document::is_held,
    refusal::{ManagementFault, Refusal},
    registry::{Cursor, Key},
    request::At,
    response::{empty_response, no_store_json},
};

pub(crate) mod grants;
mod managed;
mod manager;
mod precondition;
pub(crate) mod secrets;
pub(crate) mod tokens;

pub use managed::{Managed, merge};
pub(crate) use manager::{Manager, Right};
pub(crate) use precondition::Precondition;

/// How often a change without a precondition is tried while others change the same document.
const MOST_TRIES: usize = 10;

/// The longest cursor that is taken, in bytes. Stores make shorter ones.
const LONGEST_CURSOR: usize = 2048;

/// One page of a collection.
#[derive(Serialize)]
struct PageBody {
    items: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// One document in a list.
#[derive(Serialize)]
struct Item {
    id: String,
    etag: String,
    /// As it is shown; `None` where it is no JSON.
    document: Option<Map<String, Value>>,
    /// Why the server cannot serve it as it stands: it was written by hand, or by another release.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

/// `/manage/clients` and its like: a page of what is registered, or a new document.
pub(crate) async fn collection<H: Host>(
    at: &At<'_, H>,
    managed: Managed,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    if *at.request.method == Method::POST {
        let manager = Manager::of(at, managed.right_to(Right::Write), audit).await?;
        let mut body = at.request.json()?;
        let key = managed.key_of_new(at, &mut body)?;
        let standing = at.issuer.store().standing(&key).await?;
        let change = managed.replacement(at, &key, standing, body)?;
        let given = Precondition::New;
        return put(at, managed, &manager, change, given, audit).await;
    }
    Manager::of(at, managed.right_to(Right::Read), audit).await?;
    let parameters = Parameters::parse(at.request.query.as_bytes()).map_err(Refusal::from)?;
    if let Some(name) = managed.name_parameter()
        && let Some(named) = parameters.get(name)
    {
        let key = managed.key_of_name(at, named);
        let document = at.issuer.store().standing(&key).await?;
        let items = document.map(|document| item(managed, &key.name, &document));
        return Ok(page(items.flatten().into_iter().collect(), None));
    }
    let after = match parameters.get("after") {
        Some(cursor) if cursor.len() > LONGEST_CURSOR => {
            return Err(ManagementFault::Parameter("after").into());
        }
        after => after.map(|cursor| Cursor(cursor.to_owned())),
    };
    let listed = at
        .issuer
        .store()
        .list(managed.kind(), after.as_ref())
        .await?;
    let items = listed.documents.iter();
    let items = items.filter_map(|(name, document)| item(managed, name, document));
    Ok(page(items.collect(), listed.next))
}

fn page(items: Vec<Item>, next: Option<Cursor>) -> Response<Bytes> {
    let next = next.map(|cursor| cursor.0);
    no_store_json(StatusCode::OK, &PageBody { items, next })
}

/// A document in a list; `None` where it is the tombstone of one that was deleted.
fn item(managed: Managed, name: &str, document: &Document) -> Option<Item> {
    let shown = managed.shown(document);
    if shown.as_ref().is_some_and(managed::is_tombstone) {
        return None;
    }
    Some(Item {
        id: name.to_owned(),
        etag: etag(&document.version()),
        problem: managed.problem(document),
        document: shown,
    })
}

/// `/manage/clients/{client_id}` and its like: one document.
pub(crate) async fn document<H: Host>(
    at: &At<'_, H>,
    managed: Managed,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    let right = match *at.request.method {
        Method::GET | Method::HEAD => Right::Read,
        _ => Right::Write,
    };
    let manager = Manager::of(at, managed.right_to(right), audit).await?;
    let id = at.request.first_segment();
    let key = id.and_then(|id| managed.key_of_id(at, &id));
    let key = key.ok_or(ManagementFault::NotFound)?;
    let given = || Precondition::of(at.request.headers);
    match *at.request.method {
        Method::PUT => {
            let given = given()?.ok_or(ManagementFault::Unconditional)?;
            let body = at.request.json()?;
            let standing = at.issuer.store().standing(&key).await?;
            let change = managed.replacement(at, &key, standing, body)?;
            put(at, managed, &manager, change, given, audit).await
        }
        Method::PATCH => {
            let given = given()?;
            let patch = at.request.json()?;
            patch_document(at, managed, &manager, &key, &patch, given, audit).await
        }
        Method::DELETE => {
            delete(at, managed, &manager, &key, given()?, audit).await?;
            Ok(empty_response(StatusCode::NO_CONTENT))
        }
        _ => {
            let standing = at.issuer.store().standing(&key).await?;
            let standing = standing.filter(|document| !managed.is_deleted(document));
            let document = standing.ok_or(ManagementFault::NotFound)?;
            let mut response = answer(StatusCode::OK, managed, &document, Map::new());
            let etag = etag(&document.version());
            if is_held(at.request.headers, etag.as_bytes()) {
                *response.status_mut() = StatusCode::NOT_MODIFIED;
                *response.body_mut() = Bytes::new();
                response.headers_mut().remove(CONTENT_TYPE);
            }
            Ok(response)
        }
    }
}

/// A document that is to be written.
pub(crate) struct Change {
    pub(crate) key: Key,
    /// What stands under the key, as the change was made of it.
    pub(crate) standing: Option<Document>,
    pub(crate) next: Document,
    /// Members that are told once, such as a new secret.
    pub(crate) told: Map<String, Value>,
}

/// Writes a document under a precondition.
async fn put<H: Host>(
    at: &At<'_, H>,
    managed: Managed,
    manager: &Manager,
    change: Change,
    given: Precondition,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    managed.require_registered(at, &change.key)?;
    let live = change
        .standing
        .as_ref()
        .filter(|it| !managed.is_deleted(it));
    let is_new = live.is_none();
    if is_new && change.standing.is_some() {
        return Err(ManagementFault::Taken.into());
    }
    // A repetition finds its own work, but for one that is to make something new.
    let is_repeated = change.standing.as_ref() == Some(&change.next) && given != Precondition::New;
    if !is_repeated && !given.allows(live) {
        return Err(given.refusal().into());
    }
    managed.require_rights(at, manager, &change)?;
    managed.require_own_name(at, &change).await?;
    let expected = match &change.standing {
        Some(standing) => Expected::Version(standing.version()),
        None => Expected::Absent,
    };
    let next = Some(&change.next);
    let put = change_document(at, managed, &change.key, next, &expected).await?;
    if let Put::Conflict(_) = put {
        return Err(given.refusal().into());
    }
    audit.managed = Some(change.key.to_string());
    let status = if is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let location = is_new.then(|| managed.url_of(at, &change.key));
    let mut response = answer(status, managed, &change.next, change.told);
    if let Some(location) = location {
        insert(&mut response, LOCATION, location);
    }
    Ok(response)
}

/// Changes members of a document (RFC 7396). Without a precondition it is done again on whatever stands.
async fn patch_document<H: Host>(
    at: &At<'_, H>,
    managed: Managed,
    manager: &Manager,
    key: &Key,
    patch: &Map<String, Value>,
    given: Option<Precondition>,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    managed.require_registered(at, key)?;
    for _ in 0..MOST_TRIES {
        let standing = at.issuer.store().standing(key).await?;
        let standing = standing.filter(|document| !managed.is_deleted(document));
        let standing = standing.ok_or(ManagementFault::NotFound)?;
        let change = managed.patched(at, key, standing.clone(), patch)?;
        let is_same = change.next == standing;
        if let Some(given) = &given
            && !is_same
            && !given.allows(Some(&standing))
        {
            return Err(ManagementFault::Precondition.into());
        }
        managed.require_rights(at, manager, &change)?;
        managed.require_own_name(at, &change).await?;
        let expected = Expected::Version(standing.version());
        let put = change_document(at, managed, key, Some(&change.next), &expected).await?;
        match (put, &given) {
            (Put::Done, _) => {
                audit.managed = Some(key.to_string());
                return Ok(answer(StatusCode::OK, managed, &change.next, change.told));
            }
            (Put::Conflict(_), Some(_)) => return Err(ManagementFault::Precondition.into()),
            (Put::Conflict(_), None) => {}
        }
    }
    Err(ManagementFault::Raced.into())
}

/// Removes a document. One that was removed before is removed.
async fn delete<H: Host>(
    at: &At<'_, H>,
    managed: Managed,
    manager: &Manager,
    key: &Key,
    given: Option<Precondition>,
    audit: &mut Audit,
) -> Result<(), Refusal> {
    managed.require_registered(at, key)?;
    for _ in 0..MOST_TRIES {
        let standing = at.issuer.store().standing(key).await?;
        let standing = standing.ok_or(ManagementFault::NotFound)?;
        if managed.is_deleted(&standing) {
            return Ok(());
        }
        if let Some(given) = &given
            && !given.allows(Some(&standing))
        {
            return Err(ManagementFault::Precondition.into());
        }
        managed.require_right_to_remove(at, manager, &standing)?;
        managed.end_what_it_gave(at, key).await?;
        let tombstone = managed.tombstone(at, key);
        let expected = Expected::Version(standing.version());
        let put = change_document(at, managed, key, tombstone.as_ref(), &expected).await?;
        match (put, &given) {
            (Put::Done, _) => {
                audit.managed = Some(key.to_string());
                return Ok(());
            }
            (Put::Conflict(_), Some(_)) => return Err(ManagementFault::Precondition.into()),
            (Put::Conflict(_), None) => {}
        }
    }
    Err(ManagementFault::Raced.into())
}

/// Writes a document, so that it holds in this process at once.
pub(crate) async fn change_document<H: Host>(
    at: &At<'_, H>,
    managed: Managed,
    key: &Key,
    next: Option<&Document>,
    expected: &Expected,
) -> Result<Put, Refusal> {
    let put = match managed {
        Managed::Trust => {
            let trusted = at.issuer.trusted_issuers();
            trusted.change(key, next, expected, at.now).await?
        }
        Managed::Client | Managed::Api => {
            let clients = at.issuer.clients();
            clients.change(key, next, expected, at.now).await?
        }
    };
    Ok(put)
}

fn etag(version: &Version) -> String {
    format!("\"{}\"", version.as_str())
}

/// The response with a document, and with what is told once besides.
fn answer(
    status: StatusCode,
    managed: Managed,
    document: &Document,
    told: Map<String, Value>,
) -> Response<Bytes> {
    let mut shown = managed.shown(document).unwrap_or_default();
    shown.extend(told);
    with_version(no_store_json(status, &shown), document)
}

/// The response with the version of what it shows as its entity tag (RFC 9110 §8.8.3).
fn with_version(mut response: Response<Bytes>, shown: &Document) -> Response<Bytes> {
    insert(&mut response, ETAG, etag(&shown.version()));
    response
}

/// Adds a header whose value is made here, of characters that a header may have.
fn insert(response: &mut Response<Bytes>, name: HeaderName, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().insert(name, value);
    }
}

/// `text` as a segment of a path, or as a value in a query: percent-encoded but for what is unreserved (RFC
/// 3986 §2.3).
#[must_use]
pub fn path_segment(text: &str) -> Cow<'_, str> {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b'~');
    utf8_percent_encode(text, ESCAPED).into()
}
