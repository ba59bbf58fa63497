//! What is known of a request to an issuer while it is answered.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Request, Response, header::LOCATION};
use jeton::{Audit, Client, Proof, RuleRecord};
use serde_json::{Map, Value, json};
use url::{Url, form_urlencoded};

use crate::{
    asked::Asked,
    at::At,
    claims::Facts,
    departures::Departures,
    endpoint::Recognized,
    forge::Jwt,
    journal::redact,
    lenient::{Loan, Wanted, on_loan},
    profile::Profile,
    spec::{Endpoint, Strictness},
};

/// RFC 7523 §2.2.
const JWT_ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// One request to one issuer.
pub(crate) struct Visit<'a> {
    pub(crate) at: At<'a>,
    pub(crate) asked: Asked<'a>,
    /// The tokens that it presents, as far as the issuer knows them better than its server.
    pub(crate) recognized: Recognized,
}

impl<'a> Visit<'a> {
    pub(crate) fn new(at: At<'a>, mut asked: Asked<'a>, recognized: Recognized) -> Self {
        // What is sealed says nothing by itself.
        if matches!(asked.endpoint, Endpoint::Userinfo | Endpoint::Manage)
            && asked.bearer.is_empty()
            && let Some(shown) = recognized.bearer()
        {
            asked.bearer.clone_from(&shown.words);
        }
        Self {
            at,
            asked,
            recognized,
        }
    }

    /// What the token in a parameter says, in the server's words, unverified.
    pub(crate) fn claims_in(&self, parameter: &str) -> Option<Map<String, Value>> {
        if let Some(shown) = self.recognized.get(parameter) {
            return Some(shown.words.clone());
        }
        let token = self.asked.get(parameter).and_then(Jwt::parse)?;
        Some(token.claims)
    }

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

    /// The client of a request that wants so much of it, with that where the issuer is lenient.
    pub(crate) fn client_for(
        &self,
        wanted: &Wanted<'_>,
        departures: &mut Departures,
    ) -> Option<Client> {
        let issuer = self.at.issuer;
        if !self.is_lenient() {
            return issuer.client(wanted.client_id()?);
        }
        let loan = issuer.lend(wanted, self.at.now);
        departures.waive(&loan.waived);
        loan.client.or_else(|| issuer.client(wanted.client_id()?))
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
        let client_id = self.sender()?;
        let wanted = wanted.clone().believed(Some(&client_id))?;
        let request = with_assertion_of(&client_id, request);
        self.serve_other(&wanted, request, error).await
    }

    /// The client that sends the request, to its word: the one that is named, or else whom its assertion is
    /// about or by.
    pub(crate) fn sender(&self) -> Option<String> {
        if let Some(named) = &self.asked.client_id {
            return Some(named.clone());
        }
        let assertion = self.asked.get("client_assertion").and_then(Jwt::parse)?;
        let claim = |name| assertion.claims.get(name).and_then(Value::as_str);
        claim("sub").or(claim("iss")).map(str::to_owned)
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

    /// Remembers the code that an answer sends a browser off with, for profiles whose clients say less of it
    /// when they redeem it.
    pub(crate) fn remember_code(&self, response: &Response<Bytes>) {
        let profile = self.at.issuer.profile();
        if !profile.is_some_and(Profile::remembers) {
            return;
        }
        let location = response.headers().get(LOCATION);
        let location = location.and_then(|it| Url::parse(it.to_str().ok()?).ok());
        let code = location.and_then(|it| {
            let (_, code) = it.query_pairs().find(|(name, _)| name == "code")?;
            Some(code.into_owned())
        });
        let code = code.or_else(|| in_form_post(response.body()));
        let audit = response.extensions().get::<Audit>();
        if let (Some(code), Some(grant)) = (code, audit.and_then(|it| it.grant)) {
            let remembered = self.at.issuer.remembered();
            remembered.remember_code(&grant.to_string(), &code);
        }
    }

    /// What claim rules are told of the issuer and of `parameters`.
    pub(crate) fn facts<'f>(&'f self, parameters: &'f BTreeMap<String, String>) -> Facts<'f> {
        Facts {
            client_id: None,
            grant_type: None,
            scope: None,
            subject: None,
            user: None,
            issuer: &self.at.address.issuer,
            issuer_name: self.at.issuer.name(),
            base: &self.at.address.base,
            identity: self.at.issuer.identity(),
            now: self.at.now,
            parameters,
        }
    }
}

/// The code in a page that posts it (OAuth 2.0 Form Post Response Mode §2).
fn in_form_post(page: &[u8]) -> Option<String> {
    let page = std::str::from_utf8(page).ok()?;
    let (_, rest) = page.split_once("name=\"code\" value=\"")?;
    let (code, _) = rest.split_once('"')?;
    Some(code.to_owned())
}

/// The request with an assertion that the client has signed for itself, to its word, whatever it has sent:
/// one that the server can read.
fn with_assertion_of(client_id: &str, mut request: Request<Bytes>) -> Request<Bytes> {
    const REPLACED: [&str; 3] = ["client_id", "client_assertion", "client_assertion_type"];
    let claims = json!({ "iss": client_id, "sub": client_id });
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let assertion = format!("{}.{}.AA", part(json!({ "alg": "ES256" })), part(claims));
    let sent = form_urlencoded::parse(request.body());
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(sent.filter(|(name, _)| !REPLACED.contains(&&**name)))
        .extend_pairs([
            ("client_id", client_id),
            ("client_assertion", &assertion),
            ("client_assertion_type", JWT_ASSERTION),
        ])
        .finish();
    *request.body_mut() = Bytes::from(form);
    request
}
