//! The bindings of `wrangler.toml`: variables, secrets, a KV namespace, Durable Object namespaces.

use js_sys::{JSON, JsString, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use worker::{Env, ObjectNamespace, kv::KvStore};

/// The binding of the KV namespace with registered clients. Optional: without it only those of
/// `JETON_CLIENTS` are known.
pub(crate) use jeton_cloudflare::KV_BINDING as REGISTRY;

/// The binding of the Durable Objects through which [`REGISTRY`] is written. Optional: without it
/// nothing is written.
pub(crate) const AUTHORITY: &str = "JETON_AUTHORITY";

/// The binding of the Durable Objects of the ledger. Optional: without it only machine-to-machine tokens
/// work.
pub(crate) const LEDGER: &str = "JETON_LEDGER";

/// The text of a variable or a secret. `wrangler.toml` may have a table or a number where other hosts
/// have JSON text, so a value that is not text is read as its JSON.
pub(crate) fn variable(env: &Env, name: &str) -> Option<String> {
    let value = value(env, name)?;
    value
        .as_string()
        .or_else(|| JSON::stringify(&value).ok().map(String::from))
}

/// The KV namespace bound as [`REGISTRY`], if one is.
///
/// # Errors
/// Something else is bound there.
pub(crate) fn registry(env: &Env) -> Result<Option<KvStore>, worker::Error> {
    value(env, REGISTRY).map(|_| env.kv(REGISTRY)).transpose()
}

/// The Durable Object namespace bound as `name`, if one is.
///
/// # Errors
/// Something else is bound there.
pub(crate) fn objects(env: &Env, name: &str) -> Result<Option<ObjectNamespace>, worker::Error> {
    value(env, name)
        .map(|_| env.durable_object(name))
        .transpose()
}

/// The names of bindings that start with `JETON_`, variables and bindings alike.
pub(crate) fn names(env: &Env) -> Vec<String> {
    Object::keys(env.unchecked_ref::<Object>())
        .iter()
        .filter_map(|name| name.as_string())
        .filter(|name| name.starts_with("JETON_"))
        .collect()
}

fn value(env: &Env, name: &str) -> Option<JsValue> {
    Reflect::get(env, &JsString::from(name))
        .ok()
        .filter(|value| !value.is_undefined() && !value.is_null())
}
