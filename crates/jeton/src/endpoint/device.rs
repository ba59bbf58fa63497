//! `/device` (RFC 8628 §3.3): where a person connects a device.
//!
//! The person logs in first, by the same handoff as for a client, and enters the user code
//! afterwards. So wrong codes are counted for each subject. A page shows the code that was found, and
//! what it asks for; it carries a confirmation, sealed, without which nothing is decided. One login
//! decides one device.

mod asked;
pub(crate) mod limits;
mod whose;

use std::{mem, sync::Arc};

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    authorize::{
        hand_off,
        sealed::{Accepted, DeviceRequest, LoginOutcome, LoginPurpose, SealedRequest, Ticket},
    },
    device_authorization::{normalize_user_code, user_code_marker},
};
use crate::{
    arrival::RequestId,
    attached_claims,
    audit::Audit,
    claims::read_claims,
    client::{Client, ClientId},
    disclosure::require_token_length,
    grant::{GrantType, live},
    host::Host,
    inside::{Connecting, People, Renewed},
    ledger::{Decision, GrantId, GrantState, Ledger, Marker, RequestedClaims, SubjectKey},
    page::{Ending, Escaped, Link, Words, application, contained, words},
    parameters::Parameters,
    refusal::{DeviceFault, LoginFault, Refusal},
    request::At,
    route::path,
    scope::Scope,
    seal::SealKind,
    target::Portion,
    time::UnixTime,
};

/// What the request of a person asks for who wants to connect a device with another account.
const OTHER_ACCOUNT: &str = "select_account";

/// What the page proves that shows a device's code: which login saw which device.
#[derive(Serialize, Deserialize)]
struct Confirmation {
    /// The request that the person logged in for.
    request: GrantId,
    /// The device's grant.
    device: GrantId,
    /// The device's client.
    client_id: ClientId,
    /// What the device asks for and its client is registered for.
    scope: Scope,
    /// Until when it can be redeemed: the claims of whoever approves it are kept as long, and longer once it
    /// was.
    code_ends: UnixTime,
    /// When it ends with all its tokens: as long it is in the index of whoever approves it.
    grant_ends: UnixTime,
}

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
        let prompt = parameters.get("prompt").filter(|it| *it == OTHER_ACCOUNT);
        let prompt = prompt.map(str::to_owned);
        let purpose = LoginPurpose::Device(DeviceRequest { user_code, prompt });
        return hand_off(at, purpose, audit);
    }
    let text = parameters.get("ticket").ok_or(DeviceFault::Ticket)?;
    let ticket = Ticket::open(at, text).ok_or(DeviceFault::Ticket)?;
    let (LoginPurpose::Device(_), LoginOutcome::Accepted(accepted)) =
        (&ticket.request.purpose, &ticket.outcome)
    else {
        return Err(DeviceFault::Ticket.into());
    };
    ticket.require_usable(at).map_err(DeviceFault::from)?;
    let request = &ticket.request;
    audit.subject = Some(accepted.subject.clone());
    require_login(at, None, accepted).await?;
    if let Some(confirmation) = find_confirmation(at, &parameters, request)
        && let Some(mut decision) = read_decision(&parameters, accepted)
    {
        audit.grant = Some(confirmation.device);
        audit.client_id = Some(confirmation.client_id.clone());
        if decision != Decision::Deny {
            let Some(client) = find_client(at, &confirmation.client_id).await? else {
                return Ok(too_late(at, audit));
            };
            require_login(at, Some(&client.id), accepted).await?;
            add_claims(at, &client, &confirmation, &mut decision).await?;
        }
        return decide(at, request, &confirmation, decision, audit).await;
    }
    let typed = parameters.get("user_code").unwrap_or_default();
    let Some(pending) = find_pending(at, accepted, typed).await? else {
        audit.detail = Some("no such user code".into());
        return Ok(code_form(at, text, typed, Typed::Unknown));
    };
    audit.grant = Some(pending.grant);
    audit.client_id = Some(pending.client.id.clone());
    require_login(at, Some(&pending.client.id), accepted).await?;
    let who = whose::person(at, accepted, typed).await?;
    ask_for_decision(at, request, text, typed, &pending, &who)
}

