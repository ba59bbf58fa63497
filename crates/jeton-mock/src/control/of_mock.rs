//! Operations on the mock as a whole.

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header::CONTENT_TYPE};

use super::{
    Refusal, body, done, ok, ok_with,
    query::{Extent, Query},
    route::OfMock,
};
use crate::{address::Address, json::json_response, provider::Provider};

const OPENAPI: &[u8] = include_bytes!("../../openapi.json");

/// RFC 8555 §7.4.2.
const PEM: HeaderValue = HeaderValue::from_static("application/pem-certificate-chain");

pub(super) fn perform(
    operation: OfMock,
    provider: &Provider,
    query: &Query,
    request: &Request<Bytes>,
    address: impl Fn(&str) -> Address,
) -> Result<Response<Bytes>, Refusal> {
    let name = query.issuer();
    let unknown = || Err(Refusal::UnknownIssuer(name.to_owned()));
    match operation {
        OfMock::ListIssuers => {
            let issuers = provider.list();
            let summaries: Vec<_> = issuers
                .iter()
                .map(|issuer| issuer.summary(&address(issuer.name())))
                .collect();
            Ok(ok_with("issuers", &summaries))
        }
        OfMock::PutIssuer => {
            let (issuer, made) = provider.put(name, body::json(request)?)?;
            let status = if made {
                StatusCode::CREATED
            } else {
                StatusCode::OK
            };
            Ok(json_response(status, &issuer.summary(&address(name))))
        }
        OfMock::DeleteIssuer if name.is_empty() => Err(Refusal::DefaultIssuer),
        OfMock::DeleteIssuer => {
            if provider.remove(name) {
                Ok(done())
            } else {
                unknown()
            }
        }
        OfMock::Reset => match query.extent()? {
            Extent::One(name) => {
                if provider.reset(name)? {
                    Ok(done())
                } else {
                    unknown()
                }
            }
            Extent::All => {
                provider.reset_all()?;
                Ok(done())
            }
        },
        OfMock::Openapi => {
            let mut response = ok(&());
            *response.body_mut() = Bytes::from_static(OPENAPI);
            Ok(response)
        }
        OfMock::Ca => {
            let pem = provider.ca_pem();
            let pem = pem.ok_or_else(|| Refusal::Nothing("TLS; start with --https".to_owned()))?;
            let mut response = ok(&());
            response.headers_mut().insert(CONTENT_TYPE, PEM);
            *response.body_mut() = Bytes::copy_from_slice(pem.as_bytes());
            Ok(response)
        }
    }
}
