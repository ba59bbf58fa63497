//! `/register`: where clients register themselves (RFC 7591 §3), and manage what they registered (RFC 7592).
//!
//! ```text
//! warrant.rs        by what a client may register: an access token, or nothing where everybody may
//! own.rs            a client, by its registration access token
//! record.rs         records that are made of judged metadata
//! information.rs    what a client is told of its registration
//! ```

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use serde_json::{Map, Value};

use crate::{
    audit::Audit,
    client::{Ceiling, Client, ClientId, ClientRecord, NewSecret},
    document::{Document, Expected, Put},
    grant::GrantType,
    host::Host,
    needs::Needs,
    refusal::{ManagementFault, Refusal},
    registration::{InvalidMetadata, LONGEST_METADATA, Terms, judge, require_same_subjects},
    registration_token::registration_token,
    registry::Key,
    request::At,
    response::{empty_response, no_store_json},
    time::Seconds,
    unavailable::Unavailable,
};

mod information;
mod own;
mod record;
pub(crate) mod warrant;

use information::Information;
use own::{Own, Written};
use warrant::Warrant;

/// How long a registration access token stays good once another has taken its place: time enough to repeat a
/// change whose answer was lost, and no lasting way in for whoever has an old one.
const OVERLAP: Seconds = Seconds(600);

/// How often a change is tried while others change the same client.
const MOST_TRIES: usize = 10;

/// `POST /register`: a new client.
pub(crate) async fn respond<H: Host>(
    at: &At<'_, H>,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    require_registry(at)?;
    let warrant = Warrant::of(at, audit).await?;
    let judged = judged(at, metadata(at)?, &warrant.ceiling, None)?;
    let id = at.issuer.new_client_id()?.parse::<ClientId>();
    let id = id.map_err(|error| Unavailable::new("registry", error))?;
    let token = registration_token(at.issuer.config(), &id, "");
    let mut record = record::new(judged, &id, &token, &warrant.ceiling, at.now);
    let secret = record.equip(at.issuer.crypto(), at.now)?;
    servable(at, &record)?;
    let document = document_of(&record)?;
    let counted = warrant.count(at).await?;
    let key = Key::client(at.issuer.store().realm(), &id);
    let clients = at.issuer.clients();
    let put = clients.change(&key, Some(&document), &Expected::Absent, at.now);
    match put.await {
        Ok(Put::Done) => {}
        outcome => {
            counted.take_back(at).await;
            outcome?;
            return Err(Unavailable::new("registry", "a random client id exists already").into());
        }
    }
    audit.managed = Some(key.to_string());
    Ok(answer(
        StatusCode::CREATED,
        at,
        &record,
        secret.as_ref(),
        &token,
    ))
}

/// `/register/{client_id}`: what a client registered, read, replaced or removed by itself.
pub(crate) async fn manage<H: Host>(
    at: &At<'_, H>,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    require_registry(at)?;
    for _ in 0..MOST_TRIES {
        let own = Own::of(at, audit).await?;
        let answered = match *at.request.method {
            Method::PUT => replace(at, &own, audit).await?,
            Method::DELETE => remove(at, &own, audit).await?,
            _ => read(at, &own).await?,
        };
        // Else somebody has changed it meanwhile.
        if let Some(answered) = answered {
            return Ok(answered);
        }
    }
    Err(ManagementFault::Raced.into())
}

/// RFC 7592 §2.1. By the first use of the newest token the one before is used up.
async fn read<H: Host>(at: &At<'_, H>, own: &Own) -> Result<Option<Response<Bytes>>, Refusal> {
    if own.is_by_newest_of_several() {
        let record = record::with_tokens(
            own.record.clone(),
            vec![record::token_record(&own.token, None)],
        );
        if own.write(at, &document_of(&record)?).await? == Written::Raced {
            return Ok(None);
        }
    }
    Ok(Some(answer(
        StatusCode::OK,
        at,
        &own.record,
        None,
        &own.token,
    )))
}

