//! Responses in the form that the gateway wants.

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Response, StatusCode,
    header::{Entry, SET_COOKIE},
};
use lambda_http::{
    Body,
    aws_lambda_events::{alb::AlbTargetGroupResponse, apigw::ApiGatewayV2httpResponse},
};
use serde::Serialize;

use crate::event::Gateway;

/// The result of the function: a response in the form of its gateway.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Answer {
    Version2(Box<ApiGatewayV2httpResponse>),
    Alb(Box<AlbTargetGroupResponse>),
}

impl Answer {
    /// The answer of `gateway`'s form for a response.
    pub(crate) fn new(gateway: Gateway, response: Response<Bytes>) -> Self {
        let (head, body) = response.into_parts();
        let (is_base64_encoded, body) = encode_body(body);
        match gateway {
            Gateway::Version2 => {
                let mut answer = ApiGatewayV2httpResponse::default();
                answer.status_code = head.status.as_u16().into();
                answer.cookies = cookies(&head.headers);
                answer.headers = joined(&head.headers);
                answer.body = Some(body);
                answer.is_base64_encoded = is_base64_encoded;
                Self::Version2(Box::new(answer))
            }
            Gateway::Alb => {
                let mut answer = AlbTargetGroupResponse::default();
                answer.status_code = head.status.as_u16().into();
                answer.status_description = Some(status_description(head.status));
                // Each configuration of a target group reads one of the two. With single values
                // all but the first `Set-Cookie` are lost: there is no joining them.
                answer.headers = joined(&head.headers);
                if let Some(cookie) = head.headers.get(SET_COOKIE) {
                    answer.headers.insert(SET_COOKIE, cookie.clone());
                }
                answer.multi_value_headers = head.headers;
                answer.body = Some(body);
                answer.is_base64_encoded = is_base64_encoded;
                Self::Alb(Box::new(answer))
            }
        }
    }
}

/// The body, and whether it is base64: text stays as it is, and all else is encoded.
fn encode_body(body: Bytes) -> (bool, Body) {
    match String::from_utf8(body.into()) {
        Ok(text) => (false, Body::Text(text)),
        Err(error) => (true, Body::Binary(error.into_bytes())),
    }
}

/// The headers with one value per name: several values become a list (RFC 9110 §5.3). `Set-Cookie` is
/// left out, because it cannot be joined.
fn joined(headers: &HeaderMap) -> HeaderMap {
    let mut joined = HeaderMap::with_capacity(headers.keys_len());
    for (name, value) in headers.iter().filter(|(name, _)| *name != SET_COOKIE) {
        match joined.entry(name) {
            Entry::Vacant(slot) => {
                slot.insert(value.clone());
            }
            Entry::Occupied(mut slot) => {
                let list = [slot.get().as_bytes(), b", ", value.as_bytes()].concat();
                // Two valid values and a comma make a valid value, so this never fails.
                if let Ok(list) = HeaderValue::from_bytes(&list) {
                    slot.insert(list);
                }
            }
        }
    }
    joined
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(SET_COOKIE).iter();
    values
        .filter_map(|value| Some(value.to_str().ok()?.to_owned()))
        .collect()
}

/// The status as a load balancer wants it described: `200 OK`.
fn status_description(status: StatusCode) -> String {
    let reason = status.canonical_reason().unwrap_or_default();
    format!("{} {reason}", status.as_str())
}

#[cfg(test)]
mod tests;
