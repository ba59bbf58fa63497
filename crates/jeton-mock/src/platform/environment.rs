//! What a platform puts into the environment of a job: variables, and files where it mounts some.

use bytes::Bytes;
use http::{
    HeaderValue, Response, StatusCode,
    header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE},
};
use jeton::CryptoError;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{PlatformSpec, ask::Ask, github_actions::GithubActions};
use crate::json::json_response;

/// A file of a job.
#[derive(Debug, Serialize)]
pub(super) struct File {
    pub(super) path: String,
    pub(super) content: String,
}

impl File {
    pub(super) fn new(path: String, content: String) -> Self {
        Self { path, content }
    }
}

/// The environment in JSON, or the variables as lines of a shell where text is preferred.
pub(super) async fn respond(
    platform: &PlatformSpec,
    ask: &mut Ask<'_, '_>,
) -> Result<Response<Bytes>, CryptoError> {
    let (mut variables, mut files) = (Vec::new(), Vec::new());
    match platform {
        PlatformSpec::GithubActions(_) => variables = GithubActions::variables(ask),
        PlatformSpec::Gitlab(job) => variables = job.variables(ask).await?,
        PlatformSpec::Kubernetes(pod) => files = pod.files(ask).await?,
        PlatformSpec::Aws(session) => variables = session.variables(ask),
        PlatformSpec::Spiffe(workload) => {
            variables = workload.variables(ask);
            files = workload.files(ask).await?;
        }
        PlatformSpec::Gcp(machine) => variables = machine.variables(ask),
        PlatformSpec::Azure(identity) => variables = identity.variables(ask),
    }
    let accept = ask.request.headers().get(ACCEPT);
    let accept = accept.and_then(|it| it.to_str().ok()).unwrap_or_default();
    if accept.starts_with("text/plain") {
        return Ok(lines(&variables));
    }
    let variables: Map<String, Value> = variables
        .into_iter()
        .map(|(name, value)| (name, Value::String(value)))
        .collect();
    let body = json!({ "variables": variables, "files": files });
    Ok(json_response(StatusCode::OK, &body))
}

/// `export NAME='VALUE'`, a line each.
fn lines(variables: &[(String, String)]) -> Response<Bytes> {
    let lines: String = variables
        .iter()
        .map(|(name, value)| format!("export {name}='{}'\n", value.replace('\'', r"'\''")))
        .collect();
    let mut response = Response::new(Bytes::from(lines));
    let headers = response.headers_mut();
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    headers.insert(CONTENT_TYPE, text);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
