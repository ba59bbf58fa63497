//! AWS: `sts:GetWebIdentityToken` and `sts:GetCallerIdentity`, by the Query protocol
//! (<https://docs.aws.amazon.com/STS/latest/APIReference/API_GetWebIdentityToken.html>). Any access key will
//! do: signatures of requests are not verified.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header::CONTENT_TYPE};
use jeton::{CryptoError, PublicJwk};
use jeton_native::Es384Key;
use jsonwebtoken::Algorithm;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha384};

use super::{
    ask::{Ask, Token},
    check::{self, Checked},
    text,
};
use crate::{address::Address, visit::Visit};

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// The claim that all is in which only AWS has.
const CLAIM: &str = "https://sts.amazonaws.com/";

/// How long a token may live, in seconds, and how long it does unless asked otherwise.
const SHORTEST: u64 = 60;
const LONGEST: u64 = 3600;
const LIFETIME: u64 = 300;

const MOST_AUDIENCES: usize = 10;

/// A session of a role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a session of AWS: a table, such as { account = \"123456789012\", role = \"deployer\" }"
)]
pub struct Aws {
    /// `iss`, if not the mock's address: that of an account, as `https://3a1b2c3d.tokens.sts.global.api.aws`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The account.
    pub account: String,
    /// The role, with its path if it has one.
    pub role: String,
    /// The name of the session.
    pub session: String,
    /// The region.
    pub region: String,
    /// The organization of the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub org_id: Option<String>,
    /// The tags of the role.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub principal_tags: BTreeMap<String, String>,
}

impl Default for Aws {
    fn default() -> Self {
        Self {
            issuer: None,
            account: "123456789012".to_owned(),
            role: "deployer".to_owned(),
            session: "i-0123456789abcdef0".to_owned(),
            region: "us-east-1".to_owned(),
            org_id: None,
            principal_tags: BTreeMap::new(),
        }
    }
}

/// Why STS refuses a request.
struct Refused {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Refused {
    fn invalid(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: "ValidationError",
            message: message.into(),
        }
    }

    fn respond(&self) -> Result<Response<Bytes>, CryptoError> {
        let (code, message) = (self.code, escaped(&self.message));
        let id = text::random_uuid()?;
        Ok(xml(
            self.status,
            format!(
                "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>{id}</RequestId></ErrorResponse>"
            ),
        ))
    }
}

/// What `GetWebIdentityToken` is asked for.
struct Wanted {
    audiences: Vec<String>,
    algorithm: Algorithm,
    lifetime: u64,
    tags: Map<String, Value>,
}

impl Aws {
    pub(super) fn check(&self) -> Checked {
        check::issuer(self.issuer.as_ref())?;
        check::text("account", &self.account, "12 digits, as a text", |value| {
            value.len() == 12 && value.bytes().all(|byte| byte.is_ascii_digit())
        })?;
        let expected = "the name of a role, with its path if it has one, without arn:aws:iam:";
        check::text("role", &self.role, expected, |value| {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
            value
                .split('/')
                .all(|part| !part.is_empty() && part.bytes().all(plain))
        })?;
        let expected = "the name of a session: 2 to 64 of A-Z a-z 0-9 _+=,.@-";
        check::text("session", &self.session, expected, |value| {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
            (2..=64).contains(&value.len()) && value.bytes().all(plain)
        })?;
        check::text(
            "region",
            &self.region,
            "a region, such as us-east-1",
            |it| it.split('-').count() >= 3 && check::dns("", it).is_ok(),
        )?;
        if let Some(org) = &self.org_id {
            check::text("org_id", org, "an organization, as o-…", |it| {
                it.starts_with("o-")
            })?;
        }
        for (name, value) in &self.principal_tags {
            check::any("principal_tags", name)?;
            check::any(&format!("principal_tags.{name}"), value)?;
        }
        Ok(())
    }

    fn role_arn(&self) -> String {
        format!("arn:aws:iam::{}:role/{}", self.account, self.role)
    }

