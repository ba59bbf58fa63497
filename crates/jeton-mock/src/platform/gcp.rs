//! Google Cloud's metadata server: the identity and access tokens of a service account
//! (<https://cloud.google.com/compute/docs/instances/verifying-instance-identity>).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header::CONTENT_TYPE};
use jeton::{Crypto, CryptoError};
use jeton_native::NativeCrypto;
use jsonwebtoken::Algorithm;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    ask::{Ask, Token},
    check::{self, Checked},
};
use crate::address::Address;

/// The header that both sides send, and what it says.
pub(super) const FLAVOR: &str = "metadata-flavor";
pub(super) const GOOGLE: &str = "Google";

/// How long a token lives, in seconds.
const LIFETIME: u64 = 3600;

/// The beginning of Google's access tokens, which are opaque.
const ACCESS_TOKEN: &str = "ya29.c.";

/// A machine with a service account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a machine of Google Cloud: a table, such as { project_id = \"acme-shop\" }"
)]
pub struct Gcp {
    /// `iss`, if not the mock's address: `https://accounts.google.com`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The email of the service account.
    pub service_account: String,
    /// Its unique id.
    pub service_account_id: String,
    /// The scopes of its access tokens.
    pub scopes: Vec<String>,
    /// The project.
    pub project_id: String,
    /// Its number.
    pub project_number: u64,
    /// The zone.
    pub zone: String,
    /// The id of the machine.
    pub instance_id: String,
    /// Its name.
    pub instance_name: String,
}

impl Default for Gcp {
    fn default() -> Self {
        Self {
            issuer: None,
            service_account: "deployer@acme-shop.iam.gserviceaccount.com".to_owned(),
            service_account_id: "104720231234567890123".to_owned(),
            scopes: vec!["https://www.googleapis.com/auth/cloud-platform".to_owned()],
            project_id: "acme-shop".to_owned(),
            project_number: 123_456_789_012,
            zone: "us-central1-a".to_owned(),
            instance_id: "1234567890123456789".to_owned(),
            instance_name: "deployer-1".to_owned(),
        }
    }
}

impl Gcp {
    pub(super) fn check(&self) -> Checked {
        check::issuer(self.issuer.as_ref())?;
        let email = "the email of a service account, which ends in .gserviceaccount.com";
        check::text("service_account", &self.service_account, email, |value| {
            let parts = value.split_once('@');
            parts.is_some_and(|(name, host)| {
                !name.is_empty() && host.ends_with(".gserviceaccount.com")
            })
        })?;
        check::id("service_account_id", &self.service_account_id)?;
        check::id("instance_id", &self.instance_id)?;
        check::dns("project_id", &self.project_id)?;
        check::dns("instance_name", &self.instance_name)?;
        check::text("zone", &self.zone, "a zone, such as us-central1-a", |it| {
            it.split('-').count() == 3 && check::dns("", it).is_ok()
        })?;
        for (index, scope) in self.scopes.iter().enumerate() {
            let at = format!("scopes[{index}]");
            check::text(&at, scope, "a scope, without spaces", |it| {
                !it.contains(' ')
            })?;
        }
        Ok(())
    }

    /// Everything beneath `/computeMetadata/v1`, and the root, by which libraries look for the server.
    pub(super) async fn respond(
        &self,
        ask: &mut Ask<'_, '_>,
    ) -> Result<Response<Bytes>, CryptoError> {
        if ask.header("x-forwarded-for").is_some() || ask.header(FLAVOR) != Some(GOOGLE) {
            let text = "Missing required header: Metadata-Flavor: Google, without X-Forwarded-For";
            return Ok(plain(StatusCode::FORBIDDEN, text));
        }
        if !matches!(*ask.request.method(), Method::GET | Method::HEAD) {
            return Ok(plain(StatusCode::METHOD_NOT_ALLOWED, "expected GET"));
        }
        let path = ask.path().trim_matches('/').to_owned();
        let Some(path) = path.strip_prefix("computeMetadata/v1") else {
            return Ok(plain(StatusCode::OK, "computeMetadata/\n"));
        };
        let path = path.trim_matches('/');
        if let Some(rest) = path.strip_prefix("instance/service-accounts") {
            return self
                .service_account(ask, rest.trim_start_matches('/'))
                .await;
        }
        let (number, zone) = (self.project_number, &self.zone);
        Ok(plain(
            StatusCode::OK,
            &match path {
                "" => "instance/\nproject/\nuniverse/\n".to_owned(),
                "instance" => "id\nname\nservice-accounts/\nzone\n".to_owned(),
                "project" => "numeric-project-id\nproject-id\n".to_owned(),
                "project/project-id" => self.project_id.clone(),
                "project/numeric-project-id" => number.to_string(),
                "instance/id" => self.instance_id.clone(),
                "instance/name" => self.instance_name.clone(),
                "instance/zone" => format!("projects/{number}/zones/{zone}"),
                "universe" | "universe/universe-domain" => "googleapis.com".to_owned(),
                _ => return Ok(plain(StatusCode::NOT_FOUND, "there is no such metadata")),
            },
        ))
    }

