//! Client authentication (RFC 6749 §2.3), one file a method. In each, `read` reads what a request
//! presents by that method and `check` holds it against the client; [`authenticate`] does both.

use std::sync::Arc;

use http::{HeaderMap, header::AUTHORIZATION};

use crate::{
    apart::apart,
    audit::Audit,
    client::{Client, ClientId, SecretHash, SecretMethod},
    foreign_token::{For, Vouched},
    host::Host,
    parameters::Parameters,
    refusal::{ClientFault, NotAccepted, Refusal, RequestFault},
    request::At,
    shown_subject::ShownSubject,
    time::UnixTime,
};

mod assertion;
mod basic;
mod none;
mod post;
mod secret;

pub use assertion::ClientAssertion;

/// The client that a request claims to be sent by, and its proof. Nothing here has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presented {
    /// `client_id` as it was sent; of an assertion that comes without, whoever it says has signed it for
    /// itself, else empty.
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
    /// An assertion.
    Assertion(ClientAssertion),
}

/// Who sends a request, authenticated.
pub(crate) struct Caller {
    /// The client. Where a rule stands behind its assertion, with what that lets it have.
    pub(crate) client: Arc<Client>,
    /// What stands behind it where a trusted issuer vouches for it. Boxed: most callers have none.
    pub(crate) vouched: Option<Box<Vouched>>,
}

/// Who sends a request that need not authenticate its client (RFC 7521 §4.1).
pub(crate) enum Sender {
    /// A client that has authenticated.
    Authenticated(Caller),
    /// Somebody who names a client and proves nothing.
    Named(String),
    /// Somebody.
    Unnamed,
}

impl Caller {
    /// A client that has proved itself.
    pub(crate) fn of(client: Arc<Client>) -> Self {
        Self {
            client,
            vouched: None,
        }
    }

    /// The client that a trusted issuer's token stands for.
    pub(crate) fn vouched(vouched: Vouched) -> Self {
        Self {
            client: Arc::clone(&vouched.client),
            vouched: Some(Box::new(vouched)),
        }
    }

    /// The subject of a token of its own: the client, or whom its rule says.
    pub(crate) fn subject(&self) -> ShownSubject<'_> {
        let vouched = self.vouched.as_deref();
        let subject = vouched.and_then(|vouched| vouched.subject.as_deref());
        match subject {
            Some(subject) => ShownSubject::sent(subject),
            None => ShownSubject::of_client(&self.client.id),
        }
    }

    /// Uses up the token that vouches for it, where its rule lets each be used once. Before anything is
    /// issued.
    pub(crate) async fn use_up<H: Host>(&mut self, at: &At<'_, H>) -> Result<(), NotAccepted> {
        let vouched = self.vouched.as_deref_mut();
        match vouched.and_then(|vouched| vouched.single_use.take()) {
            Some(single_use) => single_use.take(at).await,
            None => Ok(()),
        }
    }
}

impl Sender {
    /// For whom a token that it presents may stand.
    pub(crate) fn whom(&self) -> For<'_> {
        match self {
            Self::Authenticated(caller) => For::Authenticated(&caller.client),
            Self::Named(id) => For::Named(id),
            Self::Unnamed => For::Anyone,
        }
    }
}

