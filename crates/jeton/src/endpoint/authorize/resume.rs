//! `/authorize/resume`: where the browser comes back from the login application, and where the grant
//! is opened.

use bytes::Bytes;
use http::Response;

use super::{
    pending::{client_of, portion_of},
    sealed::{
        Accepted, CodeRequest, LoginOutcome, LoginPurpose, SealedRequest, Ticket, open_ticket,
    },
};
use crate::{
    audit::Audit,
    authorization_response::ResponseTarget,
    client::Client,
    endpoint::device,
    grant::{live, open::Opening},
    host::Host,
    ledger::{Grant, GrantState, Ledger, Opened},
    refusal::{AuthorizationFault, GrantFault, PersonFault, Refusal},
    request::At,
    target::Portion,
    time::{Seconds, UnixTime},
    token::{Binding, CodeRedirect, RedirectHash, Repeat, TokenKind},
    unavailable::Unavailable,
};

/// How long a code may be redeemed. RFC 6749 §4.1.2 recommends at most ten minutes; clients need
/// seconds.
const CODE_LIFETIME: Seconds = Seconds(60);

pub(crate) async fn respond<H: Host>(
    at: &At<'_, H>,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    let parameters = at.request.query_or_form()?;
    let ticket = parameters.get("ticket").ok_or(PersonFault::Ticket)?;
    let Ticket {
        request: sealed,
        outcome,
        ..
    } = open_ticket(at, ticket)?;
    audit.grant = Some(sealed.grant);
    match (&sealed.purpose, outcome) {
        (LoginPurpose::Code(code), LoginOutcome::Accepted(accepted)) => {
            audit.client_id = Some(code.client_id.clone());
            audit.subject = Some(accepted.subject.clone());
            let client = client_of(at, code).await?;
            let portion = granted_portion(at, &client, code, &accepted).await?;
            let portion = portion.map_err(|why| Refusal::SentBack {
                why: Box::new(why),
                to: Box::new(target_of(code)),
            })?;
            grant_code(at, &sealed, code, &client, portion, accepted).await
        }
        (LoginPurpose::Code(code), LoginOutcome::Rejected { error, description }) => {
            audit.client_id = Some(code.client_id.clone());
            client_of(at, code).await?;
            let description = description.as_deref().unwrap_or("the login was refused");
            let issuer = at.issuer.config().issuer();
            Ok(target_of(code).respond_with_error(&error, description, issuer))
        }
        (LoginPurpose::Device(device), LoginOutcome::Accepted(accepted)) => {
            audit.subject = Some(accepted.subject.clone());
            device::ask_for_user_code(at, ticket, device, &accepted).await
        }
        (LoginPurpose::Device(_), LoginOutcome::Rejected { .. }) => Ok(device::not_connected()),
    }
}

/// What is granted: what the person agreed to and the client may still ask for, if the login still
/// holds. The inner error is for the client.
async fn granted_portion<H: Host>(
    at: &At<'_, H>,
    client: &Client,
    code: &CodeRequest,
    accepted: &Accepted,
) -> Result<Result<Portion, Refusal>, Unavailable> {
    let (id, subject) = (Some(&client.id), Some(accepted.subject.as_str()));
    let standing = live::require_standing(at, id, subject, accepted.accepted_at).await?;
    Ok(match standing {
        Err(GrantFault::Subject) => Err(AuthorizationFault::Subject.into()),
        Err(_) => Err(AuthorizationFault::CutOff.into()),
        Ok(()) => portion_of(at, client, code).and_then(|portion| {
            let portion = Portion {
                scope: accepted.scope.clone().unwrap_or(portion.scope),
                ..portion
            };
            Ok(portion.registered(client, at.issuer.config().issuer())?)
        }),
    })
}

/// Opens the grant and sends the browser to the client with the code.
async fn grant_code<H: Host>(
    at: &At<'_, H>,
    sealed: &SealedRequest,
    code: &CodeRequest,
    client: &Client,
    portion: Portion,
    accepted: Accepted,
) -> Result<Response<Bytes>, Refusal> {
    let opening = Opening {
        id: sealed.grant,
        client,
        state: GrantState::Live,
        scope: portion.scope,
        audiences: portion.audiences,
        code_lifetime: CODE_LIFETIME,
        access_token_lifetime: at.issuer.access_token_lifetime(client),
    };
    let grant = Grant {
        nonce: code.nonce.clone(),
        subject: Some(accepted.subject),
        claims: accepted.claims,
        auth_time: Some(accepted.auth_time),
        created_at: accepted.accepted_at,
        ..Grant::open(opening, at.now)
    };
    if let Opened::Exists(standing) = at.issuer.ledger()?.open(&grant, at.now).await?
        && !is_opened_before(&grant, *standing, at.now)
    {
        return Err(PersonFault::Used.into());
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
        grant.id,
        0,
        Some(redirect),
        &binding,
    );
    Ok(target_of(code).respond(&[("code", &code_text)], at.issuer.config().issuer()))
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

fn target_of(code: &CodeRequest) -> ResponseTarget {
    ResponseTarget {
        redirect_uri: code.redirect_uri.clone(),
        response_mode: code.response_mode,
        state: code.state.clone(),
    }
}