    /// `POST /`, whatever its action.
    pub(super) async fn respond(
        &self,
        ask: &mut Ask<'_, '_>,
    ) -> Result<Response<Bytes>, CryptoError> {
        if *ask.request.method() != Method::POST {
            return refuse(StatusCode::NOT_FOUND, "UnknownOperationException", "");
        }
        if ask.header("authorization").is_none() {
            let message = "Request is missing Authentication Token";
            return refuse(StatusCode::FORBIDDEN, "MissingAuthenticationToken", message);
        }
        match ask.get("Action") {
            Some("GetWebIdentityToken") => match wanted(ask) {
                Ok(wanted) => self.web_identity_token(ask, wanted).await,
                Err(refused) => refused.respond(),
            },
            Some("GetCallerIdentity") => self.caller_identity(),
            other => {
                let message = format!(
                    "Could not find operation {} for version 2011-06-15; the mock has GetWebIdentityToken and GetCallerIdentity",
                    other.unwrap_or_default()
                );
                refuse(StatusCode::BAD_REQUEST, "InvalidAction", &message)
            }
        }
    }

    async fn web_identity_token(
        &self,
        ask: &mut Ask<'_, '_>,
        wanted: Wanted,
    ) -> Result<Response<Bytes>, CryptoError> {
        let audience = match wanted.audiences.as_slice() {
            [one] => json!(one),
            several => json!(several),
        };
        let own = without_nothing(json!({
            "aws_account": self.account,
            "source_region": self.region,
            "org_id": self.org_id,
            "principal_id": self.role_arn(),
            "principal_tags": (!self.principal_tags.is_empty()).then_some(&self.principal_tags),
            "request_tags": (!wanted.tags.is_empty()).then_some(&wanted.tags),
        }));
        let expires = ask.now().saturating_add(wanted.lifetime);
        let claims = json!({
            "iss": ask.issuer(self.issuer.as_ref()),
            "sub": self.role_arn(),
            "aud": audience,
            "jti": text::random_uuid()?,
            "iat": ask.now(),
            "exp": expires,
            CLAIM: own,
        });
        let token = Token {
            algorithm: wanted.algorithm,
            ..Token::new(ask, claims)
        };
        let token = ask.issue(token).await?;
        let expiration = text::rfc3339(expires);
        let result = format!(
            "<WebIdentityToken>{token}</WebIdentityToken><Expiration>{expiration}</Expiration>"
        );
        let response = answer("GetWebIdentityToken", &result)?;
        Ok(Ask::about(response, &self.role_arn()))
    }

    fn caller_identity(&self) -> Result<Response<Bytes>, CryptoError> {
        let (account, session) = (&self.account, &self.session);
        let name = self.role.rsplit('/').next().unwrap_or_default();
        let id = text::same_hex(&["role", &self.role_arn()]).to_ascii_uppercase();
        let id = id.get(..16).unwrap_or_default();
        let result = format!(
            "<Arn>arn:aws:sts::{account}:assumed-role/{name}/{session}</Arn><UserId>AROA{id}:{session}</UserId><Account>{account}</Account>"
        );
        answer("GetCallerIdentity", &result)
    }

    /// What an SDK finds its endpoint and its credentials by.
    pub(super) fn variables(&self, ask: &Ask<'_, '_>) -> Vec<(String, String)> {
        let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        vec![
            own("AWS_ENDPOINT_URL_STS", &ask.visit.at.address.backend),
            own("AWS_REGION", &self.region),
            own("AWS_DEFAULT_REGION", &self.region),
            own("AWS_ACCESS_KEY_ID", "ASIAJETONMOCK0000000"),
            own("AWS_SECRET_ACCESS_KEY", "jeton-mock"),
            own("AWS_SESSION_TOKEN", "jeton-mock"),
        ]
    }

    pub(super) fn discovery(&self, address: &Address, signing: &[Algorithm]) -> Value {
        let mut algorithms = vec![Algorithm::ES384];
        algorithms.extend(signing);
        json!({
            "issuer": self.issuer.as_ref().unwrap_or(&address.issuer),
            "jwks_uri": format!("{}/.well-known/jwks.json", address.backend),
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": algorithms,
            "claims_supported": ["aud", "exp", "iat", "iss", "jti", "sub", CLAIM],
        })
    }
}