/// The confirmation that the form carries, if it is of this login.
fn find_confirmation<H: Host>(
    at: &At<'_, H>,
    parameters: &Parameters<'_>,
    request: &SealedRequest,
) -> Option<Confirmation> {
    let sealed = parameters.get("confirmation")?;
    let confirmation: Confirmation = at.issuer.seals().open(SealKind::Confirmation, sealed)?;
    (confirmation.request == request.grant).then_some(confirmation)
}

fn read_decision(parameters: &Parameters<'_>, accepted: &Accepted) -> Option<Decision> {
    match parameters.get("decision")? {
        "approve" => Some(Decision::Approve {
            subject: accepted.subject.clone(),
            claims: accepted.claims.clone(),
            auth_time: accepted.auth_time,
            accepted_at: accepted.accepted_at,
        }),
        "deny" => Some(Decision::Deny),
        _ => None,
    }
}

/// A device that waits for a person.
struct PendingDevice {
    grant: GrantId,
    code_ends: UnixTime,
    grant_ends: UnixTime,
    client: Arc<Client>,
    /// What it asks for and its client is registered for now.
    portion: Portion,
}

/// Refuses a login that a cut-off of the person or of the device's client has ended since.
async fn require_login<H: Host>(
    at: &At<'_, H>,
    client: Option<&ClientId>,
    accepted: &Accepted,
) -> Result<(), Refusal> {
    let subject = Some(accepted.subject.as_str());
    let standing = live::require_standing(at, client, subject, accepted.accepted_at).await?;
    Ok(standing.map_err(|_| DeviceFault::LoggedOut)?)
}

/// Puts all claims of the person into the decision: those that the login application has for the device's
/// client, if it is in this process, or those of the login. Refuses whom that client is not for, and claims
/// that its tokens could not hold. That is before the login is used up: another device may bear them.
async fn add_claims<H: Host>(
    at: &At<'_, H>,
    client: &Client,
    confirmation: &Confirmation,
    decision: &mut Decision,
) -> Result<(), Refusal> {
    if let Decision::Approve {
        subject, claims, ..
    } = decision
    {
        let connecting = Connecting {
            subject,
            client_id: &client.id,
            scope: &confirmation.scope,
            headers: at.request.headers,
            now: at.now,
        };
        let people = at.issuer.people();
        let all = match people.connecting(at.issuer.inside(), &connecting).await? {
            Renewed::Claims(claims) => read_claims(&Value::Object(claims).to_string())
                .map_err(|_| DeviceFault::ClaimsTooLong)?,
            Renewed::Unchanged(_) | Renewed::Unanswered(_) => {
                attached_claims::all(at, claims, None).await?.into_owned()
            }
            Renewed::Refused(why) => return Err(DeviceFault::NotAdmitted(why).into()),
        };
        let (scope, requested) = (&confirmation.scope, RequestedClaims::default());
        require_token_length(client, scope, &requested, &all)
            .map_err(|_| DeviceFault::ClaimsTooLong)?;
        *claims = all.into();
    }
    Ok(())
}

/// The client of that id, if it is registered for devices now.
async fn find_client<H: Host>(
    at: &At<'_, H>,
    id: &ClientId,
) -> Result<Option<Arc<Client>>, Refusal> {
    let client = at.issuer.clients().find(id, at.now).await?;
    Ok(client.filter(|client| client.may_use(GrantType::DeviceCode)))
}

/// The device that a user code points to, if its client may still have what it asks for. Only wrong codes
/// count as attempts.
async fn find_pending<H: Host>(
    at: &At<'_, H>,
    accepted: &Accepted,
    typed: &str,
) -> Result<Option<PendingDevice>, Refusal> {
    let attempt = limits::Attempt::count(at, &accepted.subject).await?;
    let ledger = at.issuer.ledger()?;
    let Some(code) = normalize_user_code(typed) else {
        return Ok(None);
    };
    let Some(id) = ledger.holder(&user_code_marker(at, &code), at.now).await? else {
        return Ok(None);
    };
    let Some(grant) = ledger.read(id).await? else {
        return Ok(None);
    };
    if grant.state != GrantState::Pending || at.now >= grant.idle_expires_at {
        return Ok(None);
    }
    // A right code, whatever becomes of its device.
    attempt.uncount(at).await?;
    let Some(client) = find_client(at, &grant.client_id).await? else {
        return Ok(None);
    };
    let portion = Portion {
        scope: grant.scope,
        audiences: grant.audiences,
    };
    let portion = portion.registered(&client, at.issuer.config().issuer());
    Ok(portion.ok().map(|portion| PendingDevice {
        grant: grant.id,
        code_ends: grant.idle_expires_at,
        grant_ends: grant.expires_at,
        client,
        portion,
    }))
}

