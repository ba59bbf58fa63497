//! `/userinfo` (OpenID Connect Core §5.3): what users and claim rules add.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Request, Response};
use jeton::{Audit, ClientId};
use serde_json::Value;

use super::presented_token::retype;
use crate::{
    claims::{Facts, merge},
    json,
    visit::Visit,
};

pub(super) async fn respond(visit: &Visit<'_>, mut request: Request<Bytes>) -> Response<Bytes> {
    retype(visit, &mut request).await;
    let mut response = visit.serve(request).await;
    add_claims(visit, &mut response);
    response
}

fn add_claims(visit: &Visit<'_>, response: &mut Response<Bytes>) {
    let audit = response.extensions().get::<Audit>().cloned();
    let (Some(mut body), Some(audit)) = (json::read(response), audit) else {
        return;
    };
    let parameters = match audit.grant {
        Some(grant) => visit.at.issuer.remembered().recall(&grant.to_string()),
        None => BTreeMap::new(),
    };
    let additions = visit.at.issuer.additions(&Facts {
        client_id: audit.client_id.as_ref().map(ClientId::as_str),
        grant_type: parameters.get("grant_type").map(String::as_str),
        scope: parameters.get("scope").map(String::as_str),
        subject: body.get("sub").and_then(Value::as_str),
        ..visit.facts(&parameters)
    });
    if !additions.userinfo.is_empty() {
        merge(&mut body, &additions.userinfo);
        json::write(response, &body);
    }
}
