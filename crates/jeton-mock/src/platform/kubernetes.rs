//! Kubernetes: tokens of service accounts, by the API `TokenRequest`
//! (<https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/>), as
//! the kubelet projects them into pods.

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use jeton::CryptoError;
use jsonwebtoken::Algorithm;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    ask::{Ask, Token},
    check::{self, Checked},
    environment::File,
    text,
};
use crate::{address::Address, json::json_response};

/// How long a token lives unless asked otherwise, and at least, in seconds.
const LIFETIME: u64 = 3600;
const SHORTEST: u64 = 600;

/// The longest that is asked for, 2^32 seconds.
const LONGEST: u64 = 1 << 32;

/// Where a pod has the token for the cluster itself, and what belongs to it.
const FOLDER: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// A pod.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a pod of Kubernetes: a table, such as { namespace = \"prod\", service_account = \"deployer\" }"
)]
pub struct Kubernetes {
    /// `iss`, if not the mock's address: that of a cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The namespace.
    pub namespace: String,
    /// The service account.
    pub service_account: String,
    /// Its uid; absent: one that is always the same for its names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account_uid: Option<String>,
    /// The pod that a token is bound to where its request names none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod: Option<KubernetesObject>,
    /// The node that it runs on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<KubernetesObject>,
    /// How long the token lives that is projected into the pod, in seconds.
    pub expiration_seconds: u64,
}

/// What a token is bound to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with name and uid")]
pub struct KubernetesObject {
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
}

impl Default for Kubernetes {
    fn default() -> Self {
        let object = |name: &str, uid: &str| {
            Some(KubernetesObject {
                name: name.to_owned(),
                uid: uid.to_owned(),
            })
        };
        Self {
            issuer: None,
            namespace: "prod".to_owned(),
            service_account: "deployer".to_owned(),
            service_account_uid: None,
            pod: object("deployer-0", "778a530c-b3f4-47c0-9cd5-ab018fb64f33"),
            node: object("node-1", "58456cb0-dd00-45ed-b797-5578fdceaced"),
            expiration_seconds: LIFETIME,
        }
    }
}

/// `TokenRequest`, as far as it is read.
#[derive(Default, Deserialize)]
struct TokenRequest {
    #[serde(default)]
    spec: TokenRequestSpec,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct TokenRequestSpec {
    audiences: Vec<String>,
    expiration_seconds: Option<u64>,
    bound_object_ref: Option<BoundObject>,
}

#[derive(Deserialize)]
struct BoundObject {
    kind: Option<String>,
    name: Option<String>,
    uid: Option<String>,
}

/// Whose token.
struct Account<'a> {
    namespace: &'a str,
    name: &'a str,
}

impl Kubernetes {
    pub(super) fn check(&self) -> Checked {
        check::issuer(self.issuer.as_ref())?;
        check::dns("namespace", &self.namespace)?;
        check::dns("service_account", &self.service_account)?;
        if let Some(uid) = &self.service_account_uid {
            check::uuid("service_account_uid", uid)?;
        }
        for (at, object) in [("pod", &self.pod), ("node", &self.node)] {
            let Some(object) = object else { continue };
            check::dns(&format!("{at}.name"), &object.name)?;
            check::uuid(&format!("{at}.uid"), &object.uid)?;
        }
        check::seconds(
            "expiration_seconds",
            self.expiration_seconds,
            SHORTEST,
            LONGEST,
        )
    }

    fn uid(&self, account: &Account<'_>) -> String {
        let described = self.service_account_uid.as_ref().filter(|_| {
            account.namespace == self.namespace && account.name == self.service_account
        });
        described.cloned().unwrap_or_else(|| {
            text::same_uuid(&["serviceaccount", account.namespace, account.name])
        })
    }

    fn token(
        &self,
        ask: &Ask<'_, '_>,
        account: &Account<'_>,
        audiences: &[String],
        lifetime: u64,
        pod: Option<&KubernetesObject>,
    ) -> Result<Token, CryptoError> {
        let (namespace, name) = (account.namespace, account.name);
        let mut bound = json!({
            "namespace": namespace,
            "serviceaccount": { "name": name, "uid": self.uid(account) },
        });
        if let (Some(pod), Some(bound)) = (pod, bound.as_object_mut()) {
            bound.insert("pod".to_owned(), json!(pod));
            if let Some(node) = &self.node {
                bound.insert("node".to_owned(), json!(node));
            }
        }
        let claims = json!({
            "iss": ask.issuer(self.issuer.as_ref()),
            "sub": format!("system:serviceaccount:{namespace}:{name}"),
            "aud": audiences,
            "jti": text::random_uuid()?,
            "iat": ask.now(),
            "nbf": ask.now(),
            "exp": ask.now().saturating_add(lifetime),
            "kubernetes.io": bound,
        });
        Ok(Token {
            typ: None,
            ..Token::new(ask, claims)
        })
    }

