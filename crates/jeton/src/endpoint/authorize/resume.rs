//! `/authorize/resume`: where the browser comes back from the login application, and where the grant
//! is opened.
//!
//! A ticket that opens none still proves client and redirect URI, so whatever stands in the way is told to
//! the client. Such an answer has no code in it and does nothing to the login that it is about, so it may go
//! into any browser, at any time: whoever can send one there can send it to `/authorize` as well.

use bytes::Bytes;
use http::Response;

use super::{
    pending::{client_of, portion_of},
    sealed::{Accepted, CodeRequest, LoginOutcome, LoginPurpose, REJECTIONS, Ticket},
};
use crate::{
    audit::Audit,
    client::Client,
    endpoint::device,
    grant::{live, open::Opening},
    host::Host,
    ledger::{Grant, GrantState, Ledger, Opened, SubjectKey},
    refusal::{
        AuthorizationFault, DeviceFault, Fault, GrantFault, LoginFault, PersonFault, Refusal,
    },
    request::At,
    shown_subject::ShownSubject,
    target::Portion,
    time::{Seconds, UnixTime},
    token::{Binding, CodeRedirect, RedirectHash, Repeat, TokenKind},
};

/// How long a code may be redeemed. RFC 6749 §4.1.2 recommends at most ten minutes; clients need
/// seconds.
pub(super) const CODE_LIFETIME: Seconds = Seconds(60);

pub(crate) async fn respond<H: Host>(
    at: &At<'_, H>,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    let parameters = at.request.query_or_form()?;
    let text = parameters.get("ticket").ok_or(PersonFault::Ticket)?;
    let ticket = Ticket::open(at, text).ok_or(PersonFault::Ticket)?;
    audit.grant = Some(ticket.request.grant);
    if let LoginOutcome::Rejected { error, description } = &ticket.outcome {
        note_rejection(error, description.as_deref(), audit);
    }
    match (&ticket.request.purpose, &ticket.outcome) {
        (LoginPurpose::Code(code), outcome) => {
            audit.client_id = Some(code.client_id.clone());
            let client = client_of(at, code).await?;
            match outcome {
                LoginOutcome::Accepted(accepted) => {
                    audit.subject = Some(accepted.subject.clone());
                    let granted = grant_code(at, &ticket, code, &client, accepted).await;
                    granted.map_err(|why| sent_back(code, why))
                }
                LoginOutcome::Rejected { error, description } => {
                    let description = description.as_deref().unwrap_or("the login was refused");
                    let (config, language) = (at.issuer.config(), code.language(at));
                    let target = code.target();
                    Ok(target.respond_with_error(error, description, config, language))
                }
            }
        }
        (LoginPurpose::Device(device), LoginOutcome::Accepted(accepted)) => {
            audit.subject = Some(accepted.subject.clone());
            ticket.require_usable(at).map_err(DeviceFault::from)?;
            device::ask_for_user_code(at, text, device, accepted).await
        }
        (LoginPurpose::Device(_), LoginOutcome::Rejected { .. }) => {
            Ok(device::not_connected(at, audit))
        }
    }
}

/// Notes what the login application said why nobody is logged in. Who is at fault it does not say.
fn note_rejection(error: &str, description: Option<&str>, audit: &mut Audit) {
    let error = REJECTIONS.into_iter().find(|code| code.as_str() == error);
    audit.error = error.map(|code| code.as_str());
    audit.fault = Some(Fault::Request);
    audit.detail = description.map(|text| text.to_owned().into());
}

/// A refusal as the client learns of it. Where a store or the cryptography fails, the person can try again
/// on a page of ours, unless the client asked that they see none.
fn sent_back(code: &CodeRequest, why: Refusal) -> Refusal {
    let is_temporary = matches!(why, Refusal::Unavailable(_) | Refusal::Crypto(_));
    if is_temporary && !code.prompt.contains("none") {
        return why;
    }
    Refusal::SentBack {
        why: Box::new(why),
        to: Box::new(code.target()),
    }
}

