//! What is known of a request to an issuer while it is answered.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Request, Response};
use jeton::Audit;

use crate::{
    asked::Asked,
    at::At,
    claims::Facts,
    departures::Departures,
    journal::redact,
    lenient::{Loan, Wanted, on_loan},
    spec::Strictness,
};

/// One request to one issuer.
pub(crate) struct Visit<'a> {
    pub(crate) at: At<'a>,
    pub(crate) asked: Asked<'a>,
}

impl Visit<'_> {
    pub(crate) fn is_lenient(&self) -> bool {
        self.at.issuer.strictness() == Strictness::Lenient
    }

    /// The server's answer.
    pub(crate) async fn serve(&self, request: Request<Bytes>) -> Response<Bytes> {
        self.at.serve(request).await
    }

    /// The server's answer to a request that wants so much of its client, which a lenient issuer
    /// grants.
    pub(crate) async fn serve_wanted(
        &self,
        wanted: Option<Wanted<'_>>,
        request: Request<Bytes>,
        departures: &mut Departures,
    ) -> Response<Bytes> {
        let wanted = wanted.filter(|_| self.is_lenient());
        let wanted = wanted.map(|wanted| wanted.at_issuer(&self.at.address.issuer));
        let loan = wanted.map(|wanted| self.at.issuer.lend(&wanted, self.at.now));
        let Loan { client, mut waived } = loan.unwrap_or_default();
        departures.waived.append(&mut waived);
        on_loan(client, self.at.serve(request)).await
    }

    /// Adds what this request says to what the requests of its grant have said; all of that.
    pub(crate) fn remember(&self, grant: &str) -> BTreeMap<String, String> {
        let said = redact(self.asked.parameters.clone());
        self.at.issuer.remembered().remember(grant, &said)
    }

    /// Remembers what the request that begins a grant says.
    pub(crate) fn remember_beginning(&self, response: &Response<Bytes>) {
        let audit = response.extensions().get::<Audit>();
        if let Some(grant) = audit.and_then(|it| it.grant) {
            self.remember(&grant.to_string());
        }
    }

    /// What claim rules are told of the issuer and of `parameters`.
    pub(crate) fn facts<'f>(&'f self, parameters: &'f BTreeMap<String, String>) -> Facts<'f> {
        Facts {
            client_id: None,
            grant_type: None,
            scope: None,
            subject: None,
            issuer: &self.at.address.issuer,
            issuer_name: self.at.issuer.name(),
            parameters,
        }
    }
}