    /// `POST /api/v1/namespaces/NAMESPACE/serviceaccounts/NAME/token`.
    pub(super) async fn respond(
        &self,
        ask: &mut Ask<'_, '_>,
    ) -> Result<Response<Bytes>, CryptoError> {
        let path = ask.path().to_owned();
        let segments: Vec<_> = path.split('/').skip(1).collect();
        let [
            "api",
            "v1",
            "namespaces",
            namespace,
            "serviceaccounts",
            name,
            "token",
        ] = segments.as_slice()
        else {
            return Ok(status(
                StatusCode::NOT_FOUND,
                "NotFound",
                "there is no such resource",
            ));
        };
        if *ask.request.method() != Method::POST {
            let text = "the server does not allow this method on the requested resource";
            let code = StatusCode::METHOD_NOT_ALLOWED;
            return Ok(status(code, "MethodNotAllowed", text));
        }
        let account = Account { namespace, name };
        for name in [namespace, name] {
            if check::dns("", name).is_err() {
                let text = format!("serviceaccounts {name:?} not found");
                return Ok(status(StatusCode::NOT_FOUND, "NotFound", &text));
            }
        }
        if ask.bearer().is_none() && !ask.visit.is_lenient() {
            return Ok(status(
                StatusCode::UNAUTHORIZED,
                "Unauthorized",
                "Unauthorized",
            ));
        }
        let body = ask.request.body();
        let Ok(wanted) = serde_json::from_slice::<TokenRequest>(body) else {
            let text = "the body is no TokenRequest of authentication.k8s.io/v1 in JSON";
            return Ok(status(StatusCode::BAD_REQUEST, "BadRequest", text));
        };
        let lifetime = wanted.spec.expiration_seconds.unwrap_or(LIFETIME);
        if !(SHORTEST..=LONGEST).contains(&lifetime) {
            let text = format!(
                "TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds: Invalid value: {lifetime}: may not specify a duration less than 10 minutes"
            );
            return Ok(status(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", &text));
        }
        let mut audiences = wanted.spec.audiences;
        if audiences.is_empty() {
            audiences.push(ask.issuer(self.issuer.as_ref()));
        }
        let named = wanted.spec.bound_object_ref.and_then(|bound| {
            (bound.kind.as_deref() == Some("Pod")).then_some(KubernetesObject {
                uid: bound.uid.unwrap_or_default(),
                name: bound.name?,
            })
        });
        let mut pod = named;
        if let Some(pod) = pod.as_mut().filter(|pod| pod.uid.is_empty()) {
            pod.uid = text::same_uuid(&["pod", namespace, &pod.name]);
        }
        let token = self.token(ask, &account, &audiences, lifetime, pod.as_ref())?;
        let token = ask.issue(token).await?;
        let subject = format!("system:serviceaccount:{namespace}:{name}");
        let body = json!({
            "kind": "TokenRequest",
            "apiVersion": "authentication.k8s.io/v1",
            "metadata": {
                "name": name,
                "namespace": namespace,
                "creationTimestamp": text::rfc3339(ask.now()),
            },
            "spec": {
                "audiences": audiences,
                "expirationSeconds": lifetime,
                "boundObjectRef": pod.map(|pod| json!({
                    "kind": "Pod", "apiVersion": "v1", "name": pod.name, "uid": pod.uid,
                })),
            },
            "status": {
                "token": token,
                "expirationTimestamp": text::rfc3339(ask.now().saturating_add(lifetime)),
            },
        });
        Ok(Ask::about(
            json_response(StatusCode::CREATED, &body),
            &subject,
        ))
    }

    /// What the kubelet puts into the pod: the token for the cluster, or for the audience that the
    /// environment is asked for.
    pub(super) async fn files(&self, ask: &mut Ask<'_, '_>) -> Result<Vec<File>, CryptoError> {
        let own = ask.issuer(self.issuer.as_ref());
        let audience = ask.get("audience").unwrap_or(&own).to_owned();
        let account = Account {
            namespace: &self.namespace,
            name: &self.service_account,
        };
        let token = self.token(
            ask,
            &account,
            &[audience],
            self.expiration_seconds,
            self.pod.as_ref(),
        )?;
        let token = ask.issue(token).await?;
        let mut files = vec![
            File::new(format!("{FOLDER}/token"), token),
            File::new(format!("{FOLDER}/namespace"), self.namespace.clone()),
        ];
        if let Some(ca) = ask.visit.at.provider.ca_pem() {
            files.push(File::new(format!("{FOLDER}/ca.crt"), ca.to_owned()));
        }
        Ok(files)
    }

    pub(super) fn discovery(&self, address: &Address, signing: &[Algorithm]) -> Value {
        json!({
            "issuer": self.issuer.as_ref().unwrap_or(&address.issuer),
            "jwks_uri": format!("{}/openid/v1/jwks", address.backend),
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": signing,
        })
    }
}

/// `Status` of the API's own conventions.
fn status(code: StatusCode, reason: &str, message: &str) -> Response<Bytes> {
    let body = json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code.as_u16(),
    });
    json_response(code, &body)
}