/// RFC 7592 §2.2: what is sent takes the place of all that the client registered.
async fn replace<H: Host>(
    at: &At<'_, H>,
    own: &Own,
    audit: &mut Audit,
) -> Result<Option<Response<Bytes>>, Refusal> {
    let metadata = metadata(at)?;
    own.require_same_client(&metadata, at.now)?;
    let sector = own.record.sector_identifier_uri.as_deref();
    let judged = judged(at, metadata, &own.registration.ceiling, sector)?;
    let token = registration_token(at.issuer.config(), &own.client.id, &own.token);
    let record = record::replaced(own.record.clone(), judged);
    // A change that is repeated gives it no more time.
    let end = own.expires_at().unwrap_or(at.now + OVERLAP);
    let tokens = vec![
        record::token_record(&own.token, Some(end)),
        record::token_record(&token, None),
    ];
    let mut record = record::with_tokens(record, tokens);
    let secret = record.equip(at.issuer.crypto(), at.now)?;
    let client = servable(at, &record)?;
    require_same_subjects(&own.client.subject_type, &client.subject_type)?;
    if own.write(at, &document_of(&record)?).await? == Written::Raced {
        return Ok(None);
    }
    audit.managed = Some(own.key.to_string());
    Ok(Some(answer(
        StatusCode::OK,
        at,
        &record,
        secret.as_ref(),
        &token,
    )))
}

/// RFC 7592 §2.3: the client is gone, and with it all that was granted to it. A cut-off, which would stay for
/// good, is not needed: nothing is good of a client that is not found, and its id is never made again.
async fn remove<H: Host>(
    at: &At<'_, H>,
    own: &Own,
    audit: &mut Audit,
) -> Result<Option<Response<Bytes>>, Refusal> {
    let tombstone = Document::tombstone(&own.key.name, at.now, own.record.client_expires_at);
    if own.write(at, &tombstone).await? == Written::Raced {
        return Ok(None);
    }
    audit.managed = Some(own.key.to_string());
    Ok(Some(empty_response(StatusCode::NO_CONTENT)))
}

fn require_registry<H: Host>(at: &At<'_, H>) -> Result<(), Refusal> {
    if at.issuer.offers().has(Needs::Registry) {
        return Ok(());
    }
    Err(Refusal::NotConfigured("a registry that can be written"))
}

/// The metadata that was sent.
fn metadata<H: Host>(at: &At<'_, H>) -> Result<Map<String, Value>, Refusal> {
    if at.request.body.len() > LONGEST_METADATA {
        return Err(InvalidMetadata::TooLong.into());
    }
    Ok(at.request.json()?)
}

fn judged<H: Host>(
    at: &At<'_, H>,
    metadata: Map<String, Value>,
    ceiling: &Ceiling,
    sector_identifier_uri: Option<&str>,
) -> Result<ClientRecord, InvalidMetadata> {
    let config = at.issuer.config();
    let grant_types: Vec<GrantType> = at.issuer.offers().grant_types().collect();
    let terms = Terms {
        ceiling,
        grant_types: &grant_types,
        algorithms: config.signing_algorithms(),
        reach: config.reach(),
        subject_types: config.subject_types(),
        sector_identifier_uri,
    };
    judge(metadata, &terms)
}

/// The client of a record that the server can read and serve. Where it cannot, what the client registered does
/// not go with what an operator has set.
fn servable<H: Host>(at: &At<'_, H>, record: &ClientRecord) -> Result<Client, InvalidMetadata> {
    let client = record.clone().parse();
    let client = client.map_err(|_| InvalidMetadata::Together)?;
    let config = at.issuer.config();
    let servable = config.require_servable_client(&client);
    servable.map_err(|_| InvalidMetadata::Together)?;
    Ok(client)
}

fn document_of(record: &ClientRecord) -> Result<Document, InvalidMetadata> {
    let json = serde_json::to_string(record);
    json.map(Document::new)
        .map_err(|_| InvalidMetadata::Together)
}

fn answer<H: Host>(
    status: StatusCode,
    at: &At<'_, H>,
    record: &ClientRecord,
    secret: Option<&NewSecret>,
    token: &str,
) -> Response<Bytes> {
    let information = Information {
        record,
        secret,
        token,
    };
    no_store_json(status, &information.members(at))
}
