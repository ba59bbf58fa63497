//! What a login application asks of the server that it runs in.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use serde::{Serialize, de::DeserializeOwned};

use super::Server;
use crate::{
    arrival::Arrival,
    audit::Audit,
    client::{Client, ClientId},
    config::Config,
    crypto::CryptoError,
    host::Host,
    registry::CutOff,
    request::Sender,
    seal::SealKind,
    time::UnixTime,
    unavailable::Unavailable,
};

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

impl<H: Host> Server<H> {
    /// Answers a call of the login application that runs in this process as [`Self::handle`] answers one
    /// over HTTP: at `/authorize/request`, `/authorize/accept`, `/authorize/reject` and `/manage/grants`
    /// it needs no credentials. Only for requests that the program has made itself, with the whole of the
    /// issuer's path, whatever a proxy takes off others.
    pub async fn call(
        &self,
        request: Request<Bytes>,
        arrival: impl Into<Arrival>,
        budget: impl Future<Output = ()>,
    ) -> Response<Bytes> {
        self.respond(request, Sender::LoginApplication, arrival.into(), budget)
            .await
    }

    /// `value` sealed as a text of URL-safe characters.
    ///
    /// # Errors
    /// There is no random number, or `value` is no JSON.
    pub fn seal(&self, kind: LoginSeal, value: &impl Serialize) -> Result<String, CryptoError> {
        let crypto = self.issuer.crypto();
        self.issuer.seals().seal(kind.kind(), value, crypto)
    }

    /// The value that was sealed here as `kind`; `None` for any other text.
    #[must_use]
    pub fn open_sealed<T: DeserializeOwned>(&self, kind: LoginSeal, text: &str) -> Option<T> {
        self.issuer.seals().open(kind.kind(), text)
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
        let clients = self.issuer.clients();
        let cut_off = clients.cut_off(&CutOff::subject(subject), now).await?;
        Ok(cut_off.max(self.issuer.config().grants_not_before()))
    }

    /// Completes a response of the login application: with the headers that every answer has, and with
    /// `audit`.
    pub fn finish(&self, response: &mut Response<Bytes>, audit: Audit) {
        self.guard(response);
        audit.attach_to(response);
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
        self.issuer.clients().find(id, now).await
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        self.issuer.config()
    }

    /// The way to servers of others.
    #[must_use]
    pub fn fetch(&self) -> &H::Fetch {
        self.issuer.fetch()
    }

    /// Random bytes and signatures.
    #[must_use]
    pub fn crypto(&self) -> &H::Crypto {
        self.issuer.crypto()
    }

    /// The store of what is never stale, if there is one.
    #[must_use]
    pub fn ledger(&self) -> Option<&H::Ledger> {
        self.issuer.ledger().ok()
    }
}
