//! The access token of a request to an endpoint that one opens (RFC 6750 §2).

use http::{
    Method,
    header::{AUTHORIZATION, CONTENT_TYPE},
};

use crate::{
    refusal::{BearerFault, Refusal},
    request::Incoming,
};

/// The access token in the header (§2.1).
///
/// # Errors
/// There is none, more than one, or one of another scheme.
pub(crate) fn token_in_header<'a>(request: &Incoming<'a>) -> Result<Option<&'a str>, BearerFault> {
    let mut lines = request.headers.get_all(AUTHORIZATION).iter();
    match (lines.next(), lines.next()) {
        (None, _) => Ok(None),
        (Some(_), Some(_)) => Err(BearerFault::Several),
        (Some(line), None) => {
            let text = line.to_str().map_err(|_| BearerFault::Invalid)?;
            let (scheme, token) = text.split_once(' ').ok_or(BearerFault::Missing)?;
            if !scheme.eq_ignore_ascii_case("Bearer") {
                return Err(BearerFault::Missing);
            }
            Ok(Some(token.trim()))
        }
    }
}

/// The access token in the header or in a form (§2.1, §2.2), never in the query.
pub(crate) fn token_in_header_or_form(request: &Incoming<'_>) -> Result<String, Refusal> {
    let in_header = token_in_header(request)?;
    let is_form = request.method == Method::POST && request.headers.contains_key(CONTENT_TYPE);
    let in_body = if is_form && !request.body.is_empty() {
        request.form()?.get("access_token").map(str::to_owned)
    } else {
        None
    };
    match (in_header, in_body) {
        (Some(_), Some(_)) => Err(BearerFault::Several.into()),
        (Some(token), None) => Ok(token.to_owned()),
        (None, Some(token)) => Ok(token),
        (None, None) => Err(BearerFault::Missing.into()),
    }
}
