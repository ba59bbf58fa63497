//! `/device_authorization` (RFC 8628 §3.1).

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::{Response, StatusCode};
use serde::Serialize;
use sha2::Sha256;

use crate::{
    audit::Audit,
    authentication::authenticate,
    crypto::Crypto,
    endpoint::authorize::resume::new_grant,
    grant::GrantType,
    ledger::{Grant, GrantState, Id128, Ledger, Marker},
    refusal::Refusal,
    registry::{Registry, Unavailable},
    request::Incoming,
    response::no_store_json,
    server::{Server, path},
    target,
    time::Seconds,
    token::{Binding, TokenKind},
};

/// How long a person may take.
const DEVICE_LIFETIME: Seconds = Seconds(600);

/// How long a device waits between two polls.
pub(crate) const INTERVAL: Seconds = Seconds(5);

/// RFC 8628 §6.1: no vowels, so no words, and no letters that look like digits. 20^8 codes.
const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

const USER_CODE_LENGTH: usize = 8;

/// RFC 8628 §3.2.
#[derive(Serialize)]
struct DeviceAuthorizationResponse {
    device_code: String,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: String,
    expires_in: Seconds,
    interval: Seconds,
}

pub(crate) async fn respond<R: Registry, L: Ledger, C: Crypto>(
    server: &Server<R, L, C>,
    request: &Incoming<'_>,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    let ledger = server.ledger()?;
    if server.config().login_url().is_none() {
        return Err(Refusal::NotConfigured("JETON_LOGIN_URL"));
    }
    let now = request.now;
    let parameters = request.form()?;
    let clients = server.clients();
    let client = authenticate(clients, request.headers, &parameters, now, audit).await?;
    if !client.may_use(GrantType::DeviceCode) {
        return Err(Refusal::GrantTypeNotRegistered(GrantType::DeviceCode));
    }
    let scope = target::scope(&client, &parameters)?;
    let audiences = target::audiences(&client, &parameters, server.config().issuer())?;
    let grant = Grant {
        id: server.random_id()?,
        ..new_grant(
            server,
            &client,
            GrantState::Pending,
            scope,
            audiences,
            DEVICE_LIFETIME,
            now,
        )
    };
    audit.grant = Some(grant.id);
    if !ledger.open(&grant, now).await? {
        return Err(Unavailable::new("ledger", "a random grant id exists already").into());
    }
    let user_code = point_to(server, &grant).await?;
    let binding = Binding {
        client_id: &client.id,
        code_challenge: None,
    };
    let issuer = server.config().issuer();
    let verification_uri = format!("{issuer}{}", path::DEVICE);
    let response = DeviceAuthorizationResponse {
        device_code: server
            .tokens()
            .issue(TokenKind::DeviceCode, grant.id, 0, None, &binding),
        verification_uri_complete: format!("{verification_uri}?user_code={user_code}"),
        verification_uri,
        user_code,
        expires_in: DEVICE_LIFETIME,
        interval: INTERVAL,
    };
    Ok(no_store_json(StatusCode::OK, &response))
}

/// Draws a user code that nobody uses and lets it point to the grant.
async fn point_to<R, L: Ledger, C: Crypto>(
    server: &Server<R, L, C>,
    grant: &Grant,
) -> Result<String, Refusal> {
    for _ in 0..5 {
        let code = draw(server.crypto())?;
        let marker = marker(server, &code);
        let claimed = server
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

fn draw(crypto: &impl Crypto) -> Result<String, Refusal> {
    let mut code = String::with_capacity(USER_CODE_LENGTH);
    while code.len() < USER_CODE_LENGTH {
        let mut bytes = [0; 16];
        crypto.fill(&mut bytes)?;
        for byte in bytes {
            // 240 is a multiple of 20: what lies above would prefer some letters.
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

/// A user code as people type it: any case, any separators.
pub(crate) fn normalize(typed: &str) -> Option<String> {
    let letters: String = typed
        .chars()
        .filter(|c| !matches!(c, '-' | ' ' | '_' | '.' | '\u{2013}'))
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let known = |c: char| u8::try_from(c).is_ok_and(|byte| ALPHABET.contains(&byte));
    (letters.len() == USER_CODE_LENGTH && letters.chars().all(known)).then_some(letters)
}

/// The marker of a user code: a MAC of it, so that who reads the ledger cannot type it.
pub(crate) fn marker<R, L, C: Crypto>(server: &Server<R, L, C>, code: &str) -> Marker {
    let key = server.user_code_key();
    let digest = match Hmac::<Sha256>::new_from_slice(key) {
        Ok(mac) => mac.chain_update(code).finalize().into_bytes(),
        // HMAC takes keys of any length.
        Err(_) => Default::default(),
    };
    let (short, _) = digest.split_at(16);
    let name = short.try_into().map(Id128).unwrap_or(Id128([0; 16]));
    Marker::new("user_code", name)
}
