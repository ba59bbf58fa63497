//! What `wrangler.toml` binds: text variables, secrets, a KV namespace, Durable Object namespaces.

use js_sys::{JSON, JsString, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use worker::{Env, ObjectNamespace, kv::KvStore};

/// Clients registered at run time. Optional: without it only `JETON_CLIENTS` are known.
pub(crate) use jeton_cloudflare::KV_BINDING as REGISTRY;

/// The Durable Objects that decide what is written to [`REGISTRY`]. Optional: without it nothing is.
pub(crate) const AUTHORITY: &str = "JETON_AUTHORITY";

/// The Durable Objects of the ledger. Optional: without it only machine-to-machine tokens work.
pub(crate) const LEDGER: &str = "JETON_LEDGER";

/// A variable or a secret. `wrangler.toml` may write a table or a number where others write JSON
/// text, so anything that is not text is read as the JSON it stands for.
pub(crate) fn variable(env: &Env, name: &str) -> Option<String> {
    let value = value(env, name)?;
    value
        .as_string()
        .or_else(|| JSON::stringify(&value).ok().map(String::from))
}

/// The KV namespace bound as [`REGISTRY`]; `Err` if something else is bound there.
pub(crate) fn registry(env: &Env) -> Result<Option<KvStore>, worker::Error> {
    value(env, REGISTRY).map(|_| env.kv(REGISTRY)).transpose()
}

/// The Durable Object namespace bound as `name`; `Err` if something else is bound there.
pub(crate) fn objects(env: &Env, name: &str) -> Result<Option<ObjectNamespace>, worker::Error> {
    value(env, name)
        .map(|_| env.durable_object(name))
        .transpose()
}

/// The names that start with `JETON_`, variables and bindings alike.
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
