//! One exchange with a Durable Object: JSON over its stub's fetch.

use jeton::Unavailable;
use serde::{Serialize, de::DeserializeOwned};
use worker::{Method, ObjectNamespace, Request, RequestInit};

use crate::within::within_deadline;

/// How many objects records without a home of their own are spread over, by name. An object answers
/// about a thousand requests a second.
const SHARDS: u8 = 64;

/// The shard of a name.
pub(crate) fn shard(name: &str) -> u8 {
    name.bytes()
        .fold(0u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte))
        % SHARDS
}

/// Asks the object called `name` once.
pub(crate) async fn ask<A: DeserializeOwned>(
    objects: &ObjectNamespace,
    name: &str,
    call: &impl Serialize,
) -> Result<A, Unavailable> {
    let body = serde_json::to_string(call).map_err(unavailable)?;
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_body(Some(body.into()));
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
    serde_json::from_str(&text).map_err(unavailable)
}

pub(crate) fn unavailable(error: impl std::fmt::Display) -> Unavailable {
    Unavailable::new("durable_object", error)
}
