//! The client of DynamoDB, with this project's deadlines and few certificate authorities.

use std::{env, time::Duration};

use aws_config::{BehaviorVersion, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_dynamodb::{Client, config::SharedHttpClient};
use aws_smithy_http_client::{
    Builder, HttpClientError,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use jeton::BUDGET;
use memchr::memmem;

/// The authorities that AWS's own certificates come from, by the names that they have in Mozilla's list.
const AMAZON_ROOTS: [&str; 5] = [
    "Amazon Root CA 1",
    "Amazon Root CA 2",
    "Amazon Root CA 3",
    "Amazon Root CA 4",
    "Starfield Services Root Certificate Authority - G2",
];

/// A client of DynamoDB, from the environment that every AWS tool reads: region, credentials,
/// `AWS_ENDPOINT_URL_DYNAMODB`. Opens no connection; that waits for the first request.
///
/// An operation is given up a second before the request is, so that the answer is DynamoDB's, which says
/// what is wrong; an attempt after half of that: time for one that hangs and one that answers.
///
/// Trusts Amazon's certificate authorities, compiled in: parsing all of the system's took half of a
/// function's start. With `SSL_CERT_FILE` or `SSL_CERT_DIR` it trusts what these name instead.
///
/// # Errors
/// The HTTP client cannot be made.
pub async fn connect() -> Result<Client, HttpClientError> {
    let operation = Duration::from_secs(BUDGET.0.saturating_sub(1));
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(operation / 2)
        .operation_timeout(operation)
        .build();
    let retries = RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(50));
    let config = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http_client()?)
        .timeout_config(timeouts)
        .retry_config(retries)
        .load()
        .await;
    Ok(Client::new(&config))
}

fn http_client() -> Result<SharedHttpClient, HttpClientError> {
    let named = ["SSL_CERT_FILE", "SSL_CERT_DIR"]
        .into_iter()
        .any(|name| env::var_os(name).is_some_and(|path| !path.is_empty()));
    let trusted = if named {
        TrustStore::default()
    } else {
        amazon_roots().fold(TrustStore::empty(), TrustStore::with_pem_certificate)
    };
    let tls = TlsContext::builder().with_trust_store(trusted).build()?;
    let builder = Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc));
    Ok(builder.tls_context(tls).build_https())
}

/// [`AMAZON_ROOTS`] in PEM, which is all that a [`TrustStore`] takes.
fn amazon_roots() -> impl Iterator<Item = String> {
    let is_amazons = |certificate: &&[u8]| {
        AMAZON_ROOTS
            .iter()
            .any(|name| memmem::find(certificate, name.as_bytes()).is_some())
    };
    webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .map(AsRef::as_ref)
        .filter(is_amazons)
        .map(|certificate| {
            let base64 = STANDARD.encode(certificate);
            format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n")
        })
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use memchr::memmem;

    use super::{AMAZON_ROOTS, amazon_roots, http_client};

    /// A list of Mozilla's without one of them would be found out by a function that reaches nothing.
    #[test]
    fn each_of_amazons_authorities_is_there_once() {
        let roots: Vec<_> = amazon_roots()
            .map(|pem| {
                let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
                STANDARD.decode(base64).unwrap()
            })
            .collect();
        assert_eq!(roots.len(), AMAZON_ROOTS.len());
        for name in AMAZON_ROOTS {
            let named = |root: &&Vec<u8>| memmem::find(root, name.as_bytes()).is_some();
            assert_eq!(roots.iter().filter(named).count(), 1, "{name}");
        }
    }

    #[test]
    fn a_client_can_be_made_of_them() {
        http_client().unwrap();
    }
}
