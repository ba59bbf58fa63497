//! `/device` (RFC 8628 §3.3): where a person connects a device.
//!
//! The person logs in first, by the same handoff as for a client, and enters the user code
//! afterwards. So attempts can be counted for each subject, and not only in total.

use bytes::Bytes;
use http::{Method, Response};

use super::{
    authorize::{
        hand_off,
        sealed::{Accepted, DeviceRequest, LoginOutcome, LoginPurpose, hash_of, open_ticket},
    },
    device_authorization::{normalize_user_code, user_code_marker},
};
use crate::{
    audit::Audit,
    host::Host,
    ledger::{Decision, Grant, GrantId, GrantState, Ledger, Marker},
    page::{Escaped, contained},
    parameters::Parameters,
    refusal::{PersonFault, Refusal},
    request::At,
    route::path,
    time::Seconds,
};

/// The length of a stretch in which attempts at user codes are counted.
const STRETCH: Seconds = Seconds(600);

/// The most attempts in one stretch, of one subject and of all together.
pub(crate) const ATTEMPTS_OF_SUBJECT: u32 = 10;
const ATTEMPTS_IN_TOTAL: u32 = 10_000;

pub(crate) async fn respond<H: Host>(
    at: &At<'_, H>,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    at.issuer.ledger()?;
    let parameters = at.request.query_or_form()?;
    if at.request.method != Method::POST {
        let user_code = parameters
            .get("user_code")
            .map(|code| code.chars().take(32).collect());
        let purpose = LoginPurpose::Device(DeviceRequest { user_code });
        return hand_off(at, purpose, audit);
    }
    let ticket = parameters.get("ticket").ok_or(PersonFault::Ticket)?;
    let opened = open_ticket(at, ticket)?;
    let (LoginPurpose::Device(_), LoginOutcome::Accepted(accepted)) =
        (&opened.request.purpose, opened.outcome)
    else {
        return Err(PersonFault::Ticket.into());
    };
    audit.subject = Some(accepted.subject.clone());
    let typed = parameters.get("user_code").unwrap_or_default();
    let Some(grant) = find_pending(at, &accepted, typed).await? else {
        audit.detail = Some("no such user code".into());
        return Ok(code_form(
            &action(at),
            ticket,
            typed,
            Some("This code is not known or has expired."),
        ));
    };
    audit.grant = Some(grant.id);
    audit.client_id = Some(grant.client_id.clone());
    let login = opened.request.grant;
    decide_grant(at, &parameters, (ticket, login), typed, grant, accepted).await
}

/// The pending grant that a user code points to. Every attempt counts, right or wrong.
async fn find_pending<H: Host>(
    at: &At<'_, H>,
    accepted: &Accepted,
    typed: &str,
) -> Result<Option<Grant>, Refusal> {
    let ledger = at.issuer.ledger()?;
    let stretch = at.now.0 / STRETCH.0;
    let expires = at.now + STRETCH;
    let subject = hash_of(&accepted.subject);
    for (name, most) in [
        (format!("{stretch}:{subject}"), ATTEMPTS_OF_SUBJECT),
        (format!("{stretch}:all"), ATTEMPTS_IN_TOTAL),
    ] {
        let counter = Marker::new("user_code_attempts", name);
        if ledger.count(&counter, expires, at.now).await? > most {
            return Err(PersonFault::TooManyAttempts.into());
        }
    }
    let Some(code) = normalize_user_code(typed) else {
        return Ok(None);
    };
    let Some(id) = ledger.holder(&user_code_marker(at, &code), at.now).await? else {
        return Ok(None);
    };
    let grant = ledger.read(id).await?;
    Ok(grant.filter(|grant| grant.state == GrantState::Pending && at.now < grant.idle_expires_at))
}

