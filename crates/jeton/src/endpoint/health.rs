//! `/health`: whether the process answers. Touches no store, so that a platform does not restart it
//! when a store is out of reach.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde::Serialize;

use crate::response::no_store_json;

#[derive(Serialize)]
struct Health {
    status: &'static str,
}

pub(crate) fn respond() -> Response<Bytes> {
    no_store_json(StatusCode::OK, &Health { status: "ok" })
}
