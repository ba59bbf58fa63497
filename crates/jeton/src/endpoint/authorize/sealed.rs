//! What travels sealed between `/authorize`, the login application and `/authorize/resume`.

use std::{collections::BTreeSet, mem};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    authorization_response::{ResponseMode, ResponseTarget},
    claims::{ClaimsRequest, scope_of},
    client::ClientId,
    cookie::Cookie,
    host::Host,
    ledger::{Claims, Grant, GrantId, RequestedClaims, SLACK},
    page::Language,
    refusal::{ErrorCode, LoginFault},
    request::At,
    scope::Scope,
    seal::SealKind,
    shown_subject::ShownSubject,
    time::{Seconds, UnixTime},
};

/// How long a person may take to log in.
pub(crate) const LOGIN_LIFETIME: Seconds = Seconds(30 * 60);

/// How long the browser may take to come back from the login application.
pub(crate) const TICKET_LIFETIME: Seconds = Seconds(5 * 60);

// A ticket opens its grant once because the record is still there.
const _: () = assert!(LOGIN_LIFETIME.0 + TICKET_LIFETIME.0 + SLACK.0 <= Grant::KEPT.0);

/// A request that waits for a login, as it travels sealed through the login application.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SealedRequest {
    /// The id of the grant it becomes.
    pub(crate) grant: GrantId,
    /// SHA-256 of the browser's cookie, in base64url.
    pub(crate) browser: String,
    pub(crate) created_at: UnixTime,
    pub(crate) expires_at: UnixTime,
    pub(crate) purpose: LoginPurpose,
}

impl SealedRequest {
    /// The request that was sealed in `text`, if it is one of ours, however long ago.
    pub(crate) fn open<H: Host>(at: &At<'_, H>, text: &str) -> Option<Self> {
        at.issuer.seals().open(SealKind::Request, text)
    }

    /// What is left of it for the way back: what only the login application reads goes, so that the ticket,
    /// which has its answer as well, is no longer than an address may be.
    pub(crate) fn without_hints(self) -> Self {
        let purpose = match self.purpose {
            LoginPurpose::Code(code) => LoginPurpose::Code(Box::new(code.without_hints())),
            device @ LoginPurpose::Device(_) => device,
        };
        Self { purpose, ..self }
    }

    /// When the last ticket expires that it can become.
    pub(crate) fn tickets_end(&self) -> UnixTime {
        self.expires_at + TICKET_LIFETIME
    }
}

/// What a person logs in for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LoginPurpose {
    /// A client asks for an authorization code.
    Code(Box<CodeRequest>),
    /// The person connects a device.
    Device(DeviceRequest),
}

/// A validated authorization request (RFC 6749 §4.1.1).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CodeRequest {
    pub(crate) client_id: ClientId,
    pub(crate) redirect_uri: String,
    /// Whether the request named it. Where it did not, it is the only one there was.
    pub(crate) redirect_uri_sent: bool,
    pub(crate) response_mode: ResponseMode,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<String>,
    pub(crate) scope: Scope,
    pub(crate) audiences: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) code_challenge: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) nonce: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) prompt: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max_age: Option<Seconds>,
    /// The person whom the client asks for, as it knows them: nobody else's login will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) subject: Option<ShownSubject<'static>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) login_hint: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ui_locales: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) acr_values: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) claims_locales: Option<String>,
    #[serde(default, skip_serializing_if = "ClaimsRequest::is_empty")]
    pub(crate) claims: ClaimsRequest,
}

impl CodeRequest {
    /// Whether the login of that person will do.
    pub(crate) fn asks_for(&self, person: &ShownSubject<'_>) -> bool {
        self.subject.as_ref().is_none_or(|asked| asked == person)
    }

    /// Leaves what the person agreed to: `scope`, and no claim that is named and is of a scope which they
    /// declined.
    pub(crate) fn narrow(&mut self, scope: Scope) {
        let declined = self.scope.without(&scope);
        let is_left = |claim: &str| !scope_of(claim).is_some_and(|scope| declined.contains(scope));
        self.claims = mem::take(&mut self.claims).reduced(is_left, is_left);
        self.scope = scope;
    }

    /// The language of pages on its way.
    pub(crate) fn language<H: Host>(&self, at: &At<'_, H>) -> Language {
        at.language(self.ui_locales.as_deref())
    }