/// The page that shows the code and what it asks for.
fn ask_for_decision<H: Host>(
    at: &At<'_, H>,
    request: &SealedRequest,
    ticket: &str,
    typed: &str,
    pending: &PendingDevice,
    who: &str,
) -> Result<Response<Bytes>, Refusal> {
    let confirmation = Confirmation {
        request: request.grant,
        device: pending.grant,
        client_id: pending.client.id.clone(),
        scope: pending.portion.scope.clone(),
        code_ends: pending.code_ends,
        grant_ends: pending.grant_ends,
    };
    let seals = at.issuer.seals();
    let confirmation = seals.seal(SealKind::Confirmation, &confirmation, at.issuer.crypto())?;
    Ok(confirm_form(
        at,
        [("ticket", ticket), ("confirmation", &confirmation)],
        typed,
        pending,
        who,
    ))
}

/// Approves or denies the device as the person says: once for each login, and told again to whoever asks
/// again.
async fn decide<H: Host>(
    at: &At<'_, H>,
    request: &SealedRequest,
    confirmation: &Confirmation,
    mut decision: Decision,
    audit: &Audit,
) -> Result<Response<Bytes>, Refusal> {
    let device = confirmation.device;
    let ledger = at.issuer.ledger()?;
    let login = Marker::new("device_login", request.grant);
    if !ledger
        .claim(&login, device, request.tickets_end(), at.now)
        .await?
    {
        return Err(DeviceFault::from(LoginFault::Used).into());
    }
    if let Decision::Approve {
        subject, claims, ..
    } = &mut decision
    {
        let all = mem::take(&mut claims.inline);
        *claims = attached_claims::attach(at, all, device, confirmation.code_ends).await?;
        // Before the grant is the person's, so that there is none which their list lacks.
        let (subject, until) = (SubjectKey::of(subject), confirmation.grant_ends);
        ledger.index(&subject, device, until, at.now).await?;
    }
    // The login is the attempt: it has one decision to make.
    let attempt = request.grant;
    if !ledger.decide(device, &decision, attempt, at.now).await? {
        return Ok(too_late(at, audit));
    }
    Ok(match decision {
        Decision::Approve { .. } => connected(at),
        Decision::Deny => ended(at, |words| words.denied, None),
    })
}

/// The first page after the login: it asks for the user code.
pub(crate) async fn ask_for_user_code<H: Host>(
    at: &At<'_, H>,
    ticket: &str,
    device: &DeviceRequest,
    accepted: &Accepted,
) -> Result<Response<Bytes>, Refusal> {
    require_login(at, None, accepted).await?;
    let prefilled = device.user_code.as_deref().unwrap_or_default();
    Ok(code_form(at, ticket, prefilled, Typed::NotYet))
}

/// The `action` of the forms: beneath the issuer's path, on the host that the browser knows.
fn action<H: Host>(at: &At<'_, H>) -> String {
    at.issuer.action(path::DEVICE)
}

/// What is known of a user code that is shown in the form.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Typed {
    NotYet,
    Unknown,
}

