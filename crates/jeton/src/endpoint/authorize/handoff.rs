//! `/authorize/accept` and `/authorize/reject`: the endpoints at which the login application answers, and
//! what they share with the one at which it asks. It authenticates as a client, and must be configured with
//! `login`.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use serde_json::Map;

use super::{
    accepted_claims::{keep_for_code, keep_for_device},
    pending::client_of,
    sealed::{Accepted, CodeRequest, LoginOutcome, LoginPurpose, REJECTIONS, SealedRequest},
    way_back::{go_on, hand_back},
};
use crate::{
    audit::Audit,
    authentication::authenticate,
    claims::read_claims,
    client::Client,
    grant::live,
    host::Host,
    ledger::RequestedClaims,
    parameters::Parameters,
    refusal::{HandoffFault, Refusal, RequestFault},
    request::{At, Sender},
    scope::Scope,
    shown_subject::ShownSubject,
    time::{LEEWAY, Seconds, UnixTime},
};

/// The longest subject, in bytes of what stands between the quotes in JSON (OpenID Connect Core §2, `sub`):
/// it travels in addresses.
pub const LONGEST_SUBJECT: usize = 255;

/// The parameters of a call of the login application, which is authenticated.
pub(super) async fn read_call<'a, H: Host>(
    at: &At<'a, H>,
    audit: &mut Audit,
) -> Result<Parameters<'a>, Refusal> {
    let parameters = at.request.form()?;
    if at.request.sender == Sender::LoginApplication {
        return Ok(parameters);
    }
    let client = authenticate(at, &parameters, audit).await?;
    if !client.login {
        return Err(Refusal::NotALoginApplication);
    }
    Ok(parameters)
}

/// The request that the login application presents.
pub(super) fn presented<'a>(parameters: &'a Parameters<'_>) -> Result<&'a str, RequestFault> {
    parameters
        .get("request")
        .ok_or(RequestFault::MissingParameter("request"))
}

/// The login that the login application presents, of whatever age.
pub(super) fn open_login<H: Host>(
    at: &At<'_, H>,
    text: &str,
    audit: &mut Audit,
) -> Result<SealedRequest, HandoffFault> {
    let sealed = SealedRequest::open(at, text).ok_or(HandoffFault::Request)?;
    audit.grant = Some(sealed.grant);
    Ok(sealed)
}

/// `/authorize/accept`: a person logged in and agreed.
pub(crate) async fn accept<H: Host>(
    at: &At<'_, H>,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    let parameters = read_call(at, audit).await?;
    let mut sealed = open_login(at, presented(&parameters)?, audit)?;
    match accepted_login(at, &parameters, &mut sealed).await {
        Ok(accepted) => {
            audit.subject = Some(accepted.subject.clone());
            go_on(at, sealed, LoginOutcome::Accepted(accepted))
        }
        Err(refusal) => Err(hand_back(at, sealed, refusal)),
    }
}

/// The login that the login application accepts. Of the request the part is left that the person agreed to.
async fn accepted_login<H: Host>(
    at: &At<'_, H>,
    parameters: &Parameters<'_>,
    sealed: &mut SealedRequest,
) -> Result<Accepted, Refusal> {
    require_current(at, sealed)?;
    let mut accepted = read_accepted(at, parameters, sealed).await?;
    let scope = match sent(parameters, "scope") {
        None => None,
        Some(text) if text.trim().is_empty() => return Err(HandoffFault::NoScope.into()),
        Some(text) => Some(text.parse::<Scope>().map_err(|_| HandoffFault::Scope)?),
    };
    let (grant, tickets_end) = (sealed.grant, sealed.tickets_end());
    match &mut sealed.purpose {
        LoginPurpose::Code(code) => {
            // What else the client may have lost meanwhile it is told itself, when the browser comes back.
            let client = registered_client(at, code).await?;
            let shown = ShownSubject::of_person(at.issuer, &client, &accepted.subject)?;
            require_person(code, &shown)?;
            check_requested(code, sealed.created_at, &accepted, at.now)?;
            if let Some(scope) = scope {
                if scope.first_outside(&code.scope).is_some() {
                    return Err(HandoffFault::Scope.into());
                }
                code.narrow(scope);
            }
            keep_for_code(at, (grant, tickets_end), code, &client, &mut accepted).await?;
        }
        // Which device it is, and what that asks for, shows only after the login: nobody can have
        // agreed to a part of it.
        LoginPurpose::Device(_) if scope.is_some() => return Err(HandoffFault::Scope.into()),
        LoginPurpose::Device(_) => keep_for_device(at, grant, tickets_end, &mut accepted).await?,
    }
    Ok(accepted)
}

/// `/authorize/reject`: nobody logged in, or the person did not agree. Of a request that has expired too: a
/// rejection opens nothing, and takes the person back to the client.
pub(crate) async fn reject<H: Host>(
    at: &At<'_, H>,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    let parameters = read_call(at, audit).await?;
    let sealed = open_login(at, presented(&parameters)?, audit)?;
    let word = parameters.get("error").unwrap_or("access_denied");
    let Some(error) = REJECTIONS.into_iter().find(|code| code.as_str() == word) else {
        return Err(hand_back(at, sealed, HandoffFault::ErrorCode.into()));
    };
    let description = parameters.get("error_description").map(|text| {
        // RFC 6749 §4.1.2.1: printable ASCII without quotes and backslashes.
        let allowed = |c: &char| matches!(c, ' '..='!' | '#'..='[' | ']'..='~');
        text.chars().filter(allowed).take(200).collect()
    });
    let rejected = LoginOutcome::Rejected {
        error: error.as_str().to_owned(),
        description,
    };
    go_on(at, sealed, rejected)
}

