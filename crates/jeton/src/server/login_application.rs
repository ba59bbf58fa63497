//! A server with a login application in the same process.

use bytes::Bytes;
use http::{Request, Response};

use super::Server;
use crate::{
    arrival::Arrival, audit::Audit, config::Config, host::Host, inside::Inside, request::Sender,
};

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

    /// Completes a response of the login application: with the headers that every answer has, and with
    /// `audit`.
    pub fn finish(&self, response: &mut Response<Bytes>, audit: Audit) {
        self.guard(response);
        audit.attach_to(response);
    }

    /// What the login application may have of the deployment.
    #[must_use]
    pub fn inside(&self) -> Inside<'_, H> {
        self.issuer.inside()
    }

    /// The people of the deployment, as the host brought them.
    #[must_use]
    pub fn people(&self) -> &H::People {
        self.issuer.people()
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        self.issuer.config()
    }
}