/// What is granted: what the person agreed to and the client may still ask for, if the login still holds.
async fn granted_portion<H: Host>(
    at: &At<'_, H>,
    client: &Client,
    code: &CodeRequest,
    accepted: &Accepted,
) -> Result<Portion, Refusal> {
    let shown = ShownSubject::of_person(at.issuer, client, &accepted.subject)?;
    if !code.asks_for(&shown) {
        return Err(AuthorizationFault::OtherPerson.into());
    }
    let (id, subject) = (Some(&client.id), Some(accepted.subject.as_str()));
    match live::require_standing(at, id, subject, accepted.accepted_at).await? {
        Err(GrantFault::Subject) => Err(AuthorizationFault::Subject.into()),
        Err(_) => Err(AuthorizationFault::CutOff.into()),
        Ok(()) => portion_of(at, client, code),
    }
}

/// Opens the grant and sends the browser to the client with the code.
async fn grant_code<H: Host>(
    at: &At<'_, H>,
    ticket: &Ticket,
    code: &CodeRequest,
    client: &Client,
    accepted: &Accepted,
) -> Result<Response<Bytes>, Refusal> {
    ticket
        .require_usable(at)
        .map_err(AuthorizationFault::from)?;
    let portion = granted_portion(at, client, code, accepted).await?;
    let opening = Opening {
        id: ticket.request.grant,
        client,
        state: GrantState::Live,
        scope: portion.scope,
        code_lifetime: CODE_LIFETIME,
        access_token_lifetime: at.issuer.access_token_lifetime(client, &portion.audiences),
        audiences: portion.audiences,
    };
    let grant = Grant {
        nonce: code.nonce.clone(),
        subject: Some(accepted.subject.clone()),
        claims: accepted.claims.clone(),
        requested_claims: accepted.requested_claims.clone(),
        auth_time: Some(accepted.auth_time),
        created_at: accepted.accepted_at,
        ..Grant::open(opening, at.now)
    };
    let ledger = at.issuer.ledger()?;
    // First, so that there is no grant which the person's list lacks.
    let subject = SubjectKey::of(&accepted.subject);
    ledger
        .index(&subject, grant.id, grant.expires_at, at.now)
        .await?;
    if let Opened::Exists(standing) = ledger.open(&grant, at.now).await?
        && !is_opened_before(&grant, *standing, at.now)
    {
        return Err(AuthorizationFault::from(LoginFault::Used).into());
    }
    let binding = Binding {
        client_id: &code.client_id,
        code_challenge: code.code_challenge.as_deref(),
    };
    let redirect = CodeRedirect {
        hash: RedirectHash::of(&code.redirect_uri),
        repeat: if code.redirect_uri_sent && code.code_challenge.is_none() {
            Repeat::Required
        } else {
            Repeat::Optional
        },
    };
    let code_text = at.issuer.tokens().issue(
        TokenKind::AuthorizationCode,
        &grant,
        Some(redirect),
        &binding,
    );
    let (config, language) = (at.issuer.config(), code.language(at));
    let target = code.target();
    Ok(target.respond(&[("code", &code_text)], config, language))
}

/// Whether the record `standing` is of this very login, which the browser comes back from once more, and
/// its code can still be redeemed. Codes are derived, so it is the same one: a page that was lost on its
/// way, or is loaded again, costs nobody a login.
fn is_opened_before(grant: &Grant, standing: Grant, now: UnixTime) -> bool {
    let redeemable = now < standing.idle_expires_at && now < standing.expires_at;
    // The rest tells whether it is the same login, and whether it has moved since.
    let opened_now = Grant {
        advanced_at: grant.advanced_at,
        idle_expires_at: grant.idle_expires_at,
        expires_at: grant.expires_at,
        ..standing
    };
    redeemable && opened_now == *grant
}
