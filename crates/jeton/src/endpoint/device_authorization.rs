//! `/device_authorization` (RFC 8628 §3.1): where a device asks for a device code and a user code.

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::{Response, StatusCode};
use serde::Serialize;
use sha2::Sha256;

use super::device::limits;
use crate::{
    audit::Audit,
    authentication::authenticate,
    client::Client,
    crypto::Crypto,
    grant::{GrantType, device_code::INTERVAL, open::Opening},
    host::Host,
    ledger::{Grant, GrantState, Ledger, Marker, Opened},
    parameters::Parameters,
    refusal::Refusal,
    request::At,
    response::{answer_client, no_store_json},
    route::path,
    target::{self, Portion},
    time::Seconds,
    token::{Binding, TokenKind},
    unavailable::Unavailable,
};

/// How long a person may take to enter the user code.
const DEVICE_LIFETIME: Seconds = Seconds(600);

/// The letters of user codes (RFC 8628 §6.1): no vowels, so that they spell no words, and none that
/// look like digits. There are 20^8 codes.
const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

const USER_CODE_LENGTH: usize = 8;

/// The response (RFC 8628 §3.2).
#[derive(Serialize)]
struct DeviceAuthorizationResponse {
    device_code: String,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: String,
    expires_in: Seconds,
    interval: Seconds,
}

pub(crate) async fn respond<H: Host>(
    at: &At<'_, H>,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    at.issuer.ledger()?;
    if at.issuer.config().login_url().is_none() {
        return Err(Refusal::NotConfigured("JETON_LOGIN_URL"));
    }
    let parameters = at.request.form()?;
    let client = authenticate(at, &parameters, audit).await?;
    let outcome = offer(at, &client, &parameters, audit).await;
    Ok(answer_client(outcome, &client, at.request.headers, audit))
}

/// The codes of a grant that waits for a person.
async fn offer<H: Host>(
    at: &At<'_, H>,
    client: &Client,
    parameters: &Parameters<'_>,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    if !client.may_use(GrantType::DeviceCode) {
        return Err(Refusal::GrantTypeNotRegistered(GrantType::DeviceCode));
    }
    let config = at.issuer.config();
    let Portion { scope, audiences } = target::portion(client, parameters, config)?;
    let opening = Opening {
        id: at.issuer.new_grant_id(&client.id)?,
        access_token_lifetime: at.issuer.access_token_lifetime(client, &audiences),
        audiences,
        scope,
        state: GrantState::Pending,
        code_lifetime: DEVICE_LIFETIME,
        client,
    };
    let grant = Grant::open(opening, at.now);
    audit.grant = Some(grant.id);
    limits::count_device(at, client).await?;
    if at.issuer.ledger()?.open(&grant, at.now).await? != Opened::Opened {
        return Err(Unavailable::new("ledger", "a random grant id exists already").into());
    }
    let user_code = claim_user_code(at, &grant).await?;
    let binding = Binding {
        client_id: &client.id,
        code_challenge: None,
    };
    let verification_uri = at.issuer.url_of(path::DEVICE);
    let response = DeviceAuthorizationResponse {
        device_code: at
            .issuer
            .tokens()
            .issue(TokenKind::DeviceCode, &grant, None, &binding),
        verification_uri_complete: format!("{verification_uri}?user_code={user_code}"),
        verification_uri,
        user_code,
        expires_in: DEVICE_LIFETIME,
        interval: INTERVAL,
    };
    Ok(no_store_json(StatusCode::OK, &response))
}

/// A random user code that no other grant has, as the device shows it. From now on it points to
/// `grant`.
async fn claim_user_code<H: Host>(at: &At<'_, H>, grant: &Grant) -> Result<String, Refusal> {
    for _ in 0..5 {
        let code = random_user_code(at.issuer.crypto())?;
        let marker = user_code_marker(at, &code);
        let claimed = at
            .issuer
            .ledger()?
            .claim(&marker, grant.id, grant.idle_expires_at, grant.created_at)
            .await?;
        if claimed {
            let (left, right) = code.split_at(USER_CODE_LENGTH / 2);
            return Ok(format!("{left}-{right}"));
        }
    }
    Err(Unavailable::new("ledger", "every user code drawn is taken").into())
}

fn random_user_code(crypto: &impl Crypto) -> Result<String, Refusal> {
    let mut code = String::with_capacity(USER_CODE_LENGTH);
    while code.len() < USER_CODE_LENGTH {
        let mut bytes = [0; 16];
        crypto.fill(&mut bytes)?;
        for byte in bytes {
            // 240 is a multiple of 20. With the bytes above it some letters would be likelier.
            if byte < 240
                && code.len() < USER_CODE_LENGTH
                && let Some(letter) = ALPHABET.get(usize::from(byte % 20))
            {
                code.push(char::from(*letter));
            }
        }
    }
    Ok(code)
}

/// The user code that a person typed, in any case and with any separators, as the server draws it.
pub(crate) fn normalize_user_code(typed: &str) -> Option<String> {
    let letters: String = typed
        .chars()
        .filter(|c| !matches!(c, '-' | ' ' | '_' | '.' | '\u{2013}'))
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let known = |c: char| u8::try_from(c).is_ok_and(|byte| ALPHABET.contains(&byte));
    (letters.len() == USER_CODE_LENGTH && letters.chars().all(known)).then_some(letters)
}

/// The marker that points from a user code to its grant. It holds a MAC of the code, so that whoever
/// reads the ledger cannot type it.
pub(crate) fn user_code_marker<H: Host>(at: &At<'_, H>, code: &str) -> Marker {
    let key = at.issuer.user_code_key();
    let digest = match Hmac::<Sha256>::new_from_slice(key) {
        Ok(mac) => mac.chain_update(code).finalize().into_bytes(),
        // HMAC takes keys of any length.
        Err(_) => Default::default(),
    };
    Marker::of_digest("user_code", &digest)
}