    async fn service_account(
        &self,
        ask: &mut Ask<'_, '_>,
        path: &str,
    ) -> Result<Response<Bytes>, CryptoError> {
        let (account, what) = path.split_once('/').unwrap_or((path, ""));
        let email = &self.service_account;
        if account.is_empty() {
            return Ok(plain(StatusCode::OK, &format!("default/\n{email}/\n")));
        }
        if account != "default" && account != email {
            return Ok(plain(
                StatusCode::NOT_FOUND,
                "there is no such service account",
            ));
        }
        match what.trim_end_matches('/') {
            "" if ask
                .get("recursive")
                .is_some_and(|it| it.eq_ignore_ascii_case("true")) =>
            {
                let body = json!({ "aliases": ["default"], "email": email, "scopes": self.scopes });
                Ok(typed(StatusCode::OK, &body.to_string(), "application/json"))
            }
            "" => Ok(plain(
                StatusCode::OK,
                "aliases\nemail\nidentity\nscopes\ntoken\n",
            )),
            "aliases" => Ok(plain(StatusCode::OK, "default\n")),
            "email" => Ok(plain(StatusCode::OK, email)),
            "scopes" => Ok(plain(
                StatusCode::OK,
                &format!("{}\n", self.scopes.join("\n")),
            )),
            "identity" => self.identity(ask).await,
            "token" => self.access_token(ask),
            _ => Ok(plain(StatusCode::NOT_FOUND, "there is no such metadata")),
        }
    }

    async fn identity(&self, ask: &mut Ask<'_, '_>) -> Result<Response<Bytes>, CryptoError> {
        let Some(audience) = ask.get("audience") else {
            let text = "non-empty audience parameter required";
            return Ok(plain(StatusCode::BAD_REQUEST, text));
        };
        let mut claims = json!({
            "iss": ask.issuer(self.issuer.as_ref()),
            "sub": self.service_account_id,
            "azp": self.service_account_id,
            "aud": audience,
            "iat": ask.now(),
            "exp": ask.now().saturating_add(LIFETIME),
        });
        let full = match ask.get("format") {
            None | Some("standard") => None,
            Some("full") => Some(()),
            Some(_) => {
                let text = "invalid format: expected standard or full";
                return Ok(plain(StatusCode::BAD_REQUEST, text));
            }
        };
        if let (Some(()), Some(claims)) = (full, claims.as_object_mut()) {
            let machine = json!({
                "project_id": self.project_id,
                "project_number": self.project_number,
                "zone": self.zone,
                "instance_id": self.instance_id,
                "instance_name": self.instance_name,
                "instance_creation_timestamp": 1_700_000_000,
            });
            claims.insert("email".to_owned(), json!(self.service_account));
            claims.insert("email_verified".to_owned(), json!(true));
            claims.insert("google".to_owned(), json!({ "compute_engine": machine }));
        }
        let token = ask.issue(Token::new(ask, claims)).await?;
        let response = typed(StatusCode::OK, &token, "text/html");
        Ok(Ask::about(response, &self.service_account_id))
    }

    fn access_token(&self, ask: &mut Ask<'_, '_>) -> Result<Response<Bytes>, CryptoError> {
        let mut bytes = [0; 48];
        NativeCrypto::new().fill(&mut bytes)?;
        let token = format!("{ACCESS_TOKEN}{}", URL_SAFE_NO_PAD.encode(bytes));
        let scopes = match ask.get("scopes") {
            Some(scopes) => scopes.replace(',', " "),
            None => self.scopes.join(" "),
        };
        let mut claims = Map::new();
        for (name, value) in [
            ("iss", json!(ask.issuer(self.issuer.as_ref()))),
            ("sub", json!(self.service_account_id)),
            ("client_id", json!(self.service_account_id)),
            ("scope", json!(scopes)),
            ("iat", json!(ask.now())),
            ("exp", json!(ask.now().saturating_add(LIFETIME))),
        ] {
            claims.insert(name.to_owned(), value);
        }
        ask.remember_access_token(&token, claims);
        let body = json!({
            "access_token": token,
            "expires_in": LIFETIME - 1,
            "token_type": "Bearer",
        });
        let response = typed(StatusCode::OK, &body.to_string(), "application/json");
        Ok(Ask::about(response, &self.service_account_id))
    }

    /// What leads libraries here, which take a host and no path.
    pub(super) fn variables(&self, ask: &Ask<'_, '_>) -> Vec<(String, String)> {
        let address = &ask.visit.at.address.backend;
        let host = address.split_once("://").map_or("", |(_, rest)| rest);
        let host = host.split('/').next().unwrap_or_default();
        let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        vec![
            own("GCE_METADATA_HOST", host),
            // By which the library of Python looks whether there is a server.
            own("GCE_METADATA_IP", host),
            own("GOOGLE_CLOUD_PROJECT", &self.project_id),
        ]
    }

    /// As at `https://accounts.google.com`.
    pub(super) fn discovery(&self, address: &Address, signing: &[Algorithm]) -> Value {
        let base = &address.backend;
        json!({
            "issuer": self.issuer.as_ref().unwrap_or(&address.issuer),
            "authorization_endpoint": format!("{}/authorize", address.browser),
            "token_endpoint": format!("{base}/token"),
            "userinfo_endpoint": format!("{base}/userinfo"),
            "jwks_uri": format!("{base}/oauth2/v3/certs"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": signing,
            "claims_supported": ["aud", "email", "email_verified", "exp", "iat", "iss", "sub"],
        })
    }
}

fn plain(status: StatusCode, text: &str) -> Response<Bytes> {
    typed(status, text, "application/text")
}

fn typed(status: StatusCode, body: &str, content_type: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::copy_from_slice(body.as_bytes()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(FLAVOR, HeaderValue::from_static(GOOGLE));
    response
}
