//! Client authentication (RFC 6749 §2.3), one file a method. In each, `read` reads what a request
//! presents by that method and `check` holds it against the client; [`authenticate`] does both.

use std::sync::Arc;

use http::{HeaderMap, header::AUTHORIZATION};

use crate::{
    audit::Audit,
    client::{Client, ClientId, SecretHash, SecretMethod},
    host::Host,
    parameters::Parameters,
    refusal::{ClientFault, Refusal, RequestFault},
    request::At,
    time::UnixTime,
};

mod basic;
mod none;
mod post;
mod secret;

/// The client that a request claims to be sent by, and its proof. Nothing here has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presented {
    /// `client_id` as it was sent.
    pub client_id: String,
    /// The proof.
    pub proof: Proof,
}

/// The proof by which a client authenticates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Nothing: a public client.
    None,
    /// A secret, and how it was sent. Hashed at once, so that one that is wrong and one of an unknown
    /// client cost the same.
    Secret(SecretMethod, SecretHash),
}

impl Presented {
    /// Reads the client authentication of a request.
    ///
    /// # Errors
    /// The request has none, more than one, or a malformed one.
    pub(crate) fn read(headers: &HeaderMap, parameters: &Parameters<'_>) -> Result<Self, Refusal> {
        let mut lines = headers.get_all(AUTHORIZATION).iter();
        let line = match (lines.next(), lines.next()) {
            (Some(line), None) => line,
            (Some(_), Some(_)) => return Err(ClientFault::MalformedBasic.into()),
            (None, _) => {
                let by_body = post::read(parameters).or_else(|| none::read(parameters));
                return by_body.ok_or(ClientFault::Missing.into());
            }
        };
        if post::is_used(parameters) {
            return Err(RequestFault::TwoAuthentications.into());
        }
        let presented = basic::read(line.as_bytes())?;
        // RFC 6749 §3.2.1 lets any client repeat its id in the body; another one is no repetition.
        let repeated = parameters.get("client_id");
        if repeated.is_some_and(|repeated| repeated != presented.client_id) {
            return Err(RequestFault::TwoClients.into());
        }
        Ok(presented)
    }

    /// The client authentication of a request, for a layer in front of the server; `None` where the
    /// server could not read it.
    #[must_use]
    pub fn of(headers: &HeaderMap, parameters: &Parameters<'_>) -> Option<Self> {
        Self::read(headers, parameters).ok()
    }
}

impl Client {
    /// Checks that what was presented proves at `now` that this client sends the request.
    ///
    /// # Errors
    /// It does not: why.
    pub fn accepts(&self, presented: &Presented, now: UnixTime) -> Result<(), ClientFault> {
        match &presented.proof {
            Proof::None => none::check(self),
            Proof::Secret(method, hash) => secret::check(self, *method, hash, now),
        }
    }
}

/// The authenticated client of the request. An unknown client and a wrong secret cost the same hash
/// and get the same bytes as answer, so that nobody learns which client ids exist.
pub(crate) async fn authenticate<H: Host>(
    at: &At<'_, H>,
    parameters: &Parameters<'_>,
    audit: &mut Audit,
) -> Result<Arc<Client>, Refusal> {
    let presented = Presented::read(at.request.headers, parameters)?;
    let client = find_client(at, &presented.client_id, audit).await?;
    let client = client.ok_or(ClientFault::Unknown)?;
    client.accepts(&presented, at.now)?;
    Ok(client)
}

/// The registered client that a request names by `id`. What nobody has for an id is noted as a hash: it
/// may be a credential in the wrong place.
pub(crate) async fn find_client<H: Host>(
    at: &At<'_, H>,
    id: &str,
    audit: &mut Audit,
) -> Result<Option<Arc<Client>>, Refusal> {
    let found = match id.parse::<ClientId>() {
        Ok(id) => at.issuer.clients().find(&id, at.now).await,
        Err(_) => Ok(None),
    };
    match &found {
        Ok(Some(client)) => audit.client_id = Some(client.id.clone()),
        Ok(None) | Err(_) => audit.note_unknown_client(id),
    }
    Ok(found?)
}