    /// Where the response goes.
    pub(crate) fn target(&self) -> ResponseTarget {
        ResponseTarget {
            redirect_uri: self.redirect_uri.clone(),
            response_mode: self.response_mode,
            state: self.state.clone(),
            ui_locales: self.ui_locales.clone(),
        }
    }

    fn without_hints(self) -> Self {
        // Of the languages that one in which there are pages.
        let language = self.ui_locales.as_deref().and_then(Language::asked_for);
        Self {
            login_hint: None,
            ui_locales: language.map(|language| language.tag().to_owned()),
            acr_values: None,
            claims_locales: None,
            claims: ClaimsRequest::default(),
            ..self
        }
    }
}

/// A visit to `/device` by a person who wants to connect a device.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DeviceRequest {
    /// The user code in `verification_uri_complete`, if it was that; not yet looked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user_code: Option<String>,
    /// `select_account` of a person who wants to connect it with another account (OpenID Connect Core §3.1.2.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) prompt: Option<String>,
}

/// A request and the outcome of its login, sealed on its way back through the browser.
#[derive(Serialize, Deserialize)]
pub(crate) struct Ticket {
    pub(crate) request: SealedRequest,
    pub(crate) expires_at: UnixTime,
    pub(crate) outcome: LoginOutcome,
}

/// The error codes a login application may reject with. It is part of the authorization server, so
/// these are all of RFC 6749 §4.1.2.1, RFC 8707 §2 and OpenID Connect Core §3.1.2.6.
pub(crate) const REJECTIONS: [ErrorCode; 13] = [
    ErrorCode::ACCESS_DENIED,
    ErrorCode::LOGIN_REQUIRED,
    ErrorCode::CONSENT_REQUIRED,
    ErrorCode::INTERACTION_REQUIRED,
    ErrorCode::ACCOUNT_SELECTION_REQUIRED,
    ErrorCode::UNMET_AUTHENTICATION_REQUIREMENTS,
    ErrorCode::TEMPORARILY_UNAVAILABLE,
    ErrorCode::SERVER_ERROR,
    ErrorCode::INVALID_REQUEST,
    ErrorCode::UNAUTHORIZED_CLIENT,
    ErrorCode::UNSUPPORTED_RESPONSE_TYPE,
    ErrorCode::INVALID_SCOPE,
    ErrorCode::INVALID_TARGET,
];

/// What the login application says of a request.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LoginOutcome {
    Accepted(Accepted),
    Rejected {
        error: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<String>,
    },
}

/// The person who logged in, as the login application describes them.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Accepted {
    pub(crate) subject: String,
    pub(crate) claims: Claims,
    #[serde(default, skip_serializing_if = "RequestedClaims::is_empty")]
    pub(crate) requested_claims: RequestedClaims,
    pub(crate) auth_time: UnixTime,
    /// When the login application said so. The grant counts as made then: a logout in between ends it,
    /// however late the browser comes back.
    pub(crate) accepted_at: UnixTime,
}

impl Ticket {
    /// The ticket that was sealed in `text`, if it is one of ours, however long ago.
    pub(crate) fn open<H: Host>(at: &At<'_, H>, text: &str) -> Option<Self> {
        at.issuer.seals().open(SealKind::Ticket, text)
    }

    /// Refuses an acceptance that comes too late, or in another browser than the one in which its request
    /// began. A rejection opens nothing, so it may come late and anywhere: in a frame of another site
    /// there are no cookies, and the client waits there for its answer.
    pub(crate) fn require_usable<H: Host>(&self, at: &At<'_, H>) -> Result<(), LoginFault> {
        if at.now >= self.expires_at {
            return Err(LoginFault::Expired);
        }
        let cookie = Cookie::browser(at.issuer.config().issuer());
        let browser = at.request.cookie(&cookie.name).map(hash_of);
        // Both are hashes: their comparison tells nothing of the cookie.
        if browser.as_ref() != Some(&self.request.browser) {
            return Err(LoginFault::Browser);
        }
        Ok(())
    }
}

/// The SHA-256 of `text` in base64url: what a sealed request holds of the browser's cookie.
pub(crate) fn hash_of(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(text))
}
