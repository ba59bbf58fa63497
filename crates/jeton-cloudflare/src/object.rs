//! Calling a Durable Object: one exchange of JSON over its stub's fetch.

use jeton::{Unavailable, json};
use serde::{Serialize, de::DeserializeOwned};
use worker::{Method, ObjectNamespace, Request, RequestInit};

use crate::within::within_deadline;

/// The number of objects that share the markers, and of those that share the cut-offs. One object
/// answers about a thousand requests a second.
const SHARDS: u8 = 64;

/// The number of the shard that a name belongs to.
pub(crate) fn shard(name: &str) -> u8 {
    name.bytes()
        .fold(0u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte))
        % SHARDS
}

/// The answer of the object called `name` to `call`, which is sent once.
pub(crate) async fn ask<A: DeserializeOwned>(
    objects: &ObjectNamespace,
    name: &str,
    call: &impl Serialize,
) -> Result<A, Unavailable> {
    let call = serde_json::to_string(call).map_err(unavailable)?;
    let answer = exchange(objects, name, call).await?;
    json::read(&answer).map_err(unavailable)
}

/// The same as JSON.
async fn exchange(
    objects: &ObjectNamespace,
    name: &str,
    call: String,
) -> Result<String, Unavailable> {
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_body(Some(call.into()));
    let request = Request::new_with_init("https://object/", &init).map_err(unavailable)?;
    let stub = objects
        .id_from_name(name)
        .and_then(|id| id.get_stub())
        .map_err(unavailable)?;
    let exchange = async {
        let mut response = stub.fetch_with_request(request).await?;
        let text = response.text().await?;
        Ok::<_, worker::Error>((response.status_code(), text))
    };
    let (status, text) = within_deadline(exchange)
        .await
        .ok_or_else(|| unavailable("no answer in time"))?
        .map_err(unavailable)?;
    if status != 200 {
        return Err(unavailable(format_args!("{status} {text}")));
    }
    Ok(text)
}

pub(crate) fn unavailable(error: impl std::fmt::Display) -> Unavailable {
    Unavailable::new("durable_object", error)
}
