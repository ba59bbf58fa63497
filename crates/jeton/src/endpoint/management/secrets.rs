//! `/manage/clients/{client_id}/secrets`: the secrets of a client, of which it has several while it
//! changes from one to the next. None is ever shown but the one that is added, once.

use bytes::Bytes;
use http::{Method, Response, StatusCode, header::LOCATION};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    MOST_TRIES, Managed, Manager, Precondition, Right, change_document, insert, path_segment,
    with_version,
};
use crate::{
    audit::Audit,
    client::{ClientRecord, MOST_SECRETS, NewSecret, SecretHash, SecretRecord},
    document::{Document, Expected, Put},
    host::Host,
    refusal::{ManagementFault, Refusal},
    registry::{Key, client_record},
    request::At,
    response::{empty_response, no_store_json},
    route::path,
    secret_use::{Day, last_used_on},
    time::UnixTime,
};

const CLIENT: Managed = Managed::Client;

/// The secrets of a client.
#[derive(Serialize)]
struct Secrets {
    secrets: Vec<Shown>,
}

/// A secret as it is shown.
#[derive(Serialize)]
struct Shown {
    secret_id: String,
    /// The secret itself, where it has just been made.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<UnixTime>,
    /// Absent where it never expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<UnixTime>,
    /// Absent where that is longer ago than is kept, or was never; in lists alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_on: Option<Day>,
}

impl Shown {
    /// One of a client whose secrets all end at `all_end`, if at no other time.
    fn of(secret: &SecretRecord, all_end: Option<UnixTime>) -> Self {
        Self {
            secret_id: secret.id().to_owned(),
            client_secret: None,
            created_at: secret.created_at,
            expires_at: secret.end().into_iter().chain(all_end).min(),
            last_used_on: None,
        }
    }
}

/// `/manage/clients/{client_id}/secrets`: lists them, or adds one.
pub(crate) async fn collection<H: Host>(
    at: &At<'_, H>,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    if *at.request.method == Method::POST {
        let manager = Manager::of(at, CLIENT.right_to(Right::Write), audit).await?;
        return add(at, &manager, audit).await;
    }
    Manager::of(at, CLIENT.right_to(Right::Read), audit).await?;
    let (document, record) = standing(at, &key(at)?).await?;
    let mut secrets = Vec::with_capacity(record.client_secrets.len());
    for secret in &record.client_secrets {
        secrets.push(Shown {
            last_used_on: last_use(at, secret).await?,
            ..Shown::of(secret, record.secrets_end())
        });
    }
    Ok(answer(StatusCode::OK, &Secrets { secrets }, &document))
}

/// `/manage/clients/{client_id}/secrets/{secret_id}`: sets when a secret expires, or removes it.
pub(crate) async fn secret<H: Host>(
    at: &At<'_, H>,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    let manager = Manager::of(at, CLIENT.right_to(Right::Write), audit).await?;
    let id = at.request.second_segment();
    let id = id.ok_or(ManagementFault::NotFound)?;
    let now = at.now;
    if *at.request.method == Method::DELETE {
        change(at, &manager, audit, |client| {
            let secrets = &mut client.client_secrets;
            let place = place_of(secrets, &id)?;
            let removed = secrets.remove(place);
            // One that did not authenticate any more leaves everything as it was.
            if !removed.authenticates_at(now) && !secrets.is_empty() {
                return Ok(());
            }
            require_one(secrets, now)
        })
        .await?;
        return Ok(empty_response(StatusCode::NO_CONTENT));
    }
    let mut body = at.request.json()?;
    let expires_at = body.remove("expires_at");
    let expires_at = expires_at.ok_or(ManagementFault::secret("expires_at: missing"))?;
    let expires_at = end("expires_at", &expires_at)?;
    require_no_others(&body)?;
    let (shown, document) = change(at, &manager, audit, |client| {
        let all_end = client.secrets_end();
        let secrets = &mut client.client_secrets;
        let place = place_of(secrets, &id)?;
        let none_is_left = !secrets.iter().any(|own| own.authenticates_at(now));
        let secret = secrets.get_mut(place).ok_or(ManagementFault::NotFound)?;
        secret.expires_at = expires_at;
        let shown = Shown::of(secret, all_end);
        if !none_is_left {
            require_one(secrets, now)?;
        }
        Ok(shown)
    })
    .await?;
    Ok(answer(StatusCode::OK, &shown, &document))
}