/// Approves or denies the grant as the person says, or asks them to.
async fn decide_grant<H: Host>(
    at: &At<'_, H>,
    parameters: &Parameters<'_>,
    (ticket, login): (&str, GrantId),
    typed: &str,
    grant: Grant,
    accepted: Accepted,
) -> Result<Response<Bytes>, Refusal> {
    let decision = match parameters.get("decision") {
        Some("approve") => Decision::Approve {
            subject: accepted.subject,
            claims: accepted.claims,
            auth_time: accepted.auth_time,
            accepted_at: accepted.accepted_at,
        },
        Some("deny") => Decision::Deny,
        _ => {
            let client = at.issuer.clients().find(&grant.client_id, at.now).await?;
            let name = client.and_then(|client| client.name.clone());
            return Ok(confirm_form(
                &action(at),
                ticket,
                typed,
                &grant,
                name.as_deref(),
            ));
        }
    };
    let approved = decision != Decision::Deny;
    if !at
        .issuer
        .ledger()?
        .decide(grant.id, &decision, login, at.now)
        .await?
    {
        return Ok(code_form(
            &action(at),
            ticket,
            "",
            Some("This code has been used already."),
        ));
    }
    Ok(if approved {
        connected()
    } else {
        not_connected()
    })
}

/// The first page after the login: it asks for the user code.
pub(crate) fn ask_for_user_code<H: Host>(
    at: &At<'_, H>,
    ticket: &str,
    device: &DeviceRequest,
) -> Response<Bytes> {
    let prefilled = device.user_code.as_deref().unwrap_or_default();
    code_form(&action(at), ticket, prefilled, None)
}

/// The `action` of the forms: beneath the issuer's path, on the host that the browser knows.
fn action<H: Host>(at: &At<'_, H>) -> String {
    at.issuer.action(path::DEVICE)
}

fn code_form(action: &str, ticket: &str, typed: &str, problem: Option<&str>) -> Response<Bytes> {
    let (alert, invalid) = match problem {
        None => (String::new(), ""),
        Some(problem) => (
            format!("<p role=\"alert\" id=\"problem\">{}</p>", Escaped(problem)),
            " aria-invalid=\"true\" aria-describedby=\"problem\"",
        ),
    };
    let body = format!(
        "{alert}<form method=\"post\" action=\"{action}\">\
         <input type=\"hidden\" name=\"ticket\" value=\"{ticket}\">\
         <label for=\"user_code\">The code your device shows</label>\
         <input id=\"user_code\" class=\"code\" name=\"user_code\" value=\"{typed}\" required autofocus \
         autocomplete=\"off\" autocapitalize=\"characters\" spellcheck=\"false\"{invalid}>\
         <button>Continue</button></form>",
        action = Escaped(action),
        ticket = Escaped(ticket),
        typed = Escaped(typed),
    );
    contained("Connect a device", &body)
}

fn confirm_form(
    action: &str,
    ticket: &str,
    typed: &str,
    grant: &Grant,
    name: Option<&str>,
) -> Response<Bytes> {
    let scope = grant.scope.to_string();
    let wants = if scope.is_empty() {
        String::new()
    } else {
        format!("<p>It asks for: {}</p>", Escaped(&scope))
    };
    let shown = as_shown(typed);
    let body = format!(
        "<p><strong>{name}</strong> wants to act for you. Your device should show this code:</p>\
         <p class=\"code\">{shown}</p>{wants}\
         <p class=\"hint\">Approve only if you started this on a device you hold.</p>\
         <form method=\"post\" action=\"{action}\">\
         <input type=\"hidden\" name=\"ticket\" value=\"{ticket}\">\
         <input type=\"hidden\" name=\"user_code\" value=\"{shown}\">\
         <button name=\"decision\" value=\"approve\">Approve</button>\
         <button name=\"decision\" value=\"deny\">Deny</button></form>",
        action = Escaped(action),
        name = Escaped(name.unwrap_or(grant.client_id.as_str())),
        shown = Escaped(&shown),
        ticket = Escaped(ticket),
    );
    contained("Connect a device", &body)
}

/// A user code that was found, as the device shows it: the person compares the two (RFC 8628
/// §3.3.1).
fn as_shown(typed: &str) -> String {
    normalize_user_code(typed).map_or_else(String::new, |code| {
        let (left, right) = code.split_at(code.len() / 2);
        format!("{left}-{right}")
    })
}

fn connected() -> Response<Bytes> {
    contained(
        "Device connected",
        "<p>You can go back to your device now.</p>",
    )
}

pub(crate) fn not_connected() -> Response<Bytes> {
    contained(
        "Device not connected",
        "<p>Nothing was granted. You can close this page.</p>",
    )
}