fn wanted(ask: &Ask<'_, '_>) -> Result<Wanted, Refused> {
    let audiences: Vec<_> = (1..=MOST_AUDIENCES + 1)
        .map_while(|index| ask.get(&format!("Audience.member.{index}")))
        .map(str::to_owned)
        .collect();
    if audiences.is_empty() || audiences.len() > MOST_AUDIENCES {
        return Err(Refused::invalid(
            "1 validation error detected: Value at 'audience' failed to satisfy constraint: Member must have length between 1 and 10",
        ));
    }
    let own = ask.visit.at.served.config.signing_algorithms();
    let algorithm = ask.get("SigningAlgorithm");
    let algorithm = match algorithm.and_then(|name| name.parse().ok()) {
        Some(Algorithm::ES384) => Algorithm::ES384,
        Some(Algorithm::RS256) if own.contains(&Algorithm::RS256) => Algorithm::RS256,
        _ => {
            return Err(Refused::invalid(
                "1 validation error detected: Value at 'signingAlgorithm' failed to satisfy constraint: Member must be ES384, or RS256 of an issuer that signs by it",
            ));
        }
    };
    let lifetime = match ask.get("DurationSeconds").map(str::parse) {
        None => LIFETIME,
        Some(Ok(seconds)) if (SHORTEST..=LONGEST).contains(&seconds) => seconds,
        Some(_) => {
            return Err(Refused::invalid(
                "1 validation error detected: Value at 'durationSeconds' failed to satisfy constraint: Member must be between 60 and 3600",
            ));
        }
    };
    let mut tags = Map::new();
    for index in 1..=50 {
        let member = |part: &str| ask.get(&format!("Tags.member.{index}.{part}"));
        let Some(key) = member("Key") else { break };
        let value = member("Value").unwrap_or_default();
        tags.insert(key.to_owned(), json!(value));
    }
    Ok(Wanted {
        audiences,
        algorithm,
        lifetime,
        tags,
    })
}

fn without_nothing(mut value: Value) -> Value {
    if let Some(members) = value.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    value
}

fn answer(action: &str, result: &str) -> Result<Response<Bytes>, CryptoError> {
    let id = text::random_uuid()?;
    Ok(xml(
        StatusCode::OK,
        format!(
            "<{action}Response xmlns=\"{NAMESPACE}\"><{action}Result>{result}</{action}Result><ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></{action}Response>"
        ),
    ))
}

fn refuse(
    status: StatusCode,
    code: &'static str,
    message: &str,
) -> Result<Response<Bytes>, CryptoError> {
    let message = message.to_owned();
    Refused {
        status,
        code,
        message,
    }
    .respond()
}

fn xml(status: StatusCode, body: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static("text/xml");
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// What an ES384 key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Es384 {
    Signs,
    /// In no JWK Set.
    Wrong,
}

/// The ES384 key of the issuer, which comes from the seed as its others do, and does not rotate.
pub(super) fn es384_key(visit: &Visit<'_>, which: Es384) -> Result<Es384Key, CryptoError> {
    let mut hash = Sha384::new();
    let which = match which {
        Es384::Signs => "signs",
        Es384::Wrong => "wrong",
    };
    let secret = visit.at.issuer.own_keys().seed().secret();
    for part in ["jeton-mock/es384", &secret, visit.at.issuer.name(), which] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    // All but one of 2^190 hashes are below the order of P-384.
    Es384Key::from_scalar(&hash.finalize().into())
}

/// Shows the ES384 key beside those of the server.
pub(super) fn add_es384(visit: &Visit<'_>, set: &mut Map<String, Value>) {
    let Ok(key) = es384_key(visit, Es384::Signs) else {
        return;
    };
    let jwk = PublicJwk {
        kid: Some(key.public().thumbprint()),
        algorithm: Some(Algorithm::ES384),
        key: key.public().clone(),
    };
    if let Some(keys) = set.get_mut("keys").and_then(Value::as_array_mut) {
        keys.push(json!(jwk));
    }
}
