//! Azure: managed identities of machines (the Instance Metadata Service,
//! <https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token>) and of
//! apps (<https://learn.microsoft.com/azure/app-service/overview-managed-identity>), and the exchange of the
//! token of a workload for one of Entra ID
//! (<https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow>).

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use jeton::CryptoError;
use jsonwebtoken::Algorithm;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    ask::{Ask, Token},
    check::{self, Checked},
    text,
};
use crate::{address::Address, forge::Jwt, json::json_response, spec::TokenKind};

/// How long a token lives, in seconds: a day for machines, an hour for who exchanges another.
const DAY: u64 = 86_400;
const HOUR: u64 = 3600;

/// How long before it is issued it is valid, in seconds.
const BEFORE: u64 = 300;

/// Whom the token of a workload is for.
const EXCHANGE: &str = "api://AzureADTokenExchange";

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Where a pod has its token for the exchange, which its cluster issues.
const TOKEN_FILE: &str = "/var/run/secrets/azure/tokens/azure-identity-token";

/// A managed identity, or an application with a federated credential.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "an identity of Azure: a table, such as { tenant_id = \"8d3f0d3e-7b1f-4c43-9c54-0d1f6a9a7b21\" }"
)]
pub struct Azure {
    /// `iss`, if not the mock's address: `https://login.microsoftonline.com/TENANT/v2.0`, or
    /// `https://sts.windows.net/TENANT/`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The tenant.
    pub tenant_id: String,
    /// The principal, by its object id.
    pub object_id: String,
    /// The application, by its client id.
    pub client_id: String,
    /// The managed identity, by its resource id.
    pub resource_id: String,
    /// What it runs on: `virtual_machine`, `app_service` or `kubernetes`. Each leads SDKs here by other variables.
    pub host: String,
    /// The version of access tokens, 1 or 2, as the resource's registration asks for it.
    pub access_token_version: u64,
    /// Whose tokens the application takes; absent: anybody's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub federated_credential: Option<FederatedCredential>,
}

/// Whose tokens an application takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a federated credential: a table with issuer and subject"
)]
pub struct FederatedCredential {
    /// `iss`.
    pub issuer: String,
    /// `sub`.
    pub subject: String,
}

impl Default for Azure {
    fn default() -> Self {
        Self {
            issuer: None,
            tenant_id: "8d3f0d3e-7b1f-4c43-9c54-0d1f6a9a7b21".to_owned(),
            object_id: "5f1c7a52-6d3b-4a57-8f0a-2b9d0c6e4a11".to_owned(),
            client_id: "2c6f8c3e-5f0e-4c8b-9f4d-6a1e7b3d9c52".to_owned(),
            resource_id: "/subscriptions/7e3c1f7a-4b5d-4d0e-8a3e-1c2b3d4e5f60/resourcegroups/acme/providers/Microsoft.ManagedIdentity/userAssignedIdentities/deployer".to_owned(),
            host: "virtual_machine".to_owned(),
            access_token_version: 2,
            federated_credential: None,
        }
    }
}

/// Why Entra ID refuses an exchange.
struct Refused {
    code: u32,
    error: &'static str,
    message: String,
}

impl Azure {
    pub(super) fn check(&self) -> Checked {
        check::issuer(self.issuer.as_ref())?;
        check::uuid("tenant_id", &self.tenant_id)?;
        check::uuid("object_id", &self.object_id)?;
        check::uuid("client_id", &self.client_id)?;
        let expected = "/subscriptions/ID/resourcegroups/NAME/providers/…";
        check::text("resource_id", &self.resource_id, expected, |value| {
            value.starts_with("/subscriptions/")
        })?;
        let hosts = ["virtual_machine", "app_service", "kubernetes"];
        check::one_of("host", &self.host, &hosts)?;
        if !matches!(self.access_token_version, 1 | 2) {
            return Err(crate::spec::InvalidSpec::new(
                "access_token_version",
                "1 or 2",
            ));
        }
        if let Some(credential) = &self.federated_credential {
            check::any("federated_credential.issuer", &credential.issuer)?;
            check::any("federated_credential.subject", &credential.subject)?;
        }
        Ok(())
    }

