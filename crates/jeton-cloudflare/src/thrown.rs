//! Exceptions as text for the log: those of JavaScript, and those that objects throw.

use jeton::json;
use serde::de::DeserializeOwned;
use wasm_bindgen::{JsCast, JsValue};

/// The text of a thrown value: `TypeError: …` for an `Error`, else the value as the console shows it.
#[must_use]
pub fn describe(thrown: &JsValue) -> String {
    match thrown.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.to_string()),
        None => format!("{thrown:?}"),
    }
}

/// What the JSON holds. What an object throws ends up in the log, so the error quotes nothing of it.
pub(crate) fn read_json<T: DeserializeOwned>(json: &str) -> worker::Result<T> {
    json::read(json).map_err(|error| worker::Error::from(error.to_string()))
}