fn code_form<H: Host>(at: &At<'_, H>, ticket: &str, typed: &str, known: Typed) -> Response<Bytes> {
    let language = at.language(None);
    let Words { device, common, .. } = Words::of(language);
    let (alert, invalid) = match known {
        Typed::NotYet => (String::new(), ""),
        Typed::Unknown => (
            format!(
                "<p role=\"alert\" id=\"problem\">{}</p>",
                device.unknown_code
            ),
            " aria-invalid=\"true\" aria-describedby=\"problem\"",
        ),
    };
    let body = format!(
        "<h1>{title}</h1><p>{enter}</p>\
         {alert}<form method=\"post\" action=\"{action}\">\
         <input type=\"hidden\" name=\"ticket\" value=\"{ticket}\">\
         <label for=\"user_code\">{code}</label>\
         <input id=\"user_code\" class=\"code\" name=\"user_code\" value=\"{typed}\" required autofocus \
         autocomplete=\"off\" autocapitalize=\"characters\" spellcheck=\"false\"{invalid}>\
         <button>{proceed}</button></form>",
        title = device.title,
        enter = device.enter,
        code = device.code,
        proceed = common.proceed,
        action = Escaped(&action(at)),
        ticket = Escaped(ticket),
        typed = Escaped(typed),
    );
    contained(at.issuer.config().frame(), language, device.title, &body)
}

fn confirm_form<H: Host>(
    at: &At<'_, H>,
    carried: [(&str, &str); 2],
    typed: &str,
    pending: &PendingDevice,
    who: &str,
) -> Response<Bytes> {
    let client = &pending.client;
    let name = client.name.as_deref().unwrap_or(client.id.as_str());
    let language = at.language(None);
    let words = &Words::of(language).device;
    let says = words
        .wants_to_act
        .with(format_args!("<strong>{}</strong>", Escaped(name)));
    let shown = as_shown(typed);
    let carried = carried.map(|(name, value)| {
        format!(
            "<input type=\"hidden\" name=\"{name}\" value=\"{}\">",
            Escaped(value)
        )
    });
    let body = format!(
        "{application}<h1>{title}</h1><p>{shows}</p>\
         <p class=\"code\">{shown}</p>{wants}{who}\
         <p class=\"hint\">{caution}</p>\
         <form method=\"post\" action=\"{action}\">{carried}\
         <input type=\"hidden\" name=\"user_code\" value=\"{shown}\">\
         <div class=\"actions\"><button name=\"decision\" value=\"approve\">{approve}</button>\
         <button name=\"decision\" value=\"deny\">{deny}</button></div></form>",
        title = words.title,
        shows = words.shows,
        caution = words.caution,
        approve = words.approve,
        deny = words.deny,
        application = application(name, &says),
        wants = asked::wants(client, &pending.portion, language),
        action = Escaped(&action(at)),
        shown = Escaped(&shown),
        carried = carried.concat(),
    );
    contained(at.issuer.config().frame(), language, words.title, &body)
}

/// A user code that was found, as the device shows it: the person compares the two (RFC 8628
/// §3.3.1).
fn as_shown(typed: &str) -> String {
    normalize_user_code(typed).map_or_else(String::new, |code| {
        let (left, right) = code.split_at(code.len() / 2);
        format!("{left}-{right}")
    })
}

fn connected<H: Host>(at: &At<'_, H>) -> Response<Bytes> {
    let language = at.language(None);
    let words = &Words::of(language).device;
    let ending = Ending {
        frame: at.issuer.config().frame(),
        language,
        status: StatusCode::OK,
        title: words.connected,
        text: words.go_back,
        way_on: None,
        finding: None,
        reference: None,
    };
    ending.respond()
}

/// Somebody else has decided, or nobody did in time. This login has nothing else to decide.
fn too_late<H: Host>(at: &At<'_, H>, audit: &Audit) -> Response<Bytes> {
    ended(at, |words| words.too_late, audit.request_id.as_ref())
}

/// The login application sends the person back without a login, which may not be what they wanted.
pub(crate) fn not_connected<H: Host>(at: &At<'_, H>, audit: &Audit) -> Response<Bytes> {
    ended(at, |words| words.denied, audit.request_id.as_ref())
}

/// The page for a person who has connected no device.
fn ended<H: Host>(
    at: &At<'_, H>,
    text: fn(&'static words::Device) -> &'static str,
    reference: Option<&RequestId>,
) -> Response<Bytes> {
    let language = at.language(None);
    let Words { device, common, .. } = Words::of(language);
    let ending = Ending {
        frame: at.issuer.config().frame(),
        language,
        status: StatusCode::OK,
        title: device.not_connected,
        text: text(device),
        way_on: Some(Link {
            to: &action(at),
            text: common.begin_again,
        }),
        finding: None,
        reference,
    };
    ending.respond()
}