    /// Whether a path is one of its own, or names its tenant.
    pub(super) fn answers_at(&self, path: &str) -> bool {
        path.ends_with("/metadata/identity/oauth2/token")
            || path.ends_with("/msi/token")
            || path.split('/').any(|segment| segment == self.tenant_id)
    }

    /// The address of the tenant, without a final slash.
    fn tenant(&self, address: &str) -> String {
        format!("{address}/{}", self.tenant_id)
    }

    fn iss(&self, address: &Address) -> String {
        let tenant = self.tenant(&address.issuer);
        let own = if self.access_token_version == 1 {
            format!("{tenant}/")
        } else {
            format!("{tenant}/v2.0")
        };
        self.issuer.clone().unwrap_or(own)
    }

    pub(super) async fn respond(
        &self,
        ask: &mut Ask<'_, '_>,
    ) -> Result<Response<Bytes>, CryptoError> {
        match ask.path().trim_end_matches('/') {
            "/metadata/identity/oauth2/token" => self.machine(ask).await,
            "/msi/token" => self.app(ask).await,
            _ => self.exchange(ask).await,
        }
    }

    /// `GET /metadata/identity/oauth2/token`.
    async fn machine(&self, ask: &mut Ask<'_, '_>) -> Result<Response<Bytes>, CryptoError> {
        let has_header = ask
            .header("metadata")
            .is_some_and(|it| it.eq_ignore_ascii_case("true"));
        if !has_header || ask.header("x-forwarded-for").is_some() {
            let text = "Required metadata header not specified";
            return Ok(refuse("bad_request_102", text));
        }
        if ask.get("api-version").is_none() {
            let text = "Required query variable 'api-version' is missing";
            return Ok(refuse("bad_request_101", text));
        }
        let others = [
            ("client_id", &self.client_id),
            ("object_id", &self.object_id),
            ("msi_res_id", &self.resource_id),
        ];
        match self.resource_of(ask, &others, "invalid_request", "Identity not found") {
            Err(refusal) => Ok(*refusal),
            Ok(resource) => self.managed(ask, &resource).await,
        }
    }

    /// `GET` at `IDENTITY_ENDPOINT`.
    async fn app(&self, ask: &mut Ask<'_, '_>) -> Result<Response<Bytes>, CryptoError> {
        let given = ask.header("x-identity-header").map(str::to_owned);
        if given.as_deref() != Some(&identity_header(ask.visit.at.issuer.name())) {
            if given.is_none() || !ask.visit.is_lenient() {
                let body = json!({
                    "statusCode": 401,
                    "message": "expected X-IDENTITY-HEADER with IDENTITY_HEADER",
                });
                return Ok(json_response(StatusCode::UNAUTHORIZED, &body));
            }
            ask.departures.waived.push("request_token");
        }
        let others = [
            ("client_id", &self.client_id),
            ("object_id", &self.object_id),
            ("principal_id", &self.object_id),
            ("mi_res_id", &self.resource_id),
        ];
        let none = "No managed identity was found for the given id";
        match self.resource_of(ask, &others, "invalid_request", none) {
            Err(refusal) => Ok(*refusal),
            Ok(resource) => self.managed(ask, &resource).await,
        }
    }

    /// The resource asked for, if it is asked for this identity.
    fn resource_of(
        &self,
        ask: &Ask<'_, '_>,
        ids: &[(&str, &String)],
        error: &str,
        none: &str,
    ) -> Result<String, Box<Response<Bytes>>> {
        if *ask.request.method() != Method::GET {
            return Err(Box::new(refuse(error, "expected GET")));
        }
        let is_other = |(name, own): &(&str, &String)| {
            let asked = ask.get(name);
            asked.is_some_and(|asked| !asked.eq_ignore_ascii_case(own))
        };
        if ids.iter().any(is_other) {
            return Err(Box::new(refuse(error, none)));
        }
        let resource = ask.get("resource").map(str::to_owned);
        let missing = "Required query variable 'resource' is missing";
        resource.ok_or_else(|| Box::new(refuse(error, missing)))
    }

