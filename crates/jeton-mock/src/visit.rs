//! What is known of a request to an issuer while it is answered.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Request, Response};
use jeton::{Audit, Proof, RuleRecord};
use serde_json::Value;
use url::form_urlencoded;

use crate::{
    asked::Asked,
    at::At,
    claims::Facts,
    departures::Departures,
    forge::Jwt,
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
        let Some(wanted) = wanted.filter(|_| self.is_lenient()) else {
            return on_loan(None, self.at.serve(request)).await;
        };
        let wanted = wanted.at_issuer(&self.at.address.issuer);
        let mut loan = self.at.issuer.lend(&wanted, self.at.now);
        let again = request.clone();
        let mut response = on_loan(loan.client, self.at.serve(request)).await;
        if let Some((other, answer)) = self.serve_again(&wanted, again, &response).await {
            (loan.waived, response) = (other.waived, answer);
        }
        departures.waived.append(&mut loan.waived);
        response
    }

    /// The answer to a request that was refused and brings a JWT of somebody who vouches for its client:
    /// the client of the rule that the JWT meets may be one that nobody registered, or may have what the
    /// request asks for; and where no rule and no key stands behind a client's assertion, it is believed.
    /// Asked only now, because who the client is the server finds out, and because what is verified needs
    /// nothing waived. `None` where nothing helps.
    async fn serve_again(
        &self,
        wanted: &Wanted<'_>,
        request: Request<Bytes>,
        refused: &Response<Bytes>,
    ) -> Option<(Loan, Response<Bytes>)> {
        let audit = refused.extensions().get::<Audit>()?;
        let error = audit.error?;
        if let Some(rule) = self.rule_of(audit)
            && let Some(wanted) = wanted.clone().by_rule(&rule)
            && let Some(answer) = self.serve_other(&wanted, request.clone(), error).await
        {
            return Some(answer);
        }
        let presented = self.asked.presented.as_ref()?;
        if error != "invalid_client" || !matches!(presented.proof, Proof::Assertion(_)) {
            return None;
        }
        let assertion = self.asked.get("client_assertion").and_then(Jwt::parse)?;
        let subject = assertion.claims.get("sub").and_then(Value::as_str);
        let mut request = request;
        if presented.client_id.is_empty() {
            let form = form_urlencoded::Serializer::new(String::new())
                .extend_pairs(form_urlencoded::parse(request.body()))
                .append_pair("client_id", subject?)
                .finish();
            *request.body_mut() = Bytes::from(form);
        }
        let wanted = wanted.clone().believed(subject)?;
        self.serve_other(&wanted, request, error).await
    }

    /// The answer to a request that wants something else now; `None` where that changes nothing.
    async fn serve_other(
        &self,
        wanted: &Wanted<'_>,
        request: Request<Bytes>,
        error: &str,
    ) -> Option<(Loan, Response<Bytes>)> {
        let mut loan = self.at.issuer.lend(wanted, self.at.now);
        let client = loan.client.take()?;
        let response = on_loan(Some(client), self.at.serve(request)).await;
        let audit = response.extensions().get::<Audit>()?;
        (audit.error != Some(error)).then_some((loan, response))
    }

    /// The rule that a token of a trusted issuer has met.
    fn rule_of(&self, audit: &Audit) -> Option<RuleRecord> {
        let (issuer, name) = (audit.trust_issuer.as_ref()?, audit.trust_rule.as_ref()?);
        if audit.trust_condition.is_some() {
            return None;
        }
        let documents = self.at.issuer.trust();
        let document = documents.into_iter().find(|it| it.issuer == *issuer)?;
        document.rules.into_iter().find(|rule| rule.name == *name)
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
