//! The login application that runs in this process: what it asks of the server, and what the server asks of
//! it.

use core::fmt;
use std::{borrow::Cow, sync::Arc};

use http::HeaderMap;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::{
    client::{Client, ClientId},
    config::Config,
    crypto::CryptoError,
    host::Host,
    registry::{Clients, CutOff},
    scope::Scope,
    seal::{SealKeys, SealKind},
    time::UnixTime,
    unavailable::Unavailable,
};

/// The people of a deployment, as its login application knows them: the part of a host that is asked, at a
/// refresh and at a device, what is true of a person now. `()` knows nobody.
///
/// # Contract
/// - Asked at a refresh only for clients that want it (`renew_claims`), before the grant moves: whatever is
///   answered, or nothing, the same refresh may be asked again.
/// - Answers within a time that leaves the request's stores theirs ([`BUDGET`](crate::BUDGET)): who cannot
///   know in time answers [`Renewed::Unanswered`].
/// - May be dropped at any time.
#[allow(async_fn_in_trait)]
pub trait People {
    /// What is true now of the person whose refresh token is about to be redeemed.
    ///
    /// # Errors
    /// A store does not answer, or the client has to ask again in a moment. The grant does not move.
    async fn renewed<H: Host>(
        &self,
        server: Inside<'_, H>,
        of: &Renewing<'_>,
    ) -> Result<Renewed, Unavailable>;

    /// What is true at a device of the person who approves it: at their login it was not known which client's
    /// it is (RFC 8628 §3.3).
    ///
    /// # Errors
    /// A store does not answer.
    async fn connecting<H: Host>(
        &self,
        server: Inside<'_, H>,
        of: &Connecting<'_>,
    ) -> Result<Renewed, Unavailable>;
}

/// The [`People`] of a deployment whose login application is elsewhere.
impl People for () {
    async fn renewed<H: Host>(
        &self,
        _: Inside<'_, H>,
        _: &Renewing<'_>,
    ) -> Result<Renewed, Unavailable> {
        let why = "the login application is not in this process";
        Ok(Renewed::Unchanged(why.into()))
    }

    async fn connecting<H: Host>(
        &self,
        _: Inside<'_, H>,
        _: &Connecting<'_>,
    ) -> Result<Renewed, Unavailable> {
        let why = "the login application is not in this process";
        Ok(Renewed::Unchanged(why.into()))
    }
}

/// The grant whose claims are to be renewed.
#[derive(Clone, Copy, Debug)]
pub struct Renewing<'a> {
    /// The person.
    pub subject: &'a str,
    /// The client.
    pub client_id: &'a ClientId,
    /// What was granted of the scope, as far as the client is still registered for it.
    pub scope: &'a Scope,
    /// When the person granted it.
    pub granted_at: UnixTime,
    /// The time of the request.
    pub now: UnixTime,
}

/// A device that a person is about to approve.
#[derive(Clone, Copy, Debug)]
pub struct Connecting<'a> {
    /// The person.
    pub subject: &'a str,
    /// The device's client.
    pub client_id: &'a ClientId,
    /// What it asks for and its client is registered for.
    pub scope: &'a Scope,
    /// The headers of the request that the person's browser sends.
    pub headers: &'a HeaderMap,
    /// The time of the request.
    pub now: UnixTime,
}

/// What is true of a person now. The texts are for the log, and hold nothing that a stranger sent.
#[derive(Clone, PartialEq)]
pub enum Renewed {
    /// These claims take the place of all that the login said of the person but for `acr` and `amr`, which
    /// are about the login.
    Claims(Map<String, Value>),
    /// There is nothing to be known, for this reason: what was said stands.
    Unchanged(Cow<'static, str>),
    /// There is something to be known, and for this reason it is not: what was said stands for now, and so
    /// does the grant, which moves with what is known alone.
    Unanswered(Cow<'static, str>),
    /// The person may no longer be logged in there, for this reason.
    Refused(Cow<'static, str>),
}

/// Shows what of the four it is: claims are the person's.
impl fmt::Debug for Renewed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Claims(_) => f.write_str("Claims"),
            Self::Unchanged(why) => write!(f, "Unchanged({why:?})"),
            Self::Unanswered(why) => write!(f, "Unanswered({why:?})"),
            Self::Refused(why) => write!(f, "Refused({why:?})"),
        }
    }
}

/// What a login application seals, to have it back from the browser unread and unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginSeal {
    /// A browser's session.
    Session,
    /// A login that is under way at an upstream.
    Flow,
    /// A document of a person, at rest.
    Document,
}

impl LoginSeal {
    const fn kind(self) -> SealKind {
        match self {
            Self::Session => SealKind::Session,
            Self::Flow => SealKind::Flow,
            Self::Document => SealKind::Document,
        }
    }
}

/// What a deployment lets its own login application have: the configuration, capabilities, seals, clients and
/// cut-offs. The same for every request.
pub struct Inside<'a, H: Host> {
    pub(crate) config: &'a Config,
    pub(crate) clients: &'a Clients<H::Registry>,
    pub(crate) ledger: Option<&'a H::Ledger>,
    pub(crate) crypto: &'a H::Crypto,
    pub(crate) fetch: &'a H::Fetch,
    pub(crate) seals: &'a SealKeys,
}

// By hand: the derived ones would want the host to be `Copy`.
impl<H: Host> Clone for Inside<'_, H> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<H: Host> Copy for Inside<'_, H> {}

impl<'a, H: Host> Inside<'a, H> {
    /// `value` sealed as a text of URL-safe characters.
    ///
    /// # Errors
    /// There is no random number, or `value` is no JSON.
    pub fn seal(&self, kind: LoginSeal, value: &impl Serialize) -> Result<String, CryptoError> {
        self.seals.seal(kind.kind(), value, self.crypto)
    }

    /// The value that was sealed here as `kind`; `None` for any other text.
    #[must_use]
    pub fn open_sealed<T: DeserializeOwned>(&self, kind: LoginSeal, text: &str) -> Option<T> {
        self.seals.open(kind.kind(), text)
    }

    /// The time before which all that a subject gave has ended: the cut-off, or
    /// `JETON_GRANTS_NOT_BEFORE`.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn ended_before(
        &self,
        subject: &str,
        now: UnixTime,
    ) -> Result<UnixTime, Unavailable> {
        let cut_off = CutOff::subject(subject);
        let cut_off = self.clients.cut_off(&cut_off, now).await?;
        Ok(cut_off.max(self.config.grants_not_before()))
    }

    /// The client of that id, as it is registered; `None` where it is gone.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn client(
        &self,
        id: &ClientId,
        now: UnixTime,
    ) -> Result<Option<Arc<Client>>, Unavailable> {
        self.clients.find(id, now).await
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &'a Config {
        self.config
    }

    /// The way to servers of others.
    #[must_use]
    pub fn fetch(&self) -> &'a H::Fetch {
        self.fetch
    }

    /// Random bytes and signatures.
    #[must_use]
    pub fn crypto(&self) -> &'a H::Crypto {
        self.crypto
    }

    /// The store of what is never stale, if there is one.
    #[must_use]
    pub fn ledger(&self) -> Option<&'a H::Ledger> {
        self.ledger
    }
}