    async fn managed(
        &self,
        ask: &mut Ask<'_, '_>,
        resource: &str,
    ) -> Result<Response<Bytes>, CryptoError> {
        let token = self.token(ask, resource, DAY)?;
        let token = ask.issue(token).await?;
        let expires = ask.now().saturating_add(DAY);
        // Numbers are texts here.
        let body = json!({
            "access_token": token,
            "client_id": self.client_id,
            "expires_in": DAY.to_string(),
            "expires_on": expires.to_string(),
            "ext_expires_in": DAY.to_string(),
            "not_before": ask.now().saturating_sub(BEFORE).to_string(),
            "resource": resource,
            "token_type": "Bearer",
        });
        let response = json_response(StatusCode::OK, &body);
        Ok(Ask::about(response, &self.object_id))
    }

    fn token(&self, ask: &Ask<'_, '_>, resource: &str, life: u64) -> Result<Token, CryptoError> {
        let issuer = self.iss(ask.visit.at.address);
        let identity = self.tenant(&ask.visit.at.address.issuer);
        let mut claims = json!({
            "iss": issuer,
            "sub": self.object_id,
            "oid": self.object_id,
            "tid": self.tenant_id,
            "aud": resource,
            "iat": ask.now(),
            "nbf": ask.now().saturating_sub(BEFORE),
            "exp": ask.now().saturating_add(life),
            "idtyp": "app",
            "uti": text::random_uuid()?,
            "xms_mirid": self.resource_id,
        });
        let more = if self.access_token_version == 1 {
            json!({
                "appid": self.client_id,
                "appidacr": "2",
                "idp": format!("{identity}/"),
                "ver": "1.0",
            })
        } else {
            json!({ "azp": self.client_id, "azpacr": "2", "ver": "2.0" })
        };
        if let (Some(claims), Value::Object(more)) = (claims.as_object_mut(), more) {
            claims.extend(more);
        }
        Ok(Token {
            kind: TokenKind::AccessToken,
            ..Token::new(ask, claims)
        })
    }

    /// `POST /TENANT/oauth2/v2.0/token`: the token of a workload for one of Entra ID.
    async fn exchange(&self, ask: &mut Ask<'_, '_>) -> Result<Response<Bytes>, CryptoError> {
        let resource = match self.exchanged(ask) {
            Ok(resource) => resource,
            Err(refused) => return refused.respond(ask),
        };
        let token = self.token(ask, &resource, HOUR)?;
        let token = ask.issue(token).await?;
        let body = json!({
            "token_type": "Bearer",
            "expires_in": HOUR - 1,
            "ext_expires_in": HOUR - 1,
            "access_token": token,
        });
        let response = json_response(StatusCode::OK, &body);
        Ok(Ask::about(response, &self.object_id))
    }

    fn exchanged(&self, ask: &Ask<'_, '_>) -> Result<String, Refused> {
        let refused = |code, error, message: String| Refused {
            code,
            error,
            message,
        };
        if *ask.request.method() != Method::POST {
            let message = "Endpoint only accepts POST requests.".to_owned();
            return Err(refused(900_561, "invalid_request", message));
        }
        if ask.get("grant_type") != Some("client_credentials") {
            let message = "The app requested an unsupported grant type.".to_owned();
            return Err(refused(70_003, "unsupported_grant_type", message));
        }
        if ask.get("client_id") != Some(&self.client_id) {
            let message = format!(
                "Application with identifier {:?} was not found in the directory.",
                ask.get("client_id").unwrap_or_default()
            );
            return Err(refused(700_016, "unauthorized_client", message));
        }
        let scope = ask.get("scope").unwrap_or_default();
        let Some(resource) = scope.strip_suffix("/.default") else {
            let message = format!(
                "The provided value for scope {scope:?} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier."
            );
            return Err(refused(1_002_012, "invalid_scope", message));
        };
        let assertion = ask.get("client_assertion").and_then(Jwt::parse);
        let assertion = assertion.filter(|_| ask.get("client_assertion_type") == Some(JWT_BEARER));
        let Some(assertion) = assertion else {
            let message = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.".to_owned();
            return Err(refused(7_000_218, "invalid_client", message));
        };
        self.check_assertion(ask, &assertion)?;
        Ok(resource.to_owned())
    }