/// Refuses a request to log in that has expired.
pub(super) fn require_current<H: Host>(
    at: &At<'_, H>,
    sealed: &SealedRequest,
) -> Result<(), HandoffFault> {
    if at.now >= sealed.expires_at {
        return Err(HandoffFault::Expired);
    }
    Ok(())
}

/// The value of `name`, also an empty one. What is left out has a meaning here, all of the scope or now, that
/// a form with nothing ticked or a session without a time should not get.
fn sent<'a>(parameters: &'a Parameters<'_>, name: &str) -> Option<&'a str> {
    let mut sent = parameters.iter().filter(|(own, _)| *own == name);
    sent.next().map(|(_, value)| value)
}

/// The parameters of `/authorize/accept`, checked.
async fn read_accepted<H: Host>(
    at: &At<'_, H>,
    parameters: &Parameters<'_>,
    sealed: &SealedRequest,
) -> Result<Accepted, Refusal> {
    let subject = parameters.get("subject").ok_or(HandoffFault::NoSubject)?;
    if !is_subject(subject) {
        return Err(HandoffFault::Subject.into());
    }
    // RFC 9700 §4.15: no person may pass for a client that is its own subject.
    if is_like_a_drawn_id(subject) || at.issuer.clients().is_client(subject, at.now).await? {
        return Err(HandoffFault::SubjectOfClient.into());
    }
    let claims = match sent(parameters, "claims") {
        None => Map::new(),
        Some(json) => read_claims(json).map_err(HandoffFault::Claims)?,
    };
    let auth_time = match sent(parameters, "auth_time") {
        None => at.now,
        Some(text) => text
            .parse()
            .map(UnixTime)
            .ok()
            .filter(|time| *time <= at.now + LEEWAY)
            // Clients take no login of the future (OpenID Connect Core §3.1.3.7).
            .map(|time| time.min(at.now))
            .ok_or(HandoffFault::AuthTime)?,
    };
    let client = match &sealed.purpose {
        LoginPurpose::Code(code) => Some(&code.client_id),
        LoginPurpose::Device(_) => None,
    };
    Ok(Accepted {
        subject: subject.to_owned(),
        claims: claims.into(),
        requested_claims: RequestedClaims::default(),
        auth_time,
        accepted_at: live::accepted_at(at, client, subject).await?,
    })
}

/// Whether `text` may be a person's subject: a few bytes without white space around them and without
/// control characters. Who compares loosely (a database that ignores trailing spaces does) would take it
/// for another's.
fn is_subject(text: &str) -> bool {
    // Of what is no control character, these two are longer in JSON.
    let escaped = text.bytes().filter(|byte| b"\"\\".contains(byte)).count();
    text.len() + escaped <= LONGEST_SUBJECT
        && text.trim() == text
        && !text.contains(char::is_control)
}

/// Whether `text` looks like a client id that the server draws.
fn is_like_a_drawn_id(text: &str) -> bool {
    text.get(..3)
        .is_some_and(|it| it.eq_ignore_ascii_case("jc_"))
}

/// Refuses the login of another person than the client asks for (OpenID Connect Core §3.1.2.1, §5.5.1).
fn require_person(code: &CodeRequest, shown: &ShownSubject<'_>) -> Result<(), HandoffFault> {
    if code.asks_for(shown) && code.claims.permits_subject(shown.as_str()) {
        return Ok(());
    }
    Err(HandoffFault::OtherPerson)
}

/// Checks that the login is as the client requested it (OpenID Connect Core §3.1.2.1): as recent as
/// `max_age` and `prompt=login` want, by the clock of the login application, which may be behind, and of an
/// `acr` that will do.
fn check_requested(
    code: &CodeRequest,
    created_at: UnixTime,
    accepted: &Accepted,
    now: UnixTime,
) -> Result<(), HandoffFault> {
    let too_old = code
        .max_age
        .is_some_and(|max_age| now.since(accepted.auth_time) > max_age + LEEWAY);
    // max_age=0 and prompt=login both mean: log in for this very request.
    let anew = code.prompt.contains("login") || code.max_age == Some(Seconds(0));
    let stale = if anew {
        accepted.auth_time + LEEWAY < created_at
    } else {
        too_old
    };
    if stale {
        return Err(HandoffFault::Stale);
    }
    if !code.claims.permits_acr(accepted.claims.inline.get("acr")) {
        return Err(HandoffFault::UnmetAcr);
    }
    Ok(())
}

/// The client of a request, which must still be registered, and with the redirect URI.
pub(super) async fn registered_client<H: Host>(
    at: &At<'_, H>,
    code: &CodeRequest,
) -> Result<Arc<Client>, Refusal> {
    client_of(at, code).await.map_err(|refusal| match refusal {
        Refusal::Person(_) => HandoffFault::Client.into(),
        refusal => refusal,
    })
}