impl Presented {
    /// Reads the client authentication of a request.
    ///
    /// # Errors
    /// The request has none, more than one, or a malformed one.
    pub(crate) fn read(headers: &HeaderMap, parameters: &Parameters<'_>) -> Result<Self, Refusal> {
        let mut lines = headers.get_all(AUTHORIZATION).iter();
        let by_secret = post::is_used(parameters);
        let by_assertion = assertion::is_used(parameters);
        if by_secret && by_assertion {
            return Err(RequestFault::TwoAuthentications.into());
        }
        let line = match (lines.next(), lines.next()) {
            (Some(line), None) => line,
            (Some(_), Some(_)) => return Err(ClientFault::MalformedBasic.into()),
            (None, _) if by_assertion => return Ok(assertion::read(parameters)?),
            (None, _) => {
                let by_body = post::read(parameters).or_else(|| none::read(parameters));
                return by_body.ok_or(ClientFault::Missing.into());
            }
        };
        if by_secret || by_assertion {
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
    /// Checks that what was presented proves at `now` that this client sends the request. Of an assertion
    /// it says whether the client may send one of its own; to verify it takes keys.
    ///
    /// # Errors
    /// It does not: why.
    pub fn accepts(&self, presented: &Presented, now: UnixTime) -> Result<(), ClientFault> {
        match &presented.proof {
            Proof::None => none::check(self),
            Proof::Secret(method, hash) => secret::check(self, *method, hash, now),
            Proof::Assertion(_) => assertion::check(self),
        }
    }
}

/// The authenticated client of the request, with what a rule lets it have if one stands behind its
/// assertion. An unknown client and a wrong secret cost the same hash and get the same bytes as answer, so
/// that nobody learns which client ids exist.
pub(crate) async fn authenticate<H: Host>(
    at: &At<'_, H>,
    parameters: &Parameters<'_>,
    audit: &mut Audit,
) -> Result<Arc<Client>, Refusal> {
    Ok(authenticate_caller(at, parameters, audit).await?.client)
}

/// The same for an endpoint that issues tokens, whose subject is not always the client.
pub(crate) async fn authenticate_caller<H: Host>(
    at: &At<'_, H>,
    parameters: &Parameters<'_>,
    audit: &mut Audit,
) -> Result<Caller, Refusal> {
    let presented = Presented::read(at.request.headers, parameters)?;
    check_presented(at, presented, audit).await
}

/// Who sends a request that need not authenticate its client. What it presents must be right all the same.
pub(crate) async fn identify<H: Host>(
    at: &At<'_, H>,
    parameters: &Parameters<'_>,
    audit: &mut Audit,
) -> Result<Sender, Refusal> {
    match Presented::read(at.request.headers, parameters) {
        // A secret without a client_id is half an authentication, and not none.
        Err(Refusal::Client(ClientFault::Missing)) if !post::is_used(parameters) => {
            Ok(Sender::Unnamed)
        }
        Err(refusal) => Err(refusal),
        Ok(Presented {
            client_id,
            proof: Proof::None,
        }) => Ok(Sender::Named(client_id)),
        Ok(presented) => {
            let caller = check_presented(at, presented, audit).await?;
            Ok(Sender::Authenticated(caller))
        }
    }
}

async fn check_presented<H: Host>(
    at: &At<'_, H>,
    presented: Presented,
    audit: &mut Audit,
) -> Result<Caller, Refusal> {
    let client_id = &presented.client_id;
    if let Proof::Assertion(assertion) = &presented.proof {
        // Boxed and apart: what few requests need is neither in the future nor in the code of every one.
        let authenticating = assertion::authenticate(at, assertion, client_id, audit);
        return apart(Box::pin(authenticating).as_mut()).await;
    }
    let client = find_client(at, client_id, audit).await?;
    let client = client.ok_or(ClientFault::Unknown)?;
    client.accepts(&presented, at.now)?;
    if let Proof::Secret(_, secret) = &presented.proof {
        audit.secret_use = at.issuer.use_to_note(&client.id, secret, at.now);
    }
    Ok(Caller::of(client))
}

/// The registered client that a request names by `id`; one that is disabled, or past its end, is noted, and
/// is none. What nobody has for an id is noted as a hash: it may be a credential in the wrong place.
pub(crate) async fn find_client<H: Host>(
    at: &At<'_, H>,
    id: &str,
    audit: &mut Audit,
) -> Result<Option<Arc<Client>>, Refusal> {
    let found = match id.parse::<ClientId>() {
        Ok(id) => at.issuer.clients().find_also_disabled(&id, at.now).await,
        Err(_) => Ok(None),
    };
    match &found {
        Ok(Some(client)) => audit.client_id = Some(client.id.clone()),
        Ok(None) | Err(_) => audit.note_unknown_client(id),
    }
    Ok(found?.filter(|client| client.stands_at(at.now)))
}