    /// The signature is taken at its word: its issuer need not be one that can be asked.
    fn check_assertion(&self, ask: &Ask<'_, '_>, assertion: &Jwt) -> Result<(), Refused> {
        let refused = |code, error, message: String| Refused {
            code,
            error,
            message,
        };
        let claim = |name: &str| assertion.claims.get(name);
        let text = |name: &str| claim(name).and_then(Value::as_str).unwrap_or_default();
        let is_for = match claim("aud") {
            Some(Value::Array(audiences)) => audiences.iter().any(|it| it == EXCHANGE),
            Some(audience) => audience == EXCHANGE,
            None => false,
        };
        if !is_for {
            let message = format!(
                "No matching federated identity record found for presented assertion audience {}. It is expected to be {EXCHANGE:?}.",
                claim("aud").unwrap_or(&Value::Null)
            );
            return Err(refused(700_212, "invalid_request", message));
        }
        let expires = claim("exp").and_then(Value::as_u64).unwrap_or_default();
        if expires <= ask.now() {
            let message = "Client assertion is not within its valid time range.".to_owned();
            return Err(refused(700_024, "invalid_client", message));
        }
        let Some(credential) = &self.federated_credential else {
            return Ok(());
        };
        if text("iss") != credential.issuer {
            let message = format!(
                "No matching federated identity record found for presented assertion issuer '{}'.",
                text("iss")
            );
            return Err(refused(700_211, "invalid_request", message));
        }
        if text("sub") != credential.subject {
            let message = format!(
                "No matching federated identity record found for presented assertion subject '{}'.",
                text("sub")
            );
            return Err(refused(700_213, "invalid_request", message));
        }
        Ok(())
    }

    /// What leads SDKs here.
    pub(super) fn variables(&self, ask: &Ask<'_, '_>) -> Vec<(String, String)> {
        let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let address = &ask.visit.at.address.backend;
        let mut variables = vec![own("AZURE_CLIENT_ID", &self.client_id)];
        match self.host.as_str() {
            "app_service" => {
                let header = identity_header(ask.visit.at.issuer.name());
                variables.push(own("IDENTITY_ENDPOINT", &format!("{address}/msi/token")));
                variables.push(own("IDENTITY_HEADER", &header));
            }
            "kubernetes" => {
                // It has no room for a path: the tenant is the first of it.
                let origin = address.strip_suffix(ask.visit.at.issuer.name());
                variables.push(own("AZURE_AUTHORITY_HOST", origin.unwrap_or(address)));
                variables.push(own("AZURE_TENANT_ID", &self.tenant_id));
                variables.push(own("AZURE_FEDERATED_TOKEN_FILE", TOKEN_FILE));
            }
            _ => variables.push(own("AZURE_POD_IDENTITY_AUTHORITY_HOST", address)),
        }
        variables
    }

    /// As at `https://login.microsoftonline.com/TENANT/v2.0`, with endpoints at `base`: Microsoft's library for
    /// JavaScript takes the first part of each path for the tenant.
    pub(super) fn discovery(&self, address: &Address, base: &str, signing: &[Algorithm]) -> Value {
        let tenant = self.tenant(base);
        json!({
            "issuer": self.iss(address),
            "authorization_endpoint": format!("{}/authorize", address.browser),
            "token_endpoint": format!("{tenant}/oauth2/v2.0/token"),
            "jwks_uri": format!("{tenant}/discovery/v2.0/keys"),
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": signing,
            "claims_supported": ["sub", "iss", "aud", "exp", "iat", "tid", "oid", "ver"],
        })
    }
}

impl Refused {
    fn respond(&self, ask: &Ask<'_, '_>) -> Result<Response<Bytes>, CryptoError> {
        let status = match self.error {
            "invalid_client" => StatusCode::UNAUTHORIZED,
            _ => StatusCode::BAD_REQUEST,
        };
        let trace = text::random_uuid()?;
        let body = json!({
            "error": self.error,
            "error_description": format!("AADSTS{}: {}", self.code, self.message),
            "error_codes": [self.code],
            "timestamp": text::rfc3339(ask.now()),
            "trace_id": trace,
            "correlation_id": trace,
        });
        Ok(json_response(status, &body))
    }
}

fn refuse(error: &str, description: &str) -> Response<Bytes> {
    crate::json::json_error(StatusCode::BAD_REQUEST, error, description)
}

/// What an app shows to have a token; the same in every run.
pub(super) fn identity_header(issuer_name: &str) -> String {
    text::same_uuid(&["IDENTITY_HEADER", issuer_name])
}