/// Adds a secret beside the others, which may be given an end by the same call: so one replaces them, and
/// whoever has theirs may still use it for a while.
async fn add<H: Host>(
    at: &At<'_, H>,
    manager: &Manager,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    let mut body = if at.request.body.is_empty() {
        Map::new()
    } else {
        at.request.json()?
    };
    let expires_at = match body.remove("expires_at") {
        None => None,
        Some(value) => end("expires_at", &value)?,
    };
    if expires_at.is_some_and(|end| end <= at.now) {
        return Err(ManagementFault::secret("expires_at: has passed").into());
    }
    let others_expire_at = match body.remove("others_expire_at") {
        None => None,
        Some(value) => end("others_expire_at", &value)?,
    };
    require_no_others(&body)?;
    let secret = NewSecret::make(at.issuer.crypto())?;
    let record = SecretRecord {
        expires_at,
        ..secret.record(at.now)
    };
    let (shown, document) = change(at, manager, audit, |client| {
        let all_end = client.secrets_end();
        let secrets = &mut client.client_secrets;
        if secrets.len() >= MOST_SECRETS {
            secrets.retain(|own| own.authenticates_at(at.now));
        }
        if secrets.len() >= MOST_SECRETS {
            return Err(ManagementFault::TooManySecrets);
        }
        if let Some(end) = others_expire_at {
            for other in secrets.iter_mut() {
                other.expires_at = Some(other.end().map_or(end, |own| own.min(end)));
            }
        }
        secrets.push(record.clone());
        Ok(Shown {
            client_secret: Some(secret.text().to_owned()),
            ..Shown::of(&record, all_end)
        })
    })
    .await?;
    let mut response = answer(StatusCode::CREATED, &shown, &document);
    let client = key(at)?.name;
    let clients = at.issuer.url_of(path::MANAGED_CLIENTS);
    let location = format!(
        "{clients}/{}/secrets/{}",
        path_segment(&client),
        record.id()
    );
    insert(&mut response, LOCATION, location);
    Ok(response)
}

/// Changes the secrets of the client; what `change` answers, and the client's document that then stands.
/// Without a precondition it is done again on whatever stands.
async fn change<H: Host, T>(
    at: &At<'_, H>,
    manager: &Manager,
    audit: &mut Audit,
    change: impl Fn(&mut ClientRecord) -> Result<T, ManagementFault>,
) -> Result<(T, Document), Refusal> {
    let key = key(at)?;
    CLIENT.require_registered(at, &key)?;
    let given = Precondition::of(at.request.headers)?;
    for _ in 0..MOST_TRIES {
        let (document, mut record) = standing(at, &key).await?;
        let expected = Expected::Version(document.version());
        let is_expected = given
            .as_ref()
            .is_none_or(|given| given.allows(Some(&document)));
        let changed = change(&mut record)?;
        let next = CLIENT.with_secrets(at, &key, document, &record.client_secrets)?;
        // A repetition finds its own work.
        let is_same = next.standing.as_ref() == Some(&next.next);
        if !is_expected && !is_same {
            return Err(ManagementFault::Precondition.into());
        }
        CLIENT.require_rights(at, manager, &next)?;
        match change_document(at, CLIENT, &key, Some(&next.next), &expected).await? {
            Put::Done => {
                audit.managed = Some(key.to_string());
                return Ok((changed, next.next));
            }
            Put::Conflict(_) if given.is_some() => {
                return Err(ManagementFault::Precondition.into());
            }
            Put::Conflict(_) => {}
        }
    }
    Err(ManagementFault::Raced.into())
}

/// The key of the client in the path.
fn key<H: Host>(at: &At<'_, H>) -> Result<Key, ManagementFault> {
    let id = at.request.first_segment();
    let key = id.and_then(|id| CLIENT.key_of_id(at, &id));
    key.ok_or(ManagementFault::NotFound)
}

/// The client's document that stands, and its record.
async fn standing<H: Host>(at: &At<'_, H>, key: &Key) -> Result<(Document, ClientRecord), Refusal> {
    let document = at.issuer.store().standing(key).await?;
    let document = document.ok_or(ManagementFault::NotFound)?;
    let record = client_record(key, &document)?;
    Ok((document, record.ok_or(ManagementFault::NotFound)?))
}

async fn last_use<H: Host>(at: &At<'_, H>, secret: &SecretRecord) -> Result<Option<Day>, Refusal> {
    let Some(hash) = SecretHash::from_base64url(&secret.sha256) else {
        return Ok(None);
    };
    match at.issuer.ledger() {
        Ok(ledger) => Ok(last_used_on(ledger, &hash, secret.created_at, at.now).await?),
        // Then no use is noted.
        Err(_) => Ok(None),
    }
}

fn place_of(secrets: &[SecretRecord], id: &str) -> Result<usize, ManagementFault> {
    let place = secrets.iter().position(|secret| secret.id() == id);
    place.ok_or(ManagementFault::NotFound)
}

/// Refuses to leave a client without a secret that authenticates.
fn require_one(secrets: &[SecretRecord], now: UnixTime) -> Result<(), ManagementFault> {
    if secrets.iter().any(|it| it.authenticates_at(now)) {
        Ok(())
    } else {
        Err(ManagementFault::LastSecret)
    }
}

/// An end in seconds since 1970; `None`, written as 0 or null, is never (RFC 7591 §3.2.1).
fn end(member: &'static str, value: &Value) -> Result<Option<UnixTime>, ManagementFault> {
    match value {
        Value::Null => Ok(None),
        value => match value.as_u64() {
            Some(0) => Ok(None),
            Some(seconds) => Ok(Some(UnixTime(seconds))),
            None => Err(ManagementFault::secret(format!(
                "{member}: no time in whole seconds since 1970"
            ))),
        },
    }
}

fn require_no_others(body: &Map<String, Value>) -> Result<(), ManagementFault> {
    match body.keys().next() {
        None => Ok(()),
        Some(member) => Err(ManagementFault::secret(format!(
            "{member}: is no member of a secret that can be set"
        ))),
    }
}

/// The response with `shown`, and the version of the client's document, which its secrets are a part of.
fn answer(status: StatusCode, shown: &impl Serialize, document: &Document) -> Response<Bytes> {
    with_version(no_store_json(status, shown), document)
}
